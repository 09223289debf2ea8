/**
 * The player's connections: the present one, and others that wait for their welcome (section 4.1).
 *
 * Responsible for: which row the player plays through, which wait in which zone, when one of those takes over, and when
 * a fresh token is needed. Not here: asking for it (`world_client.js`), payloads (`connection.js`).
 *
 * Invariants: inputs leave through the present row only; the others send nothing until the welcome comes to one of them:
 * it takes over at once, and all others are closed. Inputs are numbered through the session, so a change of rows loses
 * none and doubles none.
 */

import { CONNECTED, CONNECTING, Connection, ENDED } from './connection.js';
import { InputQueue } from './inputs.js';

/** The present connection, and one for each of the three zones that meet its own at a corner. */
const ROWS = 4;
/** Who heard nothing for so long needs a fresh token; so long may the first welcome take. */
const SILENCE_MS = 500;
const FIRST_WORD_MS = 3000;
/** So long after the present connection was lost, one that waits may still be made welcome. */
const GRACE_MS = 500;
/** A page that stood still for longer did not hear, and was not silent either. */
const LONGEST_FRAME_MS = 100;

/**
 * @typedef {object} Listener
 * @property {(message: import('./messages.js').Told) => void} told  a message on the present connection
 * @property {(connection: Connection) => void} entered  welcome: the player is in `connection.zone` now
 * @property {(connection: Connection, newest: boolean) => void} snapshot
 */

export class Session {
  /** @param {import('./connection.js').Sizes} info @param {import('./relay_socket.js').RelaySocket} socket
   * @param {Listener} listener */
  constructor(info, socket, listener) {
    this.inputs = new InputQueue();
    this.row = 0;
    /** Input-ticks that were made and that no server will ever apply. */
    this.inputsLost = 0;
    /** @type {(Connection | null)[]} */
    this.connections = new Array(ROWS).fill(null);
    this.#info = info;
    this.#socket = socket;
    this.#listener = listener;
  }

  #info;
  #socket;
  #listener;
  /** By zone: the row that waits there, oldest first. @type {Map<string, number>} */
  #waiting = new Map();
  #silentMs = 0;
  #lostMs = -1;
  #beganMs = 0;
  #joinedOnce = false;
  #tickedMs = 0;

  /** The connection that the player plays through. */
  get present() {
    return this.connections[this.row];
  }

  get joined() {
    return this.present !== null && this.present.joined && this.present.state === CONNECTED;
  }

  /** Begins anew. @param {Uint8Array} token @param {number} nowMs */
  start(token, nowMs) {
    for (let row = 0; row < ROWS; row++) if (row !== this.row) this.#close(row);
    this.#waiting.clear();
    this.#joinedOnce = false;
    this.#lostMs = -1;
    this.#silentMs = 0;
    this.#begin(this.row, token, nowMs);
  }

