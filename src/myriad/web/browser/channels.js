/**
 * Three reliable, ordered channels inside the payloads (section 4).
 *
 * Responsible for: fragments, resending, order, whole messages. Not here: what messages mean (`messages.js`).
 *
 * Invariants: a block is read as a whole (`readBlock`) before any of it counts (`take`); each message comes once, in
 * order; what waits to be sent is bounded.
 */

import { check } from './bytes.js';
import { NUM_CHANNELS } from './numbers.js';

const FRAGMENT_BYTES = 256;
const MAX_FRAGMENT_BYTES = 1024;
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 8192;
const MAX_MESSAGE_BYTES = 4096;
const FRAGMENT_HEADER = 5;
const MORE = 0x80;
const MIN_RESEND_MS = 100;

/** @typedef {{ channel: number, expected: number }} Ack */
/** @typedef {{ channel: number, more: boolean, id: number, body: Uint8Array }} Fragment */
/** @typedef {{ acks: Ack[], fragments: Fragment[] }} Block */
/** @typedef {{ channel: number, body: Uint8Array }} Message */

/** Reads a block. Raises Malformed. @param {import('./bytes.js').Reader} reader @returns {Block} */
export function readBlock(reader) {
  const acks = [];
  for (let left = reader.u8(); left > 0; left--) {
    const channel = reader.u8();
    check(channel < NUM_CHANNELS);
    acks.push({ channel, expected: reader.u16() });
  }
  const fragments = [];
  for (let left = reader.u8(); left > 0; left--) {
    const first = reader.u8();
    const id = reader.u16();
    const size = reader.u16();
    check((first & ~MORE) < NUM_CHANNELS && size >= 1 && size <= MAX_FRAGMENT_BYTES);
    fragments.push({ channel: first & ~MORE, more: (first & MORE) !== 0, id, body: reader.take(size) });
  }
  return { acks, fragments };
}

/** One channel, both ways. */
class Channel {
  constructor() {
    this.expected = 0;
    this.owesAck = false;
    /** @type {Uint8Array[]} */
    this.partial = [];
    this.partialBytes = 0;
    /** Number of the first fragment that waits. */
    this.first = 0;
    /** @type {{ body: Uint8Array, more: boolean }[]} */
    this.waiting = [];
    this.waitingBytes = 0;
    /** Index in `waiting` of what is sent next, and of what was never sent. */
    this.cursor = 0;
    this.fresh = 0;
    this.resendMs = 0;
  }

  /** @param {number} expected @param {number} resendMs */
  confirm(expected, resendMs) {
    const confirmed = (expected - this.first) & 0xffff;
    if (confirmed === 0 || confirmed > this.fresh) return;
    for (const gone of this.waiting.splice(0, confirmed)) this.waitingBytes -= gone.body.length;
    this.first = expected;
    this.cursor = Math.max(this.cursor - confirmed, 0);
    this.fresh -= confirmed;
    this.resendMs = resendMs;
  }
}

export class Channels {
  constructor() {
    this.channels = Array.from({ length: NUM_CHANNELS }, () => new Channel());
    /** True once a message grew too long: the connection is of no use any more. */
    this.broken = false;
  }

  /** Queues a message; false if too much waits. @param {number} number @param {Uint8Array} body */
  push(number, body) {
    const channel = this.channels[number];
    const count = Math.ceil(body.length / FRAGMENT_BYTES);
    if (body.length === 0 || body.length > MAX_MESSAGE_BYTES) return false;
    if (channel.waiting.length + count > MAX_WAITING) return false;
    if (channel.waitingBytes + body.length > MAX_WAITING_BYTES) return false;
    for (let at = 0; at < body.length; at += FRAGMENT_BYTES) {
      const piece = body.slice(at, at + FRAGMENT_BYTES);
      channel.waiting.push({ body: piece, more: at + FRAGMENT_BYTES < body.length });
    }
    channel.waitingBytes += body.length;
    return true;
  }

  /** Takes in a block that adds up; returns the messages that are whole now.
   * @param {Block} block @param {number} nowMs @param {number} rttMs @returns {Message[]} */
  take(block, nowMs, rttMs) {
    for (const ack of block.acks) this.channels[ack.channel].confirm(ack.expected, nowMs + waitMs(rttMs));
    const messages = [];
    for (const fragment of block.fragments) {
      const channel = this.channels[fragment.channel];
      channel.owesAck = true;
      if (fragment.id !== channel.expected) continue;
      if (channel.partialBytes + fragment.body.length > MAX_MESSAGE_BYTES) {
        this.broken = true;
        continue;
      }
      channel.expected = (channel.expected + 1) & 0xffff;
      channel.partial.push(fragment.body.slice());
      channel.partialBytes += fragment.body.length;
      if (fragment.more) continue;
      messages.push({ channel: fragment.channel, body: joined(channel.partial, channel.partialBytes) });
      channel.partial = [];
      channel.partialBytes = 0;
    }
    return messages;
  }

  /** True if there is something to say now. @param {number} nowMs */
  hasBlock(nowMs) {
    return this.channels.some(
      (c) => c.owesAck || c.cursor !== c.waiting.length || (c.cursor !== 0 && nowMs >= c.resendMs),
    );
  }

  /** Writes what is due, not beyond `limit`; false (and nothing is written) if that is nothing.
   * @param {import('./bytes.js').Writer} out @param {number} limit @param {number} nowMs @param {number} rttMs */
  write(out, limit, nowMs, rttMs) {
    if (!this.hasBlock(nowMs)) return false;
    const start = out.at;
    out.u8(0);
    this.channels.forEach((channel, number) => {
      if (!channel.owesAck) return;
      channel.owesAck = false;
      out.bytes[start]++;
      out.u8(number);
      out.u16(channel.expected);
    });
    const countAt = out.at;
    out.u8(0);
    this.channels.forEach((channel, number) => this.#writeFragments(out, limit, countAt, channel, number, nowMs, rttMs));
    if (out.bytes[start] === 0 && out.bytes[countAt] === 0) {
      out.at = start;
      return false;
    }
    return true;
  }

  #writeFragments(out, limit, countAt, channel, number, nowMs, rttMs) {
    if (channel.cursor !== 0 && nowMs >= channel.resendMs) channel.cursor = 0;
    while (channel.cursor < channel.waiting.length && out.bytes[countAt] < 255) {
      const { body, more } = channel.waiting[channel.cursor];
      if (out.at + FRAGMENT_HEADER + body.length > limit) break;
      if (channel.cursor === 0) channel.resendMs = nowMs + waitMs(rttMs);
      out.u8(more ? number | MORE : number);
      out.u16((channel.first + channel.cursor) & 0xffff);
      out.u16(body.length);
      out.put(body);
      out.bytes[countAt]++;
      if (channel.cursor === channel.fresh) channel.fresh++;
      channel.cursor++;
    }
  }
}

/** @param {number} rttMs */
function waitMs(rttMs) {
  return Math.max(MIN_RESEND_MS, rttMs * 1.25);
}

/** @param {Uint8Array[]} pieces @param {number} length */
function joined(pieces, length) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
