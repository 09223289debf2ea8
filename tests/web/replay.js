/**
 * Captures of `captures.py` replayed through the browser client: the same state, the same bytes.
 */

import { CHANNEL_CHAT } from '/client/numbers.js';
import { Avatar } from '/client/prediction.js';
import { Reader, Malformed } from '/client/bytes.js';
import { Session } from '/client/session.js';
import { bytesOf } from '/client/api.js';
import { digestOf } from '/client/records.js';
import { listVisible } from '/client/listing.js';
import { readBlock } from '/client/channels.js';
import { readFields } from '/client/fields.js';

export { Malformed };

/** FNV-1a of UTF-8. */
export function fnv(text) {
  let found = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) found = Math.imul(found ^ byte, 0x01000193);
  return (found >>> 0).toString(16).padStart(8, '0');
}

function hex(bytes) {
  return bytes === null ? '' : Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** All that a connection knows, in the words of `captures.words_of`. */
export function wordsOf({ newest, view }, events) {
  const lines = [`head ${newest.tick},${newest.lastInput},${newest.bufferHint},${newest.dilation}`];
  lines.push(`own ${hex(newest.own)}`, `private ${hex(newest.private)}`);
  for (let y = view.viewY - 2; y <= view.viewY + 2; y++) {
    for (let x = view.viewX - 2; x <= view.viewX + 2; x++) {
      const slot = view.cell(x, y);
      slot?.ticks.forEach((tick, number) => {
        if (tick < 0) return;
        const digest = digestOf(slot.parts[number]?.records ?? new Uint32Array(0));
        lines.push(`part ${x},${y},${number} ${tick} ${digest}`);
      });
    }
  }
  const sees = [];
  for (const one of listVisible(view, newest.tick).values()) {
    const { id, tick, qx, qy, cellX, cellY, rest, lingering } = one;
    const parts = [rest & 255, (rest >>> 8) & 255, (rest >>> 16) & 255, rest >>> 24];
    sees.push(`sees ${[id, tick, qx, qy, cellX, cellY, ...parts, Number(lingering)].join(',')}`);
  }
  lines.push(...sees.sort());
  for (const { x, y, part, generation } of view.nacks) lines.push(`asks ${x},${y},${part},${generation}`);
  lines.push(`sections ${view.sections},${view.undecodable}`);
  for (const { tick, kind, target, amount, source } of events.slice(-8)) {
    lines.push(`event ${tick},${kind},${target},${amount},${source}`);
  }
  return lines.join('\n');
}

/** Ids of the names that a payload asks for. */
function whoisOf(payload) {
  const reader = new Reader(payload);
  const kind = reader.u8();
  reader.skip(8);
  if (kind & 16) readBlock(reader);
  if ((kind & 15) !== 1) return [];
  reader.skip(5);
  for (let left = reader.u8(); left > 0; left--) {
    reader.skip(6);
    if (reader.u8() !== 0) reader.skip(4);
  }
  reader.skip(reader.u8() * 6);
  return Array.from({ length: reader.u8() }, () => reader.u32());
}

/** One replay: a session on a socket that goes nowhere. */
export class Replay {
  constructor(info, predict, maps) {
    this.opened = [];
    this.closed = [];
    this.zones = [];
    this.told = [];
    this.events = new Map();
    this.avatar = new Avatar(predict);
    this.maps = maps;
    const socket = {
      open: (row, token) => this.opened.push([row, token.length]),
      close: (row) => this.closed.push(row),
      sendPayload: () => {},
    };
    this.session = new Session(info, socket, {
      told: (message) => this.#hear(message),
      entered: (connection) => {
        this.zones.push(connection.zone);
        this.avatar.map = maps[connection.zone] ?? null;
      },
      snapshot: (connection) => {
        if (connection.newest.own === null || !connection.joined) return;
        this.avatar.correct(readFields(info.own, connection.newest.own), this.session.inputs.runs, 0, this.ms);
      },
    });
    this.ms = 0;
    this.session.start(new Uint8Array(2048), 1);
  }

  #hear(message) {
    this.told.push(message.type);
    if (message.type !== 'passage') return;
    if (message.token === null) this.session.letGo(message.zone);
    else this.session.waitAt(message.zone, message.token, this.ms);
  }

  words(row) {
    const connection = this.session.connections[row];
    if (!this.events.has(connection)) this.events.set(connection, []);
    const events = this.events.get(connection);
    events.push(...connection.view.takeEvents());
    return wordsOf(connection, events);
  }

  /** Takes a step; returns what is wrong with it, '' if nothing is. */
  step(step) {
    this.ms = step.ms ?? this.ms;
    if (step.push !== undefined) return this.#push(step.push);
    const payload = bytesOf(step.payload);
    if (step.tell !== undefined) {
      this.session.present.channels.push(step.tell, payload);
      return '';
    }
    if (step.up !== undefined) {
      if (step.up !== this.session.row) return `row ${this.session.row} sends, not ${step.up}`;
      const { present, inputs } = this.session;
      const written = present.write(inputs, 6, whoisOf(payload), this.ms);
      return hex(written) === hex(payload) ? '' : `sent ${hex(written)}, not ${hex(payload)}`;
    }
    this.session.takePayload(step.down, payload, this.ms);
    if (fnv(this.words(step.down)) !== step.after) return `other state: ${this.words(step.down)}`;
    return step.own === undefined ? '' : this.#check(step);
  }

  #check(step) {
    const zone = this.zones[this.zones.length - 1];
    if (zone !== step.zone) return `in ${zone}, not ${step.zone}`;
    if (this.avatar.own === null) return 'nothing is predicted';
    const own = ['qx', 'qy', 'heading', 'state', 'stamina'].map((field) => this.avatar.own[field]).join(',');
    return own === step.own ? '' : `predicted ${own}, not ${step.own}`;
  }

  #push([buttons, direction, magnitude, heading, ticks, intent, argument]) {
    const run = { buttons, direction, magnitude, heading, ticks, intent, argument };
    this.session.inputs.push(run);
    this.avatar.advance(run, ticks);
    return '';
  }
}

/** Replays a capture; returns the first thing that is wrong, and what was seen. */
export function replay(capture, info, predict, maps) {
  const run = new Replay(info, predict, maps);
  for (const [number, step] of capture.steps.entries()) {
    const wrong = run.step(step);
    if (wrong !== '') return { wrong: `step ${number} at ${run.ms}: ${wrong}` };
  }
  const last = capture.steps.filter((step) => step.down !== undefined).pop();
  return {
    wrong: run.words(last.down) === capture.last ? '' : 'the last words differ',
    zones: run.zones,
    told: run.told,
    opened: run.opened,
    malformed: run.session.connections.map((one) => one?.numMalformed ?? 0),
    undecodable: run.session.present.view.undecodable,
    spoke: run.told.filter((type) => type === 'chat').length,
    channel: CHANNEL_CHAT,
  };
}
