/**
 * A way around obstacles, on the tiles that are solid.
 *
 * Responsible for: finding it (A* over tiles, then straight lines where a body fits). Not here: walking it (`walker.js`).
 *
 * Invariants: no step goes through a solid tile or cuts its corner; at most `MOST` tiles are looked at, so a way that
 * cannot be found costs little; where the aim cannot be reached the way ends as near to it as was found.
 */

const MOST = 4000;
const DIAGONAL = Math.SQRT2;
const SAMPLE_M = 0.4;

/** @typedef {{ x: number, y: number }} Place  metres */
/** @typedef {{ originX: number, originY: number, tileM: number, widthTiles: number, heightTiles: number,
 *   solid: (column: number, row: number) => boolean }} SolidMap */

/** Places to go through one after another, the last as near to `to` as one gets; empty: one is there already.
 * @param {SolidMap} map @param {Place} from @param {Place} to @param {number} radius  of the body, metres @returns {Place[]} */
export function findPath(map, from, to, radius) {
  if (isFree(map, from, to, radius)) return [to];
  const tiles = search(map, tileOf(map, from), tileOf(map, to));
  const places = tiles.map(({ column, row }) => middle(map, column, row));
  const last = places[places.length - 1];
  if (last !== undefined && isFree(map, last, to, radius)) places.push(to);
  return straighten(map, from, places, radius);
}

/** True if a body gets from one place to another in a straight line.
 * @param {SolidMap} map @param {Place} from @param {Place} to @param {number} radius */
export function isFree(map, from, to, radius) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / SAMPLE_M));
  for (let i = 1; i <= steps; i++) {
    if (!fits(map, from.x + (dx * i) / steps, from.y + (dy * i) / steps, radius)) return false;
  }
  return true;
}

function fits(map, x, y, radius) {
  const [left, right] = [Math.floor((x - radius - map.originX) / map.tileM), Math.floor((x + radius - map.originX) / map.tileM)];
  const [low, high] = [Math.floor((y - radius - map.originY) / map.tileM), Math.floor((y + radius - map.originY) / map.tileM)];
  return !map.solid(left, low) && !map.solid(right, low) && !map.solid(left, high) && !map.solid(right, high);
}

function tileOf(map, { x, y }) {
  return { column: Math.floor((x - map.originX) / map.tileM), row: Math.floor((y - map.originY) / map.tileM) };
}

function middle(map, column, row) {
  return { x: map.originX + (column + 0.5) * map.tileM, y: map.originY + (row + 0.5) * map.tileM };
}

/** Tiles from next to `start` to `goal`, or to the nearest to it that was found. */
function search(map, start, goal) {
  const keyOf = (column, row) => row * map.widthTiles + column;
  const guess = (column, row) => {
    const [dx, dy] = [Math.abs(column - goal.column), Math.abs(row - goal.row)];
    return Math.max(dx, dy) + (DIAGONAL - 1) * Math.min(dx, dy);
  };
  const cost = new Map([[keyOf(start.column, start.row), 0]]);
  const before = new Map();
  const done = new Set();
  const open = new Heap();
  open.push({ ...start, order: guess(start.column, start.row) });
  let nearest = { ...start, rest: guess(start.column, start.row) };
  while (open.size > 0 && done.size < MOST) {
    const here = open.pop();
    const key = keyOf(here.column, here.row);
    if (done.has(key)) continue;
    done.add(key);
    const rest = guess(here.column, here.row);
    if (rest < nearest.rest) nearest = { column: here.column, row: here.row, rest };
    if (rest === 0) break;
    for (const [dx, dy] of NEIGHBOURS) {
      const [column, row] = [here.column + dx, here.row + dy];
      if (map.solid(column, row)) continue;
      if (dx !== 0 && dy !== 0 && (map.solid(here.column + dx, here.row) || map.solid(here.column, here.row + dy))) continue;
      const next = keyOf(column, row);
      const total = cost.get(key) + (dx !== 0 && dy !== 0 ? DIAGONAL : 1);
      if (total >= (cost.get(next) ?? Infinity)) continue;
      cost.set(next, total);
      before.set(next, here);
      open.push({ column, row, order: total + guess(column, row) });
    }
  }
  const tiles = [];
  for (let at = nearest; at && !(at.column === start.column && at.row === start.row); at = before.get(keyOf(at.column, at.row))) tiles.push(at);
  return tiles.reverse();
}

const NEIGHBOURS = [[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [1, -1], [-1, 1], [-1, -1]];

/** Leaves out what lies on a straight line anyway. */
function straighten(map, from, places, radius) {
  const kept = [];
  let here = from;
  for (let i = 0; i < places.length; ) {
    let next = i;
    while (next + 1 < places.length && isFree(map, here, places[next + 1], radius)) next++;
    kept.push(places[next]);
    here = places[next];
    i = next + 1;
  }
  return kept;
}

/** The least `order` first. */
class Heap {
  #items = [];

  get size() {
    return this.#items.length;
  }

  push(item) {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent].order <= item.order) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop() {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1].order < items[child].order) child++;
      if (items[child].order >= last.order) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return first;
  }
}
