/**
 * What a client may draw: the entities of its view, each once.
 *
 * Invariants: an entity that shows in two parts is where the newer tick has it. One that moved out of a part and has not
 * shown up elsewhere lingers for 300 ms; one that despawned or hid does not. A part that was not heard of for 3 s is not
 * shown.
 */

import { fromCell } from './records.js';
import { newer32 } from './serial.js';
import { MAX_PARTS } from './numbers.js';

const LINGER_MS = 300;
const STALE_MS = 3000;

/**
 * @typedef {object} Visible
 * @property {number} id
 * @property {number} tick  as of which this is the entity's state
 * @property {number} qx  middle of the quantised position, 1/1024 m
 * @property {number} qy
 * @property {number} cellX
 * @property {number} cellY
 * @property {number} rest  heading | hit points << 8 | state << 16 | kind << 24
 * @property {boolean} lingering
 */

/** The entities that are seen as of `nowTick`, by id. @param {import('./view.js').View} view @param {number} nowTick
 * @returns {Map<number, Visible>} */
export function listVisible(view, nowTick) {
  /** @type {Map<number, Visible>} */
  const found = new Map();
  const stale = (nowTick - Math.ceil((STALE_MS * view.tickHz) / 1000)) >>> 0;
  for (const slot of view.slots) {
    if (!slot.inView) continue;
    for (let number = 0; number < MAX_PARTS; number++) {
      const part = slot.parts[number];
      if (part === null || slot.ticks[number] < 0 || newer32(stale, slot.ticks[number])) continue;
      listPart(found, part.records, slot, slot.ticks[number]);
    }
  }
  const over = (nowTick - Math.ceil((LINGER_MS * view.tickHz) / 1000)) >>> 0;
  view.lingering = view.lingering.filter((gone) => !newer32(over, gone.tick));
  for (const gone of view.lingering) {
    const known = found.get(gone.id);
    if (known !== undefined && !(known.lingering && newer32(gone.tick, known.tick))) continue;
    found.set(gone.id, visible(gone.id, gone.xy, gone.rest, gone.x, gone.y, gone.tick, true));
  }
  return found;
}

function listPart(found, records, slot, tick) {
  for (let at = 0; at < records.length; at += 3) {
    const known = found.get(records[at]);
    if (known !== undefined && !newer32(tick, known.tick)) continue;
    found.set(records[at], visible(records[at], records[at + 1], records[at + 2], slot.x, slot.y, tick, false));
  }
}

/** @returns {Visible} */
function visible(id, xy, rest, cellX, cellY, tick, lingering) {
  const qx = fromCell(xy & 4095, cellX);
  const qy = fromCell(xy >>> 12, cellY);
  return { id, tick, qx, qy, cellX, cellY, rest, lingering };
}
