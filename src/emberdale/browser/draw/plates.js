/**
 * Words and numbers on the canvas: names over heads, damage; each painted once and kept.
 *
 * Invariants: at most MAX_PLATES are kept; a plate's picture is in pixels of the canvas, so it is sharp.
 */

import { makeDraft, penOf, seal } from './art.js';

const MAX_PLATES = 600;
const FONT = '"Trebuchet MS", "DejaVu Sans", "Segoe UI", system-ui, sans-serif';

/** @typedef {{ picture: CanvasImageSource, width: number, height: number }} Plate */
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
  /** By style, so that no key has to be made for a look. @type {Record<string, Map<string, Plate>>} */
  #kept = Object.fromEntries(Object.keys(STYLES).map((name) => [name, new Map()]));
  /** By kind of bar and how full it is. @type {Map<number, Plate>} */
  #bars = new Map();
  #ratio = 1;
  size = 0;

  /** @param {number} ratio  pixels of the canvas for one of the page */
  setRatio(ratio) {
    if (ratio === this.#ratio) return;
    this.#ratio = ratio;
    this.#forget();
  }

  #forget() {
    for (const plates of Object.values(this.#kept)) plates.clear();
    this.#bars.clear();
    this.size = 0;
  }

  /** @param {string} text @param {keyof STYLES & string} styleName @returns {Plate} */
  get(text, styleName) {
    const plates = this.#kept[styleName];
    const found = plates.get(text);
    if (found !== undefined) return found;
    if (this.size >= MAX_PLATES) this.#forget();
    const made = paint(text, STYLES[styleName], this.#ratio);
    plates.set(text, made);
    this.size++;
    return made;
  }

  /** A bar that is full to a share. @param {number} kind  of BARS @param {number} share @returns {Plate} */
  bar(kind, share) {
    const step = Math.min(BAR_STEPS, share > 0 ? Math.max(1, Math.round(share * BAR_STEPS)) : 0);
    const key = kind * (BAR_STEPS + 1) + step;
    const found = this.#bars.get(key);
    if (found !== undefined) return found;
    const made = paintBar(BARS[kind], step / BAR_STEPS, this.#ratio);
    this.#bars.set(key, made);
    return made;
  }
}

const BAR_STEPS = 38;
/** Whose: the player's own, other players', others' whole and wounded. */
const BARS = [
  { wide: 46, colour: '#64d36a' }, { wide: 38, colour: '#5fb0e6' }, { wide: 38, colour: '#e2b13c' }, { wide: 38, colour: '#e2583e' },
];
const BAR_HIGH = 5;

function paintBar({ wide, colour }, share, ratio) {
  const [width, high, rim] = [Math.round(wide * ratio), Math.max(3, Math.round(BAR_HIGH * ratio)), Math.max(1, Math.round(ratio))];
  const canvas = makeDraft(width + 2 * rim, high + 2 * rim);
  const pen = penOf(canvas);
  const full = Math.round(width * share);
  pen.fillStyle = 'rgba(20,14,24,.85)';
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = colour;
  pen.fillRect(rim, rim, full, high);
  pen.fillStyle = 'rgba(255,255,255,.28)';
  pen.fillRect(rim, rim, full, Math.max(1, Math.round(ratio * 1.4)));
  return { width: canvas.width, height: canvas.height, picture: seal(canvas) };
}

function paint(text, style, ratio) {
  const size = style.size * ratio;
  const font = `${style.weight} ${size}px ${FONT}`;
  const canvas = makeDraft(1, 1);
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
  return { width: canvas.width, height: canvas.height, picture: seal(canvas) };
}
