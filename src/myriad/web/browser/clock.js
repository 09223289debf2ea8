/**
 * The client's idea of server time: which tick the server is at, and how many input-ticks are due (section 7).
 *
 * Invariants: the estimate never jumps for an error below a quarter of a second, it is drawn in by a tenth of each error;
 * inputs are paced by the client's own clock, up to 2 % faster or slower as the buffer hint says. What came late is made
 * up for, up to `MAX_DUE_TICKS` at once. Times in milliseconds.
 */

const SNAP_MS = 250;
const GAIN = 0.1;
const HINT_GAIN = 0.02;
export const MAX_DUE_TICKS = 30;
const WRAP = 2 ** 32;

export class Clock {
  /** @param {number} nowMs @param {number} tickHz */
  constructor(nowMs, tickHz) {
    this.tick = 0;
    this.atMs = nowMs;
    this.jitterTicks = 0;
    /** Ticks a millisecond. */
    this.rate = tickHz / 1000;
    this.rttMs = 0;
    this.owedTicks = 0;
    this.pacedMs = nowMs;
    this.numSamples = 0;
  }

  /** Input-ticks go on being due as they were by `former`. @param {Clock} former */
  carryPace(former) {
    this.owedTicks = former.owedTicks;
    this.pacedMs = former.pacedMs;
  }

  /** A snapshot of `tick` (u32) came just now. @param {number} tick @param {number} nowMs @param {number} rttMs
   * @param {number} rateHz  ticks a second, dilation included */
  observe(tick, nowMs, rttMs, rateHz) {
    const expected = this.tick + (nowMs - this.atMs) * this.rate;
    const rate = rateHz / 1000;
    const seen = tick + (rttMs / 2) * rate;
    let error = seen - expected;
    if (error < -WRAP / 2) error += WRAP;
    if (this.numSamples === 0 || Math.abs(error) > SNAP_MS * rate) {
      this.tick = this.numSamples === 0 ? seen : expected + error;
    } else {
      this.tick = expected + GAIN * error;
      const variance = this.jitterTicks * this.jitterTicks;
      this.jitterTicks = Math.sqrt(variance + GAIN * (error * error - variance));
    }
    this.atMs = nowMs;
    this.rate = rate;
    this.rttMs = rttMs;
    this.numSamples++;
  }

  /** The tick (fractional) that the server is at now. @param {number} nowMs */
  serverTick(nowMs) {
    return this.tick + (nowMs - this.atMs) * this.rate;
  }

  /** The tick of a snapshot that would arrive now: half a round trip before the server's. @param {number} nowMs */
  arrivingTick(nowMs) {
    return this.serverTick(nowMs) - (this.rttMs / 2) * this.rate;
  }

  /** How many input-ticks are to be made now; they count as made.
   * @param {number} nowMs @param {number} bufferHint  inputs that wait at the server minus those it wants */
  takeDueTicks(nowMs, bufferHint) {
    const pace = Math.min(Math.max(-0.002 * bufferHint, -HINT_GAIN), HINT_GAIN);
    let owed = this.owedTicks + (nowMs - this.pacedMs) * this.rate * (1 + pace);
    let due = Math.floor(owed + 1e-6);
    if (due > MAX_DUE_TICKS) owed = due = MAX_DUE_TICKS;
    this.owedTicks = owed - due;
    this.pacedMs = nowMs;
    return due;
  }
}
