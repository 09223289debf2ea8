/**
 * Little-endian numbers in bytes: a reader that never goes beyond its end, and a writer of one payload.
 *
 * Invariant: reading beyond the end raises `Malformed` and nothing else; it never leaves this folder
 * (`connection.js` catches it before anything of a payload counts).
 */

import { MAX_PAYLOAD_BYTES } from './numbers.js';

/** Bytes that do not add up. */
export class Malformed extends Error {}

/** @param {boolean} holds */
export function check(holds) {
  if (!holds) throw new Malformed();
}

export class Reader {
  /** @param {Uint8Array} bytes @param {number} [at] @param {number} [end] */
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.end = end;
  }

  /** Steps over `count` bytes; returns where they begin. @param {number} count */
  skip(count) {
    const at = this.at;
    if (at + count > this.end) throw new Malformed();
    this.at = at + count;
    return at;
  }

  u8() {
    return this.bytes[this.skip(1)];
  }

  i8() {
    return this.view.getInt8(this.skip(1));
  }

  u16() {
    return this.view.getUint16(this.skip(2), true);
  }

  i16() {
    return this.view.getInt16(this.skip(2), true);
  }

  u32() {
    return this.view.getUint32(this.skip(4), true);
  }

  /** A piece of the same memory. @param {number} count */
  take(count) {
    const at = this.skip(count);
    return this.bytes.subarray(at, at + count);
  }

  /** UTF-8; what is none of it becomes replacement characters. @param {number} count */
  text(count) {
    return decoder.decode(this.take(count));
  }

  get left() {
    return this.end - this.at;
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class Writer {
  constructor(size = MAX_PAYLOAD_BYTES) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.at = 0;
  }

  /** @param {number} value */
  u8(value) {
    this.bytes[this.at++] = value;
  }

  /** @param {number} value */
  u16(value) {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  /** @param {number} value */
  u32(value) {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  /** @param {Uint8Array} bytes */
  put(bytes) {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** A copy of what was written. */
  done() {
    return this.bytes.slice(0, this.at);
  }
}
