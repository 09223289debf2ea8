/**
 * A client's view: keyframes and sections made into entities again (section 6).
 *
 * Responsible for: following the view's cells, keeping keyframes, states, ticks, events and who lingers, and asking for
 * keyframes that are missing. Not here: reading payloads (`sections.js`), bodies (`records.js`), what is drawn of it
 * (`listing.js`, `sight.js`).
 *
 * Invariants: a part's tick never goes back; its state stamped tick t is exactly what the server had at t, or the part
 * is left as it was. Doubled and late payloads change nothing that a newer one has said. `apply` cannot fail after
 * `read` went well.
 */

import { newer32, newer8 } from './serial.js';
import { NEWS_QUIET, readRun } from './sections.js';
import { NO_RECORDS, applyDelta, applyFull, takeRecords } from './records.js';
import {
  MAX_NACKS,
  MAX_PARTS,
  REMOVED_DESPAWNED,
  REMOVED_MOVED_ELSEWHERE,
  SECTION_FULL,
  VIEW_CELLS,
  VIEW_RADIUS_CELLS,
  VIEW_SIDE_CELLS,
} from './numbers.js';

const NUM_SLOTS = 64;
const MAX_LINGERING = 64;
const MAX_EVENTS = 256;
const NACK_MS = 150;
/** How long after its last use a keyframe may be named by a quiet nibble, and by a delta. */
const QUIET_KEYFRAME_MS = 1250;
const KEYFRAME_MS = 10_000;

/** @typedef {{ generation: number, records: Uint32Array }} Keyframe */

/** A set of entities: three words each, see `records.js`. */
class Part {
  constructor() {
    this.records = NO_RECORDS;
    /** Generation that the state equals, -1: none. */
    this.quiet = -1;
    /** Tick of the snapshot that last named or brought one of the keyframes. */
    this.used = 0;
    /** @type {(Keyframe | null)[]} */
    this.keys = [null, null];
  }
}

/** A cell of the view, in a table of 8 x 8 by its place. */
class Slot {
  constructor() {
    this.x = 0;
    this.y = 0;
    this.inView = false;
    /** Older snapshots say nothing about this cell. */
    this.entered = 0;
    this.reset();
  }

  reset() {
    this.numParts = 0;
    this.partsTick = 0;
    /** @type {(Part | null)[]} */
    this.parts = new Array(MAX_PARTS).fill(null);
    /** As of which each part's state is, -1: nothing was heard of it. */
    this.ticks = new Array(MAX_PARTS).fill(-1);
    this.events = new Array(MAX_PARTS).fill(-1);
    this.asked = new Array(MAX_PARTS).fill(-1);
  }

  /** @param {number} number */
  part(number) {
    return (this.parts[number] ??= new Part());
  }
}

export class View {
  /** @param {number} tickHz */
  constructor(tickHz) {
    this.slots = Array.from({ length: NUM_SLOTS }, () => new Slot());
    this.tick = 0;
    this.known = false;
    this.viewX = 0;
    this.viewY = 0;
    /** Entities that left a part and have not shown up elsewhere. @type {{ id: number, xy: number, rest: number,
     * tick: number, x: number, y: number }[]} */
    this.lingering = [];
    /** Blows that were seen and not taken yet. @type {{ tick: number, kind: number, target: number, amount: number,
     * source: number }[]} */
    this.events = [];
    /** @type {{ x: number, y: number, part: number, generation: number }[]} */
    this.nacks = [];
    this.undecodable = 0;
    this.sections = 0;
    this.setTickHz(tickHz);
  }

  /** @param {number} tickHz */
  setTickHz(tickHz) {
    const ticks = (ms) => Math.ceil((ms * tickHz) / 1000);
    this.tickHz = tickHz;
    this.nackTicks = ticks(NACK_MS);
    this.quietTicks = ticks(QUIET_KEYFRAME_MS);
    this.keyframeTicks = ticks(KEYFRAME_MS);
  }

