/**
 * A player in the world, for a page: from the login to the last frame.
 *
 * Responsible for: putting together what is in this folder, the way in and the way back, inputs from controls, and what
 * a page may ask and do. Not here: drawing, the game's rules (`game`), bytes.
 *
 * Invariants: between two frames only what comes from outside is taken in; time comes from `now` alone; a player whose
 * connection is lost comes back by itself, with its inputs, as long as its avatar is in the world, but not after a goodbye.
 */

import { Api, ApiError, bytesOf } from './api.js';
import { Atlas } from './atlas.js';
import { Avatar } from './prediction.js';
import { Emitter } from './emitter.js';
import { Hands } from './hands.js';
import { LossMeter, Meter } from './meters.js';
import { RelaySocket } from './relay_socket.js';
import { Running, Trade } from './social.js';
import { Session } from './session.js';
import { Sight } from './sight.js';
import { WayIn } from './way_in.js';
import { CHANNEL_CHAT, CHANNEL_INVENTORY } from './numbers.js';
import { give, say, whisper } from './messages.js';
import { readFields } from './fields.js';
import { socketsFor } from './impairment.js';

const SEND_MS = 50;
const SEND_SOON_MS = 16;
const CONTROL_MS = 100;
const RENDER_BACK_MS = 100;
const FALLBACK_FRAME_MS = 100;

/**
 * @typedef {object} Game  what the game's half gives
 * @property {any} info  of GET /v1/game
 * @property {(zone: string) => Promise<any>} loadMap
 * @property {(own: Record<string, any>, input: import('./prediction.js').Input, map: any) => void} predict
 */

/**
 * @typedef {object} Outside  everything that a client needs of its page; all but `game` have defaults
 * @property {Game} game
 * @property {string} [origin]  of the gateway
 * @property {() => number} [now]  milliseconds, never going back
 * @property {(url: string) => WebSocket} [openSocket]  impaired if the page's address says so
 * @property {typeof fetch} [ask]
 * @property {(call: () => void, ms: number) => any} [every]  keeps the client alive while no frames are drawn
 * @property {(call: () => void, ms: number) => any} [later]
 */

