/**
 * What a player may set, kept in the browser.
 *
 * Invariant: what was kept by an older page, or by nobody, never breaks this one: a value that does not fit is the
 * default.
 */

import { h, setText } from '/client/dom.js';

const KEY = 'emberdale.settings';

/** @typedef {{ zoom: number, names: boolean, sound: number, run: boolean, met: boolean }} Chosen  `met`: has been here before */

/** @type {Chosen} */
const DEFAULTS = { zoom: 1, names: true, sound: 0.5, run: false, met: false };
const LEAST_ZOOM = 0.5;
const MOST_ZOOM = 2;

export class Settings {
  /** @param {Storage | null} storage */
  constructor(storage) {
    this.#storage = storage;
    this.values = { ...DEFAULTS, ...readKept(storage) };
  }

  #storage;
  /** @type {((values: Chosen) => void)[]} */
  #listeners = [];

  /** Now and at every change. @param {(values: Chosen) => void} listener */
  follow(listener) {
    this.#listeners.push(listener);
    listener(this.values);
  }

  /** @param {Partial<Chosen>} change */
  set(change) {
    this.values = { ...this.values, ...change };
    this.values.zoom = Math.min(Math.max(this.values.zoom, LEAST_ZOOM), MOST_ZOOM);
    try {
      this.#storage?.setItem(KEY, JSON.stringify(this.values));
    } catch {
      // a browser that keeps nothing is no reason not to play
    }
    for (const listener of this.#listeners) listener(this.values);
  }
}

/** @param {Storage | null} storage @returns {Partial<Chosen>} */
function readKept(storage) {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? '{}');
    return Object.fromEntries(Object.entries(kept).filter(([name, value]) => typeof value === typeof DEFAULTS[/** @type {keyof Chosen} */ (name)]));
  } catch {
    return {};
  }
}

/** The browser's store, null where it keeps nothing. */
export function browserStorage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

/** @param {any} shell @param {() => void} leave */
export function makeSettings({ windows, settings }, leave) {
  const slide = (name, min, max, step, words) => {
    const said = h('output');
    const field = h('input', { type: 'range', min, max, step, on: { input: () => settings.set({ [name]: Number(field.value) }) } });
    settings.follow((values) => {
      field.value = String(values[name]);
      setText(said, `${Math.round(values[name] * 100)} %`);
    });
    return h('label', { class: 'setting' }, h('span', null, words), field, said);
  };
  const tick = (name, words) => {
    const field = h('input', { type: 'checkbox', on: { change: () => settings.set({ [name]: field.checked }) } });
    settings.follow((values) => (field.checked = values[name]));
    return h('label', { class: 'setting' }, h('span', null, words), field);
  };
  const body = h('div', { class: 'body' },
    slide('zoom', LEAST_ZOOM, MOST_ZOOM, 0.05, 'Zoom'), slide('sound', 0, 1, 0.05, 'Sound'),
    tick('names', 'Names over heads'), tick('run', 'Always run (Shift walks)'),
    h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button', on: { click: leave } }, 'Leave the world')));
  return windows.make({ id: 'settings', title: 'Settings', body });
}
