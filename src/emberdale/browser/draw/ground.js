/**
 * The ground of a square of 8 × 8 tiles, pixel by pixel: edges that wander, cliffs, banks, shadows.
 *
 * Responsible for: from tile numbers to the ground's pixels; water stays clear, so that it can move beneath. Not here:
 * what stands on the ground (`scenery.js`), keeping and showing squares (`chunks.js`).
 *
 * Invariants: a pixel is a function of the tiles around it and of its place in the world, so squares fit together, and
 * those of two zones' maps are alike; nothing is allocated per square.
 */

import {
  BRIDGE_TILE, FACES, FACE_PX, FLAGSTONE, GLACIER, ICE, IS_BUILT, IS_HIGH, IS_LOW, MIST, PICTURES, PLANKS, PLANKS_UP, SNOW,
  TILE_PX, WALL, WATER, WATER_TILE, groundBelow, groundOf, isRoof, isStanding,
} from './tiles.js';
import { bent, blended, hashed, smoothSquare } from './noise.js';
import { packed } from './art.js';

export const CHUNK_TILES = 8;
export const CHUNK_PX = CHUNK_TILES * TILE_PX;
/** Tiles around the square that are looked at. */
export const AROUND = 4;
export const WIDE = CHUNK_TILES + 2 * AROUND;

/** Pixels around the square that are worked out, for what reaches into it. */
const MARGIN = 24;
const SIDE = CHUNK_PX + 2 * MARGIN;
const WARP_SIDE = 256;
const WARP_MASK = WARP_SIDE - 1;
const WARP_PX = 7;
const SHADE_SIDE = 512;
const BANK_PX = 5;
const LIP_PX = 2;
const SHALLOW_PX = 16;
const FOAM = packed(214, 238, 246, 235);
const WET = packed(120, 190, 214, 90);
const DEEP_SHADE = packed(22, 44, 84, 86);
const DARK_WATER = packed(18, 38, 96, 54);
const LIGHT_WATER = packed(120, 196, 214, 34);
const IS_PLANKS = new Uint8Array(32);
IS_PLANKS[PLANKS] = IS_PLANKS[PLANKS_UP] = 1;
const INK = packed(52, 46, 52);

export class Ground {
  /** @param {import('./art.js').Art} art */
  constructor(art) {
    const squares = (salt) => [smoothSquare(WARP_SIDE, 32, salt), smoothSquare(WARP_SIDE, 8, salt + 1), smoothSquare(WARP_SIDE, 2, salt + 2)];
    this.#warpX = blended(squares(11), [0.7, 0.35, 0.25], WARP_PX);
    this.#warpY = blended(squares(31), [0.7, 0.35, 0.25], WARP_PX);
    this.#shade = paintShade();
    this.#pictures = PICTURES.map((name) => [-0.07, 0, 0.06].map((change) => shaded(art.grounds[name], change)));
    this.#pictures[PLANKS_UP] = [0, 1, 2].map(() => transposed(art.grounds.planks, art.groundPx));
    this.#faces = Object.fromEntries(Object.entries(FACES).map(([ground, name]) => [ground, art.grounds[name]]));
    this.#bank = art.grounds.bank;
    this.#iceBank = art.grounds.glacier_face;
    this.#stoneBank = art.grounds.wall_face;
    this.#mask = art.groundPx - 1;
    this.#bits = Math.log2(art.groundPx);
  }

  #warpX;
  #warpY;
  #shade;
  #pictures;
  #faces;
  #bank;
  #iceBank;
  #stoneBank;
  #mask;
  #bits;
  /** Tile numbers around the square, row 0 in the north. */
  tiles = new Uint8Array(WIDE * WIDE);
  /** Their grounds. */
  grounds = new Uint8Array(WIDE * WIDE);
  #land = new Uint8Array(SIDE * SIDE);
  #depth = new Uint8Array(SIDE * SIDE);
  #colour = new Uint32Array(SIDE * SIDE);
  hasWater = false;

