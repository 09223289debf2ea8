/**
 * Beings and things as they are drawn: which way they look, which step they take, when they strike or fall.
 *
 * Responsible for: what drawing remembers of each entity between frames. Not here: putting it on the canvas
 * (`renderer.js`).
 *
 * Invariants: an entity that is not in the frame any more is forgotten after a while; nothing is allocated for one that
 * stays.
 */

const STEP_M = 1.9;
const STRIKE_MS = 330;
const FLASH_MS = 110;
const MOVES_MPS = 0.25;
const FORGET_FRAMES = 120;
const DIRECTIONS = 8;
const KEEP_DIRECTION = 0.085;

export class Puppet {
  /** @param {number} id */
  constructor(id) {
    this.id = id;
  }

  x = 0;
  y = 0;
  hp = 1;
  kind = -1;
  item = 0;
  player = false;
  dead = false;
  isSelf = false;
  name = '';
  level = 0;
  /** Looks to: 0 east, then against the clock. */
  direction = 6;
  phase = 0;
  speed = 0;
  struckMs = -Infinity;
  flashMs = -Infinity;
  diedMs = -Infinity;
  bornMs = 0;
  seenFrame = 0;
  /** @type {import('./art.js').Painted | null} */
  painted = null;
  /** On the canvas in this frame. */
  left = 0;
  top = 0;
  width = 0;
  height = 0;
  footX = 0;
  footY = 0;
  #atMs = 0;

  /** Takes the entity's newest. @param {any} entity @param {number} nowMs @param {number} frame @param {any} words */
  update(entity, nowMs, frame, words) {
    const isNew = this.seenFrame === 0 || frame - this.seenFrame > 1;
    const passedS = Math.min((nowMs - this.#atMs) / 1000, 0.25);
    const [wayX, wayY] = [entity.x - this.x, entity.y - this.y];
    if (isNew) {
      this.speed = 0;
      this.bornMs = nowMs;
    } else if (passedS > 0) {
      const way = Math.hypot(wayX, wayY);
      this.speed += (Math.min(way / passedS, 9) - this.speed) * Math.min(1, passedS * 12);
      if (way < 2) this.phase = (this.phase + way / STEP_M) % 1;
    }
    this.x = entity.x;
    this.y = entity.y;
    this.kind = entity.kind;
    this.item = entity.item ?? 0;
    this.player = entity.player;
    this.name = entity.name;
    this.level = entity.level ?? 0;
    const dead = entity.state === words.dead && this.item === 0;
    if (dead && !this.dead) this.diedMs = isNew ? -Infinity : nowMs;
    this.dead = dead;
    if (!isNew && entity.hp < this.hp - 0.001) this.flashMs = nowMs;
    this.hp = entity.hp;
    this.#turn(entity.heading, isNew);
    this.#atMs = nowMs;
    this.seenFrame = frame;
  }

  #turn(heading, atOnce) {
    const away = Math.abs(((heading - this.direction / DIRECTIONS + 1.5) % 1) - 0.5);
    if (atOnce || away > KEEP_DIRECTION) this.direction = ((Math.round(heading * DIRECTIONS) % DIRECTIONS) + DIRECTIONS) % DIRECTIONS;
  }

  /** The column of its sheet. @param {number} nowMs @param {any} frames */
  frameAt(nowMs, frames) {
    if (this.dead) return frames.dead[0];
    const strike = (nowMs - this.struckMs) / STRIKE_MS;
    if (strike < 1) return frames.strike[0] + Math.floor(strike * frames.strike[1]);
    if (this.speed > MOVES_MPS) return frames.walk[0] + Math.floor(this.phase * frames.walk[1]);
    return frames.idle[0];
  }

  /** @param {number} nowMs */
  isFlashing(nowMs) {
    return nowMs - this.flashMs < FLASH_MS;
  }
}

export class Puppets {
  /** @param {Record<string, number>} states */
  constructor(states) {
    this.#words = { dead: states.dead ?? -1 };
  }

  #words;
  /** @type {Map<number, Puppet>} */
  #known = new Map();
  #frame = 0;
  /** Those of this frame, in the order in which they are drawn. @type {Puppet[]} */
  shown = [];

  /** @param {number} id @returns {Puppet | undefined} */
  get(id) {
    return this.#known.get(id);
  }

  get size() {
    return this.#known.size;
  }

  /** A new frame begins. */
  begin() {
    this.#frame++;
    this.shown.length = 0;
    if (this.#frame % FORGET_FRAMES !== 0) return;
    for (const [id, puppet] of this.#known) if (this.#frame - puppet.seenFrame > FORGET_FRAMES) this.#known.delete(id);
  }

  /** @param {any} entity @param {number} nowMs */
  take(entity, nowMs) {
    let puppet = this.#known.get(entity.id);
    if (puppet === undefined) this.#known.set(entity.id, (puppet = new Puppet(entity.id)));
    puppet.update(entity, nowMs, this.#frame, this.#words);
    this.shown.push(puppet);
    return puppet;
  }

  /** From north to south; what lies on the ground first. */
  sort() {
    this.shown.sort(byDepth);
  }
}

function byDepth(one, other) {
  const lies = (one.dead ? 1 : 0) - (other.dead ? 1 : 0);
  if (lies !== 0) return -lies;
  return other.y - one.y || one.id - other.id;
}
