/**
 * A relay with zones behind it that a test scripts, a gateway that answers as told, and time that is moved by hand.
 */

import { Reader, Writer } from '/client/bytes.js';
import { WorldClient } from '/client/world_client.js';
import { impaired } from '/client/impairment.js';
import { movementOf } from '/game/movement.js';
import { readBlock } from '/client/channels.js';

const OPEN_FIELD = { originX: 0, originY: 0, tileM: 2, widthTiles: 1000, heightTiles: 1000, solid: () => false };
const FRAME_MS = 1000 / 60;

/** One connection of the player, at a zone. */
class Line {
  constructor(zone) {
    this.zone = zone;
    this.sequence = 0;
    this.received = 0xffff;
    this.fragment = 0;
    this.queue = [];
    this.inputs = [];
    this.heard = [];
    this.silent = false;
  }
}

/** The player's avatar, wherever it is: moved by the rule, from the inputs that came. */
export class Bench {
  constructor(info, options = {}) {
    this.info = info;
    this.ms = 1000;
    this.tick = 100;
    this.timers = [];
    this.sockets = [];
    this.lines = new Map();
    this.asked = [];
    this.answers = [];
    this.events = [];
    this.zone = 'zone-1';
    this.applied = 500;
    this.waiting = new Map();
    this.doubled = 0;
    this.own = { qx: 500 * 1024, qy: 500 * 1024, heading: 0, hp: 90, max_hp: 100, target: 0, attack_ready_tick: 0,
      stamina: 10000, state: 0 };
    this.move = movementOf(info);
    this.noMap = false;
    this.maps = async () => {
      if (this.noMap) throw new Error('no map');
      return OPEN_FIELD;
    };
    let openSocket = (url) => this.#openSocket(url);
    if (options.impairment) openSocket = impaired(openSocket, options.impairment, (call, ms) => this.later(call, ms));
    this.world = new WorldClient({
      origin: '',
      game: { info, predict: this.move, loadMap: this.maps },
      now: () => this.ms,
      later: (call, ms) => this.later(call, ms),
      every: () => {},
      openSocket,
      ask: (url, request) => this.#answer(url, request),
    });
    for (const name of ['state', 'zone', 'queue', 'farewell', 'chat', 'error', 'wall', 'worldEvent']) {
      this.world.events.on(name, (detail) => this.events.push([name, detail]));
    }
  }

  later(call, ms) {
    this.timers.push({ at: this.ms + ms, call });
  }

  grant(zone = this.zone) {
    const token = btoa(zone.padEnd(2048, '\0'));
    const relay = 'ws://relay/v1/relay';
    return [200, { token, session: 'feed000000000001', character: 7, name: 'Ada', zone, layer: 0, relay }];
  }

