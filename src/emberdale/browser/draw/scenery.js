/**
 * What stands on the ground: trees, houses, tufts and stones.
 *
 * Responsible for: stamping it into a square's two layers: the lower one, over which beings are drawn, and the upper one,
 * which is drawn over them. Not here: the ground itself (`ground.js`).
 *
 * Invariant: what is stamped depends on tiles and their places in the world alone, so squares fit together.
 */

import { AROUND, CHUNK_PX, CHUNK_TILES, WIDE, choose, darker } from './ground.js';
import {
  ASH, CRACKED, DUNE, GLACIER, GRASS, ICE, MEADOW, MOSS, MUD, REEDS, ROAD, ROCK, SAND, SANDSTONE, SNOW, STANDING, TILE_PX, isRoof,
} from './tiles.js';

/** What is higher above a tile's south edge is in front of who stands behind it. */
const OVER_PX = 40;
const MAX_HOUSE_TILES = 12;
const SHADOW = 0.34;

/** Small things by ground: of a thousand tiles, how many have one. @type {Record<number, [string, number][]>} */
const SMALL_BY_GROUND = {
  [GRASS]: [['tuft', 150], ['flowers_white', 34], ['flowers_red', 22], ['flowers_blue', 18], ['bush', 16], ['stones', 14]],
  [MEADOW]: [['tuft', 110], ['flowers_white', 50], ['flowers_red', 40], ['flowers_blue', 36], ['stones', 8]],
  [MOSS]: [['tuft', 170], ['mushrooms', 50], ['bush', 46], ['stones', 26]],
  [ROAD]: [['stones', 12]],
  [SAND]: [['stones_warm', 40], ['dry_tuft', 60]],
  [ASH]: [['ash_tuft', 120], ['bones', 22], ['stones', 50]],
  [SNOW]: [['frost_tuft', 90], ['stones_cold', 40]],
  [ICE]: [['stones_cold', 14]],
  [ROCK]: [['stones', 90], ['ash_tuft', 30]],
  [SANDSTONE]: [['stones_warm', 90], ['dry_tuft', 30]],
  [GLACIER]: [['stones_cold', 60]],
  [DUNE]: [['dry_tuft', 50], ['bones', 12], ['stones_warm', 24]],
  [CRACKED]: [['dry_tuft', 80], ['stones_warm', 60], ['bones', 14]],
  [MUD]: [['marsh_tuft', 150], ['stones', 24], ['reeds', 60]],
  [REEDS]: [['reeds', 420], ['marsh_tuft', 140]],
};

export class Scenery {
  /** @param {import('./art.js').Art} art */
  constructor(art) {
    this.#art = art;
  }

  #art;
  /** @type {Uint32Array} */
  #lower = new Uint32Array(0);
  /** @type {Uint32Array} */
  #upper = new Uint32Array(0);
  hasUpper = false;

