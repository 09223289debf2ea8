/**
 * Words and numbers on the canvas: names over heads, damage; each painted once and kept.
 *
 * Invariants: at most MAX_PLATES are kept; a plate's picture is in pixels of the canvas, so it is sharp.
 */

import { makeCanvas, penOf } from './art.js';

const MAX_PLATES = 600;
const FONT = '"Trebuchet MS", "DejaVu Sans", "Segoe UI", system-ui, sans-serif';

/** @typedef {{ canvas: HTMLCanvasElement, width: number, height: number }} Plate */
/** @typedef {{ size: number, weight: number, colour: string, rim: string }} Style  size in pixels of the page */

/** @type {Record<string, Style>} */
export const STYLES = {
  self: { size: 12.5, weight: 700, colour: '#fff4cf', rim: 'rgba(24,18,30,.92)' },
  player: { size: 12, weight: 600, colour: '#dcecff', rim: 'rgba(20,20,34,.9)' },
  npc: { size: 11, weight: 600, colour: '#ffd9c2', rim: 'rgba(34,16,16,.9)' },
  item: { size: 11, weight: 600, colour: '#ffe9a8', rim: 'rgba(34,26,10,.9)' },
  level: { size: 10, weight: 700, colour: '#2a2030', rim: '' },
  harm: { size: 17, weight: 800, colour: '#ffd76a', rim: 'rgba(70,14,10,.95)' },
  hurt: { size: 18, weight: 800, colour: '#ff6b5a', rim: 'rgba(60,8,12,.95)' },
  heal: { size: 16, weight: 800, colour: '#9af08a', rim: 'rgba(10,50,20,.95)' },
  miss: { size: 12, weight: 600, colour: '#d5d8e2', rim: 'rgba(30,30,44,.9)' },
  levelUp: { size: 20, weight: 800, colour: '#ffe27a', rim: 'rgba(80,44,0,.95)' },
  zone: { size: 11, weight: 600, colour: 'rgba(240,240,255,.85)', rim: 'rgba(16,18,30,.8)' },
};

export class Plates {
  /** @type {Map<string, Plate>} */
  #kept = new Map();
  #ratio = 1;

  /** @param {number} ratio  pixels of the canvas for one of the page */
  setRatio(ratio) {
    if (ratio === this.#ratio) return;
    this.#ratio = ratio;
    this.#kept.clear();
  }

  get size() {
    return this.#kept.size;
  }

  /** @param {string} text @param {keyof STYLES & string} styleName @returns {Plate} */
  get(text, styleName) {
    const key = styleName + text;
    const found = this.#kept.get(key);
    if (found !== undefined) return found;
    if (this.#kept.size >= MAX_PLATES) {
      const oldest = this.#kept.keys().next().value;
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    const made = paint(text, STYLES[styleName], this.#ratio);
    this.#kept.set(key, made);
    return made;
  }
}

function paint(text, style, ratio) {
  const size = style.size * ratio;
  const font = `${style.weight} ${size}px ${FONT}`;
  const canvas = makeCanvas(1, 1);
  const measure = penOf(canvas);
  measure.font = font;
  const rim = style.rim === '' ? 0 : Math.max(2, size * 0.26);
  canvas.width = Math.ceil(measure.measureText(text).width + rim + 2);
  canvas.height = Math.ceil(size * 1.3 + rim);
  const pen = penOf(canvas);
  pen.font = font;
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  const [x, y] = [rim / 2 + 1, canvas.height / 2];
  if (rim > 0) {
    pen.lineWidth = rim;
    pen.strokeStyle = style.rim;
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = style.colour;
  pen.fillText(text, x, y);
  return { canvas, width: canvas.width, height: canvas.height };
}
