/**
 * Irregular numbers that are the same everywhere and always: for edges that wander and meadows that vary.
 *
 * Invariant: everything is a function of whole coordinates of the world.
 */

/** @param {number} x @param {number} y @param {number} salt @returns {number} 0 to 2^32 − 1 */
export function hashed(x, y, salt) {
  let mixed = (Math.imul(x, 0x9e3779b1) + Math.imul(y, 0x85ebca77) + Math.imul(salt, 0x27d4eb2f)) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A square of smooth noise, −1 to 1, that goes on at its edges. @param {number} side @param {number} scale  divides it
 * @param {number} salt */
export function smoothSquare(side, scale, salt) {
  const cells = side / scale;
  const square = new Float32Array(side * side);
  const at = (i, j) => hashed(i % cells, j % cells, salt) / 2 ** 31 - 1;
  for (let y = 0; y < side; y++) {
    const j = Math.floor(y / scale);
    const v = ease((y % scale) / scale);
    for (let x = 0; x < side; x++) {
      const i = Math.floor(x / scale);
      const u = ease((x % scale) / scale);
      const top = at(i, j) * (1 - u) + at(i + 1, j) * u;
      const low = at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u;
      square[y * side + x] = top * (1 - v) + low * v;
    }
  }
  return square;
}

/** A square seen through two others, so that its lattice does not show. @param {Float32Array} square @param {number} side
 * @param {Float32Array} bendX @param {Float32Array} bendY @param {number} byPx */
export function bent(square, side, bendX, bendY, byPx) {
  const made = new Float32Array(square.length);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = y * side + x;
      const fromX = (x + Math.round(bendX[at] * byPx)) & (side - 1);
      const fromY = (y + Math.round(bendY[at] * byPx)) & (side - 1);
      made[at] = square[fromY * side + fromX];
    }
  }
  return made;
}

/** Squares added, as whole numbers within ± `reach`. @param {Float32Array[]} squares @param {number[]} weights
 * @param {number} reach */
export function blended(squares, weights, reach) {
  const sum = new Int8Array(squares[0].length);
  for (let i = 0; i < sum.length; i++) {
    let value = 0;
    for (let k = 0; k < squares.length; k++) value += squares[k][i] * weights[k];
    sum[i] = Math.max(-reach, Math.min(reach, Math.round(value * reach)));
  }
  return sum;
}

function ease(part) {
  return part * part * (3 - 2 * part);
}
