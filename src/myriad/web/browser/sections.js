/**
 * A snapshot's keyframes and run, read without believing any of it yet (section 6).
 *
 * Responsible for: checking every byte, section bodies included, and listing what they say. Not here: keeping it
 * (`view.js`).
 *
 * Invariants: nothing is changed; a delta is checked against the very keyframe that it will be decoded with, those of
 * the same payload included; one whose keyframe is missing is only checked for its length.
 */

import { Reader, check } from './bytes.js';
import {
  DELTA_CHANGED,
  DELTA_ENTERED,
  DELTA_EVENTS,
  DELTA_REMOVED,
  EVENT_BYTES,
  MAX_PART_ENTITIES,
  MAX_PARTS,
  RECORD_BYTES,
  REMOVED_HIDDEN,
  SECTION_DELTA,
  SECTION_FULL,
  SNAPSHOT_KEYFRAMES,
  SNAPSHOT_MULTI,
  VIEW_CELLS,
} from './numbers.js';

/** A covered part that equals a keyframe, or is empty. */
export const NEWS_QUIET = 0;
const MAX_KEYFRAMES = 128;

/** @typedef {{ place: number, number: number, generation: number, at: number, count: number }} KeyframeRef */
/**
 * @typedef {object} News  what is said of one covered part
 * @property {number} place  cell of the view
 * @property {number} number  of the part
 * @property {number} kind  NEWS_QUIET, SECTION_DELTA or SECTION_FULL
 * @property {number} named  nibble, or generation modulo 64
 * @property {number} at  where its body is
 * @property {number} end
 * @property {number} baseCount  records of the keyframe that a delta was checked against, -1: none
 */
/** @typedef {{ keyframes: KeyframeRef[], numParts: Uint8Array, news: News[] }} Run */

/** Reads keyframes and run to the end of the payload. Raises Malformed.
 * @param {Reader} reader @param {number} flags
 * @param {(news: News, keyframes: KeyframeRef[]) => number} baseCount  records of the keyframe that a delta will find
 * @returns {Run} */
export function readRun(reader, flags, baseCount) {
  const keyframes = flags & SNAPSHOT_KEYFRAMES ? readKeyframes(reader) : [];
  const { numParts, news } = readCoverage(reader, (flags & SNAPSHOT_MULTI) !== 0);
  readSections(reader, news);
  for (const one of news) {
    if (one.kind === NEWS_QUIET) continue;
    const body = new Reader(reader.bytes, one.at, one.end);
    if (one.kind === SECTION_FULL) {
      checkFull(body);
      continue;
    }
    one.baseCount = baseCount(one, keyframes);
    if (one.baseCount >= 0) checkDelta(body, one.baseCount);
  }
  return { keyframes, numParts, news };
}

/** @param {Reader} reader @returns {KeyframeRef[]} */
function readKeyframes(reader) {
  const num = reader.u8();
  check(num > 0 && num <= MAX_KEYFRAMES);
  const found = [];
  for (let k = 0; k < num; k++) {
    const first = reader.u8();
    const generation = reader.u8();
    reader.u8(); // its age says nothing that a client needs
    const count = reader.u8();
    check((first & 31) < VIEW_CELLS && count > 0 && count <= MAX_PART_ENTITIES);
    found.push({ place: first & 31, number: first >> 5, generation, at: reader.at, count });
    checkRecords(reader, count);
  }
  return found;
}

/** @param {Reader} reader @param {boolean} multi @returns {{ numParts: Uint8Array, news: News[] }} */
function readCoverage(reader, multi) {
  const mask = reader.u32();
  check(mask >>> VIEW_CELLS === 0);
  const numParts = new Uint8Array(VIEW_CELLS);
  const covered = new Uint8Array(VIEW_CELLS);
  for (let place = 0; place < VIEW_CELLS; place++) numParts[place] = covered[place] = (mask >>> place) & 1;
  if (multi) {
    const lists = reader.u8();
    check(lists > 0);
    for (let k = 0, last = -1; k < lists; k++) {
      const first = reader.u8();
      const bits = reader.u8();
      const place = first & 31;
      const parts = (first >> 5) + 1;
      check(place > last && place < VIEW_CELLS && numParts[place] === 1);
      check(parts >= 2 && bits !== 0 && bits >> parts === 0);
      numParts[place] = parts;
      covered[place] = bits;
      last = place;
    }
  }
  const news = [];
  for (let place = 0; place < VIEW_CELLS; place++) {
    for (let number = 0; number < MAX_PARTS; number++) {
      if (((covered[place] >> number) & 1) === 0) continue;
      news.push({ place, number, kind: NEWS_QUIET, named: 0, at: 0, end: 0, baseCount: -1 });
    }
  }
  return { numParts, news };
}

