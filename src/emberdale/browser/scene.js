/**
 * The world on the canvas, as the page sees it.
 *
 * Responsible for: handing the client's state to the drawing, what is at a place of the page, icons, the small map's
 * canvas. Not here: drawing (`draw/`).
 *
 * Invariants: places of the page are pixels from its corner, as pointers have them; the size of the canvas is looked at
 * when it may have changed, not every frame.
 */

import { Minimap } from './draw/minimap.js';
import { Renderer } from './draw/renderer.js';

const MINIMAP_MS = 66;
const PEACEFUL = ['Fallow Deer'];

export class Scene {
  /** @param {HTMLCanvasElement} canvas @param {any} world @param {any} info @param {import('./draw/art.js').Art} art */
  constructor(canvas, world, info, art) {
    this.#canvas = canvas;
    this.#world = world;
    this.#art = art;
    this.#renderer = new Renderer(canvas, { art, info });
    this.minimap = document.createElement('canvas');
    this.#minimap = new Minimap(this.minimap, { peaceful: PEACEFUL.map((name) => info.kinds[name]) });
    this.names = true;
    world.events.on('hit', (event) => this.#renderer.effects.add(event));
    addEventListener('resize', () => (this.#resized = true));
  }

  #canvas;
  #world;
  #art;
  #renderer;
  #minimap;
  #hovered = 0;
  #resized = true;
  #mappedMs = 0;

  get zoom() {
    return this.#renderer.zoom;
  }

  set zoom(zoom) {
    this.#renderer.zoom = zoom;
  }

  /** What the last frame drew, and how long that took. */
  get drawn() {
    return this.#renderer.stats;
  }

  /** @param {number} x @param {number} y  of the page @returns {{ x: number, y: number }} metres */
  toWorld(x, y) {
    return this.#renderer.toWorld(x, y);
  }

  /** @param {number} x @param {number} y  metres @returns {{ x: number, y: number }} of the page */
  toPage(x, y) {
    return this.#renderer.toPage(x, y);
  }

  /** Who or what is there, or null. @param {number} x @param {number} y  of the page @returns {any} */
  pick(x, y) {
    const id = this.#renderer.pick(x, y);
    return id === null ? null : this.#world.entity(id);
  }

  /** Whom the pointer is at, 0: nobody. @param {number} id */
  hover(id) {
    if (id === this.#hovered) return;
    this.#hovered = id;
    this.#canvas.classList.toggle('pointing', id !== 0);
  }

  /** A picture of an asset. @param {number} asset */
  iconOf(asset) {
    return this.#art.iconOf(asset);
  }

  /** @param {number} nowMs @param {{ self: any, target: number, aim: { x: number, y: number } | null }} shown */
  frame(nowMs, { self, target, aim }) {
    if (this.#resized) {
      this.#resized = false;
      this.#renderer.resize();
      this.#minimap.resize();
    }
    const frame = {
      now: nowMs, self, entities: this.#world.entities(), map: this.#world.map, selected: target, hovered: this.#hovered, aim, names: this.names,
    };
    this.#renderer.draw(frame);
    if (nowMs - this.#mappedMs < MINIMAP_MS) return;
    this.#mappedMs = nowMs;
    this.#minimap.draw(frame);
  }

  /** The canvases may have another size now. */
  resize() {
    this.#resized = true;
  }
}
