/**
 * What covers the world: death, a lost connection. (The end of a session is the first screen's.)
 *
 * Invariants: at most one of them shows, the gravest; nobody has to press anything to come back from death or from a lost
 * connection.
 */

import { h, setText, show } from '/client/dom.js';
import { speak } from './person.js';
import { glyph } from './glyphs.js';

export class Veils {
  /** @param {HTMLElement} parent @param {{ world: any, info: any }} shell */
  constructor(parent, { world, info }) {
    this.#world = world;
    this.#info = info;
    this.#countdown = h('p', { class: 'hint' });
    this.#lost = h('p', { class: 'hint' });
    this.#deathText = h('p', { class: 'hint' });
    this.#death = h('section', { class: 'screen death', hidden: true, 'aria-label': 'You have fallen' },
      h('div', { class: 'waiting' }, glyph('skull'), h('strong', null, 'You have fallen'), this.#deathText, this.#countdown));
    this.#reconnect = h('section', { class: 'screen dim', id: 'reconnect', hidden: true, role: 'alert' },
      h('div', { class: 'card frame waiting' }, glyph('flame'), h('strong', null, 'The connection is lost'), this.#lost));
    parent.append(this.#death, this.#reconnect);
    world.events.on('queue', (wait) => this.#queued(wait));
  }

  #world;
  #info;
  #death;
  #deathText;
  #countdown;
  #reconnect;
  #lost;
  #diedMs = -1;
  #coins = 0;
  #lostMs = -1;

  /** @param {any} self @param {number} nowMs */
  update(self, nowMs) {
    const { state } = this.#world;
    const isLost = state === 'reconnecting';
    if (isLost && this.#lostMs < 0) this.#lostMs = nowMs;
    if (!isLost) this.#lostMs = -1;
    show(this.#reconnect, isLost && nowMs - this.#lostMs > 300); // shorter ones nobody notices
    if (isLost && this.#lost.textContent === '') setText(this.#lost, 'Finding your way back. Your avatar waits for you.');
    if (!isLost) setText(this.#lost, '');
    this.#updateDeath(self, nowMs, state);
  }

  /** The world is left, and with it all that covered it. */
  lift() {
    this.#diedMs = this.#lostMs = -1;
    show(this.#death, false);
    show(this.#reconnect, false);
  }

  #updateDeath(self, nowMs, state) {
    const dead = self !== null && self.state === this.#info.states.dead && state === 'playing';
    if (dead && this.#diedMs < 0) {
      this.#diedMs = nowMs;
      speak('You have fallen');
    }
    if (self !== null && !dead) {
      this.#diedMs = -1;
      this.#coins = self.private.coins ?? 0;
    }
    show(this.#death, dead);
    if (!dead) return;
    const seconds = this.#info.rules.respawn_ticks / this.#info.protocol.tick_hz - (nowMs - this.#diedMs) / 1000;
    const lost = this.#coins - (self.private.coins ?? 0);
    setText(this.#deathText, lost > 0 ? `${lost === 1 ? 'A coin' : `${lost} coins`} fell from your purse and lie where you fell.` : 'Your things are still yours.');
    setText(this.#countdown, seconds > 0.5 ? `You wake up in ${Math.ceil(seconds)} s` : 'You wake up…');
  }

  #queued({ position, why }) {
    if (this.#world.state !== 'reconnecting') return;
    setText(this.#lost, position > 0 ? `Place ${position} in the queue. ${why ?? ''}` : why || 'The land wakes up again.');
  }
}
