/**
 * A zone's map with 100 m of its neighbours around it, as the server has it.
 *
 * Responsible for: fetching and unpacking `GET /v1/maps/{zone}`. Not here: drawing it (`draw/`), moving on it
 * (`movement.js`).
 *
 * Invariants: what is solid is, bit for bit, what the server's rules use; row 0 is in the south; a zone is fetched once.
 */

const KEPT_MAPS = 12;

/** @typedef {{ x: number, y: number, width: number, height: number }} Rectangle  metres, from the south-west corner */

export class ZoneMap {
  /** @param {any} told  the answer's JSON */
  constructor(told) {
    this.zone = told.zone;
    this.title = told.title;
    this.biome = told.biome;
    /** The zone's own rectangle. @type {Rectangle} */
    this.area = told.area;
    this.originX = told.origin_x;
    this.originY = told.origin_y;
    this.tileM = told.tile_m;
    this.widthTiles = told.width;
    this.heightTiles = told.height;
    /** Tile numbers of Tiled, 0 beyond the world. */
    this.ground = unpackTiles(told.layers.ground);
    /** @type {(Rectangle & { kind: string, name: string })[]} */
    this.areas = told.areas;
    /** @type {[number, number][]} */
    this.spawns = told.spawns;
    /** @type {{ name: string, kind: string, x: number, y: number, radius: number }[]} */
    this.camps = told.camps;
    /** @type {{ zone: string, title: string, biome: string, area: Rectangle }[]} */
    this.neighbours = told.neighbours;
    this.#bits = unpackBytes(told.solid);
  }

  #bits;

  /** Outside of the map everything is solid. @param {number} column @param {number} row */
  solid(column, row) {
    if (column < 0 || row < 0 || column >= this.widthTiles || row >= this.heightTiles) return true;
    const place = row * this.widthTiles + column;
    return ((this.#bits[place >> 3] >> (place & 7)) & 1) === 1;
  }

  /** The tile's number, 0 outside of the map. @param {number} column @param {number} row */
  tile(column, row) {
    if (column < 0 || row < 0 || column >= this.widthTiles || row >= this.heightTiles) return 0;
    return this.ground[row * this.widthTiles + column];
  }

  /** @param {number} x  metres */
  columnAt(x) {
    return Math.floor((x - this.originX) / this.tileM);
  }

  /** @param {number} y  metres */
  rowAt(y) {
    return Math.floor((y - this.originY) / this.tileM);
  }

  /** True if a body may stand in the middle of the tile there. @param {number} x @param {number} y */
  isWalkable(x, y) {
    return !this.solid(this.columnAt(x), this.rowAt(y));
  }

  /** @param {number} x @param {number} y  metres */
  inSanctuary(x, y) {
    return this.areas.some(
      (area) => area.kind === 'sanctuary' && x >= area.x && x < area.x + area.width && y >= area.y && y < area.y + area.height,
    );
  }
}

function unpackBytes(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function unpackTiles(text) {
  const bytes = unpackBytes(text);
  const tiles = new Uint16Array(bytes.length >> 1);
  for (let i = 0; i < tiles.length; i++) tiles[i] = bytes[2 * i] | (bytes[2 * i + 1] << 8);
  return tiles;
}

/** @type {Map<string, Promise<ZoneMap>>} */
const kept = new Map();

/** A zone's map; raises Error if the server does not give it. @param {string} zone @param {string} [origin]  of the
 * gateway @returns {Promise<ZoneMap>} */
export function loadMap(zone, origin = '') {
  const found = kept.get(zone) ?? fetchMap(zone, origin);
  kept.delete(zone); // the newest are last
  kept.set(zone, found);
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAPS) break;
    kept.delete(oldest);
  }
  found.catch(() => kept.get(zone) === found && kept.delete(zone)); // so that it can be tried again
  return found;
}

async function fetchMap(zone, origin) {
  const answer = await fetch(`${origin}/v1/maps/${encodeURIComponent(zone)}`);
  if (!answer.ok) throw new Error(`the map of ${zone} did not come (${answer.status})`);
  return new ZoneMap(await answer.json());
}
