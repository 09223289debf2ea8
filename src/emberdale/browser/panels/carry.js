/**
 * Dragging a thing with mouse or finger, and what else one does to it: use, menu, words about it.
 *
 * Responsible for: gestures and the picture that follows the pointer. Not here: what they mean (`bag.js`, `trade.js`).
 *
 * Invariant: a drag begins after some pixels or a moment of a finger's rest, so a tap stays a tap.
 */

import { h, replace, setClass } from '/client/dom.js';

const BEGIN_PX = 6;
const LONG_PRESS_MS = 500;
const DOUBLE_MS = 350;

/** @typedef {import('./bag.js').Held} Held */
/** @typedef {{ use: (held: Held) => void, menu: (held: Held, x: number, y: number) => void,
 *   dropped: (held: Held, place: { kind: 'page' | 'world', drop?: string, player?: any, shift: boolean }) => void }} Deeds */

export class Carry {
  /** @param {HTMLElement} parent @param {{ items: any, playerAt: (x: number, y: number) => any }} shell */
  constructor(parent, shell) {
    this.#shell = shell;
    this.#ghost = h('div', { id: 'ghost', hidden: true });
    this.#tip = h('div', { id: 'tip', class: 'frame', role: 'tooltip', hidden: true });
    parent.append(this.#ghost, this.#tip);
  }

  #shell;
  #ghost;
  #tip;

  /** @param {HTMLElement} cell @param {() => Held | null} held @param {Deeds} deeds */
  bind(cell, held, deeds) {
    let tappedMs = -Infinity;
    let pressed = /** @type {(() => void) | null} */ (null);
    cell.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || held() === null) return;
      pressed?.();
      pressed = this.#press(cell, event, held, deeds);
    });
    cell.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      const thing = held();
      if (thing !== null) deeds.menu(thing, event.clientX, event.clientY);
    });
    cell.addEventListener('click', (event) => {
      const thing = held();
      if (thing === null || cell.dataset.dragged !== undefined) return;
      const isKey = event.detail === 0; // Enter or Space
      if (isKey || event.timeStamp - tappedMs < DOUBLE_MS) {
        tappedMs = -Infinity;
        deeds.use(thing);
      } else tappedMs = event.timeStamp;
    });
    cell.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && this.#showTip(cell, held()));
    cell.addEventListener('focus', () => cell.matches(':focus-visible') && this.#showTip(cell, held()));
    for (const name of ['pointerleave', 'blur', 'pointerdown']) cell.addEventListener(name, () => (this.#tip.hidden = true));
  }

  #press(cell, down, held, deeds) {
    let dragging = false;
    delete cell.dataset.dragged;
    const thing = /** @type {Held} */ (held());
    const end = () => {
      clearTimeout(timer);
      for (const [name, run] of listeners) removeEventListener(name, run);
      this.#ghost.hidden = true;
      this.#mark(null);
      setClass(cell, 'lifted', false);
    };
    const timer = setTimeout(() => {
      if (dragging || down.pointerType === 'mouse') return;
      end();
      cell.dataset.dragged = '';
      deeds.menu(thing, down.clientX, down.clientY);
    }, LONG_PRESS_MS);
    const move = (event) => {
      if (event.pointerId !== down.pointerId) return;
      if (!dragging && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) < BEGIN_PX) return;
      if (!dragging) {
        dragging = true;
        clearTimeout(timer);
        cell.dataset.dragged = '';
        setClass(cell, 'lifted', true);
        replace(this.#ghost, this.#shell.items.icon(thing.asset));
        this.#ghost.hidden = false;
      }
      this.#ghost.style.setProperty('transform', `translate(${event.clientX - 24}px, ${event.clientY - 24}px)`);
      this.#mark(this.#under(event));
    };
    const up = (event) => {
      if (event.pointerId !== down.pointerId) return;
      end();
      if (!dragging) return;
      setTimeout(() => delete cell.dataset.dragged, 0);
      if (held()?.asset === thing.asset) deeds.dropped(/** @type {Held} */ (held()), { ...this.#under(event), shift: event.shiftKey });
    };
    const listeners = /** @type {[string, any][]} */ ([['pointermove', move], ['pointerup', up], ['pointercancel', end]]);
    for (const [name, run] of listeners) addEventListener(name, run);
    return end;
  }

  /** What is under the pointer: a place of the page, or the world. */
  #under(event) {
    const element = document.elementFromPoint(event.clientX, event.clientY);
    if (element === null) return { kind: /** @type {const} */ ('page') };
    if (element.id === 'scene') return { kind: /** @type {const} */ ('world'), player: this.#shell.playerAt(event.clientX, event.clientY) };
    return { kind: /** @type {const} */ ('page'), drop: element.closest('[data-drop]')?.dataset.drop };
  }

  #mark(place) {
    const words = place === null ? '' : place.kind === 'world' ? (place.player ? `Give to ${place.player.name || 'player'}` : 'Drop') : '';
    this.#ghost.dataset.words = words;
    for (const element of document.querySelectorAll('[data-drop]')) setClass(element, 'aimed', place?.drop === element.dataset.drop);
  }

  #showTip(cell, thing) {
    if (thing === null || !this.#ghost.hidden) return;
    const { items } = this.#shell;
    replace(this.#tip, h('b', null, items.words(thing.asset, thing.amount)), items.about(thing.asset).map((line) => h('span', null, line)));
    this.#tip.hidden = false;
    const box = cell.getBoundingClientRect();
    const { width, height } = this.#tip.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), innerWidth - width - 8);
    const top = box.top - height - 8 < 8 ? box.bottom + 8 : box.top - height - 8;
    this.#tip.style.setProperty('left', `${left}px`);
    this.#tip.style.setProperty('top', `${top}px`);
  }
}
