/**
 * What a player has to do with others: trade, talk, what the server promises, and what goes on in the world.
 *
 * Responsible for: keeping how these stand. Not here: bytes (`messages.js`), delivery (`channels.js`).
 */

import * as messages from './messages.js';
import { CHANNEL_INVENTORY } from './numbers.js';

/** The trade as it stands, and what one may do about it. */
export class Trade {
  /** @param {(channel: number, body: Uint8Array) => boolean} tell */
  constructor(tell) {
    /** '' (never any), 'asked', 'open', 'done' or 'cancelled' */
    this.state = '';
    this.partner = 0;
    this.version = 0;
    this.confirmed = false;
    this.partnerConfirmed = false;
    /** @type {messages.Amount[]} */
    this.mine = [];
    /** @type {messages.Amount[]} */
    this.theirs = [];
    this.#tell = tell;
  }

  #tell;

  /** The player was made welcome: a trade does not outlive the connection. True if there was one. */
  arrive() {
    if (this.state !== 'asked' && this.state !== 'open') return false;
    this.state = 'cancelled';
    return true;
  }

  /** @param {messages.Told} told */
  take(told) {
    const { state, partner, version, confirmed, partnerConfirmed, mine, theirs } = told;
    Object.assign(this, { state, partner, version, confirmed, partnerConfirmed, mine, theirs });
  }

  /** Asks a player close by, or accepts that one's asking. @param {number} id */
  ask(id) {
    return this.#tell(CHANNEL_INVENTORY, messages.askTrade(id));
  }

  /** All that I would give. @param {messages.Amount[]} amounts */
  offer(amounts) {
    return this.#tell(CHANNEL_INVENTORY, messages.offer(amounts));
  }

  /** Agrees to the trade as it stands in `version`. @param {number} [version] */
  confirm(version = this.version) {
    return this.#tell(CHANNEL_INVENTORY, messages.confirmTrade(version));
  }

  cancel() {
    return this.#tell(CHANNEL_INVENTORY, messages.cancelTrade());
  }
}

/** What began in the world and has not ended. */
export class Running {
  constructor() {
    /** By number. @type {Map<number, messages.Told>} */
    this.events = new Map();
  }

  /** Before the welcome's events come. @type {Map<number, messages.Told>} */
  #before = new Map();

  /** The player was made welcome: events that go on are told anew. */
  arrive() {
    this.#before = this.events;
    this.events = new Map();
  }

  /** True if that is news. @param {messages.Told} event */
  take(event) {
    const known = this.#before.has(event.number) || this.events.has(event.number);
    this.#before.delete(event.number);
    this.events.delete(event.number);
    if (event.started) this.events.set(event.number, event);
    return !known || !event.started;
  }
}
