/**
 * F3: how the connection is.
 *
 * Invariant: figures are the client's own (`stats()`); the panel costs nothing while it is closed.
 */

import { h, replace, setClass, setText, show } from '/client/dom.js';

const EVERY_MS = 250;

/** Label, what to show of the stats, and when it is worth a worry. */
const ROWS = /** @type {[string, (s: any) => string, ((s: any) => boolean)?][]} */ ([
  ['Round trip', (s) => `${s.rtt_ms.toFixed(0)} ms`, (s) => s.rtt_ms > 200],
  ['Jitter', (s) => `${(s.jitter_ms ?? 0).toFixed(0)} ms`, (s) => s.jitter_ms > 60],
  ['Loss', (s) => `${(s.loss * 100).toFixed(1)} %`, (s) => s.loss > 0.05],
  ['Snapshots', (s) => `${s.snapshots_hz.toFixed(1)} /s`, (s) => s.snapshots_hz < 15],
  ['In view', (s) => String(s.entities)],
  ['Down', (s) => bytes(s.bytes_s)],
  ['Up', (s) => bytes(s.up_bytes_s)],
  ['Zone', (s) => s.zone],
  ['Tick', (s) => String(s.tick)],
  ['Correction', (s) => `${s.correction_m.toFixed(3)} m`, (s) => s.correction_m > 0.25],
  ['Correction p99', (s) => `${s.correction_p99_m.toFixed(3)} m`, (s) => s.correction_p99_m > 0.25],
  ['Frames', (s) => `${s.fps.toFixed(0)} /s`, (s) => s.fps < 45],
]);

function bytes(rate) {
  return rate < 1000 ? `${Math.round(rate)} B/s` : `${(rate / 1000).toFixed(1)} kB/s`;
}

export class NetworkPanel {
  /** @param {HTMLElement} parent @param {() => any} stats */
  constructor(parent, stats) {
    this.#stats = stats;
    this.#cells = ROWS.map(() => h('dd'));
    this.element = h('section', { id: 'network', class: 'frame', hidden: true, 'aria-label': 'Network' },
      h('dl', null, ROWS.map(([words], i) => [h('dt', null, words), this.#cells[i]])));
    parent.append(this.element);
  }

  #stats;
  #cells;
  #shownMs = -EVERY_MS;

  toggle() {
    show(this.element, this.element.hidden);
    this.#shownMs = -EVERY_MS;
  }

  /** @param {number} nowMs */
  update(nowMs) {
    if (this.element.hidden || nowMs - this.#shownMs < EVERY_MS) return;
    this.#shownMs = nowMs;
    const stats = this.#stats();
    ROWS.forEach(([, words, worry], i) => {
      setText(this.#cells[i], words(stats));
      setClass(this.#cells[i], 'worry', worry?.(stats) ?? false);
    });
  }
}

const KEYS = [
  ['W A S D', 'Walk (arrow keys too)'],
  ['Shift', 'Run'],
  ['Space', 'Attack the target, or who is nearest'],
  ['E', 'Pick up what is nearest'],
  ['Tab', 'Next target'],
  ['F', 'Trade with the target, give, whisper'],
  ['Y, N', 'Answer a question'],
  ['1 – 5', 'Use the first five slots'],
  ['Enter', 'Write; Esc leaves'],
  ['I', 'Bag'],
  ['M', 'Map'],
  ['O', 'Settings'],
  ['F3', 'Network'],
  ['F1, ?', 'This help'],
  ['Esc', 'Close, stop, no target'],
];
const MOUSE = [
  ['Click the ground', 'Walk there'],
  ['Click an enemy', 'Attack it'],
  ['Click a thing', 'Pick it up'],
  ['Right-click a player', 'Trade, whisper, give'],
  ['Wheel', 'Closer or farther'],
];
const TOUCH = [
  ['Left thumb', 'Walk; push to the rim to run'],
  ['Tap', 'Walk there, attack, pick up'],
  ['Long press', 'Menu of a player or of a thing'],
];

/** @param {any} windows */
export function makeHelp(windows) {
  const list = (rows) => h('dl', { class: 'keys' }, rows.map(([keys, words]) => [h('dt', null, h('kbd', null, keys)), h('dd', null, words)]));
  const body = h('div', { class: 'body' });
  const touch = matchMedia('(pointer: coarse)').matches;
  replace(body,
    h('p', { class: 'hint' }, 'Hunt, gather, trade, and do not die: a quarter of your coins stays where you fall. Around each camp of your people nobody can attack you.'),
    touch ? [h('h3', null, 'Touch'), list(TOUCH)] : null,
    h('h3', null, 'Keys'), list(KEYS), h('h3', null, 'Mouse'), list(MOUSE),
    touch ? null : [h('h3', null, 'Touch'), list(TOUCH)],
    h('h3', null, 'Talk'), h('p', { class: 'hint' }, '/zone, /nearby and /world choose who hears you; /w name text whispers, /r text answers.'));
  return windows.make({ id: 'help', title: 'How to play', body });
}
