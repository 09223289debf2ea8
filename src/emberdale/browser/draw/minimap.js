/**
 * The small map: land around the player, borders, sanctuaries, who is near.
 *
 * Responsible for: its picture. Not here: its frame and what a press on it does (`panels/`).
 *
 * Invariants: the land of a map is painted once; a frame copies a part of it and draws dots.
 */

import { ROCK, SANDSTONE, STANDING, WALL, WATER, groundOf, isRoof } from './tiles.js';
import { makeCanvas, packed, penOf } from './art.js';

const RANGE_M = 75;
const NPC_COLOUR = '#ff8160';
const CALM_COLOUR = '#e8d59a';

/** Colours by ground, in the order of `tiles.js`. */
const COLOURS = [
  [36, 40, 58], [110, 158, 76], [136, 178, 92], [84, 132, 66], [176, 148, 104], [62, 116, 170], [150, 106, 62], [214, 194, 146],
  [130, 124, 118], [108, 100, 96], [170, 164, 150], [108, 98, 96], [226, 234, 242], [182, 212, 232], [160, 190, 218], [224, 196, 130],
  [204, 164, 108], [186, 130, 84], [118, 106, 82], [144, 152, 88], [150, 106, 62],
];
const STANDING_COLOURS = { tree: [54, 98, 50], stump: [74, 62, 60], pine: [58, 104, 96], cactus: [94, 138, 72], willow: [84, 104, 66] };
const ROOF_COLOUR = [164, 84, 66];

export class Minimap {
  /** @param {HTMLCanvasElement} canvas @param {{ peaceful?: Iterable<number> }} [words]  kinds that attack nobody */
  constructor(canvas, { peaceful = [] } = {}) {
    this.#canvas = canvas;
    this.#pen = penOf(canvas);
    this.#peaceful = new Set(peaceful);
  }

  #canvas;
  #pen;
  #peaceful;
  /** @type {{ zone: string, canvas: HTMLCanvasElement } | null} */
  #land = null;
  /** Metres from the middle to the edge. */
  rangeM = RANGE_M;

