/**
 * Where one is: the small map in the corner, and the large one of the world.
 *
 * Responsible for: the frame, the zone's name, the large map's rectangles and numbers. Not here: the small map's picture
 * (`draw/`).
 *
 * Invariant: the large map asks the gateway only while it is open.
 */

import { h, setText } from '/client/dom.js';
import { paintLand } from '../draw/minimap.js';

const ASK_MS = 4000;
const PAINT_MS = 200;
const SIDE = 620;

export class Land {
  /** @param {HTMLElement} parent @param {any} shell @param {HTMLCanvasElement} canvas  of the small map */
  constructor(parent, shell, canvas) {
    this.#shell = shell;
    this.#name = h('p');
    this.element = h('section', { id: 'minimap', class: 'frame', 'aria-label': 'Map' }, canvas, this.#name);
    canvas.addEventListener('click', () => this.window.toggle());
    canvas.title = 'The world (M)';
    parent.append(this.element);
    this.#canvas = h('canvas', { width: SIDE, height: SIDE, role: 'img', 'aria-label': 'The lands of the world and you' });
    this.#words = h('span', { class: 'hint' });
    this.#place = h('span', { class: 'hint' });
    this.window = shell.windows.make({
      id: 'map', title: 'The world', opened: () => (this.#askedMs = -ASK_MS),
      body: h('div', { class: 'body' }, this.#canvas, h('div', { class: 'row' }, this.#words, this.#place)),
    });
  }

  #shell;
  #name;
  #canvas;
  #words;
  #place;
  #askedMs = -ASK_MS;
  #paintedMs = 0;
  /** @type {any} */
  #world = null;
  /** Names of lands that were seen. @type {Map<string, { title: string, biome: string }>} */
  #known = new Map();
  /** Pictures of lands where one has been. @type {Map<string, HTMLCanvasElement>} */
  #seen = new Map();

  /** What people call a zone. @param {string} zone */
  titleOf(zone) {
    return this.#known.get(zone)?.title ?? zone;
  }

  /** @param {any} map  of the zone, as it comes */
  learn(map) {
    if (!map) return;
    this.#known.set(map.zone, map);
    this.#remember(map);
    for (const other of map.neighbours ?? []) this.#known.set(other.zone, other);
    setText(this.#name, map.title ?? map.zone);
  }

  /** What was seen of a land stays on the map. */
  #remember(map) {
    if (this.#seen.has(map.zone)) return;
    const { x, y, width, height } = map.area;
    const whole = paintLand(map);
    const picture = h('canvas', { width: width / map.tileM, height: height / map.tileM });
    const [left, top] = [(map.originX - x) / map.tileM, (y + height - map.originY) / map.tileM - map.heightTiles];
    picture.getContext('2d').drawImage(whole, left, top);
    this.#seen.set(map.zone, picture);
  }

  /** @param {any} self @param {number} nowMs */
  update(self, nowMs) {
    if (!this.window.isOpen || nowMs - this.#paintedMs < PAINT_MS) return;
    this.#paintedMs = nowMs;
    if (nowMs - this.#askedMs > ASK_MS) this.#ask(nowMs);
    setText(this.#place, `${this.titleOf(this.#shell.world.zone)} · ${Math.round(self.x)}, ${Math.round(self.y)}`);
    this.#paint(self);
  }

  async #ask(nowMs) {
    this.#askedMs = nowMs;
    try {
      this.#world = await this.#shell.world.world();
      setText(this.#words, `${this.#world.connected} in the world`);
    } catch {
      setText(this.#words, 'The world does not answer right now');
    }
  }

  #paint(self) {
    const zones = this.#world?.zones ?? [];
    const pen = this.#canvas.getContext('2d');
    pen.fillStyle = '#14202b';
    pen.fillRect(0, 0, SIDE, SIDE);
    if (zones.length === 0) return;
    const left = Math.min(...zones.map((one) => one.x));
    const low = Math.min(...zones.map((one) => one.y));
    const right = Math.max(...zones.map((one) => one.x + one.width));
    const high = Math.max(...zones.map((one) => one.y + one.height));
    const scale = (SIDE - 24) / Math.max(right - left, high - low);
    const dx = (SIDE - (right - left) * scale) / 2;
    const dy = (SIDE - (high - low) * scale) / 2;
    const at = (x, y) => [dx + (x - left) * scale, SIDE - dy - (y - low) * scale];
    for (const zone of zones) this.#paintZone(pen, zone, at, scale);
    const [x, y] = at(self.x, self.y);
    pen.fillStyle = '#0c0907';
    pen.beginPath();
    pen.arc(x, y, 7, 0, 7);
    pen.fill();
    pen.fillStyle = '#ffd45e';
    pen.beginPath();
    pen.arc(x, y, 4.5, 0, 7);
    pen.fill();
  }

  #paintZone(pen, zone, at, scale) {
    const [x, y] = at(zone.x, zone.y + zone.height);
    const [wide, high] = [zone.width * scale, zone.height * scale];
    const known = this.#known.get(zone.name);
    const awake = zone.layers.length > 0;
    pen.globalAlpha = awake || known ? 1 : 0.55;
    pen.fillStyle = BIOMES[known?.biome ?? ''] ?? '#3b342b';
    pen.fillRect(x + 1, y + 1, wide - 2, high - 2);
    const picture = this.#seen.get(zone.name);
    if (picture !== undefined) pen.drawImage(picture, x + 1, y + 1, wide - 2, high - 2);
    pen.strokeStyle = zone.name === this.#shell.world.zone ? '#ffd45e' : '#0c0907';
    pen.lineWidth = zone.name === this.#shell.world.zone ? 3 : 1;
    pen.strokeRect(x + 1.5, y + 1.5, wide - 3, high - 3);
    pen.globalAlpha = 1;
    pen.textAlign = 'center';
    pen.fillStyle = '#fff3da';
    pen.shadowColor = '#000';
    pen.shadowBlur = 4;
    const size = Math.max(10, Math.min(20, wide / 9));
    pen.font = `600 ${size}px "Palatino Linotype", Palatino, "DejaVu Serif", serif`;
    wrap(known?.title ?? (awake ? 'Unknown land' : 'Asleep'), wide / size / 0.62).forEach((line, i) => pen.fillText(line, x + wide / 2, y + high / 2 + (i - 0.4) * size * 1.1));
    const players = zone.layers.reduce((sum, one) => sum + one.connected, 0);
    if (players > 0) {
      pen.font = `600 ${size * 0.75}px sans-serif`;
      pen.fillStyle = '#bfe3a6';
      pen.fillText(`${players} here`, x + wide / 2, y + high - size * 0.6);
    }
    pen.shadowBlur = 0;
  }
}

const BIOMES = { vale: '#476b38', ashlands: '#5b4a47', frost: '#8aa3b3', dunes: '#b3935a', fen: '#41584a' };

function wrap(text, wide) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines[lines.length - 1];
    if (last !== '' && last.length + word.length + 1 > wide) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
