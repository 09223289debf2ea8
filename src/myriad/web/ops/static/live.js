// What is known of the world, kept new.
//
// Responsible for: asking the API again and again (world, history, events, one zone), in which state the link to the
// gateway is, resting while nobody looks, coming back by itself.
// Not here: requests (`api.js`), what is drawn.
//
// Invariants: one request of a kind is under way at a time; a hidden tab asks nothing; a loop never ends.

const WORLD_MS = 1000;
const HISTORY_MS = 5000;
const ZONE_MS = 1000;
const WAIT_S = 25;
const REST_AT_LEAST_MS = 200;
const LONGEST_REST_MS = 5000;
const STALE_AFTER_MS = 3500;
const KEPT_EVENTS = 1000;
const HOUR_S = 3600;

export class Live {
  #listeners = new Map();
  #sleepers = new Set();
  #waiting = [];
  #ending = new AbortController();
  #open = true;
  #denied = false;
  #heardMs = null;
  #failure = null;
  #after = null;
  #zone = null;

  constructor(api, page) {
    this.api = api;
    this.page = page;
    this.world = null;
    this.history = null;
    this.events = [];
    page.addEventListener("visibilitychange", () => this.#judgeGate());
  }

  on(name, run) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), run]);
  }

  start() {
    this.#judgeGate();
    this.#loop((signal) => this.#askWorld(signal), WORLD_MS);
    this.#loop((signal) => this.#askHistory(signal), HISTORY_MS);
    this.#loop((signal) => this.#askEvents(signal), REST_AT_LEAST_MS);
    this.#loop((signal) => this.#askZone(signal), ZONE_MS);
  }

  /** Which zone's page is open: `{zone, layer}` or null. */
  watchZone(zone) {
    this.#zone = zone;
    this.#wake();
  }

  /** After an action, or with a new token: everything is asked at once. */
  hurry() {
    this.#denied = false;
    this.#judgeGate();
    this.#wake();
  }

  /** How the gateway is reached: `{state, ageS, message}`; states: connecting, live, stale, away, denied, paused. */
  link() {
    const ageS = this.#heardMs === null ? null : (performance.now() - this.#heardMs) / 1000;
    const message = this.#failure?.message ?? "";
    if (this.#denied) return { state: "denied", ageS, message };
    if (!this.#open) return { state: "paused", ageS, message };
    if (this.#failure) return { state: "away", ageS, message };
    if (ageS === null) return { state: "connecting", ageS, message };
    return { state: ageS * 1000 > STALE_AFTER_MS ? "stale" : "live", ageS, message };
  }

  #tell(name, value) {
    for (const run of this.#listeners.get(name) ?? []) run(value);
  }

  #judgeGate() {
    const open = this.page.visibilityState !== "hidden" && !this.#denied;
    if (open === this.#open) return;
    this.#open = open;
    if (open) {
      this.#ending = new AbortController();
      if (!this.#failure) this.#heardMs &&= performance.now();
      for (const go of this.#waiting.splice(0)) go();
    } else {
      this.#ending.abort();
      this.#wake();
    }
    this.#tell("link", this.link());
  }

  #gate() {
    return this.#open ? undefined : new Promise((go) => this.#waiting.push(go));
  }

  #wake() {
    for (const go of [...this.#sleepers]) go();
  }

  #rest(milliseconds) {
    return new Promise((done) => {
      const go = () => {
        clearTimeout(timer);
        this.#sleepers.delete(go);
        done();
      };
      const timer = setTimeout(go, milliseconds);
      this.#sleepers.add(go);
    });
  }

  async #loop(work, everyMs) {
    for (let failures = 0; ;) {
      await this.#gate();
      const began = performance.now();
      const { signal } = this.#ending;
      try {
        await work(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) continue;
        failures += 1;
        if (error.denied) this.#deny(error);
        else if (error.status === undefined) throw error; // a fault of the page: for the console
      }
      const pause = failures ? Math.min(500 * 2 ** failures, LONGEST_REST_MS) : everyMs - (performance.now() - began);
      await this.#rest(Math.max(pause, REST_AT_LEAST_MS));
    }
  }

  #deny(error) {
    this.#denied = true;
    this.#failure = error;
    this.#judgeGate();
    this.#tell("denied", error);
  }

  async #askWorld(signal) {
    try {
      const world = await this.api.get("/v1/ops/world", signal);
      const back = this.#failure !== null;
      this.#failure = null;
      this.#heardMs = performance.now();
      this.world = world;
      this.#tell("world", world);
      if (back) this.#wake();
    } catch (error) {
      if (!signal.aborted && !error.denied) this.#failure = error;
      throw error;
    } finally {
      this.#tell("link", this.link());
    }
  }

  async #askHistory(signal) {
    const times = this.history?.times ?? [];
    const since = times.at(-1) ?? 0;
    const answer = await this.api.get(`/v1/ops/history?since=${since}`, signal);
    this.history = joinHistory(this.history, answer);
    this.#tell("history", this.history);
  }

  async #askEvents(signal) {
    const query = this.#after === null ? "after=0" : `after=${this.#after}&wait=${WAIT_S}`;
    const { events, newest } = await this.api.get(`/v1/ops/events?${query}`, signal, (WAIT_S + 10) * 1000);
    if (this.#after !== null && newest < this.#after) {
      this.#after = null; // another gateway: it numbers anew
      return;
    }
    this.#after = newest;
    if (!events.length) return;
    const known = new Set(this.events.map((event) => `${event.number} ${event.at}`));
    const fresh = events.filter((event) => !known.has(`${event.number} ${event.at}`));
    this.events = [...this.events, ...fresh].slice(-KEPT_EVENTS);
    this.#tell("events", fresh);
    if (this.world) this.#wake(); // something changed: how the world is now is asked at once
  }

  async #askZone(signal) {
    const asked = this.#zone;
    if (asked === null) return;
    try {
      const path = `/v1/ops/zones/${encodeURIComponent(asked.zone)}?layer=${asked.layer}`;
      const answer = await this.api.get(path, signal);
      if (this.#zone === asked) this.#tell("zone", { asked, answer, error: null });
    } catch (error) {
      if (!signal.aborted && this.#zone === asked) this.#tell("zone", { asked, answer: null, error });
      throw error;
    }
  }
}

/** The hour that is known with what is new; series that one of them lacks are unknown there. */
export function joinHistory(old, added) {
  if (!old) return added;
  const last = old.times.at(-1) ?? -Infinity;
  const from = added.times.findIndex((time) => time > last);
  if (from < 0) return old;
  const times = [...old.times, ...added.times.slice(from)];
  const first = times.findIndex((time) => time > times.at(-1) - HOUR_S - 1);
  const join = (before, after) => {
    const head = before ?? new Array(old.times.length).fill(null);
    const tail = after ? after.slice(from) : new Array(added.times.length - from).fill(null);
    return [...head, ...tail].slice(first);
  };
  const series = {};
  for (const name of new Set([...Object.keys(old.series), ...Object.keys(added.series)])) {
    const [before, after] = [old.series[name], added.series[name]];
    if (Array.isArray(before ?? after)) {
      series[name] = join(before, after);
      continue;
    }
    series[name] = {};
    for (const key of new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]))
      series[name][key] = join(before?.[key], after?.[key]);
  }
  return { ...added, times: times.slice(first), series };
}
