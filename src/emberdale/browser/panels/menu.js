/**
 * A menu at the pointer, and questions: how many, yes or no.
 *
 * Invariants: one menu at a time; Escape, a click elsewhere and a choice close it; a question holds the keyboard until it
 * is answered.
 */

import { h, replace, setText } from '/client/dom.js';

/** @typedef {{ words: string, run: () => void, bad?: boolean, disabled?: boolean }} Choice */

export class Menu {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.element = h('div', { id: 'menu', class: 'frame', role: 'menu', hidden: true });
    parent.append(this.element);
    addEventListener('pointerdown', (event) => {
      if (!this.element.contains(/** @type {Node} */ (event.target))) this.close();
    }, true);
    addEventListener('blur', () => this.close());
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @type {Element | null} */
  #before = null;

  get isOpen() {
    return !this.element.hidden;
  }

  /** @param {number} x @param {number} y  of the page @param {string} title @param {(Choice | null)[]} choices */
  open(x, y, title, choices) {
    this.#before = document.activeElement;
    const buttons = choices.filter((one) => one !== null).map((one) =>
      h('button', {
        type: 'button', role: 'menuitem', disabled: one.disabled, class: one.bad ? 'bad' : '',
        on: { click: () => { this.close(); one.run(); } },
      }, one.words),
    );
    replace(this.element, h('h3', null, title), buttons);
    this.element.hidden = false;
    const { width, height } = this.element.getBoundingClientRect();
    this.element.style.setProperty('left', `${Math.max(8, Math.min(x, innerWidth - width - 8))}px`);
    this.element.style.setProperty('top', `${Math.max(8, Math.min(y, innerHeight - height - 8))}px`);
    buttons.find((one) => !one.disabled)?.focus();
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    if (hadFocus && this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
  }

  #key(event) {
    const buttons = [...this.element.querySelectorAll('button:not(:disabled)')];
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) /** @type {any} */ (buttons[(at + step + buttons.length) % buttons.length])?.focus();
    else if (event.key === 'Escape') this.close();
    else if (event.key !== 'Enter' && event.key !== ' ') return;
    if (step !== undefined || event.key === 'Escape') event.preventDefault();
    event.stopPropagation();
  }
}

/** How many of something; null: none of it. @param {string} title @param {string} verb @param {number} most
 * @param {Node | null} picture @returns {Promise<number | null>} */
export function askAmount(title, verb, most, picture = null) {
  if (most <= 1) return Promise.resolve(most === 1 ? 1 : null);
  const field = h('input', { class: 'text', type: 'number', min: 1, max: most, step: 1, value: String(most), inputmode: 'numeric', 'aria-label': 'How many' });
  const slide = h('input', { type: 'range', min: 1, max: most, value: String(most), 'aria-label': 'How many' });
  const said = h('span', null, `of ${most}`);
  slide.addEventListener('input', () => (field.value = slide.value));
  field.addEventListener('input', () => (slide.value = field.value));
  const body = h('div', { class: 'amount' }, picture, h('div', null, h('div', { class: 'row' }, field, said), slide));
  return ask(title, verb, body, () => {
    const amount = Math.floor(Number(field.value));
    return amount >= 1 && amount <= most ? amount : (setText(said, `1 to ${most}`), undefined);
  }, () => field.select());
}

/** @param {string} title @param {string} text @param {string} verb @returns {Promise<boolean>} */
export async function askWhether(title, text, verb) {
  return (await ask(title, verb, h('p', null, text), () => true, () => {})) === true;
}

/** @template T @param {string} title @param {string} verb @param {Node} body @param {() => T | undefined} read  undefined: not yet
 * @param {() => void} opened @returns {Promise<T | null>} */
function ask(title, verb, body, read, opened) {
  return new Promise((resolve) => {
    let answer = /** @type {T | null} */ (null);
    const dialog = h('dialog', { class: 'frame question', 'aria-label': title },
      h('form', { method: 'dialog', novalidate: true, on: { submit: (event) => {
        const value = read();
        if (value === undefined) return event.preventDefault();
        answer = value;
      } } },
        h('h2', null, title), body,
        h('div', { class: 'row' },
          h('button', { class: 'button', type: 'button', on: { click: () => dialog.close() } }, 'Cancel'),
          h('button', { class: 'button first', type: 'submit' }, verb))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.addEventListener('keydown', (event) => event.stopPropagation());
    document.body.append(dialog);
    dialog.showModal();
    opened();
  });
}
