/**
 * Own and private state: records whose layout the game tells (`own` and `private` of GET /v1/game).
 */

/** @typedef {{ name: string, type: string, offset: number, count: number }} Field  count 0: a single value */
/** @typedef {{ bytes: number, fields: Field[] }} Layout */

const GETTERS = {
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at) => view.getUint16(at, true),
  i2: (view, at) => view.getInt16(at, true),
  u4: (view, at) => view.getUint32(at, true),
  i4: (view, at) => view.getInt32(at, true),
  f4: (view, at) => view.getFloat32(at, true),
  f8: (view, at) => view.getFloat64(at, true),
};

/** The record as plain values by name. @param {Layout} layout @param {Uint8Array} bytes
 * @returns {Record<string, any>} */
export function readFields(layout, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const record = {};
  for (const { name, type, offset, count } of layout.fields) {
    const get = GETTERS[type];
    const size = Number(type[1]);
    record[name] =
      count === 0 ? get(view, offset) : Array.from({ length: count }, (_, k) => get(view, offset + k * size));
  }
  return record;
}
