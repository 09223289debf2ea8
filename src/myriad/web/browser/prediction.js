/**
 * The own avatar, shown where the server will have it: prediction and its corrections (section 7).
 *
 * Responsible for: replaying unconfirmed inputs on the own state with the game's movement rule, and hiding small
 * corrections from the eye. Not here: the rule (the game's `predict`), the inputs themselves (`inputs.js`).
 *
 * Invariants: the predicted state is the newest own state and every unconfirmed input in order, so it equals what the
 * server will make of the same inputs, bit for bit; only the shown place is smoothed, never the state. Without a map
 * nothing is predicted: the own state is shown as it comes.
 */

import { UNITS_PER_M } from './numbers.js';

const SMOOTH_BELOW_M = 0.5;
const SMOOTH_MS = 100;
const SLIDE_MS = 250;
const SNAP_ABOVE_M = 2;
const NUM_CORRECTIONS = 600;

/** @typedef {{ buttons: number, direction: number, magnitude: number, heading: number }} Input */
/** @typedef {Record<string, any>} Own  the game's own fields, among them qx and qy (1/1024 m) */

export class Avatar {
  /** @param {(own: Own, input: Input, map: any) => void} predict  applies one input-tick to `own` */
  constructor(predict) {
    /** @type {Own | null} */
    this.own = null;
    /** How far the last correction moved the predicted place. */
    this.correctionM = 0;
    /** @type {any} */
    this.map = null;
    this.#predict = predict;
  }

  #predict;
  #corrections = [];
  #number = 0;
  /** Where it was before the last input-tick. */
  #former = { x: 0, y: 0 };
  #error = { x: 0, y: 0, sinceMs: 0, lastsMs: SMOOTH_MS };

  /** Forgets everything: another session. */
  reset() {
    this.own = null;
    this.#corrections = [];
    this.#number = 0;
  }

  /** Applies `ticks` equal input-ticks that were just made. @param {Input} input @param {number} ticks */
  advance(input, ticks) {
    if (this.own === null) return;
    for (let k = 0; k < ticks; k++) {
      this.#former = this.#place();
      if (this.map !== null) this.#predict(this.own, input, this.map);
    }
  }

  /** Starts again from the server's own state and replays what it has not confirmed. What had been predicted and was
   * wrong is shown for a while yet and shrinks.
   * @param {Own} own @param {import('./inputs.js').Run[]} runs @param {number} part  of a tick gone by, 0 to 1
   * @param {number} nowMs */
  correct(own, runs, part, nowMs) {
    const known = this.own !== null;
    const shown = known ? this.shown(part, nowMs) : null;
    const before = known ? this.#place() : null;
    this.own = own;
    this.#former = this.#place();
    for (const run of runs) this.advance(run, run.ticks);
    if (shown === null || before === null) return;
    const place = this.#place();
    if (this.map === null) return;
    this.correctionM = Math.hypot(place.x - before.x, place.y - before.y);
    this.#corrections[this.#number++ % NUM_CORRECTIONS] = this.correctionM;
    if (this.correctionM === 0) return;
    this.#smooth(shown, part, nowMs);
  }

  /** Where to draw the avatar, in metres: between its last two ticks, and what is left of the last correction.
   * @param {number} part  of a tick gone by since the last input-tick @param {number} nowMs */
  shown(part, nowMs) {
    const place = this.#between(part);
    const left = 1 - (nowMs - this.#error.sinceMs) / this.#error.lastsMs;
    if (left <= 0) return place;
    return { x: place.x + this.#error.x * left, y: place.y + this.#error.y * left };
  }

  /** The 99th percentile of the last 600 corrections. */
  get correctionP99M() {
    const sorted = this.#corrections.slice().sort((a, b) => a - b);
    return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))];
  }

  get numCorrections() {
    return this.#number;
  }

  /** Corrections are counted from now on. */
  forgetCorrections() {
    this.#corrections = [];
    this.#number = 0;
  }

  #smooth(shown, part, nowMs) {
    const place = this.#between(part);
    const [x, y] = [shown.x - place.x, shown.y - place.y];
    const gapM = Math.hypot(x, y);
    const isJump = gapM > SNAP_ABOVE_M;
    const lastsMs = gapM < SMOOTH_BELOW_M ? SMOOTH_MS : SLIDE_MS;
    this.#error = { x: isJump ? 0 : x, y: isJump ? 0 : y, sinceMs: nowMs, lastsMs };
  }

  #between(part) {
    const { x, y } = this.#place();
    const rest = 1 - Math.min(Math.max(part, 0), 1);
    return { x: x + (this.#former.x - x) * rest, y: y + (this.#former.y - y) * rest };
  }

  #place() {
    return { x: this.own.qx / UNITS_PER_M, y: this.own.qy / UNITS_PER_M };
  }
}
