/**
 * The WebSocket to the relay, which is this player's netcode client (docs/protocol.md, the relay).
 *
 * Responsible for: its binary messages, and opening it again. Not here: what is in payloads (`connection.js`), a bad
 * network for tests (`impairment.js`).
 *
 * Invariants: one WebSocket serves all connection rows; what is sent while it is not open is lost, as on any network, but
 * for connections that are begun: those wait until it opens.
 */

const OPEN = 0;
const DATA = 1;
const CLOSE = 2;
const STATE = 0;
const SOCKET_OPEN = 1;

/**
 * @typedef {object} RelayListener
 * @property {(row: number, state: number, reason: number) => void} state
 * @property {(row: number, payload: Uint8Array) => void} payload
 * @property {() => void} lost  the WebSocket ended by itself
 */

/** @param {string} url */
export function openWebSocket(url) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  return socket;
}

export class RelaySocket {
  /** @param {(url: string) => WebSocket} openSocket @param {RelayListener} listener */
  constructor(openSocket, listener) {
    /** How often a WebSocket was opened. */
    this.numOpened = 0;
    this.#openSocket = openSocket;
    this.#listener = listener;
  }

  #openSocket;
  #listener;
  /** @type {WebSocket | null} */
  #socket = null;
  #url = '';
  /** @type {Uint8Array[]} */
  #waiting = [];

  /** Makes sure that there is a WebSocket to this relay. @param {string} url */
  connect(url) {
    if (this.#socket !== null && this.#url === url) return;
    this.disconnect();
    this.#url = url;
    this.numOpened++;
    const socket = this.#openSocket(url);
    this.#socket = socket;
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      for (const message of this.#waiting.splice(0)) socket.send(message);
    };
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#take(new Uint8Array(event.data));
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#waiting = [];
      this.#listener.lost();
    };
    socket.onerror = () => {};
  }

  /** Ends it without a word to the listener. */
  disconnect() {
    const socket = this.#socket;
    this.#socket = null;
    this.#waiting = [];
    socket?.close();
  }

  /** Begins a connection on a row. @param {number} row @param {Uint8Array} token  2048 bytes */
  open(row, token) {
    const message = framed(OPEN, row, token);
    if (this.#isOpen) this.#socket.send(message);
    else this.#waiting.push(message);
  }

  /** @param {number} row @param {Uint8Array} payload */
  sendPayload(row, payload) {
    if (this.#isOpen) this.#socket.send(framed(DATA, row, payload));
  }

  /** Ends a connection. @param {number} row */
  close(row) {
    if (this.#isOpen) this.#socket.send(new Uint8Array([CLOSE, row]));
  }

  get #isOpen() {
    return this.#socket !== null && this.#socket.readyState === SOCKET_OPEN;
  }

  /** @param {Uint8Array} message */
  #take(message) {
    if (message.length === 4 && message[0] === STATE) this.#listener.state(message[1], message[2], message[3]);
    else if (message.length > 2 && message[0] === DATA) this.#listener.payload(message[1], message.subarray(2));
  }
}

function framed(kind, row, body) {
  const message = new Uint8Array(2 + body.length);
  message[0] = kind;
  message[1] = row;
  message.set(body, 2);
  return message;
}