  /** Reads what follows a snapshot's head; changes nothing. Raises Malformed.
   * @param {import('./bytes.js').Reader} reader @param {import('./snapshot_head.js').Head} head */
  read(reader, head) {
    return readRun(reader, head.flags, (news, keyframes) => this.#baseCount(head, news, keyframes));
  }

  /** Applies what was read; true if no newer one was applied before.
   * @param {Uint8Array} bytes  the payload @param {import('./snapshot_head.js').Head} head
   * @param {import('./sections.js').Run} run */
  apply(bytes, head, run) {
    const newest = !this.known || newer32(head.tick, this.tick);
    if (newest) this.#look(head);
    for (const ref of run.keyframes) {
      const slot = this.#slotAt(head, ref.place);
      if (slot !== null) this.#keepKeyframe(slot.part(ref.number), ref, bytes, head.tick);
    }
    for (let place = 0; place < VIEW_CELLS; place++) {
      const slot = run.numParts[place] > 0 ? this.#slotAt(head, place) : null;
      if (slot !== null) this.#setNumParts(slot, run.numParts[place], head.tick);
    }
    for (const news of run.news) {
      const slot = this.#slotAt(head, news.place);
      if (slot !== null) this.#applyNews(slot, news, bytes, head.tick);
    }
    return newest;
  }

  /** The missing keyframes to ask for now, which count as asked for. */
  takeNacks() {
    return this.nacks.splice(0);
  }

  /** The blows that were seen since the last call. */
  takeEvents() {
    return this.events.splice(0);
  }

  /** The slot of a world-wide cell, null if it is not in view. @param {number} x @param {number} y */
  cell(x, y) {
    const slot = this.slots[(x & 7) | ((y & 7) << 3)];
    return slot.inView && slot.x === x && slot.y === y ? slot : null;
  }

  /** The slot of a cell that a snapshot may speak about. */
  #slotAt(head, place) {
    const slot = this.cell(placeX(head, place), placeY(head, place));
    return slot === null || newer32(slot.entered, head.tick) ? null : slot;
  }

  /** Follows the newest snapshot's view. */
  #look(head) {
    if (!this.known || this.viewX !== head.viewX || this.viewY !== head.viewY) {
      for (const slot of this.slots) {
        const away = Math.max(Math.abs(slot.x - head.viewX), Math.abs(slot.y - head.viewY));
        if (slot.inView && away > VIEW_RADIUS_CELLS) {
          slot.inView = false;
          slot.reset();
        }
      }
      // A snapshot between the last one without the cell and this one may have it, so those count too.
      const entered = (this.known ? this.tick + 1 : head.tick - 0x10000) >>> 0;
      for (let place = 0; place < VIEW_CELLS; place++) {
        const x = placeX(head, place);
        const y = placeY(head, place);
        const slot = this.slots[(x & 7) | ((y & 7) << 3)];
        if (!slot.inView) Object.assign(slot, { inView: true, x, y, entered });
      }
    }
    this.known = true;
    this.tick = head.tick;
    this.viewX = head.viewX;
    this.viewY = head.viewY;
  }

  /** Records of the keyframe that a delta will find once the payload's own keyframes are kept, -1: none. */
  #baseCount(head, news, keyframes) {
    const part = this.cell(placeX(head, news.place), placeY(head, news.place))?.parts[news.number] ?? null;
    const held = [null, null];
    if (part !== null && !newer32(head.tick, (part.used + this.keyframeTicks) >>> 0)) {
      part.keys.forEach((key, which) => {
        if (key !== null) held[which] = { generation: key.generation, count: key.records.length / 3 };
      });
    }
    for (const ref of keyframes) {
      if (ref.place !== news.place || ref.number !== news.number) continue;
      const where = keyframePlace(held, ref.generation);
      if (where >= 0) held[where] = ref;
    }
    return held.find((key) => key !== null && (key.generation & 63) === news.named)?.count ?? -1;
  }

  #keepKeyframe(part, ref, bytes, tick) {
    const { keys } = part;
    if (newer32(tick, (part.used + this.keyframeTicks) >>> 0)) keys.fill(null);
    const where = keyframePlace(keys, ref.generation);
    const empty = keys[0] === null && keys[1] === null;
    const held = keys.some((key) => key !== null && key.generation === ref.generation);
    if (empty || ((where >= 0 || held) && newer32(tick, part.used))) part.used = tick;
    if (where >= 0) keys[where] = { generation: ref.generation, records: takeRecords(bytes, ref.at, ref.count) };
  }

  /** The held keyframe that is named, null if none is, or if it was not used for too long. */
  #findKey(part, named, modulus, tick, patience) {
    if (part === null || newer32(tick, (part.used + patience) >>> 0)) return null;
    return part.keys.find((key) => key !== null && key.generation % modulus === named) ?? null;
  }

  /** A part could not be decoded: asks for its keyframe, not more than once in 150 ms. */
  #miss(slot, number, tick, generation) {
    this.undecodable++;
    const asked = slot.asked[number];
    if (this.nacks.length >= MAX_NACKS) return;
    if (asked >= 0 && newer32((asked + this.nackTicks) >>> 0, tick)) return;
    slot.asked[number] = tick;
    this.nacks.push({ x: slot.x, y: slot.y, part: number, generation });
  }

  /** The cell has so many parts as of `tick`; what it had beyond is empty. */
  #setNumParts(slot, num, tick) {
    if (slot.numParts === 0 || newer32(tick, slot.partsTick)) {
      slot.numParts = num;
      slot.partsTick = tick;
    }
    for (let number = num; number < MAX_PARTS; number++) {
      if (slot.ticks[number] < 0 || !newer32(tick, slot.ticks[number])) continue;
      this.#empty(slot, number, tick);
      slot.ticks[number] = tick;
    }
  }

  #empty(slot, number, tick) {
    const part = slot.parts[number];
    if (part !== null && part.records.length > 0) this.#setState(slot, part, NO_RECORDS, null, null, tick, -1);
  }

  /** Brings one covered part up to date, if this is newer and can be decoded. */
  #applyNews(slot, news, bytes, tick) {
    const { number, kind, named } = news;
    if (slot.ticks[number] >= 0 && !newer32(tick, slot.ticks[number])) return;
    if (kind === NEWS_QUIET) {
      if (!this.#applyQuiet(slot, number, named, tick)) return;
    } else if (kind === SECTION_FULL) {
      const full = applyFull(bytes, news.at, news.end);
      this.#noteEvents(slot, number, full.events, tick);
      this.#setState(slot, slot.part(number), full.records, null, null, tick, -1);
    } else {
      const part = slot.parts[number];
      const key = this.#findKey(part, named, 64, tick, this.keyframeTicks);
      if (key === null || key.records.length / 3 !== news.baseCount) {
        this.#miss(slot, number, tick, named);
        return;
      }
      part.used = tick;
      const delta = applyDelta(key.records, bytes, news.at, news.end);
      this.#noteEvents(slot, number, delta.events, tick);
      this.#setState(slot, part, delta.records, key.records, delta.reasons, tick, -1);
    }
    slot.ticks[number] = tick;
    this.sections++;
  }

  #applyQuiet(slot, number, named, tick) {
    if (named === 0) {
      this.#empty(slot, number, tick);
      return true;
    }
    const part = slot.parts[number];
    const key = this.#findKey(part, named - 1, 15, tick, this.quietTicks);
    if (key === null) {
      this.#miss(slot, number, tick, 63 + named);
      return false;
    }
    part.used = tick;
    if (part.quiet !== key.generation) this.#setState(slot, part, key.records, null, null, tick, key.generation);
    return true;
  }

  /** `records` is what is in the part now; `key` and `reasons` say of whom it is known why they left. */
  #setState(slot, part, records, key, reasons, tick, quiet) {
    const here = new Set();
    for (let at = 0; at < records.length; at += 3) here.add(records[at]);
    for (let at = 0; at < part.records.length; at += 3) {
      const id = part.records[at];
      if (here.has(id) || reasonOf(id, key, reasons) >= REMOVED_DESPAWNED) continue;
      const [xy, rest] = [part.records[at + 1], part.records[at + 2]];
      this.lingering.push({ id, xy, rest, tick, x: slot.x, y: slot.y });
      if (this.lingering.length > MAX_LINGERING) this.lingering.shift();
    }
    part.records = records;
    part.quiet = quiet;
  }

  /** Keeps the part's events that are new. */
  #noteEvents(slot, number, events, tick) {
    for (const event of events) {
      if (slot.events[number] >= 0 && !newer8(event.number, slot.events[number])) continue;
      slot.events[number] = event.number;
      const { kind, target, amount, source } = event;
      if (this.events.length < MAX_EVENTS) this.events.push({ tick, kind, target, amount, source });
    }
  }
}

