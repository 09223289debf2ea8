/**
 * Others, drawn a little in the past: between what snapshots said, and shortly beyond (section 7).
 *
 * Invariants: an entity is drawn `DELAYS_MS` behind the newest snapshot that should have come by now, so that two samples
 * lie around that moment even when one snapshot is lost; beyond its newest sample it moves on for `EXTRAPOLATE_MS` at
 * most, then stands; samples of one entity have rising ticks.
 */

/** By ring: near, mid, far. */
export const DELAYS_MS = [100, 150, 300];
const EXTRAPOLATE_MS = 250;
/** Two samples farther apart are a teleport: nothing is drawn between them. */
const JUMP_M = 10;
const NUM_SAMPLES = 8;

/** Where one entity was lately, and is drawn. */
export class Track {
  constructor() {
    /** @type {{ tick: number, x: number, y: number, heading: number }[]} */
    this.samples = [];
    this.ring = 0;
    /** Where to draw it: metres, turns. */
    this.x = 0;
    this.y = 0;
    this.heading = 0;
  }

  /** What a snapshot of `tick` said; false if that is no news. @param {number} tick @param {number} x @param {number} y
   * @param {number} heading  turns @param {number} ring */
  add(tick, x, y, heading, ring) {
    const { samples } = this;
    if (samples.length > 0 && tick <= samples[samples.length - 1].tick) return false;
    const sample = samples.length === NUM_SAMPLES ? samples.shift() : {};
    samples.push(Object.assign(sample, { tick, x, y, heading }));
    this.ring = ring;
    return true;
  }

  /** Sets where to draw it. @param {number} arrivingTick  tick of a snapshot that would come now
   * @param {number} tickHz */
  place(arrivingTick, tickHz) {
    const { samples } = this;
    const newest = samples.length - 1;
    if (newest < 0) return;
    let moment = arrivingTick - (DELAYS_MS[this.ring] * tickHz) / 1000;
    if (newest === 0 || moment <= samples[0].tick) {
      this.#put(samples[0].x, samples[0].y, samples[0].heading);
      return;
    }
    moment = Math.min(moment, samples[newest].tick + (EXTRAPOLATE_MS * tickHz) / 1000);
    let older = newest - 1;
    while (older > 0 && samples[older].tick > moment) older--;
    this.#blend(samples[older], samples[older + 1], moment);
  }

  #blend(from, to, moment) {
    let part = (moment - from.tick) / (to.tick - from.tick);
    const wayX = to.x - from.x;
    const wayY = to.y - from.y;
    if (wayX * wayX + wayY * wayY > JUMP_M * JUMP_M) part = part >= 1 ? 1 : 0;
    let turn = to.heading - from.heading;
    turn -= Math.floor(turn + 0.5); // the short way round
    this.#put(from.x + wayX * part, from.y + wayY * part, from.heading + turn * Math.min(part, 1));
  }

  #put(x, y, heading) {
    this.x = x;
    this.y = y;
    this.heading = heading - Math.floor(heading);
  }
}