  async #answer(url, { body }) {
    this.asked.push([url, body ? JSON.parse(body) : null]);
    const [status, answer] = url === '/v1/login' ? [200, { session_token: 't' }] : this.answers.shift() ?? [0, null];
    if (status === 0) throw new TypeError('no gateway');
    const headers = { get: () => null };
    return { ok: status < 300, status, headers, text: async () => JSON.stringify(answer) };
  }

  #openSocket(url) {
    const socket = { url, readyState: 0, send: (message) => this.#take(socket, message), close: () => this.drop(socket) };
    this.sockets.push(socket);
    this.later(() => {
      if (socket.readyState !== 0) return;
      socket.readyState = 1;
      socket.onopen?.({});
    }, 5);
    return socket;
  }

  /** The WebSocket ends. */
  drop(socket = this.sockets[this.sockets.length - 1]) {
    if (socket.readyState === 3) return;
    socket.readyState = 3;
    this.lines.clear();
    this.later(() => socket.onclose?.({}), 0);
  }

  #take(socket, message) {
    const [kind, row] = message;
    if (kind === 0) {
      const zone = new TextDecoder().decode(message.subarray(2)).replace(/\0+$/, '');
      this.lines.set(row, new Line(zone));
      this.#send(socket, new Uint8Array([0, row, 2, 3]));
    } else if (kind === 2) {
      this.lines.delete(row);
    } else if (this.lines.has(row)) {
      this.#takePayload(this.lines.get(row), message.slice(2));
    }
  }

  #send(socket, message) {
    const data = message.buffer.slice(message.byteOffset, message.byteOffset + message.byteLength);
    this.later(() => socket.readyState === 1 && socket.onmessage?.({ data }), 1);
  }

  #takePayload(line, payload) {
    const reader = new Reader(payload);
    const kind = reader.u8();
    line.received = reader.u16();
    reader.skip(6);
    if (kind & 16) {
      const block = readBlock(reader);
      for (const { expected } of block.acks) line.queue = line.queue.filter((one) => one.id >= expected);
      line.heard.push(...block.fragments.map((one) => Array.from(one.body)));
    }
    if ((kind & 15) !== 1) return;
    let number = reader.u32();
    reader.u8();
    const entries = Array.from({ length: reader.u8() }, () => {
      const entry = { buttons: reader.u8(), direction: reader.u8(), magnitude: reader.u8(), heading: reader.u16(),
        ticks: reader.u8(), intent: reader.u8() };
      if (entry.intent) entry.argument = reader.u32();
      return entry;
    });
    number -= entries.reduce((sum, one) => sum + one.ticks, 0);
    for (const entry of entries) {
      for (let k = 0; k < entry.ticks; k++) {
        number++;
        if (line.zone !== this.zone || line.silent || number <= this.applied || number > this.applied + 128) continue;
        if (number !== this.applied + 1) this.doubled++;
        this.applied = number;
        if (k === 0 && entry.intent) this.acted = [entry.intent, entry.argument];
        this.move(this.own, entry, OPEN_FIELD);
      }
    }
  }

  tell(line, channel, bytes) {
    line.queue.push({ id: line.fragment++, channel, bytes });
  }

  welcome(line) {
    const name = new TextEncoder().encode(line.zone);
    const out = new Writer(64);
    out.u8(1);
    out.u32(7);
    out.u16(60);
    out.u16(20);
    out.u32(this.applied);
    out.u8(name.length);
    out.put(name);
    this.tell(line, 0, out.done());
  }

  offer(line, zone) {
    const name = new TextEncoder().encode(zone);
    const out = new Writer(64);
    out.u8(4);
    out.u8(name.length);
    out.put(name);
    out.u16(name.length);
    out.put(name);
    this.tell(line, 0, out.done());
  }

  /** A line of this zone. */
  at(zone) {
    return [...this.lines.values()].find((line) => line.zone === zone);
  }

  #snapshot(line) {
    const out = new Writer();
    out.u8(2 | (line.queue.length ? 16 : 0));
    out.u16(line.sequence++ & 0xffff);
    out.u16(line.received);
    out.u32(0xffffffff);
    if (line.queue.length) {
      out.u8(0);
      const { channel } = line.queue[0];
      const due = line.queue.filter((one) => one.channel === channel).slice(0, 4);
      out.u8(due.length);
      for (const { id, bytes } of due) {
        out.u8(channel);
        out.u16(id);
        out.u16(bytes.length);
        out.put(bytes);
      }
    }
    out.u32(this.tick);
    out.u32(this.applied);
    out.u8(0);
    out.u8(100);
    out.u16(Math.floor(this.own.qx / 51200));
    out.u16(Math.floor(this.own.qy / 51200));
    out.u8(4);
    out.u8(this.tick & 255);
    for (const { name, type } of this.info.own.fields) {
      if (type === 'u1') out.u8(this.own[name]);
      else if (type === 'u2') out.u16(this.own[name]);
      else out.u32(this.own[name] >>> 0);
    }
    out.u32(0);
    return out.done();
  }

  /** Lets time pass, frame by frame. */
  async run(ms, script = () => {}) {
    for (const until = this.ms + ms; this.ms < until; ) {
      this.ms += FRAME_MS;
      this.tick++;
      for (;;) {
        const due = this.timers.filter((timer) => timer.at <= this.ms).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        this.timers.splice(this.timers.indexOf(due), 1);
        due.call();
      }
      for (let k = 0; k < 12; k++) await null;
      script(this);
      this.world.frame();
      if (this.tick % 3 === 0) this.#sendSnapshots();
    }
  }

  #sendSnapshots() {
    const socket = this.sockets[this.sockets.length - 1];
    for (const [row, line] of this.lines) {
      if (line.zone !== this.zone || line.silent || socket.readyState !== 1) continue;
      if (!line.welcomed) {
        line.welcomed = true;
        for (const other of this.lines.values()) if (other !== line && other.zone === this.zone) other.silent = true;
        this.welcome(line);
      }
      this.say(row, line);
    }
  }

  /** A payload to `row` of what waits to be told on `line`, out of turn. */
  say(row, line) {
    const payload = this.#snapshot(line);
    const message = new Uint8Array(2 + payload.length);
    message.set([1, row]);
    message.set(payload, 2);
    this.#send(this.sockets[this.sockets.length - 1], message);
  }

  /** In the world and walking. */
  async enter() {
    this.answers.push(this.grant());
    const playing = this.world.play();
    await this.run(300);
    await playing;
  }
}

export async function bench(options) {
  const info = await (await fetch('/vectors/browser-game.json')).json();
  return new Bench(info, options);
}
