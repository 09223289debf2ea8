/**
 * What the player wants done, made into controls frame by frame: walking by hand, walking to a place, going for a
 * target, picking up.
 *
 * Responsible for: `world.controls` and the intents that a goal needs. Not here: keys, mouse and fingers, who the target
 * is (`selection.js`), the way (`path.js`), when inputs are made (the client).
 *
 * Invariants: whoever walks by hand gives up the goal, but goes on fighting a target in reach; a goal that cannot be
 * reached ends: nobody runs against a wall for long.
 */

import { findPath, isFree } from './path.js';

const ARRIVED_M = 0.35;
const AGAIN_MS = 400;
const STUCK_MS = 700;
const STUCK_M = 0.25;
const REACH_SHARE = 0.88;
/** Whoever runs away is followed more closely. */
const CHASE_SHARE = 0.45;
const RUN_FROM_M = 7;
const CHASE_FROM_M = 1;
const ASK_MS = 350;
const PATIENCE_MS = 2500;

/** @typedef {{ kind: 'walk', x: number, y: number } | { kind: 'attack', id: number } | { kind: 'take', id: number } |
 *   { kind: 'meet', id: number, within: number, then: () => void }} Goal */

export class Walker {
  /** @param {any} world @param {any} info @param {import('./selection.js').Selection} selection
   * @param {{ blow: (weapon: number) => { reachM: number } }} items */
  constructor(world, info, selection, items) {
    this.#world = world;
    this.#info = info;
    this.#selection = selection;
    this.#items = items;
    /** By hand: x east, y north, -1 to 1. */
    this.hand = { x: 0, y: 0 };
    this.runs = false;
    this.alwaysRuns = false;
    this.holdsAttack = false;
    /** @type {Goal | null} */
    this.goal = null;
    /** Fights the target as long as it is one. */
    this.fights = false;
  }

  #world;
  #info;
  #selection;
  #items;
  /** @type {import('./path.js').Place[]} */
  #path = [];
  #plannedMs = -Infinity;
  #askedMs = -Infinity;
  #attacked = 0;
  #nearMs = -1;
  #tired = false;
  #checked = { x: 0, y: 0, atMs: 0 };

  /** Where a walk leads, to be drawn. */
  get aim() {
    return this.goal?.kind === 'walk' ? this.goal : null;
  }

  /** @param {Goal} goal */
  go(goal) {
    this.goal = goal;
    this.#path = [];
    this.#plannedMs = -Infinity;
    this.#nearMs = -1;
    this.#checked.atMs = 0;
    if (goal.kind === 'attack') {
      this.#selection.choose(goal.id);
      this.#begin(goal.id);
    }
  }

  /** Nothing is wanted any more. */
  stop() {
    this.goal = null;
    this.fights = false;
  }

  /** Attacks the target or who is nearest, and goes there unless one walks by hand; false if there is nobody. */
  strike() {
    const entity = this.#selection.forAttack();
    if (entity === null) return false;
    this.#selection.choose(entity.id);
    if (this.hand.x === 0 && this.hand.y === 0) this.go({ kind: 'attack', id: entity.id });
    else this.#begin(entity.id);
    return true;
  }

  /** @param {number} nowMs */
  frame(nowMs) {
    const { controls, self } = this.#world;
    if (self === null) return;
    if (self.state === this.#info.states.dead) {
      this.stop();
      return Object.assign(controls, { x: 0, y: 0, run: false, attack: false, heading: null });
    }
    const byHand = this.hand.x !== 0 || this.hand.y !== 0;
    if (byHand) this.goal = null;
    const way = byHand ? { ...this.hand, far: 0 } : this.#towardsGoal(self, nowMs);
    controls.x = way.x;
    controls.y = way.y;
    controls.run = (this.runs !== this.alwaysRuns) || this.#hurries(self, way.far);
    this.#fight(controls, self);
  }