  /** Paints the square into `target`, CHUNK_PX² pixels. @param {import('../map.js').ZoneMap} map
   * @param {number} column  of the square, from the world's origin east @param {number} row  north
   * @param {Uint32Array} target */
  paint(map, column, row, target) {
    this.#readTiles(map, column, row);
    const left = column * CHUNK_PX - MARGIN;
    const top = -(row + 1) * CHUNK_PX - MARGIN;
    this.#chooseLand(left, top);
    this.#fill(left, top);
    this.#raise(left, top);
    this.#sink(left, top);
    this.#castShadows();
    for (let y = 0; y < CHUNK_PX; y++) {
      const from = (y + MARGIN) * SIDE + MARGIN;
      target.set(this.#colour.subarray(from, from + CHUNK_PX), y * CHUNK_PX);
    }
  }

  #readTiles(map, column, row) {
    const firstColumn = column * CHUNK_TILES - AROUND - map.originX / map.tileM;
    const northRow = (row + 1) * CHUNK_TILES + AROUND - 1 - map.originY / map.tileM;
    for (let j = 0; j < WIDE; j++) {
      for (let i = 0; i < WIDE; i++) this.tiles[j * WIDE + i] = map.tile(firstColumn + i, northRow - j);
    }
    for (let place = 0; place < WIDE * WIDE; place++) {
      const tile = this.tiles[place];
      this.grounds[place] = isStanding(tile) ? groundBelow(this.tiles, place, WIDE) : groundOf(tile);
      if (tile !== BRIDGE_TILE) continue;
      if (this.#leadsUp(map, firstColumn + (place % WIDE), northRow - Math.floor(place / WIDE))) this.grounds[place] = PLANKS_UP;
    }
  }

  /** True if a bridge is walked from south to north: there is more water in the east and west. One answer for all of a
   * bridge, as far as that goes. */
  #leadsUp(map, column, row) {
    let votes = 0;
    for (let j = row - 2; j <= row + 2; j++) {
      for (let i = column - 2; i <= column + 2; i++) {
        if (map.tile(i, j) !== BRIDGE_TILE) continue;
        for (let far = 1; far <= 5; far++) {
          votes += (map.tile(i - far, j) === WATER_TILE ? 1 : 0) + (map.tile(i + far, j) === WATER_TILE ? 1 : 0);
          votes -= (map.tile(i, j - far) === WATER_TILE ? 1 : 0) + (map.tile(i, j + far) === WATER_TILE ? 1 : 0);
        }
      }
    }
    return votes > 0;
  }

