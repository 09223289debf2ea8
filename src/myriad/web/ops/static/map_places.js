// Where zones and their borders lie in the picture of the world.
//
// Responsible for: from metres to the picture's points; which borders there are. Not here: drawing (`world_map.js`).
//
// Invariant: zones keep their places and proportions to each other; between tiles there is room for a border.

const GAP = 30;
const HIGHEST_PX = 500;

/** From metres, y north, to the picture's points, y down. */
export class Placing {
  constructor(zones, width) {
    const areas = zones.map((zone) => zone.area);
    this.west = Math.min(...areas.map((area) => area.x));
    this.north = Math.max(...areas.map((area) => area.y + area.height));
    const [across, up] = [
      Math.max(...areas.map((area) => area.x + area.width)) - this.west,
      this.north - Math.min(...areas.map((area) => area.y)),
    ];
    const side = Math.max(...areas.map((area) => area.width));
    this.perX = Math.min(width / across, 300 / side);
    this.perY = Math.min(this.perX, Math.max(HIGHEST_PX / up, 62 / side));
    this.width = Math.round(across * this.perX);
    this.height = Math.round(up * this.perY);
  }

  rect({ x, y, width, height }) {
    return {
      x: Math.round((x - this.west) * this.perX + GAP / 2),
      y: Math.round((this.north - y - height) * this.perY + GAP / 2),
      width: Math.round(width * this.perX - GAP),
      height: Math.round(height * this.perY - GAP),
    };
  }

  /** The line from tile to tile across what two areas share. */
  border(a, b) {
    const [west, east] = [Math.max(a.x, b.x), Math.min(a.x + a.width, b.x + b.width)];
    const [south, north] = [Math.max(a.y, b.y), Math.min(a.y + a.height, b.y + b.height)];
    const x = ((west + east) / 2 - this.west) * this.perX;
    const y = (this.north - (south + north) / 2) * this.perY;
    const half = GAP / 2 + 1;
    if (east - west > north - south) return { x1: x, x2: x, y1: y - half, y2: y + half };
    if (east - west < north - south) return { x1: x - half, x2: x + half, y1: y, y2: y };
    const rises = (b.x - a.x) * (b.y - a.y) > 0 ? -1 : 1;
    return { x1: x - half, x2: x + half, y1: y - half * rises, y2: y + half * rises };
  }
}

/** Both directions of a border as one; corners only while somebody crosses there. */
export function joinBorders(rows, zones) {
  const borders = new Map();
  for (const row of rows) {
    const [first, second] = [row.from, row.to].sort();
    const [a, b] = [zones.get(first), zones.get(second)];
    if (!a || !b || a === b) continue;
    const key = `${first} ${second}`;
    const border = borders.get(key) ?? { key, a, b, there: 0, back: 0, failed: 0 };
    border[row.from === first ? "there" : "back"] += row.handoffs_min ?? 0;
    border.failed += row.failed_min ?? 0;
    borders.set(key, border);
  }
  return [...borders.values()].filter(
    (border) => touches(border.a.area, border.b.area) || border.there + border.back > 0,
  );
}

function touches(a, b) {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const up = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return across >= 0 && up >= 0 && across + up > 0;
}
