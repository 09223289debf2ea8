/**
 * The world on the canvas, as the page sees it.
 *
 * Responsible for: keeping canvas and drawing at one size, what is at a place of the page, icons. Not here: drawing
 * (`draw/`).
 */

export class Scene {
  /** @param {HTMLCanvasElement} canvas @param {any} world @param {any} info */
  constructor(canvas, world, info) {
    this.#canvas = canvas;
    this.#world = world;
    this.#info = info;
    this.zoom = 1;
    this.names = true;
  }

  #canvas;
  #world;
  #info;
  #hovered = 0;
  minimap = document.createElement('canvas');

  iconOf(asset) {
    return null;
  }

  get scale() {
    return 28 * this.zoom;
  }

  /** @param {number} x @param {number} y  of the page */
  toWorld(x, y) {
    const { self } = this.#world;
    return { x: (self?.x ?? 0) + (x - innerWidth / 2) / this.scale, y: (self?.y ?? 0) - (y - innerHeight / 2) / this.scale };
  }

  /** Where a place of the world is on the page. @param {number} x @param {number} y  metres */
  toPage(x, y) {
    const { self } = this.#world;
    return { x: innerWidth / 2 + (x - self.x) * this.scale, y: innerHeight / 2 - (y - self.y) * this.scale };
  }

  /** @param {number} x @param {number} y  of the page @returns {any} */
  pick(x, y) {
    const at = this.toWorld(x, y);
    let [found, least] = [null, 1.1];
    for (const one of this.#world.entities()) {
      const far = Math.hypot(one.x - at.x, one.y + 0.4 - at.y);
      if (far < least) [found, least] = [one, far];
    }
    return found;
  }

  hover(id) {
    this.#hovered = id;
    this.#canvas.style.cursor = id === 0 ? '' : 'pointer';
  }

  /** @param {number} nowMs @param {{ target: number, aim: any }} shown */
  frame(nowMs, { target, aim }) {
    const { self, map } = this.#world;
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext('2d'));
    if (this.#canvas.width !== innerWidth || this.#canvas.height !== innerHeight) Object.assign(this.#canvas, { width: innerWidth, height: innerHeight });
    pen.fillStyle = '#2f4a2c';
    pen.fillRect(0, 0, innerWidth, innerHeight);
    if (self === null) return;
    const s = this.scale;
    const put = (x, y) => [innerWidth / 2 + (x - self.x) * s, innerHeight / 2 - (y - self.y) * s];
    if (map) {
      const from = this.toWorld(0, innerHeight);
      const to = this.toWorld(innerWidth, 0);
      for (let r = map.rowAt(from.y); r <= map.rowAt(to.y); r++) for (let c = map.columnAt(from.x); c <= map.columnAt(to.x); c++) {
        const [x, y] = put(map.originX + c * 2, map.originY + r * 2 + 2);
        pen.fillStyle = map.solid(c, r) ? '#24351f' : (c + r) % 2 ? '#3f6437' : '#3b5f34';
        pen.fillRect(x, y, 2 * s + 1, 2 * s + 1);
      }
    }
    for (const one of [...this.#world.entities(), { ...self, player: true, item: 0 }]) {
      const [x, y] = put(one.x, one.y);
      pen.fillStyle = one.item ? '#f0c95c' : one.player ? '#6fb6ff' : '#d65f4a';
      pen.fillRect(x - 8, y - 16, 16, 20);
      if (one.id === target) pen.strokeRect(x - 12, y - 20, 24, 28);
      if (this.names && one.player) {
        pen.fillStyle = '#fff';
        pen.fillText(one.name, x - 10, y - 22);
      }
    }
  }
}