  /** Fits the canvas to its size on the page. */
  resize() {
    const ratio = Math.min(globalThis.devicePixelRatio || 1, 3);
    const width = Math.max(1, Math.round((this.#canvas.clientWidth || this.#canvas.width) * ratio));
    const height = Math.max(1, Math.round((this.#canvas.clientHeight || this.#canvas.height) * ratio));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
  }

  /** @param {import('./renderer.js').Frame} frame */
  draw(frame) {
    const { self, map } = frame;
    const pen = this.#pen;
    const { width, height } = this.#canvas;
    pen.fillStyle = '#24283a';
    pen.fillRect(0, 0, width, height);
    if (self === null || map === null) return;
    const scale = Math.min(width, height) / (2 * this.rangeM);
    this.#drawLand(map, self, scale);
    this.#drawAreas(map, self, scale);
    for (const entity of frame.entities) this.#drawDot(entity, self, scale, entity.id === frame.selected);
    this.#drawSelf(self, scale);
  }

  #x(x, self, scale) {
    return this.#canvas.width / 2 + (x - self.x) * scale;
  }

  #y(y, self, scale) {
    return this.#canvas.height / 2 - (y - self.y) * scale;
  }

  #drawLand(map, self, scale) {
    if (this.#land === null || this.#land.zone !== map.zone) this.#land = { zone: map.zone, canvas: paintLand(map) };
    const high = map.heightTiles * map.tileM;
    this.#pen.imageSmoothingEnabled = true;
    this.#pen.drawImage(
      this.#land.canvas, this.#x(map.originX, self, scale), this.#y(map.originY + high, self, scale),
      map.widthTiles * map.tileM * scale, high * scale,
    );
  }

  #drawAreas(map, self, scale) {
    const pen = this.#pen;
    for (const area of map.areas) {
      pen.fillStyle = 'rgba(150,225,255,.13)';
      pen.strokeStyle = 'rgba(190,238,255,.8)';
      pen.lineWidth = Math.max(1, scale);
      const [left, top] = [this.#x(area.x, self, scale), this.#y(area.y + area.height, self, scale)];
      pen.fillRect(left, top, area.width * scale, area.height * scale);
      pen.strokeRect(left, top, area.width * scale, area.height * scale);
    }
    pen.setLineDash([4 * scale, 3 * scale]);
    pen.strokeStyle = 'rgba(255,250,225,.9)';
    pen.lineWidth = Math.max(1.5, scale * 1.2);
    const { x, y, width, height } = map.area;
    pen.strokeRect(this.#x(x, self, scale), this.#y(y + height, self, scale), width * scale, height * scale);
    pen.setLineDash([]);
  }

  #drawDot(entity, self, scale, chosen) {
    const [x, y] = [this.#x(entity.x, self, scale), this.#y(entity.y, self, scale)];
    if (entity.hp <= 0 || x < 0 || y < 0 || x > this.#canvas.width || y > this.#canvas.height) return;
    const pen = this.#pen;
    const unit = Math.max(1, this.#canvas.width / 180);
    const side = (entity.item !== 0 ? 2.2 : entity.player ? 4.2 : 3.2) * unit;
    pen.fillStyle = 'rgba(20,16,28,.8)';
    pen.fillRect(x - side / 2 - unit / 2, y - side / 2 - unit / 2, side + unit, side + unit);
    pen.fillStyle = chosen ? '#ffffff' : entity.item !== 0 ? '#ffe27a' : entity.player ? '#7cc4ff' : this.#peaceful.has(entity.kind) ? CALM_COLOUR : NPC_COLOUR;
    pen.fillRect(x - side / 2, y - side / 2, side, side);
  }

  /** An arrow that points to where the player looks. */
  #drawSelf(self, scale) {
    const pen = this.#pen;
    const [x, y] = [this.#x(self.x, self, scale), this.#y(self.y, self, scale)];
    const size = (this.#canvas.width / 180) * 6.5;
    const turn = -self.heading * 2 * Math.PI;
    pen.beginPath();
    for (const [far, by] of ARROW) {
      pen.lineTo(x + Math.cos(turn + by) * far * size, y + Math.sin(turn + by) * far * size);
    }
    pen.closePath();
    pen.lineWidth = Math.max(1.5, size / 4);
    pen.lineJoin = 'round';
    pen.strokeStyle = '#2a1f10';
    pen.stroke();
    pen.fillStyle = '#fff2b0';
    pen.fill();
  }
}

const ARROW = [[1.25, 0], [1, 2.5], [0.35, Math.PI], [1, -2.5]];

/** The land of a map, a pixel for each tile. @param {import('../map.js').ZoneMap} map */
export function paintLand(map) {
  const canvas = makeCanvas(map.widthTiles, map.heightTiles);
  const pen = penOf(canvas);
  const image = pen.createImageData(map.widthTiles, map.heightTiles);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0; row < map.heightTiles; row++) {
    const line = (map.heightTiles - 1 - row) * map.widthTiles;
    for (let column = 0; column < map.widthTiles; column++) {
      const tile = map.ground[row * map.widthTiles + column];
      const [red, green, blue] = colourOf(tile);
      const ground = groundOf(tile);
      const grain = ground === WATER || ground === 0 ? 0 : ((column * 7 + row * 13) % 5) - 2;
      const dark = ground === ROCK || ground === SANDSTONE || ground === WALL ? -6 : 0;
      pixels[line + column] = packed(red + grain + dark, green + grain + dark, blue + grain + dark);
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

function colourOf(tile) {
  if (isRoof(tile)) return ROOF_COLOUR;
  const standing = STANDING[tile];
  return standing === undefined ? COLOURS[groundOf(tile)] : STANDING_COLOURS[standing];
}
