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
