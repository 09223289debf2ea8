/**
 * One connection to a zone: payloads in and out. A player has up to four at a time (`session.js`).
 *
 * Responsible for: the order of inner header, reliable block, snapshot and view. Not here: the socket
 * (`relay_socket.js`), which connection is the present one, what messages mean.
 *
 * Invariants: a payload is read to its end before anything of it counts, so one whose bytes do not add up changes nothing
 * but a counter; `receive` never raises.
 */

import { Acks } from './acks.js';
import { Channels, readBlock } from './channels.js';
import { Clock } from './clock.js';
import { Malformed, Reader, Writer, check } from './bytes.js';
import { MAX_INPUT_BYTES } from './inputs.js';
import { NewestState, readHead } from './snapshot_head.js';
import { View } from './view.js';
import { readMessage } from './messages.js';
import {
  FLAG_RELIABLE,
  KIND_CONTROL,
  KIND_INPUT,
  KIND_MASK,
  KIND_SNAPSHOT,
  MAX_PAYLOAD_BYTES,
} from './numbers.js';

/** @typedef {{ own: { bytes: number }, private: { bytes: number }, protocol: { tick_hz: number } }} Sizes */
/** @typedef {{ snapshot: import('./snapshot_head.js').Head | null, newest: boolean }} Outcome */

export const CONNECTING = 1;
export const CONNECTED = 2;
export const ENDED = 3;

export class Connection {
  /** @param {Sizes} info @param {number} nowMs @param {(message: import('./messages.js').Told) => void} onMessage */
  constructor(info, nowMs, onMessage) {
    this.state = CONNECTING;
    this.acks = new Acks();
    this.channels = new Channels();
    this.newest = new NewestState();
    this.view = new View(info.protocol.tick_hz);
    this.clock = new Clock(nowMs, info.protocol.tick_hz);
    this.joined = false;
    this.entityId = 0;
    this.tickHz = info.protocol.tick_hz;
    this.zone = '';
    this.beganMs = nowMs;
    this.heardMs = nowMs;
    this.numMalformed = 0;
    this.numBytes = 0;
    /** Names that came and were not taken. @type {{ id: number, name: string }[]} */
    this.names = [];
    this.#info = info;
    this.#onMessage = onMessage;
  }

  #info;
  #onMessage;

  /** Takes in a payload; null if its bytes do not add up.
   * @param {Uint8Array} payload @param {number} nowMs @returns {Outcome | null} */
  receive(payload, nowMs) {
    this.numBytes += payload.length;
    let read;
    try {
      read = this.#read(payload);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.numMalformed++;
      return null;
    }
    this.heardMs = nowMs;
    this.acks.read(read.sequence, read.ack, read.bits, nowMs);
    if (read.block !== null) {
      for (const { channel, body } of this.channels.take(read.block, nowMs, this.acks.rttMs)) {
        const message = readMessage(channel, body);
        if (message?.type === 'welcome') this.#welcome(message, nowMs);
        if (message !== null) this.#onMessage(message);
      }
    }
    if (read.head === null) return { snapshot: null, newest: false };
    const newest = this.newest.take(read.head);
    this.names.push(...read.head.names);
    this.view.apply(payload, read.head, read.run);
    if (newest && this.joined) {
      const rateHz = (this.tickHz * read.head.dilation) / 100;
      this.clock.observe(read.head.tick, nowMs, this.acks.rttMs, rateHz);
    }
    return { snapshot: read.head, newest };
  }

  /** The next payload: inputs once the server said welcome, before that what has to be said anyway.
   * @param {import('./inputs.js').InputQueue} inputs @param {number} renderTicksBack @param {number[]} whois
   * @param {number} nowMs */
  write(inputs, renderTicksBack, whois, nowMs) {
    const out = new Writer();
    this.acks.write(out, this.joined ? KIND_INPUT : KIND_CONTROL, nowMs);
    const limit = MAX_PAYLOAD_BYTES - MAX_INPUT_BYTES;
    if (this.channels.write(out, limit, nowMs, this.acks.rttMs)) out.bytes[0] |= FLAG_RELIABLE;
    if (!this.joined) return out.done();
    inputs.write(out, renderTicksBack);
    const nacks = this.view.takeNacks();
    out.u8(nacks.length);
    for (const nack of nacks) {
      out.u16(nack.x & 0xffff);
      out.u16(nack.y & 0xffff);
      out.u8(nack.part);
      out.u8(nack.generation);
    }
    out.u8(whois.length);
    for (const id of whois) out.u32(id);
    return out.done();
  }

  /** Everything that a payload says; changes nothing. */
  #read(payload) {
    const reader = new Reader(payload);
    const kind = reader.u8();
    const [sequence, ack, bits] = [reader.u16(), reader.u16(), reader.u32()];
    check((kind & ~(KIND_MASK | FLAG_RELIABLE)) === 0);
    const block = kind & FLAG_RELIABLE ? readBlock(reader) : null;
    let head = null;
    let run = null;
    if ((kind & KIND_MASK) === KIND_SNAPSHOT) {
      head = readHead(reader, this.#info.own.bytes, this.#info.private.bytes);
      run = this.view.read(reader, head);
    } else {
      check((kind & KIND_MASK) === KIND_CONTROL && reader.left === 0);
    }
    return { sequence, ack, bits, block, head, run };
  }

  #welcome(message, nowMs) {
    this.joined = true;
    this.entityId = message.entity;
    this.tickHz = message.tickHz;
    this.zone = message.zone;
    this.view.setTickHz(message.tickHz);
    this.clock = new Clock(nowMs, message.tickHz);
  }
}