  #begin(id) {
    this.fights = true;
    this.#attacked = id;
    this.#world.act('attack', id);
  }

  /** Goes on with an attack, and faces its target. */
  #fight(controls, self) {
    const target = this.#selection.entity;
    if (target === null) this.fights = false;
    else if (this.fights && target.id !== this.#attacked) {
      if (target.player) this.fights = false; // nobody falls upon a player by choosing it
      else this.#begin(target.id);
    }
    controls.attack = this.holdsAttack || this.fights;
    const near = target !== null && this.fights && distance(self, target) < this.#reach(self) * 1.5;
    controls.heading = near && controls.x === 0 && controls.y === 0 ? Math.atan2(target.y - self.y, target.x - self.x) / (2 * Math.PI) : null;
  }

  #reach(self) {
    return this.#items.blow(self.private.weapon ?? 0).reachM;
  }

  /** A long way is run, as long as the breath lasts. */
  #hurries(self, far) {
    const { stamina } = this.#info.rules;
    if (self.stamina < stamina * 0.1) this.#tired = true;
    if (self.stamina > stamina * 0.5) this.#tired = false;
    return far > RUN_FROM_M && !this.#tired;
  }

  // Goals.

  #towardsGoal(self, nowMs) {
    const still = { x: 0, y: 0, far: 0 };
    const { goal } = this;
    if (goal === null) return still;
    const aim = goal.kind === 'walk' ? goal : this.#world.entity(goal.id);
    if (aim === null || (goal.kind === 'attack' && this.#selection.id !== goal.id)) {
      this.goal = null;
      return still;
    }
    if (this.#isThere(self, aim, nowMs)) return still;
    return this.#step(self, aim, nowMs);
  }

  /** True where one stands still: the goal is reached. */
  #isThere(self, aim, nowMs) {
    const goal = /** @type {Goal} */ (this.goal);
    const far = distance(self, aim);
    if (goal.kind === 'walk') {
      if (far > ARRIVED_M) return false;
      this.goal = null;
      return true;
    }
    if (goal.kind === 'attack') return far < this.#reach(self) * (this.#flees(aim) ? CHASE_SHARE : REACH_SHARE) && this.#sees(self, aim);
    if (goal.kind === 'meet') {
      if (far > goal.within) return false;
      this.goal = null;
      goal.then();
      return true;
    }
    if (far > (this.#info.rules.item_reach / this.#info.units_per_m) * REACH_SHARE) return false;
    if (this.#nearMs < 0) this.#nearMs = nowMs;
    if (nowMs - this.#nearMs > PATIENCE_MS) this.goal = null; // the bag is full, say
    else if (nowMs - this.#askedMs > ASK_MS) {
      this.#askedMs = nowMs;
      this.#world.act('pick_up', goal.id);
    }
    return true;
  }

  #flees(entity) {
    return entity.state === this.#info.states.running;
  }

  #sees(self, aim) {
    const { map } = this.#world;
    return map === null || isFree(map, self, aim, 0.01);
  }

  #step(self, aim, nowMs) {
    const radius = this.#info.rules.body_radius / this.#info.units_per_m + 0.02;
    if (this.#path.length === 0 || (nowMs - this.#plannedMs > AGAIN_MS && /** @type {Goal} */ (this.goal).kind !== 'walk')) {
      this.#plannedMs = nowMs;
      this.#path = this.#world.map === null ? [aim] : findPath(this.#world.map, self, aim, radius);
    }
    while (this.#path.length > 1 && distance(self, this.#path[0]) < ARRIVED_M) this.#path.shift();
    const next = this.#path[0];
    if (next === undefined || (this.#path.length === 1 && distance(self, next) < ARRIVED_M) || this.#isStuck(self, nowMs)) {
      if (next === undefined || distance(next, aim) > ARRIVED_M || this.goal?.kind === 'walk') this.goal = null;
      this.#path = [];
      return { x: 0, y: 0, far: 0 };
    }
    const far = distance(self, next);
    const slow = Math.min(1, Math.max(far / 0.5, 0.35)); // so that nobody overshoots between two frames
    const share = this.#path.length > 1 ? 1 : slow;
    const whole = this.#path.reduce((sum, place, i) => sum + distance(i === 0 ? self : this.#path[i - 1], place), 0);
    const chases = /** @type {Goal} */ (this.goal).kind === 'attack' && (this.#flees(aim) || whole > this.#reach(self) + CHASE_FROM_M);
    const haste = chases ? RUN_FROM_M : 0;
    return { x: ((next.x - self.x) / far) * share, y: ((next.y - self.y) / far) * share, far: whole + haste };
  }

  #isStuck(self, nowMs) {
    if (this.#checked.atMs === 0) this.#checked = { x: self.x, y: self.y, atMs: nowMs };
    if (nowMs - this.#checked.atMs < STUCK_MS) return false;
    const moved = distance(self, this.#checked);
    this.#checked = { x: self.x, y: self.y, atMs: nowMs };
    return moved < STUCK_M;
  }
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
