/**
 * Squares of the world's ground, painted once and shown many times.
 *
 * Responsible for: which squares are needed, painting a few of them per frame, keeping them within a bound, water that
 * moves. Not here: what is on them (`ground.js`, `scenery.js`).
 *
 * Invariants: never more than MAX_CHUNKS are kept; a frame that has something to show of every place paints one new
 * square at most; squares of another zone's map stay if all that they show was on it.
 */

import { AROUND, CHUNK_PX, CHUNK_TILES, Ground } from './ground.js';
import { PX_PER_M } from './tiles.js';
import { Scenery } from './scenery.js';
import { makeCanvas, makeDraft, penOf, seal } from './art.js';

export const MAX_CHUNKS = 160;
const MOMENTS = 4;
const MOMENT_MS = 420;
const FIRST_PAINT_MS = 24;
const UNPAINTED = '#4d6a44';

/** @typedef {{ key: number, lower: CanvasImageSource, upper: CanvasImageSource | null, hasWater: boolean, whole: boolean,
 *   usedFrame: number }} Chunk */

export class Chunks {
  /** @param {import('./art.js').Art} art */
  constructor(art) {
    this.#ground = new Ground(art);
    this.#scenery = new Scenery(art);
    this.#waters = Array.from({ length: MOMENTS }, (_, i) => waterOf(art, i));
  }

  #ground;
  #scenery;
  #waters;
  #lower = new Uint32Array(CHUNK_PX * CHUNK_PX);
  #upper = new Uint32Array(CHUNK_PX * CHUNK_PX);
  #image = new ImageData(CHUNK_PX, CHUNK_PX);
  #pixels = new Uint32Array(this.#image.data.buffer);
  /** @type {Map<number, Chunk>} */
  #kept = new Map();
  #zone = '';
  #frame = 0;
  /** Some squares in view are not painted yet. */
  #waits = false;
  /** Squares in view, and where they are on the canvas: left, top, width, height. */
  #shown = /** @type {Chunk[]} */ ([]);
  #places = new Int32Array(1024 * 4);

  /** How many are kept. */
  get size() {
    return this.#kept.size;
  }

  /** How many were painted since the beginning. */
  painted = 0;

