/**
 * The keyboard: held keys walk, single presses do something.
 *
 * Invariants: keys that are written into a field of the page do nothing here; no key stays down when the page loses the
 * keyboard; keys with Ctrl, Alt or Meta belong to the browser.
 */

import { isWriting } from '../panels/person.js';

const DIRECTIONS = {
  KeyW: [0, 1], ArrowUp: [0, 1], KeyS: [0, -1], ArrowDown: [0, -1],
  KeyA: [-1, 0], ArrowLeft: [-1, 0], KeyD: [1, 0], ArrowRight: [1, 0],
};

/**
 * @typedef {object} Deeds
 * @property {(code: string, key: string) => boolean} press  a single press; true if it meant something
 * @property {(held: boolean) => void} attack
 * @property {() => boolean} active  whether the keys are the game's now
 */

export class Keyboard {
  /** @param {import('./walker.js').Walker} walker @param {Deeds} deeds */
  constructor(walker, deeds) {
    this.#walker = walker;
    this.#deeds = deeds;
    addEventListener('keydown', (event) => this.#down(event));
    addEventListener('keyup', (event) => this.#up(event));
    addEventListener('blur', () => this.release());
    document.addEventListener('visibilitychange', () => document.hidden && this.release());
    document.addEventListener('focusin', () => isWriting() && this.release());
  }

  #walker;
  #deeds;
  /** @type {Set<string>} */
  #held = new Set();

  /** No key is down. */
  release() {
    if (this.#held.size === 0) return;
    this.#held.clear();
    this.#walker.runs = false;
    this.#deeds.attack(false);
    this.#steer();
  }

  #down(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (!this.#deeds.active() || event.defaultPrevented || isWriting() || document.querySelector('dialog[open]') !== null) return;
    const { code } = event;
    const focused = document.activeElement;
    const onButton = focused instanceof HTMLButtonElement && focused.matches(':focus-visible');
    if (onButton && (code === 'Space' || code === 'Enter')) return; // it is pressed
    if (code === 'Tab' && focused?.closest('.window')) return; // through the window
    if (code in DIRECTIONS || code === 'Space' || code.startsWith('Shift')) {
      if (code in DIRECTIONS || code === 'Space') event.preventDefault();
      if (event.repeat || this.#held.has(code)) return;
      if (code in DIRECTIONS && focused instanceof HTMLElement && focused.closest('.window')) focused.blur();
      this.#held.add(code);
      if (code === 'Space') this.#deeds.attack(true);
      this.#walker.runs = this.#held.has('ShiftLeft') || this.#held.has('ShiftRight');
      return this.#steer();
    }
    if (event.repeat) return code === 'Tab' ? event.preventDefault() : undefined;
    if (this.#deeds.press(code, event.key)) event.preventDefault();
  }

  #up(event) {
    if (!this.#held.delete(event.code)) return;
    if (event.code === 'Space') this.#deeds.attack(false);
    this.#walker.runs = this.#held.has('ShiftLeft') || this.#held.has('ShiftRight');
    this.#steer();
  }

  #steer() {
    let [x, y] = [0, 0];
    const seen = new Set();
    for (const code of this.#held) {
      const way = DIRECTIONS[/** @type {keyof typeof DIRECTIONS} */ (code)];
      if (way === undefined || seen.has(`${way}`)) continue; // W and the arrow are one direction
      seen.add(`${way}`);
      x += way[0];
      y += way[1];
    }
    const length = Math.hypot(x, y) || 1;
    this.#walker.hand = { x: x / length, y: y / length };
  }
}
