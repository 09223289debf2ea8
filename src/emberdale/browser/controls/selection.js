/**
 * Whom the player aims at.
 *
 * Responsible for: the chosen target, the nearest one, the next one. Not here: what is done to it (`walker.js`).
 *
 * Invariants: who is not in view, or dead, is no target; items never are; one's own avatar never is.
 */

const NEAR_M = 12;
const FAR_M = 40;

export class Selection {
  /** @param {any} world @param {any} info */
  constructor(world, info) {
    this.#world = world;
    this.#dead = info.states.dead;
  }

  #world;
  #dead;
  #id = 0;
  /** Those Tab has been at since it was pressed first, so that it goes round. @type {Set<number>} */
  #visited = new Set();

  get id() {
    return this.entity?.id ?? 0;
  }

  /** The target where it is now, or null. @returns {any} */
  get entity() {
    const entity = this.#id === 0 ? null : this.#world.entity(this.#id);
    if (entity === null || entity.state === this.#dead) this.#id = 0;
    return this.#id === 0 ? null : entity;
  }

  /** @param {number} id */
  choose(id) {
    if (id !== this.#id) this.#visited.clear();
    this.#id = id;
  }

  clear() {
    this.choose(0);
  }

  /** True if this is something that one fights. @param {any} entity */
  isEnemy(entity) {
    return !entity.player && entity.item === 0 && entity.state !== this.#dead;
  }

  /** Whom Space attacks: the target, else the nearest that is no player. @returns {any} */
  forAttack() {
    return this.entity ?? this.#nearest((one) => this.isEnemy(one), NEAR_M);
  }

  /** The nearest thing on the ground. @param {number} within  metres */
  nearestItem(within = NEAR_M) {
    return this.#nearest((one) => one.item !== 0, within);
  }

  /** The next one, from near to far, players last; and round again. */
  next() {
    const { self } = this.#world;
    if (self === null) return;
    const far = (one) => Math.hypot(one.x - self.x, one.y - self.y) + (one.player ? 1000 : 0);
    const all = this.#world.entities().filter((one) => one.item === 0 && one.state !== this.#dead && far(one) % 1000 < FAR_M);
    if (all.length === 0) return this.clear();
    all.sort((a, b) => far(a) - far(b));
    if (this.#id !== 0) this.#visited.add(this.#id);
    let chosen = all.find((one) => !this.#visited.has(one.id));
    if (chosen === undefined) {
      this.#visited.clear();
      chosen = all.find((one) => one.id !== this.#id) ?? all[0];
    }
    this.#id = chosen.id;
  }

  #nearest(fits, within) {
    const { self } = this.#world;
    if (self === null) return null;
    let [found, least] = [null, within];
    for (const one of this.#world.entities()) {
      const far = Math.hypot(one.x - self.x, one.y - self.y);
      if (far <= least && fits(one)) [found, least] = [one, far];
    }
    return found;
  }
}