  /** Draws the ground that the camera sees. @param {CanvasRenderingContext2D} pen
   * @param {import('./camera.js').Camera} camera @param {import('../map.js').ZoneMap} map @param {number} nowMs */
  draw(pen, camera, map, nowMs) {
    this.#frame++;
    if (map.zone !== this.#zone) this.#changeMap(map);
    this.#look(camera, map);
    if (this.#waits) {
      pen.fillStyle = UNPAINTED;
      pen.fillRect(0, 0, camera.width, camera.height);
    }
    const water = this.#waters[Math.floor(nowMs / MOMENT_MS) % MOMENTS];
    for (let i = 0; i < this.#shown.length; i++) {
      if (this.#shown[i].hasWater) this.#drawWater(pen, camera, i, water);
    }
    for (let i = 0; i < this.#shown.length; i++) {
      const at = i * 4;
      pen.drawImage(this.#shown[i].lower, this.#places[at], this.#places[at + 1], this.#places[at + 2], this.#places[at + 3]);
    }
  }

  /** Draws what is in front of beings; after `draw`. @param {CanvasRenderingContext2D} pen */
  drawUpper(pen) {
    for (let i = 0; i < this.#shown.length; i++) {
      const { upper } = this.#shown[i];
      const at = i * 4;
      if (upper !== null) pen.drawImage(upper, this.#places[at], this.#places[at + 1], this.#places[at + 2], this.#places[at + 3]);
    }
  }

  #changeMap(map) {
    this.#zone = map.zone;
    for (const [key, chunk] of this.#kept) if (!chunk.whole) this.#kept.delete(key);
  }

  /** Finds the squares in view; those that are missing are painted within a time. */
  #look(camera, map) {
    const side = CHUNK_PX / PX_PER_M;
    const [west, east] = [Math.floor(camera.west / side), Math.floor(camera.east / side)];
    const [south, north] = [Math.floor(camera.south / side), Math.floor(camera.north / side)];
    this.#shown.length = 0;
    this.#waits = false;
    const start = performance.now();
    let missing = 0;
    for (let row = north; row >= south; row--) {
      for (let column = west; column <= east; column++) {
        const key = (row + 4096) * 8192 + column + 4096;
        let chunk = this.#kept.get(key);
        if (chunk === undefined) {
          if (missing++ > 0 && performance.now() - start > FIRST_PAINT_MS) {
            this.#waits = true;
            continue;
          }
          chunk = this.#paint(map, column, row, key);
        }
        chunk.usedFrame = this.#frame;
        this.#place(camera, column, row, this.#shown.length * 4);
        this.#shown.push(chunk);
      }
    }
    if (missing === 0) this.#prepare(map, west, east, south, north, camera);
    if (this.#kept.size > MAX_CHUNKS) this.#forget();
  }

  /** Paints one square just beyond the edge that the camera moves to, so that it is there in time. */
  #prepare(map, west, east, south, north, camera) {
    const column = camera.movesEast > 0 ? east + 1 : west - 1;
    const row = camera.movesNorth > 0 ? north + 1 : south - 1;
    if (camera.movesEast !== 0) {
      for (let j = south; j <= north; j++) if (this.#prepareOne(map, column, j)) return;
    }
    if (camera.movesNorth !== 0) {
      for (let i = west; i <= east; i++) if (this.#prepareOne(map, i, row)) return;
    }
  }

  #prepareOne(map, column, row) {
    const key = (row + 4096) * 8192 + column + 4096;
    if (this.#kept.has(key)) return false;
    this.#paint(map, column, row, key).usedFrame = this.#frame;
    return true;
  }

  #place(camera, column, row, at) {
    const left = camera.pixelX(column * CHUNK_PX);
    const top = camera.pixelY(-(row + 1) * CHUNK_PX);
    this.#places[at] = left;
    this.#places[at + 1] = top;
    this.#places[at + 2] = camera.pixelX((column + 1) * CHUNK_PX) - left;
    this.#places[at + 3] = camera.pixelY(-row * CHUNK_PX) - top;
  }

  #paint(map, column, row, key) {
    this.#upper.fill(0);
    this.#ground.paint(map, column, row, this.#lower);
    const { hasWater } = this.#ground;
    this.#scenery.stamp(map, this.#ground, column, row, this.#lower, this.#upper);
    const upper = this.#scenery.hasUpper && this.#upper.some((pixel) => pixel !== 0) ? this.#toPicture(this.#upper) : null;
    const chunk = { key, lower: this.#toPicture(this.#lower), upper, hasWater, whole: isWhole(map, column, row), usedFrame: 0 };
    this.#kept.set(key, chunk);
    this.painted++;
    return chunk;
  }

  #toPicture(pixels) {
    const draft = makeDraft(CHUNK_PX, CHUNK_PX);
    this.#pixels.set(pixels);
    penOf(draft).putImageData(this.#image, 0, 0);
    return seal(draft);
  }

  #drawWater(pen, camera, index, water) {
    const at = index * 4;
    const [left, top, width, height] = this.#places.subarray(at, at + 4);
    // A whole number of pictures fits into a square, so the square's corner is a corner of the pattern.
    pen.setTransform(camera.scale, 0, 0, camera.scale, left, top);
    pen.fillStyle = water;
    pen.fillRect(0, 0, width / camera.scale, height / camera.scale);
    pen.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Those not used for longest go first. */
  #forget() {
    const oldest = [...this.#kept.values()].sort((a, b) => a.usedFrame - b.usedFrame);
    for (const chunk of oldest.slice(0, this.#kept.size - Math.floor(MAX_CHUNKS * 0.75))) this.#kept.delete(chunk.key);
  }
}

/** True if all tiles that decide how a square looks are on the map. */
function isWhole(map, column, row) {
  const left = column * CHUNK_TILES - AROUND - map.originX / map.tileM;
  const low = row * CHUNK_TILES - AROUND - map.originY / map.tileM;
  const span = CHUNK_TILES + 2 * AROUND;
  return left >= 0 && low >= 0 && left + span <= map.widthTiles && low + span <= map.heightTiles;
}

function waterOf(art, moment) {
  const canvas = makeCanvas(art.groundPx, art.groundPx);
  const pen = penOf(canvas);
  const image = pen.createImageData(art.groundPx, art.groundPx);
  new Uint32Array(image.data.buffer).set(art.grounds[`water_${moment}`]);
  pen.putImageData(image, 0, 0);
  return /** @type {CanvasPattern} */ (pen.createPattern(canvas, 'repeat'));
}

