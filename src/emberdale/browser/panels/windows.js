/**
 * Windows: frames with a title that are opened, moved and closed.
 *
 * Invariants: the one opened or touched last is on top; closing gives the focus back to who had it; a window always
 * shows its title within the page.
 */

import { h, show } from '/client/dom.js';
import { glyphButton } from './glyphs.js';

export class Windows {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  #parent;
  /** Open ones, the top last. @type {Window[]} */
  #stack = [];

  /** @param {{ id: string, title: string, body: HTMLElement, closed?: () => void, opened?: () => void }} wish */
  make(wish) {
    return new Window(this.#parent, this, wish);
  }

  /** @param {Window} window */
  raise(window) {
    this.#stack = this.#stack.filter((one) => one !== window);
    this.#stack.push(window);
    this.#stack.forEach((one, i) => one.element.style.setProperty('z-index', String(30 + i)));
  }

  /** @param {Window} window */
  lower(window) {
    this.#stack = this.#stack.filter((one) => one !== window);
  }

  /** Closes the top one; false if none is open. */
  closeTop() {
    const top = this.#stack[this.#stack.length - 1];
    top?.close();
    return top !== undefined;
  }

  closeAll() {
    while (this.closeTop());
  }
}

export class Window {
  /** @param {HTMLElement} parent @param {Windows} windows
   * @param {{ id: string, title: string, body: HTMLElement, closed?: () => void, opened?: () => void }} wish */
  constructor(parent, windows, { id, title, body, closed, opened }) {
    this.#windows = windows;
    this.#closed = closed;
    this.#opened = opened;
    this.title = h('h2', { id: `${id}-title` }, title);
    const head = h('header', null, this.title, glyphButton('close', 'Close', () => this.close(), 'quiet'));
    this.element = h('section', { id, class: 'window frame', role: 'dialog', 'aria-labelledby': `${id}-title`, tabindex: '-1', hidden: true }, head, body);
    this.element.addEventListener('pointerdown', () => this.#windows.raise(this));
    head.addEventListener('pointerdown', (event) => this.#beginMove(event, head));
    parent.append(this.element);
  }

  #windows;
  #closed;
  #opened;
  /** @type {Element | null} */
  #before = null;

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    this.#windows.raise(this);
    if (this.isOpen) return;
    this.#before = document.activeElement;
    show(this.element, true);
    this.#opened?.();
    this.element.focus({ preventScroll: true });
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.element.contains(document.activeElement);
    show(this.element, false);
    this.#windows.lower(this);
    if (hadFocus && this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
    this.#closed?.();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  #beginMove(event, head) {
    if (event.button !== 0 || event.target.closest('button')) return;
    const box = this.element.getBoundingClientRect();
    const [dx, dy] = [event.clientX - box.left, event.clientY - box.top];
    head.setPointerCapture(event.pointerId);
    const move = (now) => {
      const left = Math.min(Math.max(now.clientX - dx, 60 - box.width), innerWidth - 60);
      const top = Math.min(Math.max(now.clientY - dy, 4), innerHeight - 40);
      for (const [name, value] of [['left', `${left}px`], ['top', `${top}px`], ['right', 'auto'], ['bottom', 'auto'], ['transform', 'none']]) {
        this.element.style.setProperty(name, value);
      }
    };
    const end = () => {
      head.removeEventListener('pointermove', move);
      head.removeEventListener('pointerup', end);
      head.removeEventListener('pointercancel', end);
    };
    head.addEventListener('pointermove', move);
    head.addEventListener('pointerup', end);
    head.addEventListener('pointercancel', end);
  }
}
