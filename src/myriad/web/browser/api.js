/**
 * The gateway's HTTP requests that a player needs (docs/gateway.md).
 *
 * Responsible for: asking, and errors as `ApiError`. Not here: when to ask (`world_client.js`).
 *
 * Invariant: every failure is an ApiError; status 0: nobody answered.
 */

const PATIENCE_MS = 10_000;

export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message @param {number} retryS */
  constructor(status, code, message, retryS) {
    super(message);
    this.status = status;
    this.code = code;
    /** When to ask again, 0: no word of it. */
    this.retryS = retryS;
  }
}

export class Api {
  /** @param {string} origin @param {typeof fetch} [ask] */
  constructor(origin, ask = (url, options) => fetch(url, options)) {
    /** Of who is logged in. */
    this.sessionToken = '';
    this.#origin = origin.replace(/\/$/, '');
    this.#ask = ask;
  }

  #origin;
  #ask;

  /** Without a password: a guest. @param {string} name @param {string} [password] */
  async login(name, password) {
    const answer = await this.#post('/v1/login', password === undefined ? { name } : { name, password });
    this.sessionToken = answer.body.session_token;
    return answer.body;
  }

  /** @param {string} name @param {string} password */
  async register(name, password) {
    const answer = await this.#post('/v1/register', { name, password });
    this.sessionToken = answer.body.session_token;
    return answer.body;
  }

  async characters() {
    return (await this.#request('GET', '/v1/characters')).body.characters;
  }

  /** @param {string} name */
  async createCharacter(name) {
    return (await this.#post('/v1/characters', { name })).body;
  }

  /** @param {number} character */
  async deleteCharacter(character) {
    await this.#request('DELETE', `/v1/characters/${character}`);
  }

  /** A token (status 200), or a place in the queue (202). @param {number | undefined} character
   * @param {[number, number] | undefined} spawn @returns {Promise<{ status: number, body: any }>} */
  play(character, spawn) {
    return this.#post('/v1/play', { ...(character && { character }), ...(spawn && { spawn }) });
  }

  /** As `play`, back into the avatar. @param {number} character @param {string} session */
  resume(character, session) {
    return this.#post('/v1/resume', { character, session });
  }

  async game() {
    return (await this.#request('GET', '/v1/game')).body;
  }

  async world() {
    return (await this.#request('GET', '/v1/world')).body;
  }

  #post(path, body) {
    return this.#request('POST', path, body);
  }

  async #request(method, path, body) {
    const headers = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (this.sessionToken) headers.authorization = `Bearer ${this.sessionToken}`;
    let response;
    let text;
    try {
      response = await this.#ask(this.#origin + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      text = await response.text();
    } catch (error) {
      throw new ApiError(0, 'no_answer', 'the world does not answer', 1);
    }
    const answer = parsed(text);
    if (response.ok) return { status: response.status, body: answer };
    const { code = 'error', message = `status ${response.status}` } = answer?.error ?? {};
    throw new ApiError(response.status, code, message, Number(response.headers.get('retry-after')) || 0);
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {string} base64 @returns {Uint8Array} */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
