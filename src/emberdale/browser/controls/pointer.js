/**
 * Mouse and finger on the world: walk there, attack, pick up, menus, zoom.
 *
 * Invariants: a press that moves is no tap; a mouse button held down keeps walking towards the pointer; two fingers zoom
 * and do nothing else.
 */

const TAP_PX = 12;
const LONG_PRESS_MS = 450;
const HOLD_MS = 220;

/**
 * @typedef {object} Scene
 * @property {(x: number, y: number) => { x: number, y: number }} toWorld  of the page's pixels
 * @property {(x: number, y: number) => any} pick  the entity there, or null
 * @property {(id: number) => void} hover
 */
/**
 * @typedef {object} Deeds
 * @property {(place: { x: number, y: number }, entity: any) => void} tap
 * @property {(entity: any, x: number, y: number) => void} menu
 * @property {(place: { x: number, y: number }) => void} follow
 * @property {(factor: number) => void} zoom
 */

export class Pointer {
  /** @param {HTMLCanvasElement} canvas @param {Scene} scene @param {Deeds} deeds */
  constructor(canvas, scene, deeds) {
    this.#canvas = canvas;
    this.#scene = scene;
    this.#deeds = deeds;
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', (event) => this.#up(event));
    canvas.addEventListener('pointercancel', (event) => this.#forget(event));
    canvas.addEventListener('pointerleave', () => scene.hover(0));
    canvas.addEventListener('contextmenu', (event) => event.preventDefault());
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      deeds.zoom(Math.exp(-Math.sign(event.deltaY) * 0.08));
    }, { passive: false });
  }

  #canvas;
  #scene;
  #deeds;
  /** @type {Map<number, { x: number, y: number, fromX: number, fromY: number, atMs: number, moved: boolean, timer: any }>} */
  #presses = new Map();
  #pinch = 0;

  /** While the button is held, the avatar follows the pointer. @param {number} nowMs */
  frame(nowMs) {
    if (this.#presses.size !== 1) return;
    const [press] = this.#presses.values();
    if (press.timer === null && nowMs - press.atMs > HOLD_MS) this.#deeds.follow(this.#scene.toWorld(press.x, press.y));
  }

  #down(event) {
    const [x, y] = [event.clientX, event.clientY];
    if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) document.activeElement.blur();
    if (event.pointerType === 'mouse' && event.button === 2) {
      const entity = this.#scene.pick(x, y);
      if (entity !== null) this.#deeds.menu(entity, x, y);
      return;
    }
    if (event.button !== 0) return;
    this.#canvas.setPointerCapture(event.pointerId);
    const touch = event.pointerType !== 'mouse';
    const timer = touch ? setTimeout(() => this.#longPress(event), LONG_PRESS_MS) : null;
    this.#presses.set(event.pointerId, { x, y, fromX: x, fromY: y, atMs: performance.now(), moved: false, timer });
    if (this.#presses.size === 2) {
      for (const one of this.#presses.values()) clearTimeout(one.timer);
      this.#pinch = this.#spread();
    }
  }

  #longPress(event) {
    const press = this.#presses.get(event.pointerId);
    if (press === undefined || press.moved || this.#presses.size > 1) return;
    press.moved = true;
    const entity = this.#scene.pick(press.x, press.y);
    if (entity !== null) this.#deeds.menu(entity, press.x, press.y);
  }

  #move(event) {
    const press = this.#presses.get(event.pointerId);
    if (press === undefined) return void (event.pointerType === 'mouse' && this.#scene.hover(this.#scene.pick(event.clientX, event.clientY)?.id ?? 0));
    [press.x, press.y] = [event.clientX, event.clientY];
    if (Math.hypot(press.x - press.fromX, press.y - press.fromY) > TAP_PX) press.moved = true;
    if (this.#presses.size === 2) {
      const spread = this.#spread();
      if (this.#pinch > 0) this.#deeds.zoom(spread / this.#pinch);
      this.#pinch = spread;
    }
  }

  #up(event) {
    const press = this.#presses.get(event.pointerId);
    const alone = this.#presses.size === 1;
    this.#forget(event);
    if (press === undefined || !alone || this.#pinch > 0) return void (this.#pinch = this.#presses.size === 0 ? 0 : this.#pinch);
    const wasHeld = press.timer === null && performance.now() - press.atMs > HOLD_MS;
    if (press.timer !== null && press.moved) return;
    if (wasHeld) return;
    this.#deeds.tap(this.#scene.toWorld(press.x, press.y), this.#scene.pick(press.x, press.y));
  }

  #forget(event) {
    clearTimeout(this.#presses.get(event.pointerId)?.timer);
    this.#presses.delete(event.pointerId);
  }

  #spread() {
    const [a, b] = [...this.#presses.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  }
}
