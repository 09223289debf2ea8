/**
 * Talk: what was heard, by channel, and the line to write in.
 *
 * Responsible for: showing what was said, reading commands, not talking faster than the server hears. Not here: the
 * words themselves, which come as text and stay text.
 *
 * Invariants: at most `KEPT` lines are kept; what is written is at most 200 bytes; a message that the server would drop
 * for its rate stays in the field.
 */

import { h, replace, setClass, setText, show } from '/client/dom.js';
import { glyphButton } from './glyphs.js';

const KEPT = 200;
const KEPT_OWN = 30;
const MAX_BYTES = 200;
const BURST = 5;
const PER_S = 2;
const FADE_MS = 12_000;
const TABS = { all: 'All', zone: 'Zone', nearby: 'Near', world: 'World', whisper: 'Whispers' };
const SCOPES = ['zone', 'nearby', 'world'];
const SCOPE_WORDS = { zone: 'Zone', nearby: 'Nearby', world: 'World' };
const COMMANDS = { z: 'zone', zone: 'zone', n: 'nearby', near: 'nearby', nearby: 'nearby', g: 'world', world: 'world' };
const HELP = 'Write /zone, /nearby or /world to choose who hears you, /w name text to whisper, /r text to answer a whisper.';

/** What a line is meant to do. A name with spaces stands in quotes.
 * @param {string} line @returns {{ kind: 'say' | 'whisper' | 'answer' | 'choose' | 'help' | 'wrong', scope?: string, name?: string, text?: string }} */
export function readLine(line) {
  const command = /^\/(\S+)\s*(.*)$/su.exec(line);
  if (command === null) return { kind: 'say', text: line };
  const [word, rest] = [command[1].toLowerCase(), command[2].trim()];
  if (word in COMMANDS) {
    const scope = COMMANDS[/** @type {keyof typeof COMMANDS} */ (word)];
    return rest === '' ? { kind: 'choose', scope } : { kind: 'say', scope, text: rest };
  }
  if (word === 'w' || word === 'whisper' || word === 'tell') {
    const whom = /^(?:"([^"]+)"|(\S+))\s+(.+)$/su.exec(rest);
    return whom === null ? { kind: 'wrong', text: 'Whisper so: /w name text' } : { kind: 'whisper', name: whom[1] ?? whom[2], text: whom[3] };
  }
  if (word === 'r' || word === 'reply') return rest === '' ? { kind: 'wrong', text: 'Answer so: /r text' } : { kind: 'answer', text: rest };
  if (word === 'help' || word === '?') return { kind: 'help' };
  return { kind: 'wrong', text: `There is no /${word}. ${HELP}` };
}

