/**
 * A bad network at the browser's side, for tests and demonstrations: `?delay=100&loss=3&jitter=20&seed=1`.
 *
 * Responsible for: delaying and losing payloads both ways, as UDP would. Delay and jitter are milliseconds one way, loss
 * is percent. Not here: the WebSocket itself.
 *
 * Invariants: seeded, so that a run can be repeated; only payloads are lost or overtake each other, what opens and closes
 * connections comes in order.
 */

import { openWebSocket } from './relay_socket.js';

const DATA = 1;

/** @typedef {{ delay: number, jitter: number, loss: number, seed: number }} Impairment */

/** Null if the page asks for none. @param {string} search  of the page's address @returns {Impairment | null} */
export function parseImpairment(search) {
  const wanted = new URLSearchParams(search);
  const number = (name, most) => Math.min(Math.max(Number(wanted.get(name)) || 0, 0), most);
  const found = {
    delay: number('delay', 10_000),
    jitter: number('jitter', 10_000),
    loss: number('loss', 100),
    seed: number('seed', 2 ** 32 - 1) || 1,
  };
  return found.delay || found.jitter || found.loss ? found : null;
}

/** How a page of this address opens WebSockets. @param {string} search @returns {(url: string) => WebSocket} */
export function socketsFor(search) {
  const impairment = parseImpairment(search);
  return impairment === null ? openWebSocket : impaired(openWebSocket, impairment);
}

/** Numbers 0 to below 1 from a seed. @param {number} seed @returns {() => number} */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A way to open WebSockets on which the network is bad. @param {(url: string) => WebSocket} openSocket
 * @param {Impairment} impairment @param {(call: () => void, ms: number) => void} [later] */
export function impaired(openSocket, impairment, later = (call, ms) => setTimeout(call, ms)) {
  const random = seeded(impairment.seed);
  return (url) => new ImpairedSocket(openSocket(url), impairment, random, later);
}

/** The part of a WebSocket that `relay_socket.js` uses. */
class ImpairedSocket {
  constructor(socket, impairment, random, later) {
    this.onopen = null;
    this.onmessage = null;
    this.onclose = null;
    this.onerror = null;
    this.#socket = socket;
    this.#impairment = impairment;
    this.#random = random;
    this.#later = later;
    socket.onopen = (event) => this.onopen?.(event);
    socket.onclose = (event) => this.onclose?.(event);
    socket.onerror = (event) => this.onerror?.(event);
    socket.onmessage = (event) => {
      const data = new Uint8Array(event.data);
      this.#pass(data[0] === DATA, () => this.onmessage?.(event));
    };
  }

  #socket;
  #impairment;
  #random;
  #later;

  get readyState() {
    return this.#socket.readyState;
  }

  /** @param {Uint8Array} message */
  send(message) {
    this.#pass(message[0] === DATA, () => {
      if (this.#socket.readyState === 1) this.#socket.send(message);
    });
  }

  close() {
    this.#socket.close();
  }

  #pass(isData, deliver) {
    const { delay, jitter, loss } = this.#impairment;
    if (isData && this.#random() * 100 < loss) return;
    const ms = isData ? delay + this.#random() * jitter : delay;
    if (ms > 0) this.#later(deliver, ms);
    else deliver();
  }
}