export class WorldClient {
  /** @param {Outside} outside */
  constructor({
    game,
    origin = globalThis.location?.origin ?? '',
    now = () => performance.now(),
    openSocket = socketsFor(globalThis.location?.search ?? ''),
    ask,
    every = (call, ms) => setInterval(call, ms),
    later = (call, ms) => setTimeout(call, ms),
  }) {
    /** Direction wanted, x east, y north, -1 to 1; `heading` (turns) where to look if not where one walks. */
    this.controls = { x: 0, y: 0, run: false, attack: false, heading: /** @type {number | null} */ (null) };
    this.events = new Emitter();
    /** 'out', 'queued', 'connecting', 'playing', 'reconnecting' or 'ended' */
    this.state = 'out';
    this.trade = new Trade((channel, body) => this.#tell(channel, body));
    /** What the server has promised: balance by asset, as of `confirmedSerial`. @type {Map<number, number>} */
    this.confirmed = new Map();
    this.confirmedSerial = 0;
    /** The map of the zone as `game.loadMap` gave it, null before. @type {any} */
    this.map = null;
    this.zone = '';
    this.#game = game;
    this.#api = new Api(origin, ask);
    this.#now = now;
    this.#later = later;
    this.#wayIn = new WayIn(this.#api, (wait) => this.events.emit('queue', wait), later);
    this.#atlas = new Atlas(
      (zone) => game.loadMap(zone),
      (zone, map) => this.#mapCame(zone, map),
      (zone, error) => this.events.emit('error', { message: `the map of ${zone} did not come: ${error}` }),
    );
    this.#avatar = new Avatar(game.predict);
    this.#sight = new Sight(game.info);
    this.#hands = new Hands(game.info);
    this.#socket = new RelaySocket(openSocket, {
      state: (row, state) => this.#session.takeState(row, state),
      payload: (row, payload) => this.#takePayload(row, payload),
      lost: () => this.#session.lose(),
    });
    this.#session = new Session(game.info, this.#socket, {
      told: (message) => this.#hear(message),
      entered: (connection) => this.#enter(connection),
      snapshot: (connection, newest) => this.#look(connection, newest),
    });
    every(() => this.#fallBack(), FALLBACK_FRAME_MS);
  }

  #game;
  #api;
  #now;
  #later;
  #avatar;
  #sight;
  #hands;
  #socket;
  #session;
  #running = new Running();
  #atlas;
  #wayIn;
  #private = {};
  #framedMs = 0;
  #sentMs = 0;
  /** What `play` waits for. @type {{ resolve: (nothing: any) => void, reject: (error: Error) => void } | null} */
  #arrival = null;
  #snapshots = new Meter();
  #down = new Meter();
  #up = new Meter();
  #loss = new LossMeter();

  // The way in.

  /** Without a password: a guest. @param {{ name: string, password?: string }} who */
  login({ name, password }) {
    return this.#api.login(name, password);
  }

  /** @param {{ name: string, password: string }} who */
  register({ name, password }) {
    return this.#api.register(name, password);
  }

  characters() {
    return this.#api.characters();
  }

  /** @param {string} name */
  createCharacter(name) {
    return this.#api.createCharacter(name);
  }

  /** @param {number} character */
  deleteCharacter(character) {
    return this.#api.deleteCharacter(character);
  }

  /** Resolves when the player is in the world; events "queue" say how long that may take. Raises ApiError, or an Error
   * with the reason of a goodbye. @param {{ character?: number, spawn?: [number, number] }} [wish] */
  async play({ character, spawn } = {}) {
    this.#setState('queued');
    const grant = await this.#wayIn.enter(character, spawn);
    this.#setState('connecting');
    this.#avatar.reset();
    this.#sight.forget();
    this.#hands.forget();
    const map = this.#atlas.want(grant.zone);
    const ready = new Promise((resolve, reject) => (this.#arrival = { resolve, reject }));
    this.#socket.connect(grant.relay);
    this.#session.start(bytesOf(grant.token), this.#now());
    await Promise.all([map, ready]);
  }

  /** Leaves the world, avatar and all. */
  leave() {
    this.#session.leave();
    this.#setState('out');
    this.#later(() => this.state === 'out' && this.#socket.disconnect(), 200);
  }

  // What the player does.

  /** Once per animation frame: makes the inputs that are due, sends what is due, moves what is drawn. */
  frame() {
    const nowMs = this.#now();
    this.#framedMs = nowMs;
    const session = this.#session;
    if (session.present === null || ['out', 'queued', 'ended'].includes(this.state)) return;
    if (session.needsToken(nowMs) && this.#wayIn.isFree(nowMs)) this.#comeBack();
    const isUrgent = session.joined && this.#makeInputs(nowMs);
    const sinceMs = nowMs - this.#sentMs;
    if (sinceMs >= (session.joined ? SEND_MS : CONTROL_MS) || (isUrgent && sinceMs >= SEND_SOON_MS)) {
      this.#sentMs = nowMs;
      const whois = session.joined ? this.#sight.askNames(nowMs) : [];
      const back = Math.min(Math.floor((RENDER_BACK_MS * session.present.tickHz) / 1000), 255);
      this.#up.add(nowMs, session.send(nowMs, whois, back));
    }
    this.#sight.place(nowMs);
  }

  /** An intent of the game, by its name. @param {string} intent @param {number} [argument] */
  act(intent, argument = 0) {
    this.#hands.act(intent, argument);
  }

  /** False if too much waits to be sent. @param {'zone' | 'nearby' | 'world'} scope @param {string} text */
  say(scope, text) {
    return this.#tell(CHANNEL_CHAT, say(scope, text));
  }

  /** @param {string} name @param {string} text */
  whisper(name, text) {
    return this.#tell(CHANNEL_CHAT, whisper(name, text));
  }

  /** @param {number} id @param {number} asset @param {number} amount */
  give(id, asset, amount) {
    return this.#tell(CHANNEL_INVENTORY, give(id, asset, amount));
  }

  // What the player knows.

  /** The own avatar where it is shown now, null before it is in the world. */
  get self() {
    const { own } = this.#avatar;
    const { present } = this.#session;
    if (own === null || present === null) return null;
    const { x, y } = this.#avatar.shown(present.clock.owedTicks, this.#now());
    const heading = own.heading / 65536;
    return { ...own, id: present.entityId, name: this.#wayIn.name, x, y, heading, private: this.#private };
  }

  /** Everything else in view, where it is drawn now: the same objects as long as they are in view. */
  entities() {
    return this.#sight.entities(this.#session.present?.entityId ?? 0);
  }

  /** @param {number} id */
  entity(id) {
    return this.#sight.entity(id);
  }

  /** What a player is called, '' if that is not known. @param {number} id */
  nameOf(id) {
    return id === this.#session.present?.entityId ? this.#wayIn.name : this.#sight.nameOf(id);
  }

  /** The tick that the server is estimated to be at. */
  get serverTick() {
    return Math.floor(this.#session.present?.clock.serverTick(this.#now()) ?? 0);
  }

  /** What goes on in the world, by number. */
  get worldEvents() {
    return this.#running.events;
  }

  /** All zones, of the gateway. */
  world() {
    return this.#api.world();
  }

  stats() {
    const nowMs = this.#now();
    const { present } = this.#session;
    return {
      state: this.state,
      zone: this.zone,
      tick: present?.newest.tick ?? 0,
      tier: present?.newest.tier ?? 0,
      snapshots_hz: this.#snapshots.rate(nowMs),
      entities: this.#sight.size,
      correction_m: this.#avatar.correctionM,
      correction_p99_m: this.#avatar.correctionP99M,
      corrections: this.#avatar.numCorrections,
      rtt_ms: present?.acks.rttMs ?? 0,
      jitter_ms: present?.acks.jitterMs ?? 0,
      loss: present === null ? 0 : this.#loss.share(present.acks, nowMs),
      bytes_s: this.#down.rate(nowMs),
      up_bytes_s: this.#up.rate(nowMs),
      unconfirmed: this.#session.inputs.numTicks,
      inputs_lost: this.#session.inputsLost + this.#session.inputs.forgotten,
      buffer_hint: present?.newest.bufferHint ?? 0,
      undecodable: present?.view.undecodable ?? 0,
      malformed: present?.numMalformed ?? 0,
      sockets: this.#socket.numOpened,
    };
  }

  // Inside.

  #setState(state) {
    if (state === this.state) return;
    this.state = state;
    this.events.emit('state', { state });
  }

  #tell(channel, body) {
    return this.#session.present?.channels.push(channel, body) ?? false;
  }

  /** The connection is lost: asks for a fresh token, and waits with it for the welcome. */
  async #comeBack() {
    this.#setState('reconnecting');
    try {
      const grant = await this.#wayIn.comeBack(this.#now);
      if (grant === null || this.state !== 'reconnecting') return;
      this.#atlas.want(grant.zone);
      this.#socket.connect(grant.relay);
      this.#session.comeBack(bytesOf(grant.token), this.#now());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.state === 'reconnecting') this.#end(error.message);
    }
  }

  #end(reason) {
    this.#session.leave();
    this.#setState('ended');
    this.#arrival?.reject(new Error(reason));
    this.events.emit('farewell', { reason });
  }

  #takePayload(row, payload) {
    const nowMs = this.#now();
    this.#down.add(nowMs, payload.length);
    this.#session.takePayload(row, payload, nowMs);
  }

  /** The player was made welcome in a zone. */
  #enter(connection) {
    const zone = connection.zone.split('/')[0]; // layers of a zone are alike
    const from = this.zone;
    this.#running.arrive();
    if (this.trade.arrive()) this.events.emit('trade', this.trade);
    this.zone = zone;
    this.map = this.#avatar.map = this.#atlas.get(zone);
    this.#atlas.want(zone);
    this.#sentMs = -Infinity;
    this.#setState('playing');
    if (zone !== from) this.events.emit('zone', { zone, from });
  }

  /** A snapshot came on the present connection. */
  #look(connection, newest) {
    const nowMs = this.#now();
    this.#snapshots.add(nowMs, 1);
    const { own, private: hidden } = connection.newest;
    if (hidden !== null) this.#private = readFields(this.#game.info.private, hidden);
    if (this.state === 'reconnecting') this.#setState('playing');
    if (newest && own !== null && connection.joined) {
      const fields = readFields(this.#game.info.own, own);
      this.#avatar.correct(fields, this.#session.inputs.runs, connection.clock.owedTicks, nowMs);
      this.#arrival?.resolve(null);
    }
    this.#sight.look(connection, nowMs);
    for (const event of connection.view.takeEvents()) {
      const source = this.#sight.byLowBits(event.source, connection.entityId);
      this.events.emit('hit', { ...event, kindName: this.#hands.eventName(event.kind), source });
    }
  }

  /** True if something changed that should leave soon. */
  #makeInputs(nowMs) {
    const { present, inputs } = this.#session;
    const ticks = Math.min(present.clock.takeDueTicks(nowMs, present.newest.bufferHint), inputs.room);
    if (ticks === 0) return false;
    let changed = false;
    for (const run of this.#hands.inputs(this.controls, ticks)) {
      const last = inputs.runs[inputs.runs.length - 1];
      changed ||= run.intent !== 0 || last?.direction !== run.direction || last.magnitude !== run.magnitude;
      inputs.push(run);
      this.#avatar.advance(run, run.ticks);
    }
    return changed;
  }

  #hear(message) {
    switch (message.type) {
      case 'goodbye':
        return this.#end(message.reason || 'goodbye');
      case 'passage':
        if (message.token === null) return this.#session.letGo(message.zone);
        this.#atlas.want(message.zone.split('/')[0]); // now, so that going over takes no time
        return this.#session.waitAt(message.zone, message.token, this.#now());
      case 'event':
        return this.#running.take(message) ? this.events.emit('worldEvent', message) : undefined;
      case 'confirmed':
        this.confirmed.set(message.asset, message.balance);
        this.confirmedSerial = Math.max(this.confirmedSerial, message.serial);
        return this.events.emit('confirmed', message);
      case 'trade':
        this.trade.take(message);
        return this.events.emit('trade', this.trade);
      default: // chat, wall, load
        return this.events.emit(message.type, message);
    }
  }

  #mapCame(zone, map) {
    if (zone !== this.zone) return;
    this.map = this.#avatar.map = map;
    this.events.emit('map', { zone });
  }

  /** While the page draws no frames (it is in the background), the player stays in the world. */
  #fallBack() {
    if (this.#now() - this.#framedMs > FALLBACK_FRAME_MS) this.frame();
  }
}
