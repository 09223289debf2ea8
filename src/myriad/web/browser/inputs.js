/**
 * Numbered inputs: kept until the server confirmed them, repeated in every packet (section 5).
 *
 * Responsible for: the queue of unconfirmed input-ticks, run-length coded, and its bytes. Not here: when inputs are due
 * (`clock.js`), what they do (`prediction.js`).
 *
 * Invariants: numbers go up by one per input-tick through the whole session; the runs, oldest first, cover exactly the
 * numbers confirmed + 1 to newest, unless too many wait: then the oldest are forgotten. An intent belongs to the first
 * tick of its run.
 */

import { ahead32 } from './serial.js';
import {
  INPUT_ENTRY_BYTES,
  INPUT_FIXED_BYTES,
  MAX_ENTRY_TICKS,
  MAX_INPUT_ENTRIES,
  MAX_INPUT_TICKS,
  MAX_NACKS,
  MAX_WHOIS,
  NACK_BYTES,
  WHOIS_BYTES,
} from './numbers.js';

/** What the largest input body needs. */
export const MAX_INPUT_BYTES =
  INPUT_FIXED_BYTES +
  MAX_INPUT_ENTRIES * (INPUT_ENTRY_BYTES + 4) +
  2 +
  MAX_NACKS * NACK_BYTES +
  MAX_WHOIS * WHOIS_BYTES;

/** No more inputs are made while so many are unconfirmed. */
const MAX_UNCONFIRMED = 120;

/**
 * @typedef {object} Run  one input, held for `ticks` ticks
 * @property {number} buttons
 * @property {number} direction  256 a turn
 * @property {number} magnitude  0 to 255
 * @property {number} heading  65536 a turn
 * @property {number} ticks
 * @property {number} intent  0: none
 * @property {number} argument
 */

export class InputQueue {
  constructor() {
    /** @type {Run[]} */
    this.runs = [];
    this.newest = 0;
    this.confirmed = 0;
    this.numTicks = 0;
    /** Input-ticks that were dropped unconfirmed. */
    this.forgotten = 0;
  }

  /** Empty; the next input gets the number after `lastInput`. @param {number} lastInput */
  start(lastInput) {
    this.runs = [];
    this.newest = lastInput;
    this.confirmed = lastInput;
    this.numTicks = 0;
  }

  /** Goes on with a server that applied the inputs up to `lastInput`: those after it are sent again. Where it fell back
   * to an older state the queue begins anew; returns how many input-ticks are lost then. @param {number} lastInput */
  carryOn(lastInput) {
    const waiting = ahead32(this.newest, lastInput);
    if (ahead32(this.confirmed, lastInput) > 0 || waiting < 0) {
      this.start(lastInput);
      return Math.max(waiting, 0);
    }
    this.confirm(lastInput);
    return 0;
  }

  /** How many input-ticks may be made before the server confirms some. */
  get room() {
    return Math.min(Math.max(MAX_UNCONFIRMED - ahead32(this.newest, this.confirmed), 0), MAX_UNCONFIRMED);
  }

  /** Adds `ticks` equal input-ticks. @param {Run} input */
  push({ buttons, direction, magnitude, heading, ticks, intent, argument }) {
    let left = ticks;
    let what = intent;
    while (left > 0) {
      const last = this.runs[this.runs.length - 1];
      const goesOn =
        last !== undefined &&
        what === 0 &&
        last.ticks < MAX_ENTRY_TICKS &&
        last.buttons === buttons &&
        last.direction === direction &&
        last.magnitude === magnitude &&
        last.heading === heading;
      const take = Math.min(left, MAX_ENTRY_TICKS - (goesOn ? last.ticks : 0));
      if (goesOn) {
        last.ticks += take;
      } else {
        if (this.runs.length === MAX_INPUT_ENTRIES) this.forgotten += this.#forget(this.runs[0].ticks);
        const run = { buttons, direction, magnitude, heading, ticks: take, intent: what, argument: what ? argument : 0 };
        this.runs.push(run);
        what = 0;
      }
      this.numTicks += take;
      left -= take;
    }
    this.newest = (this.newest + ticks) >>> 0;
    if (this.numTicks > MAX_INPUT_TICKS) this.forgotten += this.#forget(this.numTicks - MAX_INPUT_TICKS);
  }

  /** The server applied the inputs up to this number. @param {number} lastInput */
  confirm(lastInput) {
    const waiting = ahead32(this.newest, lastInput);
    if (ahead32(lastInput, this.confirmed) <= 0 || waiting < 0) return;
    this.confirmed = lastInput;
    this.#forget(Math.max(this.numTicks - waiting, 0));
  }

  /** The first part of an input body. @param {import('./bytes.js').Writer} out @param {number} renderTicksBack */
  write(out, renderTicksBack) {
    out.u32(this.newest);
    out.u8(renderTicksBack);
    out.u8(this.runs.length);
    for (const run of this.runs) {
      out.u8(run.buttons);
      out.u8(run.direction);
      out.u8(run.magnitude);
      out.u16(run.heading);
      out.u8(run.ticks);
      out.u8(run.intent);
      if (run.intent !== 0) out.u32(run.argument);
    }
  }

  /** Takes input-ticks from the old end. @param {number} ticks */
  #forget(ticks) {
    let left = ticks;
    while (left > 0 && this.runs.length > 0) {
      const run = this.runs[0];
      const take = Math.min(left, run.ticks);
      run.ticks -= take;
      run.intent = 0;
      run.argument = 0;
      if (run.ticks === 0) this.runs.shift();
      left -= take;
      this.numTicks -= take;
    }
    return ticks - left;
  }
}