export class Chat {
  /** @param {HTMLElement} parent @param {any} world @param {{ meet: (id: number, name: string, x: number, y: number) => void,
   *   now?: () => number }} deeds */
  constructor(parent, world, { meet, now = () => performance.now() }) {
    this.#world = world;
    this.#meet = meet;
    this.#now = now;
    this.#log = h('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': 'What was said', tabindex: '0' });
    this.#tabs = Object.entries(TABS).map(([tab, words]) =>
      h('button', { type: 'button', role: 'tab', data: { tab }, 'aria-selected': String(tab === 'all'), on: { click: () => this.#choose(tab) } }, words));
    this.#scopeButton = h('button', { type: 'button', class: 'scope', title: 'Who hears you (Tab)', on: { click: () => this.#nextScope() } });
    this.field = h('input', { class: 'text', 'aria-label': 'Say something', maxlength: MAX_BYTES, placeholder: 'Enter to write', autocomplete: 'off', enterkeyhint: 'send' });
    this.field.addEventListener('keydown', (event) => this.#key(event));
    this.field.addEventListener('focus', () => setClass(this.element, 'writing', true));
    this.field.addEventListener('blur', () => setClass(this.element, 'writing', false));
    this.element = h('section', { id: 'chat', 'aria-label': 'Talk' },
      h('div', { class: 'tabs', role: 'tablist' }, this.#tabs, glyphButton('close', 'Close the chat', () => this.collapse(), 'quiet fold')),
      this.#log,
      h('form', { on: { submit: (event) => this.#submit(event) } }, this.#scopeButton, this.field));
    parent.append(this.element);
    this.#showScope();
    world.events.on('chat', (heard) => this.#hear(heard));
  }

  #world;
  #meet;
  #now;
  #log;
  #tabs;
  #scopeButton;
  #tab = 'all';
  #scope = 'zone';
  #lastWhisper = '';
  /** @type {string[]} */
  #own = [];
  #recalled = 0;
  #allowed = BURST;
  #allowedMs = 0;
  /** Messages that came while the chat was folded away. */
  unread = 0;

  /** Where one writes. */
  write(text = '') {
    setClass(this.element, 'open', true);
    this.unread = 0;
    if (text !== '') this.field.value = text;
    this.field.focus({ preventScroll: true });
    this.field.setSelectionRange(this.field.value.length, this.field.value.length);
    this.#toEnd();
  }

  /** On narrow pages the chat folds away. */
  collapse() {
    this.field.blur();
    setClass(this.element, 'open', false);
  }

  /** Something for oneself alone. @param {string} text @param {string} [kind] */
  note(text, kind = 'notice') {
    this.#add(kind, [h('span', null, text)]);
  }

  /** A whisper to somebody is begun. @param {string} name */
  whisperTo(name) {
    this.write(`/w ${/\s/u.test(name) ? `"${name}"` : name} `);
  }

  #hear({ scope, speaker, name, text }) {
    if (scope === 'whisper' && speaker !== this.#world.self?.id) this.#lastWhisper = name;
    if (scope === 'notice') return this.note(text);
    const who = h('button', { type: 'button', class: 'who', on: { click: (event) => this.#meet(speaker, name, event.clientX, event.clientY) } }, name || 'Somebody');
    const tag = scope === 'zone' ? null : h('span', { class: 'tag' }, `[${scope === 'whisper' ? 'whispers' : SCOPE_WORDS[scope]}] `);
    this.#add(scope, [tag, who, h('span', null, `: ${text}`)]);
    if (!this.element.classList.contains('open')) this.unread = Math.min(this.unread + 1, 99);
  }

  #add(kind, parts) {
    const atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < 30;
    const line = h('p', { class: kind, data: { kind } }, parts);
    show(line, this.#belongs(kind));
    this.#log.append(line);
    while (this.#log.childElementCount > KEPT) this.#log.firstElementChild?.remove();
    setTimeout(() => setClass(line, 'old', true), FADE_MS);
    if (atEnd) this.#toEnd();
  }

  #belongs(kind) {
    return this.#tab === 'all' || kind === this.#tab || kind === 'notice';
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #choose(tab) {
    this.#tab = tab;
    for (const button of this.#tabs) button.setAttribute('aria-selected', String(button.dataset.tab === tab));
    for (const line of this.#log.children) show(line, this.#belongs(line.dataset.kind));
    if (SCOPES.includes(tab)) this.#setScope(tab);
    this.#toEnd();
  }

  #nextScope() {
    this.#setScope(SCOPES[(SCOPES.indexOf(this.#scope) + 1) % SCOPES.length]);
  }

  #setScope(scope) {
    this.#scope = scope;
    this.#showScope();
  }

  #showScope() {
    setText(this.#scopeButton, SCOPE_WORDS[this.#scope]);
    this.#scopeButton.dataset.scope = this.#scope;
    this.#scopeButton.setAttribute('aria-label', `Heard by: ${SCOPE_WORDS[this.#scope]}. Press to change`);
  }

  #key(event) {
    event.stopPropagation();
    if (event.key === 'Escape') {
      this.field.value = '';
      this.collapse();
    } else if (event.key === 'Tab' && !event.shiftKey) {
      event.preventDefault();
      this.#nextScope();
    } else if ((event.key === 'ArrowUp' || event.key === 'ArrowDown') && this.#own.length > 0) {
      event.preventDefault();
      this.#recalled = Math.min(Math.max(this.#recalled + (event.key === 'ArrowUp' ? 1 : -1), 0), this.#own.length);
      this.field.value = this.#recalled === 0 ? '' : this.#own[this.#own.length - this.#recalled];
    }
  }

  #submit(event) {
    event.preventDefault();
    const line = this.field.value.trim();
    if (line === '') return this.collapse();
    if (new TextEncoder().encode(line).length > MAX_BYTES + 40) return this.note('That is too long for one message.');
    const wish = readLine(line);
    if (wish.kind === 'say' || wish.kind === 'whisper' || wish.kind === 'answer') {
      if (!this.#mayTalk()) return this.note('Slowly: the server hears two messages a second.');
      if (!this.#send(wish)) return;
    } else if (wish.kind === 'choose') this.#setScope(wish.scope);
    else this.note(wish.text ?? HELP);
    this.#own = [...this.#own.slice(1 - KEPT_OWN), line];
    this.#recalled = 0;
    this.field.value = '';
  }

  #send({ kind, scope, name, text }) {
    if (kind === 'say') {
      if (this.#world.say(scope ?? this.#scope, text) === false) return this.note('That did not go out. Try again.'), false;
      return true;
    }
    const whom = kind === 'answer' ? this.#lastWhisper : name;
    if (whom === '') return this.note('Nobody has whispered to you yet.'), true;
    this.#world.whisper(whom, text);
    this.#add('whisper', [h('span', { class: 'tag' }, '[you whisper] '), h('span', { class: 'who' }, whom), h('span', null, `: ${text}`)]);
    return true;
  }

  #mayTalk() {
    const nowMs = this.#now();
    this.#allowed = Math.min(BURST, this.#allowed + ((nowMs - this.#allowedMs) * PER_S) / 1000);
    this.#allowedMs = nowMs;
    if (this.#allowed < 1) return false;
    this.#allowed -= 1;
    return true;
  }
}