  /** Stamps what stands in and around a square. @param {import('../map.js').ZoneMap} map
   * @param {import('./ground.js').Ground} ground  that has just painted this square @param {number} column
   * @param {number} row @param {Uint32Array} lower @param {Uint32Array} upper */
  stamp(map, ground, column, row, lower, upper) {
    this.#lower = lower;
    this.#upper = upper;
    this.hasUpper = false;
    this.#eachTile(ground, column, row, (place, tile, tileColumn, tileRow, x, y) => {
      if (isRoof(tile)) this.#shadeHouse(ground, place, x, y);
    });
    this.#eachTile(ground, column, row, (place, tile, tileColumn, tileRow, x, y) => {
      if (tile in STANDING) this.#stampTree(STANDING[tile], tileColumn, tileRow, x, y);
      else if (isRoof(tile)) this.#stampHouse(map, tileColumn, tileRow, x, y);
      else this.#stampSmall(ground, place, tileColumn, tileRow, x, y);
    });
  }

  /** From the north-west to the south-east; `x`, `y` are the tile's corner in the square. */
  #eachTile(ground, column, row, act) {
    for (let j = 1; j < WIDE - 1; j++) {
      for (let i = 1; i < WIDE - 1; i++) {
        const place = j * WIDE + i;
        const tileRow = (row + 1) * CHUNK_TILES + AROUND - 1 - j;
        act(place, ground.tiles[place], column * CHUNK_TILES - AROUND + i, tileRow, (i - AROUND) * TILE_PX, (j - AROUND) * TILE_PX);
      }
    }
  }

  #stampTree(name, column, row, x, y) {
    const trees = name === 'tree' && choose(column, row, 3, 14) === 0 ? this.#art.trees.orchard : this.#art.trees[name];
    const tree = trees[choose(column, row, 5, trees.length)];
    const footX = x + TILE_PX / 2 + choose(column, row, 7, 13) - 6;
    const footY = y + TILE_PX - 8 + choose(column, row, 9, 9) - 5;
    const wide = name === 'cactus' ? 10 : name === 'stump' ? 11 : 17;
    this.#castShadow(footX + 3, footY, wide, wide * 0.42);
    this.#stampPicture(tree, footX - this.#art.treeFoot.x, footY - this.#art.treeFoot.y, y + TILE_PX - OVER_PX);
  }

  #stampSmall(ground, place, column, row, x, y) {
    const choices = SMALL_BY_GROUND[ground.grounds[place]];
    if (choices === undefined || ground.tiles[place] === 0 || !ground.isOpenAt(place)) return;
    let luck = choose(column, row, 13, 1000);
    for (const [name, share] of choices) {
      luck -= share;
      if (luck >= 0) continue;
      const pictures = this.#art.small[name];
      const picture = pictures[choose(column, row, 15, pictures.length)];
      this.#stampPicture(picture, x + choose(column, row, 17, 15) - 7, y + choose(column, row, 19, 13) - 6, -Infinity);
      return;
    }
  }

  /** One tile of a house, and what of it rises over the tile in the north. */
  #stampHouse(map, column, row, x, y) {
    const tileAt = (i, j) => map.tile(i - map.originX / map.tileM, j - map.originY / map.tileM);
    const run = (stepX, stepY) => {
      let length = 0;
      while (length < MAX_HOUSE_TILES && isRoof(tileAt(column + stepX * (length + 1), row + stepY * (length + 1)))) length++;
      return length;
    };
    const [west, east, south, north] = [run(-1, 0), run(1, 0), run(0, -1), run(0, 1)];
    const [wide, high] = [west + east + 1, south + north + 1];
    const size = this.#art.houses[`${wide}x${high}`] !== undefined ? [wide, high] : [5, 4];
    const styles = this.#art.houses[`${size[0]}x${size[1]}`];
    const picture = styles[choose(column - west, row - south, 21, styles.length)];
    const right = along(west, wide, size[0]) * TILE_PX;
    const down = picture.height - (along(south, high, size[1]) + 1) * TILE_PX;
    this.#copy(picture, right, down, TILE_PX, TILE_PX, x, y, this.#lower);
    if (north > 0) return;
    this.hasUpper = true;
    this.#copy(picture, right, 0, TILE_PX, this.#art.houseRise, x, y - this.#art.houseRise, this.#upper);
  }

  /** In the south and east of a house. */
  #shadeHouse(ground, place, x, y) {
    const isLast = !ground.isRoofAt(place + 1);
    if (!ground.isRoofAt(place + WIDE)) this.#shadeBox(x, y + TILE_PX, TILE_PX + (isLast ? 12 : 0), 7);
    const from = ground.isRoofAt(place - WIDE) ? 0 : 10;
    if (isLast) this.#shadeBox(x + TILE_PX, y + from, 12, TILE_PX - from);
  }

  #shadeBox(left, top, width, height) {
    for (let y = Math.max(0, top); y < Math.min(CHUNK_PX, top + height); y++) {
      for (let x = Math.max(0, left); x < Math.min(CHUNK_PX, left + width); x++) {
        const place = y * CHUNK_PX + x;
        this.#lower[place] = darker(this.#lower[place], SHADOW);
      }
    }
  }

  #castShadow(middleX, middleY, wide, high) {
    for (let y = Math.max(0, Math.floor(middleY - high)); y < Math.min(CHUNK_PX, middleY + high); y++) {
      for (let x = Math.max(0, Math.floor(middleX - wide)); x < Math.min(CHUNK_PX, middleX + wide); x++) {
        const [right, down] = [(x - middleX) / wide, (y - middleY) / high];
        if (right * right + down * down > 1) continue;
        const place = y * CHUNK_PX + x;
        if (this.#lower[place] >>> 24 === 255) this.#lower[place] = darker(this.#lower[place], SHADOW);
      }
    }
  }

  /** What of the picture is above `overY` goes into the upper layer. */
  #stampPicture(picture, left, top, overY) {
    const split = Math.max(0, Math.min(picture.height, Math.ceil(overY - top)));
    if (split > 0) {
      this.hasUpper = true;
      this.#copy(picture, 0, 0, picture.width, split, left, top, this.#upper);
    }
    this.#copy(picture, 0, split, picture.width, picture.height - split, left, top + split, this.#lower);
  }

  #copy(picture, fromX, fromY, width, height, left, top, target) {
    const firstX = Math.max(0, -left);
    const endX = Math.min(width, CHUNK_PX - left);
    for (let y = Math.max(0, -top); y < Math.min(height, CHUNK_PX - top); y++) {
      const from = (fromY + y) * picture.width + fromX;
      const to = (top + y) * CHUNK_PX + left;
      for (let x = firstX; x < endX; x++) {
        const pixel = picture.pixels[from + x];
        if (pixel !== 0) target[to + x] = pixel;
      }
    }
  }
}

/** Which part of a picture `have` tiles long stands for tile `at` of `want`. */
function along(at, want, have) {
  if (want === have) return at;
  if (at === 0) return 0;
  return at === want - 1 ? have - 1 : 1 + ((at - 1) % (have - 2));
}
