/**
 * What the tile numbers of maps mean to the drawing: grounds, and what stands on them.
 *
 * Responsible for: tables by tile number (`emberdale/terrain.py`) and by ground. Not here: pixels.
 *
 * Invariant: a tile that nobody knows looks like grass.
 */

/** Pixels of a tile's side. */
export const TILE_PX = 32;
/** Pixels of a metre, for tiles of 2 m. */
export const PX_PER_M = 16;

export const MIST = 0;
export const GRASS = 1;
export const MEADOW = 2;
export const MOSS = 3;
export const ROAD = 4;
export const WATER = 5;
export const PLANKS = 6;
export const SAND = 7;
export const ROCK = 8;
export const WALL = 9;
export const FLAGSTONE = 10;
export const ASH = 11;
export const SNOW = 12;
export const ICE = 13;
export const GLACIER = 14;
export const DUNE = 15;
export const CRACKED = 16;
export const SANDSTONE = 17;
export const MUD = 18;
export const REEDS = 19;
/** A bridge that is walked from south to north. */
export const PLANKS_UP = 20;
const NUM_GROUNDS = 21;

/** Names of pictures by ground. */
export const PICTURES = [
  'mist', 'grass', 'meadow', 'moss', 'road', 'water_0', 'planks', 'sand', 'rock_top', 'wall_top', 'flagstone', 'ash',
  'snow', 'ice', 'glacier_top', 'dune', 'cracked', 'sandstone_top', 'mud', 'reeds', 'planks',
];

function table(grounds) {
  const made = new Uint8Array(NUM_GROUNDS);
  for (const ground of grounds) made[ground] = 1;
  return made;
}

/** Built by somebody: edges are straight. */
export const IS_BUILT = table([PLANKS, PLANKS_UP, WALL, FLAGSTONE]);
/** Rises above what is south of it; the number of pixels of its front is in `FACE_PX`. */
export const FACE_PX = new Uint8Array(NUM_GROUNDS);
FACE_PX[ROCK] = FACE_PX[SANDSTONE] = FACE_PX[GLACIER] = 17;
FACE_PX[WALL] = 19;
export const FACES = { [ROCK]: 'rock_face', [SANDSTONE]: 'sandstone_face', [GLACIER]: 'glacier_face', [WALL]: 'wall_face' };
/** Grows or lies over what is beside it. */
export const IS_HIGH = table([GRASS, MEADOW, MOSS, SNOW, REEDS]);
export const IS_LOW = table([ROAD, SAND, MUD, DUNE, CRACKED, ASH, ICE, FLAGSTONE]);

/** Tile numbers that stand on a ground, and which one if nothing is around them. */
const ROOF_TILE = 11;
export const BRIDGE_TILE = 6;
export const WATER_TILE = 5;
export const STANDING = { 9: 'tree', 14: 'stump', 18: 'pine', 22: 'cactus', 26: 'willow' };
const GROUND_BELOW = { 9: MOSS, 14: ASH, 18: SNOW, 22: CRACKED, 26: MUD, [ROOF_TILE]: MEADOW };

const GROUND_OF = new Uint8Array(256).fill(GRASS);
[MIST, GRASS, MEADOW, MOSS, ROAD, WATER, PLANKS, SAND, ROCK, MOSS, WALL, MEADOW, FLAGSTONE, ASH, ASH, GRASS, SNOW, ICE,
  SNOW, GLACIER, DUNE, CRACKED, CRACKED, SANDSTONE, MUD, REEDS, MUD].forEach((ground, tile) => (GROUND_OF[tile] = ground));

const MAY_LIE_BELOW = table([GRASS, MEADOW, MOSS, SAND, ASH, SNOW, ICE, DUNE, CRACKED, MUD, REEDS]);

/** @param {number} tile */
export function groundOf(tile) {
  return GROUND_OF[tile & 0xff];
}

/** @param {number} tile */
export function isRoof(tile) {
  return tile === ROOF_TILE;
}

/** @param {number} tile */
export function isStanding(tile) {
  return tile in GROUND_BELOW;
}

const votes = new Uint8Array(NUM_GROUNDS);

/** The ground under something that stands: what most of the tiles around it are. @param {Uint8Array} tiles
 * @param {number} place @param {number} wide  tiles in a row */
export function groundBelow(tiles, place, wide) {
  votes.fill(0);
  let best = GROUND_BELOW[tiles[place]];
  for (let down = -1; down <= 1; down++) {
    for (let right = -1; right <= 1; right++) {
      const tile = tiles[place + down * wide + right];
      if (tile === undefined || isStanding(tile)) continue;
      const ground = groundOf(tile);
      if (MAY_LIE_BELOW[ground] === 0) continue;
      votes[ground]++;
      if (votes[ground] > votes[best]) best = ground;
    }
  }
  return best;
}