  /** Which ground each pixel is: the one that has most of it nearby, seen through a glass that bends. */
  #chooseLand(left, top) {
    const land = this.#land;
    const { grounds } = this;
    const first = AROUND * TILE_PX - MARGIN;
    this.hasWater = false;
    for (let y = 0; y < SIDE; y++) {
      const warpRow = ((top + y) & WARP_MASK) * WARP_SIDE;
      const own = ((first + y) >> 5) * WIDE;
      for (let x = 0; x < SIDE; x++) {
        const base = grounds[own + ((first + x) >> 5)];
        let found = base;
        if (IS_BUILT[base] === 0) {
          const warp = warpRow + ((left + x) & WARP_MASK);
          found = this.#nearest(first + x + this.#warpX[warp] - TILE_PX / 2, first + y + this.#warpY[warp] - TILE_PX / 2, base);
        }
        land[y * SIDE + x] = found;
        if (found === WATER) this.hasWater = true;
      }
    }
  }

  #nearest(x, y, base) {
    const { grounds } = this;
    const place = (y >> 5) * WIDE + (x >> 5);
    let a = grounds[place];
    let b = grounds[place + 1];
    let c = grounds[place + WIDE];
    let d = grounds[place + WIDE + 1];
    if (a === b && a === c && a === d && IS_BUILT[a] === 0) return a;
    if (IS_BUILT[a] !== 0) a = base;
    if (IS_BUILT[b] !== 0) b = base;
    if (IS_BUILT[c] !== 0) c = base;
    if (IS_BUILT[d] !== 0) d = base;
    const u = x & 31;
    const v = y & 31;
    const [ofA, ofB, ofC, ofD] = [(32 - u) * (32 - v), u * (32 - v), (32 - u) * v, u * v];
    const sumA = ofA + (b === a ? ofB : 0) + (c === a ? ofC : 0) + (d === a ? ofD : 0);
    const sumB = ofB + (a === b ? ofA : 0) + (c === b ? ofC : 0) + (d === b ? ofD : 0);
    const sumC = ofC + (a === c ? ofA : 0) + (b === c ? ofB : 0) + (d === c ? ofD : 0);
    const sumD = ofD + (a === d ? ofA : 0) + (b === d ? ofB : 0) + (c === d ? ofC : 0);
    if (sumA >= sumB && sumA >= sumC && sumA >= sumD) return a;
    if (sumB >= sumC && sumB >= sumD) return b;
    return sumC >= sumD ? c : d;
  }

  #fill(left, top) {
    const land = this.#land;
    for (let y = 0; y < SIDE; y++) {
      const row = ((top + y) & this.#mask) << this.#bits;
      const shadeRow = ((top + y) & (SHADE_SIDE - 1)) * SHADE_SIDE;
      for (let x = 0; x < SIDE; x++) {
        const shade = this.#shade[shadeRow + ((left + x) & (SHADE_SIDE - 1))];
        const version = shade < -22 ? 0 : shade > 24 ? 2 : 1;
        this.#colour[y * SIDE + x] = this.#pictures[land[y * SIDE + x]][version][row | ((left + x) & this.#mask)];
      }
    }
  }

  /** Fronts of what rises: counted from the south up. */
  #raise(left, top) {
    const [land, depth, colour] = [this.#land, this.#depth, this.#colour];
    for (let x = 0; x < SIDE; x++) {
      let since = 255;
      for (let y = SIDE - 1; y >= 0; y--) {
        const place = y * SIDE + x;
        const ground = land[place];
        const face = FACE_PX[ground];
        since = face === 0 ? 0 : Math.min(255, since + 1);
        depth[place] = since;
        if (face === 0) continue;
        const above = y > 0 ? land[place - SIDE] : ground;
        if (since <= face) {
          const row = ((top + y) & this.#mask) << this.#bits;
          const pixel = this.#faces[ground][row | ((left + x) & this.#mask)];
          colour[place] = since <= 2 ? darker(pixel, 0.45) : darker(pixel, 0.12 + 0.2 * (1 - since / face));
        } else if (since === face + 1) {
          colour[place] = lighter(colour[place], 0.4);
        } else if (ground === WALL && since <= face + 6) {
          colour[place] = ((left + x) & 15) < 9 ? lighter(colour[place], 0.16) : darker(colour[place], 0.3);
        }
        if (above !== ground && FACE_PX[above] === 0) colour[place] = lighter(colour[place], 0.3);
      }
    }
    this.#drawSides();
  }

  /** Dark lines where something that rises ends in the east, a light one in the west. */
  #drawSides() {
    const [land, colour] = [this.#land, this.#colour];
    for (let y = 1; y < SIDE - 1; y++) {
      for (let x = 1; x < SIDE - 1; x++) {
        const place = y * SIDE + x;
        if (FACE_PX[land[place]] === 0) continue;
        if (land[place + 1] !== land[place]) colour[place] = darker(colour[place], 0.5);
        else if (land[place - 1] !== land[place]) colour[place] = darker(colour[place], 0.22);
        if (land[place + SIDE] !== land[place] && FACE_PX[land[place + SIDE]] === 0) colour[place] = INK;
      }
    }
  }

  /** Banks, foam and shallows: counted from the north down. Deep water stays clear. */
  #sink(left, top) {
    if (!this.hasWater) return;
    const [land, colour] = [this.#land, this.#colour];
    for (let x = 0; x < SIDE; x++) {
      let since = 255;
      let over = MIST;
      for (let y = 0; y < SIDE; y++) {
        const place = y * SIDE + x;
        if (land[place] !== WATER) {
          since = 0;
          over = land[place];
          continue;
        }
        since = Math.min(255, since + 1);
        if (since === 1 && y > 0 && (land[place - SIDE - 3] === WATER || land[place - SIDE + 3] === WATER)) since = BANK_PX + 1;
        colour[place] = this.#waterPixel(since, over, left + x, top + y);
      }
    }
    this.#drawFoam();
  }

  #waterPixel(since, over, x, y) {
    const bridge = over === PLANKS || over === PLANKS_UP;
    if (since <= BANK_PX) {
      const picture = bridge ? this.#pictures[PLANKS][0] : this.#bankOf(over);
      const pixel = picture[((y & this.#mask) << this.#bits) | (x & this.#mask)];
      return darker(pixel, 0.15 + (since / BANK_PX) * 0.3);
    }
    if (bridge && since < BANK_PX + 14) return DEEP_SHADE;
    if (since === BANK_PX + 1) return FOAM;
    if (since < BANK_PX + 5) return DEEP_SHADE;
    if (since < BANK_PX + SHALLOW_PX && (since + x + y) % 2 === 0) return WET;
    const shade = this.#shade[(y & (SHADE_SIDE - 1)) * SHADE_SIDE + (x & (SHADE_SIDE - 1))];
    return shade < -18 ? DARK_WATER : shade > 20 ? LIGHT_WATER : 0;
  }

  #bankOf(over) {
    if (over === SNOW || over === ICE || over === GLACIER) return this.#iceBank;
    return over === FLAGSTONE || over === WALL ? this.#stoneBank : this.#bank;
  }

  /** Where water meets land in the south, east and west. */
  #drawFoam() {
    const [land, colour] = [this.#land, this.#colour];
    for (let y = 3; y < SIDE - 3; y++) {
      for (let x = 3; x < SIDE - 3; x++) {
        const place = y * SIDE + x;
        if (IS_PLANKS[land[place]] === 1) this.#drawBeam(place);
        if (land[place] !== WATER || colour[place] === FOAM) continue;
        if (isShore(land[place + 1]) || isShore(land[place - 1]) || isShore(land[place + SIDE])) {
          if (colour[place] >>> 24 < 255) colour[place] = FOAM;
        } else if (colour[place] >>> 24 < 100 && (isShore(land[place + 3]) || isShore(land[place - 3]) || isShore(land[place + 3 * SIDE]))) {
          colour[place] = WET;
        }
      }
    }
  }

  /** The edge of a bridge. */
  #drawBeam(place) {
    const [land, colour] = [this.#land, this.#colour];
    const isEdge = (by) => land[place + by] === WATER || land[place - by] === WATER || land[place + by * SIDE] === WATER || land[place - by * SIDE] === WATER;
    if (isEdge(1)) colour[place] = darker(colour[place], 0.6);
    else if (isEdge(3)) colour[place] = lighter(colour[place], 0.14);
  }

  /** South of what rises and of grass that hangs over, and east of what rises. */
  #castShadows() {
    const [land, depth, colour] = [this.#land, this.#depth, this.#colour];
    for (let y = 8; y < SIDE; y++) {
      for (let x = 8; x < SIDE; x++) {
        const place = y * SIDE + x;
        const ground = land[place];
        if (depth[place] !== 0 || ground === WATER) continue;
        if (depth[place - 3 * SIDE] !== 0 || depth[place - 5] !== 0) colour[place] = darker(colour[place], 0.36);
        else if (depth[place - 6 * SIDE] !== 0 || depth[place - 8 - 2 * SIDE] !== 0) colour[place] = darker(colour[place], 0.18);
        if (IS_LOW[ground] === 0) continue;
        if (IS_HIGH[land[place - LIP_PX * SIDE]] !== 0) colour[place] = darker(colour[place], 0.24);
        else if (IS_HIGH[land[place - 1]] !== 0 || IS_HIGH[land[place - SIDE - 3]] !== 0) colour[place] = darker(colour[place], 0.12);
      }
    }
  }

  /** Whether the ground at a tile of the square goes on around it. @param {number} place  in `grounds` */
  isOpenAt(place) {
    const { grounds } = this;
    const ground = grounds[place];
    return grounds[place + 1] === ground && grounds[place - 1] === ground && grounds[place + WIDE] === ground && grounds[place - WIDE] === ground;
  }

  /** True for tiles with a roof, by place in `tiles`. @param {number} place */
  isRoofAt(place) {
    return isRoof(this.tiles[place]);
  }
}

/** Land that waves break on. */
function isShore(ground) {
  return ground !== WATER && IS_PLANKS[ground] === 0;
}

/** Where the ground is a little darker or lighter. */
function paintShade() {
  const [bendX, bendY] = [61, 63].map((salt) => smoothSquare(SHADE_SIDE, 64, salt));
  const wide = bent(smoothSquare(SHADE_SIDE, 128, 51), SHADE_SIDE, bendX, bendY, 60);
  const narrow = bent(smoothSquare(SHADE_SIDE, 32, 53), SHADE_SIDE, bendY, bendX, 30);
  return blended([wide, narrow, smoothSquare(SHADE_SIDE, 1, 55)], [0.8, 0.25, 0.07], 100);
}

/** @param {number} pixel @param {number} part  0 to 1 */
export function darker(pixel, part) {
  const keep = 1 - part;
  const blue = ((pixel >>> 16) & 0xff) * (1 - part * 0.86);
  return ((pixel & 0xff000000) | (blue << 16) | ((((pixel >>> 8) & 0xff) * keep) << 8) | ((pixel & 0xff) * keep)) >>> 0;
}

/** @param {number} pixel @param {number} part  0 to 1 */
export function lighter(pixel, part) {
  const red = pixel & 0xff;
  const green = (pixel >>> 8) & 0xff;
  const blue = (pixel >>> 16) & 0xff;
  return ((pixel & 0xff000000) | ((blue + (255 - blue) * part) << 16) | ((green + (255 - green) * part) << 8) | (red + (255 - red) * part)) >>> 0;
}

function shaded(pixels, change) {
  return change === 0 ? pixels : pixels.map((pixel) => (change < 0 ? darker(pixel, -change) : lighter(pixel, change)));
}

function transposed(pixels, side) {
  return pixels.map((_, place) => pixels[(place % side) * side + Math.floor(place / side)]);
}

/** A choice among `count` for a tile of the world. @param {number} column @param {number} row @param {number} salt
 * @param {number} count */
export function choose(column, row, salt, count) {
  return hashed(column, row, salt) % count;
}
