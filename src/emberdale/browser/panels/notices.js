/**
 * What happens, said for a moment: toasts, questions of others, the zone's name, the world's events, level-ups, walls.
 *
 * Invariants: at most `MOST` toasts at once; the same words in a row are counted, not repeated; what is said is also told
 * to screen readers.
 */

import { h, replace, setText, show } from '/client/dom.js';
import { speak } from './person.js';
import { glyph } from './glyphs.js';

const MOST = 5;
const TOAST_MS = 3500;
const QUESTION_MS = 28_000;
const TITLE_MS = 3600;
const WALL_MS = 3000;

export class Notices {
  /** @param {{ toasts: HTMLElement, north: HTMLElement, veil: HTMLElement }} places */
  constructor({ toasts, north, veil }) {
    this.#toasts = h('div', { id: 'toasts' });
    this.#title = h('div', { id: 'zone-title', hidden: true, 'aria-hidden': 'true' });
    this.#event = h('div', { id: 'world-event', class: 'frame', hidden: true, role: 'status' });
    this.#wall = h('p', { id: 'wall', class: 'frame', hidden: true, role: 'status' });
    toasts.append(this.#toasts);
    north.append(this.#event, this.#wall);
    veil.append(this.#title);
  }

  #toasts;
  #title;
  #event;
  #wall;
  #titleTimer = 0;
  #wallTimer = 0;
  /** @type {Map<number, any>} */
  #events = new Map();

  /** @param {string} text @param {Node | null} [picture] @param {string} [kind] @param {number} [ms] */
  toast(text, picture = null, kind = '', ms = TOAST_MS) {
    const last = /** @type {any} */ (this.#toasts.lastElementChild);
    if (last?.dataset.text === text) {
      last.dataset.times = String(Number(last.dataset.times ?? 1) + 1);
      setText(last.querySelector('.times'), `× ${last.dataset.times}`);
      return this.#expire(last, TOAST_MS);
    }
    const toast = h('div', { class: `toast frame ${kind}`, data: { text } }, picture, h('span', null, text), h('span', { class: 'times' }));
    this.#add(toast, ms);
    speak(text);
  }

  /** What somebody asks; unanswered, it goes away. @param {string} key @param {string} text @param {string} yes
   * @param {() => void} accept @param {string} no @param {() => void} decline */
  question(key, text, yes, accept, no, decline) {
    this.forget(key);
    const answer = (run) => () => {
      toast.remove();
      run();
    };
    const words = (text, key) => [text, ' ', h('kbd', { 'aria-hidden': 'true' }, key)];
    const toast = h('div', { class: 'toast frame ask', data: { key }, role: 'alertdialog', 'aria-label': text },
      h('span', null, text),
      h('div', { class: 'row' },
        h('button', { type: 'button', class: 'button first small', data: { answer: 'yes' }, 'aria-label': yes, on: { click: answer(accept) } }, words(yes, 'Y')),
        h('button', { type: 'button', class: 'button small', data: { answer: 'no' }, 'aria-label': no, on: { click: answer(decline) } }, words(no, 'N'))));
    this.#add(toast, QUESTION_MS);
    speak(text);
  }

  /** Answers the newest question; false if there is none. @param {'yes' | 'no'} answer */
  answer(answer) {
    const buttons = this.#toasts.querySelectorAll(`[data-answer=${answer}]`);
    /** @type {any} */ (buttons[buttons.length - 1])?.click();
    return buttons.length > 0;
  }

  /** A question that no longer matters. @param {string} key */
  forget(key) {
    for (const toast of [...this.#toasts.children]) if (/** @type {any} */ (toast).dataset.key === key) toast.remove();
  }

  /** Something large, for a moment in the middle: a zone's name, a level. @param {string} text @param {string} under @param {string} kind */
  title(text, under, kind = '') {
    clearTimeout(this.#titleTimer);
    replace(this.#title, h('strong', null, text), under === '' ? null : h('span', null, under));
    this.#title.className = kind;
    this.#title.hidden = false;
    this.#title.getAnimations().forEach((one) => {
      one.cancel();
      one.play();
    });
    this.#titleTimer = setTimeout(() => (this.#title.hidden = true), TITLE_MS);
    speak(`${text}. ${under}`);
  }

  /** The way into a zone is closed. @param {string} where */
  wall(where) {
    clearTimeout(this.#wallTimer);
    setText(this.#wall, `The way into ${where} is closed for now`);
    show(this.#wall, true);
    this.#wallTimer = setTimeout(() => show(this.#wall, false), WALL_MS);
  }

  /** Something began or ended in the world. @param {{ number: number, name: string, text: string, started: boolean }} event */
  worldEvent(event) {
    if (event.started) this.#events.set(event.number, event);
    else this.#events.delete(event.number);
    if (event.started) this.title(event.name, event.text, 'event');
    else if (event.name !== '') this.toast(`${event.name} is over`, glyph('flame'));
    const running = [...this.#events.values()];
    const newest = running[running.length - 1];
    show(this.#event, newest !== undefined);
    if (newest === undefined) return;
    replace(this.#event, glyph('flame'), h('b', null, newest.name), newest.text === '' ? null : h('span', null, newest.text));
  }

  #add(toast, ms) {
    this.#toasts.append(toast);
    while (this.#toasts.childElementCount > MOST) (this.#toasts.querySelector('.toast:not(.ask)') ?? this.#toasts.firstElementChild)?.remove();
    this.#expire(toast, ms);
  }

  #expire(toast, ms) {
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => toast.remove(), ms);
  }
}
