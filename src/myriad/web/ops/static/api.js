// The JSON API of the gateway, as the page asks it.
//
// Responsible for: requests with the token, their time limit, errors as one kind.
// Not here: when to ask (`live.js`).
//
// Invariants: the token is in the page's session and in headers, never in an address or in the page; a request always
// ends, by an answer, an error or its time limit.

const KEPT_AS = "myriad.ops.token";
const WITHIN_MS = 8000;

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** True if another token is needed. */
  get denied() {
    return this.status === 401 || this.status === 403;
  }
}

/** Takes `?token=` out of the address into the session. */
export function takeToken(location, history, storage) {
  const address = new URL(location.href);
  const token = address.searchParams.get("token");
  if (token === null) return;
  storage.setItem(KEPT_AS, token);
  address.searchParams.delete("token");
  history.replaceState(null, "", address.pathname + address.search + address.hash);
}

export class Api {
  constructor(storage) {
    this.storage = storage;
  }

  set token(text) {
    this.storage.setItem(KEPT_AS, text);
  }

  get(path, signal, withinMs = WITHIN_MS) {
    return this.#ask(path, { method: "GET" }, signal, withinMs);
  }

  post(path, body) {
    const options = { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.#ask(path, options, undefined, WITHIN_MS * 2);
  }

  async #ask(path, options, signal, withinMs) {
    const limit = AbortSignal.timeout(withinMs);
    const token = this.storage.getItem(KEPT_AS);
    const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const ends = signal ? AbortSignal.any([signal, limit]) : limit;
    let answer;
    let body;
    try {
      answer = await fetch(path, { ...options, headers, signal: ends, cache: "no-store", credentials: "omit" });
      body = await answer.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw new ApiError(answer?.status ?? 0, "unreachable", "the gateway does not answer");
    }
    if (answer.ok) return body;
    const told = body?.error ?? {};
    throw new ApiError(answer.status, told.code ?? "error", told.message ?? `answered ${answer.status}`);
  }
}
