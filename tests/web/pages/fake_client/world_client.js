/**
 * A client with a world of its own, for tests of the page: the same functions as the engine's, and nobody behind them.
 *
 * Not here: any of the engine. `fake` is what tests do to the world, and `asked` what the page wanted of it.
 *
 * Invariant: everything is a function of what the page and the test did and of the time between frames.
 */

class Emitter {
  #listeners = new Map();

  on(name, run) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), run]);
    return () => {};
  }

  emit(name, detail) {
    for (const run of this.#listeners.get(name) ?? []) run(detail);
  }
}

class RefusedError extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

const SELF = 77;

export class WorldClient {
  constructor({ game }) {
    this.controls = { x: 0, y: 0, run: false, attack: false, heading: null };
    this.events = new Emitter();
    this.state = 'out';
    this.zone = '';
    this.map = null;
    this.worldEvents = new Map();
    this.confirmed = new Map();
    /** What the page asked for, newest last. */
    this.asked = [];
    const asked = (name) => (...given) => this.asked.push([name, ...given]) > 0;
    this.trade = { state: '', partner: 0, version: 0, confirmed: false, partnerConfirmed: false, mine: [], theirs: [], ask: asked('trade.ask'), offer: asked('trade.offer'), confirm: asked('trade.confirm'), cancel: asked('trade.cancel') };
    this.act = asked('act');
    this.say = asked('say');
    this.whisper = asked('whisper');
    this.give = asked('give');
    this.fake = { hold: false, refuse: null, characters: [{ character: 1, name: 'Ada', zone: 'zone-1', playing: false }], still: !location.search.includes('moving') };
    this.#game = game;
    this.#own = { hp: 86, max_hp: 105, stamina: 10000, state: 0, target: 0, attack_ready_tick: 0, heading: 16384 };
    this.#private = {
      weapon: 6, kills: 3, deaths: 1, coins: 137, level: 2, experience: 190, ledger_serial: 9,
      slot_item: [6, 2, 3, 9, 7, 4, 5, 8, 10, ...new Array(11).fill(0)], slot_count: [1, 7, 3, 24, 1, 5, 2, 1, 4, ...new Array(11).fill(0)],
    };
  }

  #game;
  #own;
  #private;
  #name = 'Ada';
  #place = { x: 0, y: 0 };
  #ms = 0;
  #tick = 1000;
  /** @type {Map<number, any>} */
  #entities = new Map();

  #refused() {
    const { refuse } = this.fake;
    this.fake.refuse = null;
    if (refuse !== null) throw new RefusedError(refuse.status, refuse.code, refuse.message);
  }

  async login(who) {
    this.asked.push(['login', who]);
    this.#refused();
    this.#name = who.name;
  }

  async register(who) {
    this.asked.push(['register', who]);
    this.#refused();
    this.#name = who.name;
  }

  async characters() {
    return this.fake.characters;
  }

  async createCharacter(name) {
    this.asked.push(['createCharacter', name]);
    this.#refused();
    this.fake.characters.push({ character: this.fake.characters.length + 1, name, zone: 'zone-1', playing: false });
  }

  async deleteCharacter(character) {
    this.asked.push(['deleteCharacter', character]);
    this.fake.characters = this.fake.characters.filter((one) => one.character !== character);
  }

  async play(wish) {
    this.asked.push(['play', wish]);
    this.#refused();
    this.state = 'queued';
    while (this.fake.hold) await new Promise((resolve) => setTimeout(resolve, 20));
    this.zone = 'zone-1';
    this.map = await this.#game.loadMap('zone-1');
    const [x, y] = this.map.spawns[0];
    this.#place = { x, y };
    this.#populate(x, y);
    this.state = 'playing';
    this.events.emit('state', { state: this.state });
    this.events.emit('zone', { zone: this.zone, from: '' });
  }

  leave() {
    this.asked.push(['leave']);
    this.state = 'out';
  }

  #populate(x, y) {
    const add = (id, kind, dx, dy, more = {}) => this.put({ id, kind, x: x + dx, y: y + dy, ...more });
    add(101, 1, 3.5, 1.5, { name: 'Bran' });
    add(102, 1, -4, 2, { name: 'Old Mirela' });
    add(201, 2, -6, -3, { hp: 1 });
    add(202, 3, 5, -4, { hp: 0.6 });
    add(203, 4, 8, 3, { hp: 1 });
    add(204, 5, -9, 6, { hp: 0.3 });
    add(301, 129, 1.5, -2);
    add(302, 130, -2, -1.5);
  }

  /** An entity appears, or changes. */
  put(change) {
    const before = this.#entities.get(change.id) ?? { name: '', heading: 0, hp: 1, state: 0 };
    const entity = Object.assign(before, change);
    const { info } = this.#game;
    entity.kindName = info.kind_names[entity.kind];
    entity.player = entity.kind === 1;
    entity.item = entity.kind > info.item_kind_base ? entity.kind - info.item_kind_base : 0;
    this.#entities.set(entity.id, entity);
  }

  remove(id) {
    this.#entities.delete(id);
  }

  frame(nowMs = performance.now()) {
    if (this.state !== 'playing') return;
    const s = Math.min((nowMs - this.#ms) / 1000, 0.1);
    this.#ms = nowMs;
    this.#tick += Math.round(s * 60);
    const { rules, units_per_m: unitsPerM, buttons } = this.#game.info;
    if (this.#own.state !== 4) {
      const own = { ...this.#own, qx: Math.round(this.#place.x * unitsPerM), qy: Math.round(this.#place.y * unitsPerM) };
      const length = Math.min(1, Math.hypot(this.controls.x, this.controls.y));
      const direction = Math.round((Math.atan2(this.controls.y, this.controls.x) / (2 * Math.PI)) * 256) & 255;
      const heading = length > 0 ? direction * 256 : own.heading;
      for (let k = 0; k < Math.round(s * 60); k++) this.#game.predict(own, { buttons: this.controls.run ? buttons.run : 0, direction, magnitude: Math.round(length * 255), heading }, this.map);
      this.#place = { x: own.qx / unitsPerM, y: own.qy / unitsPerM };
      Object.assign(this.#own, { state: own.state, stamina: Math.min(own.stamina, rules.stamina), heading: own.heading });
    }
    if (this.fake.still) return;
    for (const one of this.#entities.values()) {
      if (one.item !== 0 || one.state === 4) continue;
      const t = nowMs / 2500 + one.id;
      const [vx, vy] = [Math.cos(t) * 0.8, Math.sin(t * 0.7) * 0.8];
      [one.x, one.y] = [one.x + vx * s, one.y + vy * s];
      one.heading = Math.atan2(vy, vx) / (2 * Math.PI);
      one.state = 1;
    }
  }

  get self() {
    if (this.state === 'out' || this.map === null) return null;
    return { ...this.#own, ...this.#place, id: SELF, name: this.#name, heading: this.#own.heading / 65536, private: this.#private };
  }

  /** What the server says of the own avatar changes. */
  setOwn(own, hidden = {}) {
    Object.assign(this.#own, own);
    this.#private = { ...this.#private, ...hidden };
  }

  moveTo(x, y) {
    this.#place = { x, y };
  }

  entities() {
    return [...this.#entities.values()];
  }

  entity(id) {
    return this.#entities.get(id) ?? null;
  }

  nameOf(id) {
    return id === SELF ? this.#name : (this.entity(id)?.name ?? '');
  }

  get serverTick() {
    return this.#tick;
  }

  async world() {
    return (await fetch('/v1/world')).json();
  }

  hear(event, detail) {
    if (event === 'trade') Object.assign(this.trade, detail);
    this.events.emit(event, event === 'trade' ? this.trade : detail);
  }

  stats() {
    return {
      state: this.state, zone: this.zone, tick: this.#tick, tier: 0, snapshots_hz: 20, entities: this.#entities.size + 1, correction_m: 0, correction_p99_m: 0,
      corrections: 0, rtt_ms: 23, jitter_ms: 2, loss: 0.01, bytes_s: 9800, up_bytes_s: 2100,
    };
  }
}
