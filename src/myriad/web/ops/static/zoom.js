// Which part of an area is looked at, and how close.
//
// Responsible for: zoom and place of the window over an area, by wheel, drag and keys; from metres to points.
// Not here: drawing.
//
// Invariant: the window never leaves the area.

const CLOSEST = 16;
const STEP = 1.5;
const KEYS = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] };

export class Zoom {
  #factor = 1;
  #x = 0.5;
  #y = 0.5;

  /** `changed()` is called after each change by a person. */
  constructor(element, changed) {
    this.element = element;
    this.changed = changed;
    element.addEventListener("wheel", (event) => this.#turn(event), { passive: false });
    element.addEventListener("dblclick", () => this.reset());
    element.addEventListener("keydown", (event) => this.#press(event));
    element.addEventListener("pointerdown", (event) => element.setPointerCapture(event.pointerId));
    element.addEventListener("pointermove", (event) => {
      if (event.buttons & 1)
        this.#shift(-event.movementX / element.clientWidth, event.movementY / element.clientHeight);
    });
  }

  reset() {
    [this.#factor, this.#x, this.#y] = [1, 0.5, 0.5];
    this.changed();
  }

  /** How `area` (metres, y north) lies in a picture of `width` × `height` points. */
  of(area, width, height) {
    const scale = (width / area.width) * this.#factor;
    const west = area.x + area.width * this.#x - width / 2 / scale;
    const south = area.y + area.height * this.#y - height / 2 / scale;
    return { scale, west, south, at: (x, y) => [(x - west) * scale, height - (y - south) * scale] };
  }

  #turn(event) {
    if (event.ctrlKey) return;
    const closer = event.deltaY < 0;
    if (!closer && this.#factor === 1) return; // the page scrolls on
    event.preventDefault();
    const across = event.offsetX / this.element.clientWidth - 0.5;
    const up = 0.5 - event.offsetY / this.element.clientHeight;
    this.#scale(closer ? STEP : 1 / STEP, across, up);
  }

  #press(event) {
    const move = KEYS[event.key];
    if (event.key === "+" || event.key === "=") this.#scale(STEP, 0, 0);
    else if (event.key === "-") this.#scale(1 / STEP, 0, 0);
    else if (event.key === "0") this.reset();
    else if (move && this.#factor > 1) this.#shift(...move);
    else return;
    event.preventDefault();
  }

  /** Closer or farther; what lies at (across, up) of the window, −½ to ½, stays there. */
  #scale(by, across, up) {
    const before = this.#factor;
    this.#factor = Math.min(Math.max(before * by, 1), CLOSEST);
    const moved = 1 / before - 1 / this.#factor;
    this.#move(across * moved, up * moved);
  }

  #shift(across, up) {
    this.#move(across / this.#factor, up / this.#factor);
  }

  #move(x, y) {
    const edge = 0.5 / this.#factor;
    this.#x = Math.min(Math.max(this.#x + x, edge), 1 - edge);
    this.#y = Math.min(Math.max(this.#y + y, edge), 1 - edge);
    this.changed();
  }
}
