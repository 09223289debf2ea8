/** A map of solid tiles for tests, from one bit a tile. */

import { bytesOf } from '/client/api.js';

export function bitMap({ origin_x: originX, origin_y: originY, width, height, solid }) {
  const bits = bytesOf(solid);
  return {
    originX,
    originY,
    tileM: 2,
    widthTiles: width,
    heightTiles: height,
    solid(column, row) {
      if (column < 0 || row < 0 || column >= width || row >= height) return true;
      const place = row * width + column;
      return ((bits[place >> 3] >> (place & 7)) & 1) === 1;
    },
  };
}

export function mapsOf(maps) {
  return Object.fromEntries(Object.entries(maps).map(([zone, map]) => [zone, bitMap(map)]));
}
