/**
 * Where the world is on the canvas: y of the world points up.
 *
 * Responsible for: following, scale, and turning places of the world into pixels of the canvas and back. Not here:
 * drawing.
 *
 * Invariants: all that is drawn lies on whole pixels of the canvas; the scale is a whole number of canvas pixels for a
 * pixel of the pictures, or halfway between two.
 */

import { PX_PER_M } from './tiles.js';

const FOLLOW_MS = 70;
const JUMP_M = 8;
/** So much of the world is to be seen at least, at the usual zoom. */
const HIGH_M = 34;
const WIDE_M = 22;

export class Camera {
  x = 0;
  y = 0;
  width = 1;
  height = 1;
  /** Pixels of the canvas for one of the page. */
  ratio = 1;
  /** Pixels of the canvas for one of the pictures. */
  scale = 2;
  /** What the player wants: 1 is usual. */
  zoom = 1;
  /** −1, 0 or 1: where it goes. */
  movesEast = 0;
  movesNorth = 0;
  west = 0;
  east = 0;
  south = 0;
  north = 0;
  #left = 0;
  #top = 0;
  #atMs = 0;
  #known = false;

  /** @param {number} width @param {number} height  pixels of the canvas @param {number} ratio */
  resize(width, height, ratio) {
    this.width = width;
    this.height = height;
    this.ratio = ratio;
  }

  /** Follows somebody. @param {number} x @param {number} y  metres @param {number} nowMs */
  follow(x, y, nowMs) {
    const passedMs = Math.min(Math.max(nowMs - this.#atMs, 0), 250);
    this.#atMs = nowMs;
    const [wayX, wayY] = [x - this.x, y - this.y];
    const jumps = !this.#known || wayX * wayX + wayY * wayY > JUMP_M * JUMP_M;
    const part = jumps ? 1 : 1 - Math.exp(-passedMs / FOLLOW_MS);
    this.movesEast = Math.abs(wayX) < 0.02 || jumps ? 0 : Math.sign(wayX);
    this.movesNorth = Math.abs(wayY) < 0.02 || jumps ? 0 : Math.sign(wayY);
    this.#known = true;
    this.x += wayX * part;
    this.y += wayY * part;
    this.#measure();
  }

  #measure() {
    const usual = Math.min(this.width / WIDE_M, this.height / HIGH_M) / PX_PER_M;
    this.scale = Math.max(1, Math.round(usual * this.zoom * 2) / 2);
    this.#left = Math.round(this.x * PX_PER_M * this.scale - this.width / 2);
    this.#top = Math.round(-this.y * PX_PER_M * this.scale - this.height / 2);
    const perM = PX_PER_M * this.scale;
    this.west = this.#left / perM;
    this.east = (this.#left + this.width) / perM;
    this.north = -this.#top / perM;
    this.south = -(this.#top + this.height) / perM;
  }

  /** @param {number} worldPx  pixels of the pictures, east */
  pixelX(worldPx) {
    return Math.round(worldPx * this.scale) - this.#left;
  }

  /** @param {number} worldPx  pixels of the pictures, south */
  pixelY(worldPx) {
    return Math.round(worldPx * this.scale) - this.#top;
  }

  /** On the canvas. @param {number} x  metres east */
  canvasX(x) {
    return Math.round(x * PX_PER_M * this.scale) - this.#left;
  }

  /** On the canvas. @param {number} y  metres north */
  canvasY(y) {
    return Math.round(-y * PX_PER_M * this.scale) - this.#top;
  }

  /** Metres from pixels of the canvas. @param {number} pixelX @param {number} pixelY */
  toWorld(pixelX, pixelY) {
    const perM = PX_PER_M * this.scale;
    return { x: (pixelX + this.#left) / perM, y: -(pixelY + this.#top) / perM };
  }

  /** True if a place is in view or within some metres of it. @param {number} x @param {number} y @param {number} by */
  sees(x, y, by) {
    return x > this.west - by && x < this.east + by && y > this.south - by && y < this.north + by;
  }
}
