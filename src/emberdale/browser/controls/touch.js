/**
 * Thumbs: a stick on the left, buttons on the right.
 *
 * Invariants: the stick appears where the thumb lands; a thumb pushed to the rim runs; a finger that is lifted or taken
 * by the browser stops the avatar.
 */

import { h } from '/client/dom.js';
import { glyph } from '../panels/glyphs.js';

const RADIUS = 52;
const RUN_AT = 0.92;
const DEAD = 0.16;

/**
 * @typedef {object} Deeds
 * @property {(held: boolean) => void} attack
 * @property {() => void} take
 * @property {() => void} next
 * @property {() => void} chat
 * @property {() => void} bag
 */

export class Touch {
  /** @param {HTMLElement} parent @param {import('./walker.js').Walker} walker @param {Deeds} deeds */
  constructor(parent, walker, deeds) {
    this.#walker = walker;
    this.#knob = h('i', { class: 'knob' });
    this.#ring = h('div', { class: 'ring' }, this.#knob);
    this.#pad = h('div', { id: 'stick', 'aria-label': 'Walk' }, this.#ring);
    this.#pad.addEventListener('pointerdown', (event) => this.#begin(event));
    this.#pad.addEventListener('pointermove', (event) => this.#push(event));
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) this.#pad.addEventListener(name, (event) => this.#end(event));
    const hit = h('button', { type: 'button', class: 'thumb attack', 'aria-label': 'Attack' }, glyph('sword'));
    hit.addEventListener('pointerdown', (event) => {
      hit.setPointerCapture(event.pointerId);
      deeds.attack(true);
    });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture']) hit.addEventListener(name, () => deeds.attack(false));
    hit.addEventListener('click', (event) => event.detail === 0 && (deeds.attack(true), deeds.attack(false)));
    const button = (name, words, run, kind) => h('button', { type: 'button', class: `thumb ${kind}`, 'aria-label': words, on: { click: run } }, glyph(name));
    parent.append(this.#pad, h('div', { id: 'thumbs' }, button('next', 'Next target', deeds.next, 'next'), button('hand', 'Pick up', deeds.take, 'take'), hit));
    parent.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  #walker;
  #pad;
  #ring;
  #knob;
  #finger = -1;
  #middle = { x: 0, y: 0 };

  #begin(event) {
    if (this.#finger >= 0) return;
    this.#finger = event.pointerId;
    this.#pad.setPointerCapture(event.pointerId);
    const box = this.#pad.getBoundingClientRect();
    this.#middle = {
      x: Math.min(Math.max(event.clientX, box.left + RADIUS), box.right - RADIUS),
      y: Math.min(Math.max(event.clientY, box.top + RADIUS), box.bottom - RADIUS),
    };
    this.#ring.classList.add('held');
    this.#ring.style.setProperty('left', `${this.#middle.x - box.left}px`);
    this.#ring.style.setProperty('top', `${this.#middle.y - box.top}px`);
    this.#push(event);
  }

  #push(event) {
    if (event.pointerId !== this.#finger) return;
    const [dx, dy] = [event.clientX - this.#middle.x, event.clientY - this.#middle.y];
    const far = Math.hypot(dx, dy);
    const share = Math.min(far / RADIUS, 1);
    const [x, y] = far > 0 ? [dx / far, dy / far] : [0, 0];
    this.#knob.style.setProperty('transform', `translate(${x * share * RADIUS}px, ${y * share * RADIUS}px)`);
    const pace = share < DEAD ? 0 : Math.min(1, share * 1.15);
    this.#walker.hand = { x: x * pace, y: -y * pace };
    this.#walker.runs = share > RUN_AT;
    this.#ring.classList.toggle('runs', share > RUN_AT);
  }

  #end(event) {
    if (event.pointerId !== this.#finger) return;
    this.#finger = -1;
    this.#walker.hand = { x: 0, y: 0 };
    this.#walker.runs = false;
    this.#ring.classList.remove('held', 'runs');
    this.#ring.style.removeProperty('left');
    this.#ring.style.removeProperty('top');
    this.#knob.style.removeProperty('transform');
  }
}
