/**
 * Records of entities, and section bodies made into them (section 6).
 *
 * Responsible for: the 11 bytes of a record as three words (id · x | y << 12 · heading | hit points << 8 | state << 16 |
 * kind << 24), DELTA and FULL bodies. Not here: whether a section applies at all (`view.js`).
 *
 * Invariants: bodies have been checked against the keyframe that they are applied to, so nothing here fails; lists of
 * records are never changed once they are made.
 */

import { maskOf } from './sections.js';
import {
  CELL_UNITS,
  DELTA_CHANGED,
  DELTA_ENTERED,
  DELTA_EVENTS,
  DELTA_REMOVED,
  EVENT_BYTES,
  MARGIN_UNITS,
  POSITION_SHIFT,
  RECORD_BYTES,
} from './numbers.js';

export const NO_RECORDS = new Uint32Array(0);
const HALF_STEP = 1 << (POSITION_SHIFT - 1);

/** @typedef {{ number: number, kind: number, target: number, amount: number, source: number }} PartEvent */

/** `count` records as words. @param {Uint8Array} bytes @param {number} at @param {number} count */
export function takeRecords(bytes, at, count) {
  const records = new Uint32Array(count * 3);
  copyRecords(records, 0, bytes, at, count);
  return records;
}

function copyRecords(records, first, bytes, at, count) {
  for (let k = 0, to = first; k < count; k++, at += RECORD_BYTES) {
    records[to++] = word(bytes, at);
    records[to++] = word(bytes, at + 4) & 0xffffff;
    records[to++] = word(bytes, at + 7);
  }
}

function word(bytes, at) {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** @param {Uint8Array} bytes @param {number} at @param {number} end */
export function applyFull(bytes, at, end) {
  const count = bytes[at + 1];
  const records = takeRecords(bytes, at + 2, count);
  const events = takeEvents(bytes, at + 2 + count * RECORD_BYTES, end, (index) => records[index * 3]);
  return { records, events };
}

/** A delta over the keyframe `key`. `reasons`: [index in the keyframe, why removed] each.
 * @param {Uint32Array} key @param {Uint8Array} bytes @param {number} at @param {number} end */
export function applyDelta(key, bytes, at, end) {
  const flags = bytes[at++];
  const num = key.length / 3;
  const changed = key.slice();
  if (flags & DELTA_CHANGED) at = applyChanged(changed, num, bytes, at);
  const reasons = [];
  if (flags & DELTA_REMOVED) {
    for (let left = bytes[at++]; left > 0; left--, at += 2) reasons.push([bytes[at], bytes[at + 1]]);
  }
  const entered = flags & DELTA_ENTERED ? bytes[at++] : 0;
  const records = new Uint32Array((num - reasons.length + entered) * 3);
  let to = 0;
  for (let k = 0, gone = 0; k < num; k++) {
    if (gone < reasons.length && reasons[gone][0] === k) {
      gone++;
      continue;
    }
    records[to++] = changed[k * 3];
    records[to++] = changed[k * 3 + 1];
    records[to++] = changed[k * 3 + 2];
  }
  copyRecords(records, to, bytes, at, entered);
  const idOf = (index) => (index < num ? key[index * 3] : records[to + (index - num) * 3]);
  const eventsAt = flags & DELTA_EVENTS ? at + entered * RECORD_BYTES : end;
  return { records, reasons, events: takeEvents(bytes, eventsAt, end, idOf) };
}

/** Applies the changed columns; returns their end. */
function applyChanged(records, num, bytes, bitmap) {
  const masks = bitmap + ((num + 7) >> 3);
  const indices = [];
  for (let k = 0; k < num; k++) if ((bytes[bitmap + (k >> 3)] >> (k & 7)) & 1) indices.push(k);
  let at = masks + ((indices.length * 3 + 7) >> 3);
  for (let field = 0; field < 3; field++) {
    indices.forEach((k, c) => {
      if (((maskOf(bytes, masks, c) >> field) & 1) === 0) return;
      if (field === 0) {
        records[k * 3 + 1] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
        at += 3;
      } else if (field === 1) {
        records[k * 3 + 2] = (records[k * 3 + 2] & ~0xff) | bytes[at];
        at += 1;
      } else {
        records[k * 3 + 2] = (records[k * 3 + 2] & ~0xffff00) | (bytes[at] << 8) | (bytes[at + 1] << 16);
        at += 2;
      }
    });
  }
  return at;
}

/** @returns {PartEvent[]} */
function takeEvents(bytes, at, end, idOf) {
  const events = [];
  if (at >= end) return events;
  for (let left = bytes[at++]; left > 0; left--, at += EVENT_BYTES) {
    events.push({
      number: bytes[at],
      kind: bytes[at + 1],
      target: idOf(bytes[at + 2]),
      amount: bytes[at + 3],
      source: bytes[at + 4] | (bytes[at + 5] << 8),
    });
  }
  return events;
}

/** Exact coordinate (1/1024 m) of the middle of a quantised one. @param {number} steps 0 to 4095 @param {number} cell */
export function fromCell(steps, cell) {
  return cell * CELL_UNITS - MARGIN_UNITS + (steps << POSITION_SHIFT) + HALF_STEP;
}

/** Digest of a part's records (section 9), 16 hexadecimal digits. @param {Uint32Array} records */
export function digestOf(records) {
  let total = 0n;
  for (let at = 0; at < records.length; at += 3) {
    const id = records[at];
    const lowWord = (records[at + 1] & 0xffffff) | (records[at + 2] << 24);
    let low = (Math.imul(id, 0x2c1b3c6d) + lowWord) | 0;
    let high = (Math.imul(records[at + 2] >>> 8, 0x297a2d39) + id) | 0;
    for (let k = 0; k < 2; k++) {
      low = (Math.imul(low ^ (low >>> 15), 0x2c1b3c6d) + high) | 0;
      high = (Math.imul(high ^ (high >>> 13), 0x297a2d39) + low) | 0;
    }
    total += (BigInt(high & 0x3fffffff) << 32n) | BigInt(low >>> 0);
  }
  return (total & ((1n << 62n) - 1n)).toString(16).padStart(16, '0');
}
