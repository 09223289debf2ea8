/**
 * The way into the world, and the way back after a lost connection: tokens from the gateway.
 *
 * Responsible for: asking until there is a token, or none will come. Not here: requests (`api.js`), connections
 * (`session.js`).
 *
 * Invariants: one question at a time; who is refused for good is told so, everything else is tried again.
 */

import { ApiError } from './api.js';

const RETRY_S = 0.5;

/**
 * @typedef {object} Grant  a token, and where it leads
 * @property {string} token
 * @property {string} session
 * @property {number} character
 * @property {string} name
 * @property {string} zone
 * @property {string} relay
 */

export class WayIn {
  /** @param {import('./api.js').Api} api @param {(wait: any) => void} queued  told what the queue says
   * @param {(call: () => void, ms: number) => any} later */
  constructor(api, queued, later) {
    /** Who plays, and in which session. */
    this.character = 0;
    this.name = '';
    this.#api = api;
    this.#queued = queued;
    this.#later = later;
  }

  #api;
  #queued;
  #later;
  #session = '';
  #asking = false;
  #askAtMs = -Infinity;

  /** Into the world. Raises ApiError. @param {number | undefined} character @param {[number, number] | undefined} spawn
   * @returns {Promise<Grant>} */
  enter(character, spawn) {
    return this.#until(() => this.#api.play(character, spawn));
  }

  /** True if nothing is being asked, and it is time to. @param {number} nowMs */
  isFree(nowMs) {
    return !this.#asking && nowMs >= this.#askAtMs;
  }

  /** Back into the avatar, or into the world anew if that is gone. Null: ask again later; raises ApiError where that is
   * of no use. @param {() => number} now @returns {Promise<Grant | null>} */
  async comeBack(now) {
    this.#asking = true;
    let retryS = RETRY_S;
    try {
      return await this.#backOrAnew();
    } catch (error) {
      if (!(error instanceof ApiError) || [400, 401, 403, 404].includes(error.status)) throw error;
      retryS = Math.max(error.retryS, RETRY_S);
      return null;
    } finally {
      this.#asking = false;
      this.#askAtMs = now() + retryS * 1000;
    }
  }

  async #backOrAnew() {
    try {
      return await this.#until(() => this.#api.resume(this.character, this.#session));
    } catch (error) {
      if (error.code !== 'not_playing') throw error;
      return this.enter(this.character, undefined);
    }
  }

  /** @param {() => Promise<{ status: number, body: any }>} ask */
  async #until(ask) {
    for (;;) {
      const { status, body } = await ask();
      if (status === 200) {
        this.character = body.character;
        this.name = body.name;
        this.#session = body.session;
        return body;
      }
      this.#queued(body);
      await new Promise((resolve) => this.#later(resolve, body.retry_after_s * 1000));
    }
  }
}
