/**
 * The way into the game: guest, login, a new account, characters, waiting, and the way back in after a goodbye.
 *
 * Responsible for: these screens, and asking the client to log in and to play. Not here: the client, the world.
 *
 * Invariant: one request at a time; whatever fails is said on the screen, and can be tried again.
 */

import { h, replace, setText, show } from '/client/dom.js';
import { glyph } from './glyphs.js';
import { paintDusk } from './dusk.js';

const NAME = 'emberdale.name';
const MAX_NAME_BYTES = 24;

/** @typedef {{ guests: boolean, connected: number, zones: { name: string, layers: any[] }[] } | null} WorldState */

export class StartScreen {
  /** @param {HTMLElement} parent @param {any} world  a WorldClient @param {Storage | null} storage
   * @param {() => void} restart  the page anew, for somebody else */
  constructor(parent, world, storage, restart) {
    this.#world = world;
    this.#storage = storage;
    this.#restart = restart;
    this.#backdrop = h('canvas', { class: 'backdrop', 'aria-hidden': 'true' });
    this.#body = h('div', { class: 'card frame' });
    this.#online = h('p', { class: 'online' });
    const logo = h('div', { class: 'logo' }, h('h1', null, 'Emberdale'), h('p', null, 'Many lands. One world. Everybody in it.'));
    this.element = h('main', { class: 'screen night', id: 'start' }, this.#backdrop, logo, this.#body, this.#online);
    parent.append(this.element);
    world.events.on('queue', (wait) => this.#showQueue(wait));
  }

  #world;
  #storage;
  #backdrop;
  #body;
  #online;
  #restart;
  /** @type {() => void} */
  #stopDusk = () => {};
  /** Who entered. @type {{ character?: number }} */
  #entrant = {};
  #busy = false;
  #guests = true;
  #mode = 'guest';
  /** @type {(() => void) | null} */
  #entered = null;

  /** Shows the first screen; resolves once the player is in the world. @param {WorldState} state */
  open(state, problem = '') {
    this.#guests = state?.guests ?? true;
    this.#mode = this.#guests ? 'guest' : 'login';
    this.#showOnline(state);
    this.#showForm(problem);
    return this.#show();
  }

  /** The world said goodbye: why, and the way back in. Resolves once the player is in the world again.
   * @param {string} reason */
  openAgain(reason) {
    const again = h('button', { class: 'button first', type: 'button', on: { click: () => this.#try(() => this.#play(this.#entrant)) } }, 'Play here again');
    replace(
      this.#body, h('div', { class: 'waiting', role: 'alertdialog', 'aria-label': 'You have left the world' },
        glyph('flame'), h('strong', null, 'You have left the world'), h('p', null, sentence(reason || 'the world said goodbye')),
        again, h('button', { class: 'button small', type: 'button', on: { click: this.#restart } }, 'Back to the start')),
    );
    const entered = this.#show();
    again.focus();
    return entered;
  }

  #show() {
    this.#stopDusk();
    this.#stopDusk = paintDusk(this.#backdrop);
    show(this.element, true);
    return new Promise((resolve) => (this.#entered = () => resolve(undefined)));
  }

  /** A guest of this name, at once; a new one at that place, where players may choose. @param {string} name
   * @param {[number, number] | undefined} spawn */
  async openAs(name, spawn) {
    const entered = this.open(null);
    await this.#try(async () => {
      this.#showWaiting('Entering as a guest', name);
      await this.#world.login({ name });
      await this.#play(spawn === undefined ? {} : { spawn });
    });
    return entered;
  }

  #showOnline(state) {
    if (state === null) return setText(this.#online, '');
    const running = state.zones.filter((zone) => zone.layers.length > 0).length;
    const crowd = state.connected === 1 ? '1 adventurer' : `${state.connected} adventurers`;
    setText(this.#online, `${crowd} in the world · ${running} of ${state.zones.length} lands awake`);
  }

  // Forms.

  #showForm(problem = '') {
    const modes = this.#guests ? { guest: 'Play now', login: 'Log in', register: 'New account' } : { login: 'Log in', register: 'New account' };
    const tabs = Object.entries(modes).map(([mode, words]) =>
      h('button', { type: 'button', role: 'tab', 'aria-selected': String(mode === this.#mode), on: { click: () => this.#choose(mode) } }, words),
    );
    const isGuest = this.#mode === 'guest';
    const isNew = this.#mode === 'register';
    const name = field('Name', {
      name: 'name', autocomplete: isGuest ? 'nickname' : 'username', maxlength: MAX_NAME_BYTES, required: true, spellcheck: 'false',
      autocapitalize: 'words', placeholder: 'Who are you?', value: this.#storage?.getItem(NAME) ?? '',
    });
    const password = field('Password', {
      name: 'password', type: 'password', required: true, minlength: isNew ? 8 : null,
      autocomplete: isNew ? 'new-password' : 'current-password', placeholder: isNew ? '8 characters or more' : '',
    });
    const wrong = h('p', { class: 'wrong', role: 'alert' }, problem);
    const verb = { guest: 'Enter the world', login: 'Log in', register: 'Make account' }[this.#mode];
    const note = isGuest
      ? 'No password: whoever brings this name plays this character. Make an account to keep it yours.'
      : this.#guests ? '' : 'This world takes no guests: log in, or make an account.';
    const form = h(
      'form', { on: { submit: (event) => this.#submit(event, form, wrong) } },
      name, isGuest ? null : password, wrong,
      h('button', { class: 'button first', type: 'submit' }, verb),
      note === '' ? null : h('p', { class: 'hint' }, note),
    );
    replace(this.#body, h('div', { class: 'tabs', role: 'tablist' }, tabs), form);
    const first = name.querySelector('input');
    if (matchMedia('(pointer: fine)').matches) first.focus();
  }

  #choose(mode) {
    this.#mode = mode;
    this.#showForm();
  }

  /** @param {Event} event @param {HTMLFormElement} form @param {HTMLElement} wrong */
  async #submit(event, form, wrong) {
    event.preventDefault();
    if (this.#busy) return;
    const given = new FormData(form);
    const name = String(given.get('name')).trim();
    const password = String(given.get('password') ?? '');
    if (name === '' || new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
      return setText(wrong, `A name has 1 to ${MAX_NAME_BYTES} bytes: letters with accents count as two.`);
    }
    this.#storage?.setItem(NAME, name);
    await this.#try(async () => {
      const mode = this.#mode;
      this.#showWaiting(mode === 'register' ? 'Making your account' : 'Logging in', name);
      if (mode === 'guest') await this.#world.login({ name });
      else if (mode === 'login') await this.#world.login({ name, password });
      else await this.#world.register({ name, password });
      if (mode === 'guest') await this.#play({});
      else await this.#showCharacters();
    });
  }

  /** @param {() => Promise<void>} run */
  async #try(run) {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await run();
    } catch (error) {
      if (error?.code === 'not_allowed') [this.#guests, this.#mode] = [false, 'login'];
      this.#showForm(sentence(error));
    } finally {
      this.#busy = false;
    }
  }

  // Characters.

  async #showCharacters(problem = '') {
    const characters = await this.#world.characters();
    const list = characters.map((one) =>
      h('li', null,
        h('div', { class: 'who' }, h('b', null, one.name), h('span', null, one.playing ? `in the world, ${one.zone}` : one.zone)),
        h('button', { class: 'button first small', type: 'button', on: { click: () => this.#try(() => this.#play({ character: one.character })) } }, 'Play'),
        h('button', { class: 'button bad small', type: 'button', disabled: one.playing, 'aria-label': `Delete ${one.name}`, on: { click: () => this.#askDelete(one) } }, 'Delete'),
      ),
    );
    const name = h('input', { class: 'text', name: 'name', maxlength: MAX_NAME_BYTES, required: true, placeholder: 'Name of a new character', 'aria-label': 'Name of a new character', spellcheck: 'false' });
    const create = h('form', { on: { submit: (event) => this.#create(event, name) } }, name, h('button', { class: 'button', type: 'submit' }, 'Create'));
    replace(
      this.#body, h('h2', null, 'Your characters'),
      list.length > 0 ? h('ul', { class: 'characters' }, list) : h('p', { class: 'hint' }, 'Nobody yet. Who will you be?'),
      create, h('p', { class: 'wrong', role: 'alert' }, problem),
      h('button', { class: 'button small', type: 'button', on: { click: () => this.#showForm() } }, 'Back'),
    );
  }

  async #create(event, field) {
    event.preventDefault();
    const name = field.value.trim();
    if (name !== '') await this.#ask(() => this.#world.createCharacter(name));
  }

  #askDelete(one) {
    replace(
      this.#body, h('h2', null, `Delete ${one.name}?`),
      h('p', null, 'For good, with everything that it holds.'),
      h('div', { class: 'row' },
        h('button', { class: 'button', type: 'button', on: { click: () => this.#ask(async () => {}) } }, 'Keep'),
        h('button', { class: 'button bad', type: 'button', on: { click: () => this.#ask(() => this.#world.deleteCharacter(one.character)) } }, 'Delete'),
      ),
    );
  }

  /** Something about characters, and then their list. @param {() => Promise<void>} run */
  async #ask(run) {
    await this.#try(async () => {
      let problem = '';
      try {
        await run();
      } catch (error) {
        if (error?.status === 401) throw error;
        problem = sentence(error);
      }
      await this.#showCharacters(problem);
    });
  }

  // Into the world.

  /** @param {{ character?: number, spawn?: [number, number] }} wish */
  async #play(wish) {
    const { spawn, ...entrant } = wish;
    this.#entrant = entrant;
    this.#showWaiting('Entering the world', 'Finding your place…');
    await this.#world.play(wish);
    show(this.element, false);
    this.#stopDusk();
    this.#entered?.();
  }

  #showWaiting(title, text) {
    replace(this.#body, h('div', { class: 'waiting', role: 'status' }, glyph('flame'), h('strong', null, title), h('p', { class: 'hint' }, text)));
  }

  #showQueue({ position, estimate_s: seconds, why }) {
    if (this.element.hidden) return;
    if (!(position > 0)) return this.#showWaiting('The land wakes up', why || 'It will take some seconds.');
    const about = seconds === null || seconds === undefined ? '' : `, about ${Math.max(1, Math.round(seconds))} s`;
    this.#showWaiting(`Place ${position} in the queue`, `${why || 'The world is full'}${about}. You enter by yourself.`);
  }
}

function field(words, properties) {
  return h('label', { class: 'field' }, h('span', null, words), h('input', properties));
}

/** What went wrong, for a person. @param {any} error */
export function sentence(error) {
  const text = String(error?.message ?? error);
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}