  /** Waits at `zone` for a welcome, instead of any that waits there. @param {string} zone @param {Uint8Array} token
   * @param {number} nowMs */
  waitAt(zone, token, nowMs) {
    let row = this.#waiting.get(zone);
    this.#waiting.delete(zone);
    if (row === undefined && this.#waiting.size === ROWS - 1) this.letGo(this.#waiting.keys().next().value);
    const taken = new Set([this.row, ...this.#waiting.values()]);
    row ??= [0, 1, 2, 3].find((one) => !taken.has(one));
    this.#waiting.set(zone, row);
    this.#beganMs = nowMs;
    this.#begin(row, token, nowMs);
  }

  /** The present connection is lost: waits with a fresh token, and nowhere else. Nothing is closed before the welcome,
   * for a closed connection takes its avatar along. @param {Uint8Array} token @param {number} nowMs */
  comeBack(token, nowMs) {
    const again = this.#waiting.get('');
    this.#waiting.clear();
    if (again !== undefined) this.#waiting.set('', again);
    this.waitAt('', token, nowMs);
  }

  /** Does not wait at `zone` any more. @param {string} zone */
  letGo(zone) {
    const row = this.#waiting.get(zone);
    if (row === undefined) return;
    this.#waiting.delete(zone);
    this.#close(row);
  }

  /** Leaves for good. */
  leave() {
    for (let row = 0; row < ROWS; row++) this.#close(row);
    this.#waiting.clear();
  }

  /** The relay is gone, and with it every connection. */
  lose() {
    for (const connection of this.connections) if (connection !== null) connection.state = ENDED;
    this.#waiting.clear();
  }

  /** What the relay says of a row. @param {number} row @param {number} state */
  takeState(row, state) {
    const connection = this.connections[row] ?? null;
    if (connection !== null && connection.state !== ENDED) connection.state = state;
  }

  /** A payload came on a row. @param {number} row @param {Uint8Array} payload @param {number} nowMs */
  takePayload(row, payload, nowMs) {
    const connection = this.connections[row] ?? null;
    if (connection === null || connection.state === ENDED) return;
    connection.state = CONNECTED;
    const outcome = connection.receive(payload, nowMs);
    if (outcome === null || row !== this.row || connection !== this.connections[row]) return;
    this.#silentMs = 0;
    if (outcome.snapshot === null) return;
    if (outcome.newest && connection.joined) this.inputs.confirm(connection.newest.lastInput);
    this.#listener.snapshot(connection, outcome.newest);
  }

  /** Lets time pass; true when a fresh token should be asked for. It stays true until `start` or `comeBack`, and after
   * those for as long as no welcome comes. @param {number} nowMs */
  needsToken(nowMs) {
    const passedMs = Math.min(nowMs - this.#tickedMs, LONGEST_FRAME_MS);
    this.#tickedMs = nowMs;
    const { present } = this;
    if (present === null) return false;
    this.#silentMs += passedMs;
    const patienceMs = this.present.joined ? SILENCE_MS : FIRST_WORD_MS;
    if (present.state !== ENDED && this.#silentMs <= patienceMs) {
      this.#lostMs = -1;
      return false;
    }
    if (this.#lostMs < 0) this.#lostMs = nowMs;
    const waits = [...this.#waiting.values()].some((row) => this.connections[row].state !== ENDED);
    return !waits || nowMs > Math.max(this.#lostMs, this.#beganMs) + GRACE_MS;
  }

  /** Sends what the present connection has to say now; returns how many bytes that is. @param {number} nowMs @param {number[]} whois @param {number} renderTicksBack */
  send(nowMs, whois, renderTicksBack) {
    const { present } = this;
    if (present === null || present.state !== CONNECTED) return 0;
    const payload = present.write(this.inputs, renderTicksBack, whois, nowMs);
    this.#socket.sendPayload(this.row, payload);
    return payload.length;
  }

  #begin(row, token, nowMs) {
    const connection = new Connection(this.#info, nowMs, (message) => this.#take(row, connection, message));
    this.connections[row] = connection;
    this.#socket.open(row, token);
  }

  #take(row, connection, message) {
    if (this.connections[row] !== connection) return;
    if (message.type === 'welcome') this.#welcome(row, connection, message);
    if (row === this.row) this.#listener.told(message);
  }

  /** `connection` was made welcome: if it waited, it is the present one from now on. */
  #welcome(row, connection, message) {
    const former = this.present;
    if (row !== this.row) {
      if (![...this.#waiting.values()].includes(row)) return;
      this.row = row;
      if (former !== null) connection.clock.carryPace(former.clock);
      this.#waiting.clear();
      for (let other = 0; other < ROWS; other++) if (other !== row) this.#close(other);
    }
    if (this.#joinedOnce) this.inputsLost += this.inputs.carryOn(message.lastInput);
    else this.inputs.start(message.lastInput);
    this.#joinedOnce = true;
    this.#silentMs = 0;
    this.#lostMs = -1;
    this.#listener.entered(connection);
  }

  #close(row) {
    const connection = this.connections[row];
    if (connection === null) return;
    if (connection.state === CONNECTING || connection.state === CONNECTED) this.#socket.close(row);
    connection.state = ENDED;
    this.connections[row] = row === this.row ? connection : null;
  }
}
