/**
 * Marks on the ground: who is selected or pointed at, where one is going, where a zone ends.
 *
 * Invariant: they lie under beings and are drawn with lines alone.
 */

const HALF_M = 0.62;
const FLAT = 0.55;
const DASH_M = 1.2;

export class Marks {
  /** @param {CanvasRenderingContext2D} pen @param {import('./camera.js').Camera} camera
   * @param {import('./renderer.js').Frame} frame @param {import('./puppets.js').Puppets} puppets */
  draw(pen, camera, frame, puppets) {
    if (frame.map !== null) this.#drawBorders(pen, camera, frame.map);
    if (frame.aim) this.#drawAim(pen, camera, frame.aim, frame.now);
    if (frame.hovered && frame.hovered !== frame.selected) this.#drawRing(pen, camera, puppets.get(frame.hovered), 'rgba(255,255,255,.7)', 1);
    if (frame.selected) {
      const puppet = puppets.get(frame.selected);
      const colour = puppet === undefined || puppet.player ? '#8fd0ff' : puppet.item !== 0 ? '#ffe08a' : '#ff7a5c';
      this.#drawRing(pen, camera, puppet, colour, 1 + 0.06 * Math.sin(frame.now / 160));
    }
    pen.setLineDash(NO_DASH);
  }

  #drawRing(pen, camera, puppet, colour, size) {
    if (puppet === undefined) return;
    const wide = HALF_M * 16 * camera.scale * size * (puppet.player || puppet.item !== 0 ? 1 : 1.35);
    const [x, y] = [camera.canvasX(puppet.x), camera.canvasY(puppet.y) + camera.scale];
    pen.lineWidth = Math.max(1.5, camera.scale * 2.6);
    pen.strokeStyle = 'rgba(20,12,24,.55)';
    pen.beginPath();
    pen.ellipse(x, y + camera.scale * 0.6, wide, wide * FLAT, 0, 0, 2 * Math.PI);
    pen.stroke();
    pen.lineWidth = Math.max(1, camera.scale * 1.4);
    pen.strokeStyle = colour;
    pen.beginPath();
    pen.ellipse(x, y, wide, wide * FLAT, 0, 0, 2 * Math.PI);
    pen.stroke();
  }

  #drawAim(pen, camera, aim, now) {
    const wide = (0.32 + 0.1 * Math.sin(now / 140)) * 16 * camera.scale;
    pen.lineWidth = Math.max(1, camera.scale * 1.2);
    pen.strokeStyle = 'rgba(255,244,200,.85)';
    pen.beginPath();
    pen.ellipse(camera.canvasX(aim.x), camera.canvasY(aim.y), wide, wide * FLAT, 0, 0, 2 * Math.PI);
    pen.stroke();
  }

  /** Dashes along those edges of the zone beyond which another one lies. */
  #drawBorders(pen, camera, map) {
    const { x, y, width, height } = map.area;
    const near = camera.west < x || camera.east > x + width || camera.south < y || camera.north > y + height;
    if (!near) return;
    const dash = DASH_M * 16 * camera.scale;
    BORDER_DASH[0] = BORDER_DASH[1] = dash;
    pen.setLineDash(BORDER_DASH);
    pen.lineDashOffset = 0;
    pen.lineWidth = Math.max(1, camera.scale * 1.5);
    pen.strokeStyle = 'rgba(255,250,225,.5)';
    for (const other of map.neighbours) {
      const area = other.area;
      const west = Math.max(x, area.x);
      const east = Math.min(x + width, area.x + area.width);
      const south = Math.max(y, area.y);
      const north = Math.min(y + height, area.y + area.height);
      if (west === east && south === north) continue;
      pen.beginPath();
      pen.moveTo(camera.canvasX(west), camera.canvasY(south));
      pen.lineTo(camera.canvasX(east), camera.canvasY(north));
      pen.stroke();
    }
  }
}

const NO_DASH = [];
const BORDER_DASH = [1, 1];
