/**
 * The inner header's sequences: what of the other side arrived, and what that says about the way (section 3).
 *
 * Responsible for: header fields, round trip, loss. Not here: what a payload carried.
 *
 * Invariants: an acknowledgement of what was never sent changes nothing; each sequence counts as acknowledged once.
 * Times in milliseconds, above 0.
 */

import { ahead16 } from './serial.js';

const RING = 64;
const MAX_ACKED = 33;
/** A payload counts as lost when one sent so much later was acknowledged before it. */
const LOSS_LAG = 8;

export class Acks {
  constructor() {
    this.nextSequence = 0;
    this.newest = 0xffff;
    this.bits = 0;
    this.hasReceived = false;
    this.numSent = 0;
    this.numAcked = 0;
    this.numLost = 0;
    /** Smoothed round trip, 0 before the first. */
    this.rttMs = 0;
    this.jitterMs = 0;
    /** Sequences of the other side that came, and those that must have been lost on the way. */
    this.numReceived = 0;
    this.numMissed = 0;
    this.newestAcked = 0xffff;
    this.hasAcked = false;
    /** By sequence % 64: when it was sent; 0 acknowledged, negative counted as lost. */
    this.sentMs = new Float64Array(RING);
  }

  /** The next payload's header. @param {import('./bytes.js').Writer} out @param {number} kind @param {number} nowMs */
  write(out, kind, nowMs) {
    const sequence = this.nextSequence;
    this.nextSequence = (sequence + 1) & 0xffff;
    this.numSent = Math.min(this.numSent + 1, 65536);
    if (this.sentMs[sequence % RING] > 0) this.numLost++;
    this.sentMs[sequence % RING] = nowMs;
    out.u8(kind);
    out.u16(sequence);
    out.u16(this.newest);
    out.u32(this.bits);
  }

  /** Takes in the header of a payload that adds up. @param {number} sequence @param {number} ack @param {number} bits
   * @param {number} nowMs */
  read(sequence, ack, bits, nowMs) {
    this.#noteReceived(sequence);
    const behind = (this.nextSequence - 1 - ack) & 0xffff;
    if (behind >= this.numSent) return;
    for (let k = 0; k < MAX_ACKED; k++) {
      if (k > 0 && ((bits >>> (k - 1)) & 1) === 0) continue;
      if (behind + k >= RING || behind + k >= this.numSent) break;
      const slot = ((ack - k) & 0xffff) % RING;
      const sentMs = this.sentMs[slot];
      if (sentMs === 0) continue;
      if (sentMs < 0) this.numLost--;
      else if (k === 0) this.#noteRoundTrip(nowMs - sentMs);
      this.sentMs[slot] = 0;
      this.numAcked++;
    }
    if (!this.hasAcked || ahead16(ack, this.newestAcked) > 0) this.#noteLost(ack);
  }

  /** @param {number} sequence */
  #noteReceived(sequence) {
    const ahead = ahead16(sequence, this.newest);
    if (!this.hasReceived) {
      this.hasReceived = true;
      this.newest = sequence;
      this.numReceived++;
    } else if (ahead > 0) {
      this.bits = ahead > 32 ? 0 : ((ahead === 32 ? 0 : this.bits << ahead) | (1 << (ahead - 1))) >>> 0;
      this.newest = sequence;
      this.numMissed += ahead - 1;
      this.numReceived++;
    } else if (ahead < 0 && ahead >= -32 && ((this.bits >>> (-ahead - 1)) & 1) === 0) {
      this.bits = (this.bits | (1 << (-ahead - 1))) >>> 0;
      this.numMissed = Math.max(this.numMissed - 1, 0);
      this.numReceived++;
    }
  }

  /** @param {number} sampleMs */
  #noteRoundTrip(sampleMs) {
    if (this.rttMs === 0) {
      this.rttMs = sampleMs;
      this.jitterMs = sampleMs / 2;
      return;
    }
    this.jitterMs += (Math.abs(sampleMs - this.rttMs) - this.jitterMs) / 8;
    this.rttMs += (sampleMs - this.rttMs) / 8;
  }

  /** `ack` is newer than any before. @param {number} ack */
  #noteLost(ack) {
    const steps = Math.min(ahead16(ack, this.newestAcked), RING);
    for (let step = 1; step <= steps; step++) {
      const old = (ack - steps + step - LOSS_LAG) & 0xffff;
      const behind = (this.nextSequence - 1 - old) & 0xffff;
      if (behind < RING && behind < this.numSent && this.sentMs[old % RING] > 0) {
        this.sentMs[old % RING] = -this.sentMs[old % RING];
        this.numLost++;
      }
    }
    this.newestAcked = ack;
    this.hasAcked = true;
  }
}
