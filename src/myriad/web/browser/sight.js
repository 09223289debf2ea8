/**
 * What the player sees: the entities in view, where each is drawn now, and what they are called.
 *
 * Responsible for: listing the decoded view after each snapshot, feeding the interpolation, asking for names.
 * Not here: decoding (`view.js`), where to draw between snapshots (`interpolation.js`).
 *
 * Invariants: what is shown comes from one connection at a time; a new connection shows nothing of the former one, but
 * names stay, for ids are the world's. An entity is the same object as long as it is in view.
 */

import { Track } from './interpolation.js';
import { listVisible } from './listing.js';
import { MAX_WHOIS, UNITS_PER_M } from './numbers.js';

const ASK_AGAIN_MS = 2000;
const MAX_NAMES = 5000;

/**
 * @typedef {object} Entity  something in view
 * @property {number} id
 * @property {number} kind
 * @property {string} kindName
 * @property {string} name  of players, '' until it is known
 * @property {number} x  metres, where it is drawn now
 * @property {number} y
 * @property {number} heading  turns, 0 east, 0.25 north
 * @property {number} hp  0 (dead) to 1
 * @property {number} state
 * @property {boolean} player
 * @property {number} item  number of the item type, 0: it is none
 */

export class Sight {
  /** @param {{ kinds: Record<string, number>, kind_names: Record<string, string>, item_kind_base: number }} info */
  constructor(info) {
    this.#info = info;
    this.#playerKind = info.kinds.player ?? 1;
  }

  #info;
  #playerKind;
  /** @type {import('./connection.js').Connection | null} */
  #connection = null;
  /** @type {Map<number, { entity: Entity, track: Track }>} */
  #seen = new Map();
  /** @type {Map<number, string>} */
  #names = new Map();
  /** @type {Map<number, number>} */
  #askedMs = new Map();

  /** A snapshot came to `connection`: notes where everything is. @param {import('./connection.js').Connection} connection
   * @param {number} nowMs */
  look(connection, nowMs) {
    if (connection !== this.#connection) {
      this.#connection = connection;
      this.#seen.clear();
    }
    for (const { id, name } of connection.names.splice(0)) this.#learn(id, name);
    const { tick: newest, viewX, viewY } = connection.newest;
    const listed = listVisible(connection.view, newest);
    const wraps = Math.round((connection.clock.serverTick(nowMs) - newest) / 2 ** 32) * 2 ** 32;
    for (const one of listed.values()) {
      const seen = this.#seen.get(one.id) ?? this.#meet(one.id);
      this.#update(seen.entity, one.rest);
      const ring = ringOf(one.cellX - viewX, one.cellY - viewY);
      const tick = newest + wraps - ((newest - one.tick) >>> 0);
      seen.track.add(tick, one.qx / UNITS_PER_M, one.qy / UNITS_PER_M, (one.rest & 0xff) / 256, ring);
    }
    for (const id of this.#seen.keys()) if (!listed.has(id)) this.#seen.delete(id);
  }

  /** Moves everything to where it is drawn now. @param {number} nowMs */
  place(nowMs) {
    if (this.#connection === null) return;
    const tick = this.#connection.clock.arrivingTick(nowMs);
    for (const { entity, track } of this.#seen.values()) {
      track.place(tick, this.#connection.tickHz);
      entity.x = track.x;
      entity.y = track.y;
      entity.heading = track.heading;
    }
  }

  /** Everything in view but `myself`. @param {number} myself @returns {Entity[]} */
  entities(myself) {
    const found = [];
    for (const { entity } of this.#seen.values()) if (entity.id !== myself) found.push(entity);
    return found;
  }

  /** @param {number} id @returns {Entity | null} */
  entity(id) {
    return this.#seen.get(id)?.entity ?? null;
  }

  get size() {
    return this.#seen.size;
  }

  /** The entity in view whose id has these low 16 bits, 0 if there is none. @param {number} low @param {number} myself */
  byLowBits(low, myself) {
    if ((myself & 0xffff) === low) return myself;
    for (const id of this.#seen.keys()) if ((id & 0xffff) === low) return id;
    return 0;
  }

  /** What an entity is called, '' if that is not known. @param {number} id */
  nameOf(id) {
    return this.#names.get(id) ?? '';
  }

  /** Players in view whose names are to be asked for now. @param {number} nowMs */
  askNames(nowMs) {
    const wanted = [];
    for (const { entity } of this.#seen.values()) {
      if (wanted.length === MAX_WHOIS) break;
      if (!entity.player || entity.name !== '') continue;
      if (nowMs - (this.#askedMs.get(entity.id) ?? -ASK_AGAIN_MS) < ASK_AGAIN_MS) continue;
      this.#askedMs.set(entity.id, nowMs);
      wanted.push(entity.id);
    }
    return wanted;
  }

  /** Nothing is in view. */
  forget() {
    this.#connection = null;
    this.#seen.clear();
  }

  #learn(id, name) {
    if (this.#names.size >= MAX_NAMES) this.#names.clear();
    this.#names.set(id, name);
    this.#askedMs.delete(id);
    const seen = this.#seen.get(id);
    if (seen !== undefined) seen.entity.name = name;
  }

  #meet(id) {
    const entity = {
      id, kind: -1, kindName: '', name: this.nameOf(id), x: 0, y: 0, heading: 0, hp: 1, state: 0, player: false, item: 0,
    };
    const seen = { entity, track: new Track() };
    this.#seen.set(id, seen);
    return seen;
  }

  #update(entity, rest) {
    const kind = rest >>> 24;
    if (kind !== entity.kind) {
      entity.kind = kind;
      entity.kindName = this.#info.kind_names[kind] ?? '';
      entity.player = kind === this.#playerKind;
      entity.item = kind > this.#info.item_kind_base ? kind - this.#info.item_kind_base : 0;
    }
    entity.hp = ((rest >>> 8) & 0xff) / 255;
    entity.state = (rest >>> 16) & 0xff;
  }
}

/** Ring 0 near, 1 mid, 2 far of a cell so many columns and lines from the view's. */
function ringOf(columns, lines) {
  const [dx, dy] = [Math.abs(columns), Math.abs(lines)];
  if (Math.max(dx, dy) <= 1) return 0;
  return Math.min(dx, dy) <= 1 ? 1 : 2;
}
