/**
 * The head of a snapshot (section 6): tick, confirmed inputs, own and private state, names.
 *
 * Responsible for: reading it, and keeping the newest of it. Not here: keyframes and sections (`sections.js`), what own
 * and private bytes mean (`fields.js`).
 *
 * Invariants: of two snapshots the one with the newer tick wins, whatever their order of arrival; own and private state
 * are replaced only from a snapshot newer than the one that they came from.
 */

import { newer32 } from './serial.js';
import { SNAPSHOT_OWN, SNAPSHOT_PRIVATE, SNAPSHOT_WHOIS } from './numbers.js';

/**
 * @typedef {object} Head
 * @property {number} tick
 * @property {number} lastInput
 * @property {number} bufferHint
 * @property {number} dilation  percent
 * @property {number} viewX
 * @property {number} viewY
 * @property {number} flags
 * @property {Uint8Array | null} own
 * @property {Uint8Array | null} private
 * @property {number} ownVersion
 * @property {number} privateVersion
 * @property {{ id: number, version: number, name: string }[]} names
 */

/** Reads a head. Raises Malformed. @param {import('./bytes.js').Reader} reader @param {number} ownBytes
 * @param {number} privateBytes @returns {Head} */
export function readHead(reader, ownBytes, privateBytes) {
  const head = {
    tick: reader.u32(),
    lastInput: reader.u32(),
    bufferHint: reader.i8(),
    dilation: reader.u8(),
    viewX: reader.i16(),
    viewY: reader.i16(),
    flags: reader.u8(),
    own: null,
    ownVersion: 0,
    private: null,
    privateVersion: 0,
    names: [],
  };
  if (head.flags & SNAPSHOT_OWN) {
    head.ownVersion = reader.u8();
    head.own = reader.take(ownBytes);
  }
  if (head.flags & SNAPSHOT_PRIVATE) {
    head.privateVersion = reader.u8();
    head.private = reader.take(privateBytes);
  }
  if (head.flags & SNAPSHOT_WHOIS) {
    for (let left = reader.u8(); left > 0; left--) {
      const id = reader.u32();
      const version = reader.u8();
      head.names.push({ id, version, name: reader.text(reader.u8()) });
    }
  }
  return head;
}

/** The newest that a connection was told. */
export class NewestState {
  constructor() {
    this.known = false;
    this.tick = 0;
    this.lastInput = 0;
    this.bufferHint = 0;
    this.dilation = 100;
    this.viewX = 0;
    this.viewY = 0;
    this.tier = 0;
    this.numSnapshots = 0;
    /** @type {Uint8Array | null} */
    this.own = null;
    this.ownTick = 0;
    this.ownVersion = 0;
    /** @type {Uint8Array | null} */
    this.private = null;
    this.privateTick = 0;
    this.privateVersion = 0;
  }

  /** Takes in a head that adds up; true if none was newer. @param {Head} head */
  take(head) {
    this.numSnapshots++;
    if (head.own !== null && (this.own === null || newer32(head.tick, this.ownTick))) {
      this.own = head.own.slice();
      this.ownTick = head.tick;
      this.ownVersion = head.ownVersion;
    }
    if (head.private !== null && (this.private === null || newer32(head.tick, this.privateTick))) {
      this.private = head.private.slice();
      this.privateTick = head.tick;
      this.privateVersion = head.privateVersion;
    }
    if (this.known && !newer32(head.tick, this.tick)) return head.tick === this.tick;
    this.known = true;
    this.tick = head.tick;
    this.lastInput = head.lastInput;
    this.bufferHint = head.bufferHint;
    this.dilation = head.dilation;
    this.viewX = head.viewX;
    this.viewY = head.viewY;
    this.tier = head.flags & 3;
    return true;
  }
}