/** Which of two held keyframes a received one replaces, -1: none. The two newest are kept.
 * @param {({ generation: number } | null)[]} held @param {number} generation */
export function keyframePlace(held, generation) {
  const [one, other] = held;
  const isTooOld = (newest) => newer8(newest, generation) && ((newest - generation) & 0xff) > 8;
  if (one?.generation === generation || other?.generation === generation) return -1;
  if (one === null) return other !== null && isTooOld(other.generation) ? -1 : 0;
  if (other === null) return isTooOld(one.generation) ? -1 : 1;
  const oldest = ((one.generation - other.generation) & 0xff) < 128 ? 1 : 0;
  const newest = held[1 - oldest].generation;
  if (((generation - newest) & 0xff) < 128) return oldest;
  if (((newest - generation) & 0xff) > 8) return -1;
  return ((generation - held[oldest].generation) & 0xff) < 128 ? oldest : -1;
}

/** World-wide column of a cell of a snapshot's view. @param {{ viewX: number }} head @param {number} place */
export function placeX(head, place) {
  return head.viewX + (place % VIEW_SIDE_CELLS) - VIEW_RADIUS_CELLS;
}

/** World-wide line of a cell of a snapshot's view. @param {{ viewY: number }} head @param {number} place */
export function placeY(head, place) {
  return head.viewY + Math.floor(place / VIEW_SIDE_CELLS) - VIEW_RADIUS_CELLS;
}

/** Why an entity is not in a part any more, as far as a delta said. */
function reasonOf(id, key, reasons) {
  if (key === null || reasons === null) return REMOVED_MOVED_ELSEWHERE;
  for (const [index, reason] of reasons) if (key[index * 3] === id) return reason;
  return REMOVED_MOVED_ELSEWHERE;
}
