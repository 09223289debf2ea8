/**
 * How a player moves in one input-tick: the server's rule (`emberdale/movement.py`, `myriad/sim/collision.py`) again, to
 * the bit.
 *
 * Responsible for: walking, running, stamina, sliding along walls. Not here: when inputs are made (`/client/…`), the
 * map's tiles (`map.js`).
 *
 * Invariants: whole numbers of 1/1024 m in, whole numbers out; only + − × ÷ and floor of doubles in between, as on the
 * server.
 *
 * What it needs of a zone's map (of `loadMap(zone)` in `map.js`):
 *
 * @typedef {object} SolidMap
 * @property {number} originX  west edge in metres, whole; may lie beyond the zone's own rectangle
 * @property {number} originY  south edge in metres
 * @property {number} tileM  side of a tile in metres (2)
 * @property {number} widthTiles
 * @property {number} heightTiles
 * @property {(column: number, row: number) => boolean} solid  row 0 in the south; outside of the map everything is solid
 *   (in the JSON of `GET /v1/maps/{zone}`: base64 of one bit a tile, row 0 first, bit 0 of a byte first)
 */

const UNITS_PER_M = 1024;
const TILE_SHIFT = 11;
const MAX_STEP_UNITS = (1 << TILE_SHIFT) - 1;

/** Cosine of 256 directions, direction 0 east, 64 north: whole multiples of 2^-30, so that every machine agrees. */
export const COSINE = Float64Array.from(
  { length: 256 },
  (_, i) => Math.round(Math.cos((i * Math.PI) / 128) * 2 ** 30) / 2 ** 30,
);
export const SINE = COSINE.map((_, i) => COSINE[(i + 192) & 255]);

/**
 * @typedef {object} Rules  of GET /v1/game
 * @property {number} walk_mps
 * @property {number} run_mps
 * @property {number} body_radius
 * @property {number} stamina
 * @property {number} run_stamina
 * @property {number} rest_stamina
 * @property {number} run_again_stamina
 */
/** @typedef {{ buttons: number, direction: number, magnitude: number, heading: number }} Input */

/** The rule: applies one input-tick to `own` as the server will.
 * @param {{ rules: Rules, states: Record<string, number>, buttons: Record<string, number>,
 *   protocol: { tick_hz: number } }} info
 * @returns {(own: Record<string, any>, input: Input, map: SolidMap) => void} */
export function movementOf({ rules, states, buttons, protocol }) {
  const dt = 1 / protocol.tick_hz;
  const rested = (stamina) => Math.min(rules.stamina, stamina + rules.rest_stamina);
  return (own, { buttons: held, direction, magnitude, heading }, map) => {
    if (own.state === states.dead) return;
    own.heading = heading;
    if (magnitude === 0) {
      if (own.state !== states.fighting) own.state = states.idle;
      own.stamina = rested(own.stamina);
      return;
    }
    const needed = own.state === states.running ? rules.run_stamina : rules.run_again_stamina;
    const running = (held & buttons.run) !== 0 && own.stamina >= needed;
    const length = (running ? rules.run_mps : rules.walk_mps) * UNITS_PER_M * dt * (magnitude / 255);
    const stepX = Math.floor(COSINE[direction] * length + 0.5);
    const stepY = Math.floor(SINE[direction] * length + 0.5);
    if (!moveBody(map, own, stepX, stepY, rules.body_radius)) {
      own.state = states.idle; // against a wall: nobody gets tired of standing
      own.stamina = rested(own.stamina);
    } else if (running) {
      own.state = states.running;
      own.stamina -= rules.run_stamina;
    } else {
      own.state = states.walking;
      own.stamina = rested(own.stamina);
    }
  };
}

/** Moves a square body first along x, then along y; a blocked axis stops at the tile. False if it did not move.
 * @param {SolidMap} map @param {Record<string, any>} own @param {number} stepX @param {number} stepY
 * @param {number} radius */
function moveBody(map, own, stepX, stepY, radius) {
  const left = map.originX * UNITS_PER_M;
  const bottom = map.originY * UNITS_PER_M;
  const x = own.qx - left;
  const y = own.qy - bottom;
  const newX = stepX === 0 ? x : slide(x, y, cut(stepX), radius, (tile, other) => map.solid(tile, other));
  const newY = stepY === 0 ? y : slide(y, newX, cut(stepY), radius, (tile, other) => map.solid(other, tile));
  own.qx = newX + left;
  own.qy = newY + bottom;
  return newX !== x || newY !== y;
}

function cut(step) {
  return Math.max(-MAX_STEP_UNITS, Math.min(MAX_STEP_UNITS, step));
}

/** New coordinate along one axis; `across` is the one on the other. */
function slide(at, across, step, radius, isSolid) {
  const moved = at + step;
  const edge = step > 0 ? radius - 1 : -radius;
  const tile = (moved + edge) >> TILE_SHIFT;
  if (tile === (at + edge) >> TILE_SHIFT) return moved;
  const last = (across + radius - 1) >> TILE_SHIFT;
  for (let other = (across - radius) >> TILE_SHIFT; other <= last; other++) {
    if (isSolid(tile, other)) return step > 0 ? (tile << TILE_SHIFT) - radius : ((tile + 1) << TILE_SHIFT) + radius;
  }
  return moved;
}