/** Fills in what each covered part is said to be. @param {Reader} reader @param {News[]} news */
function readSections(reader, news) {
  const { bytes } = reader;
  const quietAt = reader.skip((news.length + 7) >> 3);
  const isQuiet = (k) => ((bytes[quietAt + (k >> 3)] >> (k & 7)) & 1) === 1;
  let numQuiet = 0;
  for (let k = 0; k < (reader.at - quietAt) * 8; k++) {
    if (!isQuiet(k)) continue;
    check(k < news.length);
    numQuiet++;
  }
  const nibblesAt = reader.skip((numQuiet + 1) >> 1);
  check(numQuiet % 2 === 0 || bytes[reader.at - 1] >> 4 === 0);
  let quiet = 0;
  news.forEach((one, k) => {
    if (isQuiet(k)) {
      one.named = (bytes[nibblesAt + (quiet >> 1)] >> (4 * (quiet & 1))) & 15;
      quiet++;
      return;
    }
    const first = reader.u8();
    let length = reader.u8();
    one.kind = first >> 6;
    one.named = first & 63;
    check(one.kind === SECTION_DELTA || one.kind === SECTION_FULL);
    if (length >= 128) length = (length & 127) | (reader.u8() << 7);
    one.at = reader.skip(length);
    one.end = reader.at;
  });
  check(reader.left === 0);
}

/** Records, each with an id. @param {Reader} reader @param {number} count */
function checkRecords(reader, count) {
  const at = reader.skip(count * RECORD_BYTES);
  for (let k = 0; k < count; k++) check(reader.view.getUint32(at + k * RECORD_BYTES, true) !== 0);
}

/** @param {Reader} reader @param {number} numTargets */
function checkEvents(reader, numTargets) {
  const num = reader.u8();
  check(num > 0);
  const at = reader.skip(num * EVENT_BYTES);
  for (let e = 0; e < num; e++) check(reader.bytes[at + e * EVENT_BYTES + 2] < numTargets);
}

/** @param {Reader} body */
function checkFull(body) {
  const flags = body.u8();
  const count = body.u8();
  check((flags & ~DELTA_EVENTS) === 0 && count <= MAX_PART_ENTITIES);
  checkRecords(body, count);
  if (flags & DELTA_EVENTS) checkEvents(body, count);
  check(body.left === 0);
}

/** @param {Reader} body @param {number} num  records of the keyframe */
function checkDelta(body, num) {
  const flags = body.u8();
  check((flags & ~(DELTA_CHANGED | DELTA_REMOVED | DELTA_ENTERED | DELTA_EVENTS)) === 0);
  const bitmap = body.at;
  if (flags & DELTA_CHANGED) checkChanged(body, num);
  let present = num;
  if (flags & DELTA_REMOVED) {
    const removed = body.u8();
    check(removed > 0);
    let last = -1;
    for (let r = 0; r < removed; r++) {
      const index = body.u8();
      const reason = body.u8();
      check(index > last && index < num && reason <= REMOVED_HIDDEN);
      check((flags & DELTA_CHANGED) === 0 || ((body.bytes[bitmap + (index >> 3)] >> (index & 7)) & 1) === 0);
      last = index;
    }
    present -= removed;
  }
  let entered = 0;
  if (flags & DELTA_ENTERED) {
    entered = body.u8();
    check(entered > 0 && present + entered <= MAX_PART_ENTITIES);
    checkRecords(body, entered);
  }
  if (flags & DELTA_EVENTS) checkEvents(body, num + entered);
  check(body.left === 0);
}

/** The changed bitmap, masks and columns over a keyframe of `num` records. @param {Reader} body @param {number} num */
function checkChanged(body, num) {
  const { bytes } = body;
  const bitmap = body.skip((num + 7) >> 3);
  let changed = 0;
  for (let k = 0; k < (body.at - bitmap) * 8; k++) {
    if (((bytes[bitmap + (k >> 3)] >> (k & 7)) & 1) === 0) continue;
    check(k < num);
    changed++;
  }
  check(changed > 0);
  const masks = body.skip((changed * 3 + 7) >> 3);
  const bits = (body.at - masks) * 8;
  let length = 0;
  for (let bit = 0; bit < bits; bit++) {
    const one = (bytes[masks + (bit >> 3)] >> (bit & 7)) & 1;
    check(one === 0 || bit < changed * 3);
    if (one) length += [3, 1, 2][bit % 3];
  }
  for (let c = 0; c < changed; c++) check(maskOf(bytes, masks, c) !== 0);
  body.skip(length);
}

/** The three bits of the c-th changed record. @param {Uint8Array} bytes @param {number} masks @param {number} c */
export function maskOf(bytes, masks, c) {
  let mask = 0;
  for (let field = 0; field < 3; field++) {
    const bit = c * 3 + field;
    mask |= ((bytes[masks + (bit >> 3)] >> (bit & 7)) & 1) << field;
  }
  return mask;
}
