/**
 * Bodies of reliable messages (section 4).
 *
 * Responsible for: their bytes. Not here: delivery (`channels.js`), what becomes of a message (`session.js`,
 * `social.js`).
 *
 * Invariant: reading never raises; a message that is not well formed, or of a type that is not known here, is null.
 */

import { Malformed, Reader, Writer, check } from './bytes.js';
import * as N from './numbers.js';

const TOKEN_BYTES = 2048;
const SCOPES = { zone: N.CHAT_ZONE, nearby: N.CHAT_NEARBY, world: N.CHAT_WORLD };
const SCOPE_NAMES = ['zone', 'nearby', 'world', 'whisper', 'notice'];
const TRADE_STATES = ['', 'asked', 'open', 'done', 'cancelled'];
const encoder = new TextEncoder();

/** @typedef {{ type: string, [field: string]: any }} Told  what the server said */
/** @typedef {{ asset: number, amount: number }} Amount */

/** @param {number} channel @param {Uint8Array} body @returns {Told | null} */
export function readMessage(channel, body) {
  const read = READERS[`${channel} ${body[0]}`];
  if (read === undefined) return null;
  try {
    return read(new Reader(body, 1));
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

const words = (reader) => reader.text(reader.u8());

function readWelcome(reader) {
  const [entity, tickHz, snapshotHz, lastInput] = [reader.u32(), reader.u16(), reader.u16(), reader.u32()];
  return { type: 'welcome', entity, tickHz, snapshotHz, lastInput, zone: words(reader) };
}

function readLoad(reader) {
  const [rung, dilation] = [reader.u8(), reader.u8()];
  return { type: 'load', rung, dilation, name: words(reader) };
}

function readPassage(reader) {
  const zone = words(reader);
  const raw = reader.take(reader.u16());
  check(raw.length <= TOKEN_BYTES && reader.left === 0);
  if (raw.length === 0) return { type: 'passage', zone, token: null };
  const token = new Uint8Array(TOKEN_BYTES);
  token.set(raw);
  return { type: 'passage', zone, token };
}

function readEvent(reader) {
  const started = reader.u8() === N.EVENT_STARTED;
  const number = reader.u32();
  const name = words(reader);
  return { type: 'event', number, name, started, text: reader.text(reader.left) };
}

function readConfirmed(reader) {
  const [serial, reason, asset, balance] = [reader.u32(), reader.u8(), reader.u8(), reader.u32()];
  return { type: 'confirmed', serial, reason, asset, balance };
}

function readAmounts(reader) {
  const amounts = [];
  for (let left = reader.u8(); left > 0; left--) amounts.push({ asset: reader.u8(), amount: reader.u32() });
  return amounts;
}

function readTrade(reader) {
  const state = TRADE_STATES[reader.u8()] ?? '';
  const [partner, version, flags] = [reader.u32(), reader.u16(), reader.u8()];
  return {
    type: 'trade',
    state,
    partner,
    version,
    confirmed: (flags & N.TRADE_FLAG_MINE) !== 0,
    partnerConfirmed: (flags & N.TRADE_FLAG_PARTNER) !== 0,
    mine: readAmounts(reader),
    theirs: readAmounts(reader),
  };
}

function readHeard(reader) {
  const scope = SCOPE_NAMES[reader.u8()] ?? 'zone';
  const speaker = reader.u32();
  const name = words(reader);
  return { type: 'chat', scope, speaker, name, text: reader.text(reader.left) };
}

const READERS = {
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_WELCOME}`]: readWelcome,
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_GOODBYE}`]: (reader) => ({ type: 'goodbye', reason: words(reader) }),
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_LOAD}`]: readLoad,
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_PASSAGE}`]: readPassage,
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_WALL}`]: (reader) => ({ type: 'wall', zone: words(reader) }),
  [`${N.CHANNEL_CONTROL} ${N.CONTROL_EVENT}`]: readEvent,
  [`${N.CHANNEL_INVENTORY} ${N.INVENTORY_CONFIRMED}`]: readConfirmed,
  [`${N.CHANNEL_INVENTORY} ${N.INVENTORY_TRADE}`]: readTrade,
  [`${N.CHANNEL_CHAT} ${N.CHAT_HEARD}`]: readHeard,
};

/** At most 200 bytes, whole characters. @param {string} text */
function cut(text) {
  const raw = encoder.encode(text);
  let end = Math.min(raw.length, N.MAX_CHAT_BYTES);
  while (end > 0 && end < raw.length && (raw[end] & 0xc0) === 0x80) end--;
  return raw.subarray(0, end);
}

/** @param {string} scope  zone, nearby or world @param {string} text */
export function say(scope, text) {
  if (!(scope in SCOPES)) throw new RangeError(`there is no chat scope ${scope}`);
  return new Uint8Array([N.CHAT_SAY, SCOPES[scope], ...cut(text)]);
}

/** @param {string} name @param {string} text */
export function whisper(name, text) {
  const raw = encoder.encode(name);
  if (raw.length > 255) throw new RangeError('no name is so long');
  return new Uint8Array([N.CHAT_TELL, raw.length, ...raw, ...cut(text)]);
}

/** @param {number} entity */
export function askTrade(entity) {
  return written((out) => {
    out.u8(N.TRADE_ASK);
    out.u32(entity);
  });
}

/** All that I would give. @param {Amount[]} amounts */
export function offer(amounts) {
  if (amounts.length > N.MAX_TRADE_ASSETS) throw new RangeError(`an offer has at most ${N.MAX_TRADE_ASSETS} assets`);
  return written((out) => {
    out.u8(N.TRADE_OFFER);
    out.u8(amounts.length);
    for (const { asset, amount } of amounts) {
      out.u8(asset);
      out.u32(amount);
    }
  });
}

/** @param {number} version */
export function confirmTrade(version) {
  return written((out) => {
    out.u8(N.TRADE_CONFIRM);
    out.u16(version);
  });
}

export function cancelTrade() {
  return new Uint8Array([N.TRADE_CANCEL]);
}

/** @param {number} entity @param {number} asset @param {number} amount */
export function give(entity, asset, amount) {
  return written((out) => {
    out.u8(N.TRADE_GIVE);
    out.u32(entity);
    out.u8(asset);
    out.u32(amount);
  });
}

function written(write) {
  const out = new Writer(128);
  write(out);
  return out.done();
}
