// A zone from above.
//
// Responsible for: its cells by how full they are, its entities as dots, and who is under the pointer.
// Not here: asking for them (`live.js`), what else is known of the zone (`zone_page.js`).
//
// Invariant: dots glide from one answer to the next and stand where the zone said when they arrive; nothing is drawn
// while nothing moves.

import { h, replace, setText } from "/client/dom.js";
import { plural } from "./format.js";
import { Zoom } from "./zoom.js";

const GLIDE_MS = 900;
const FRAME_MS = 40;
const NEAR_PX = 9;
const COLOURS = ["#e8c15a", "#d9675f", "#48b39a", "#b583d6", "#5b9bd5", "#e08a4f", "#9bbf5a", "#c9d1db"];
const PLAYER = "#ffffff";
const CALM = matchMedia("(prefers-reduced-motion: reduce)");

export class ZoneCanvas {
  #area = null;
  #view = null;
  #before = new Map();
  #dots = [];
  #began = 0;
  #drawn = 0;
  #frame = 0;
  #pointer = null;

  constructor() {
    this.canvas = h("canvas", {
      class: "top-view",
      tabindex: 0,
      role: "img",
      "aria-label": "The zone from above; plus and minus zoom, arrows move",
    });
    this.under = h("p", { class: "hint under" });
    this.kinds = h("div", { class: "legend" });
    this.box = h("div", { class: "top-view-box" }, this.canvas);
    this.canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#point(null));
    this.zoom = new Zoom(this.canvas, () => this.#ask());
    new ResizeObserver(() => this.#ask()).observe(this.box);
  }

  /** `area` of the zone; `view` as the API gives it; `kindName(kind)`. */
  update(area, view, kindName) {
    const at = this.#places(performance.now());
    this.#before = new Map(this.#dots.map((dot, i) => [dot.id, at[i]]));
    Object.assign(this, { kindName });
    this.#area = area;
    this.#view = view;
    this.#dots = rows(view.entities);
    this.#began = performance.now();
    this.#offerKinds();
    setText(this.under, this.#sentence());
    this.#ask();
  }

  clear() {
    this.zoom.reset();
    this.#dots = [];
    this.#view = null;
    this.#before = new Map();
    replace(this.kinds);
    setText(this.under, "");
    this.#ask();
  }

  #ask() {
    if (!this.#frame) this.#frame = requestAnimationFrame((now) => this.#run(now));
  }

  #run(now) {
    this.#frame = 0;
    const moving = now - this.#began < GLIDE_MS && !CALM.matches;
    if (now - this.#drawn >= FRAME_MS || !moving) {
      this.#drawn = now;
      this.#draw(now);
    }
    if (moving && this.canvas.isConnected) this.#ask();
  }

  /** Where dots are at `now`, [x, y] in metres each. */
  #places(now) {
    const part = CALM.matches ? 1 : Math.min((now - this.#began) / GLIDE_MS, 1);
    return this.#dots.map(({ id, x, y }) => {
      const old = this.#before.get(id);
      if (!old || Math.hypot(x - old[0], y - old[1]) > 60) return [x, y];
      return [old[0] + (x - old[0]) * part, old[1] + (y - old[1]) * part];
    });
  }

  #fit() {
    const width = this.box.clientWidth;
    const height = Math.round(width * (this.#area ? this.#area.height / this.#area.width : 1));
    const ratio = devicePixelRatio || 1;
    const wide = Math.round(width * ratio);
    const high = Math.round(height * ratio);
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
      this.canvas.style.height = `${height}px`;
    }
    return { width, height, ratio };
  }

  #draw(now) {
    const { width, height, ratio } = this.#fit();
    const brush = this.canvas.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.fillStyle = "#0d1218";
    brush.fillRect(0, 0, width, height);
    if (!this.#area || !this.#view) return;
    const seen = this.zoom.of(this.#area, width, height);
    this.#drawCells(brush, seen, width, height);
    this.#screen = this.#places(now).map(([x, y]) => seen.at(x, y));
    this.#drawDots(brush);
    const found = this.#nearest();
    if (found !== null) this.#drawFound(brush, found, width);
  }

  #screen = [];

  #drawCells(brush, { scale, west, south, at }, width, height) {
    const metres = this.#view.cell_m;
    const side = metres * scale;
    const fullest = Math.max(8, ...this.#view.cells.map(([, , entities]) => entities));
    for (const [cx, cy, entities] of this.#view.cells) {
      const [x, y] = at(cx * metres, (cy + 1) * metres);
      brush.fillStyle = `rgba(62, 128, 150, ${(0.08 + 0.62 * Math.sqrt(entities / fullest)).toFixed(3)})`;
      brush.fillRect(x + 0.5, y + 0.5, side - 1, side - 1);
    }
    brush.strokeStyle = "#1b232e";
    brush.lineWidth = 1;
    brush.beginPath();
    for (let x = (Math.ceil(west / metres) * metres - west) * scale; x < width; x += side) {
      brush.moveTo(Math.round(x) + 0.5, 0);
      brush.lineTo(Math.round(x) + 0.5, height);
    }
    for (let y = height - (Math.ceil(south / metres) * metres - south) * scale; y > 0; y -= side) {
      brush.moveTo(0, Math.round(y) + 0.5);
      brush.lineTo(width, Math.round(y) + 0.5);
    }
    brush.stroke();
  }

  #drawDots(brush) {
    const players = [];
    this.#dots.forEach((dot, i) => {
      if (this.#isPlayer(dot)) return players.push(i);
      const [x, y] = this.#screen[i];
      brush.fillStyle = this.#colour(dot);
      brush.globalAlpha = dot.hp === 0 ? 0.35 : 0.9;
      brush.fillRect(x - 1.5, y - 1.5, 3, 3);
    });
    brush.globalAlpha = 1;
    brush.strokeStyle = "#0d1218";
    brush.fillStyle = PLAYER;
    for (const i of players) {
      const [x, y] = this.#screen[i];
      brush.beginPath();
      brush.arc(x, y, 3.2, 0, 2 * Math.PI);
      brush.fill();
      brush.stroke();
    }
  }

  #drawFound(brush, found, width) {
    const [x, y] = this.#screen[found];
    const dot = this.#dots[found];
    const text = dot.name ? `${dot.name} · ${dot.id}` : `${this.kindName(dot.kind)} · ${dot.id}`;
    brush.strokeStyle = "#ffffff";
    brush.beginPath();
    brush.arc(x, y, 7, 0, 2 * Math.PI);
    brush.stroke();
    brush.font = "12px sans-serif";
    const wide = brush.measureText(text).width + 12;
    const left = Math.min(Math.max(x + 10, 2), width - wide - 2);
    brush.fillStyle = "rgba(16, 21, 28, 0.94)";
    brush.fillRect(left, y - 24, wide, 20);
    brush.fillStyle = "#e4e9f0";
    brush.fillText(text, left + 6, y - 10);
  }

  #isPlayer(dot) {
    return Boolean(dot.player);
  }

  #colour(dot) {
    const order = this.kindOrder.indexOf(dot.kind);
    return COLOURS[order % COLOURS.length];
  }

  #nearest() {
    if (!this.#pointer) return null;
    let best = null;
    let least = NEAR_PX ** 2;
    this.#screen.forEach(([x, y], i) => {
      const away = (x - this.#pointer.x) ** 2 + (y - this.#pointer.y) ** 2 - (this.#isPlayer(this.#dots[i]) ? 9 : 0);
      if (away < least) [best, least] = [i, away];
    });
    return best;
  }

  #point(event) {
    this.#pointer = event && { x: event.offsetX, y: event.offsetY };
    setText(this.under, this.#sentence());
    this.#ask();
  }

  /** What lies under the pointer, or how much there is. */
  #sentence() {
    if (!this.#view) return "";
    const found = this.#nearest();
    if (found === null)
      return `${plural(this.#dots.length, "entity", "entities")} shown in ${plural(this.#view.cells.length, "cell")}`;
    const { id, name, kind, x, y, hp } = this.#dots[found];
    const health = hp === null || hp === undefined ? "" : `, health ${Math.round(hp * 100)} %`;
    return `${name ? `${name}, ` : ""}${this.kindName(kind)} ${id} at ${x.toFixed(1)}, ${y.toFixed(1)}${health}`;
  }

  #offerKinds() {
    const numbers = new Map();
    let players = 0;
    for (const dot of this.#dots) {
      if (this.#isPlayer(dot)) players += 1;
      else numbers.set(dot.kind, (numbers.get(dot.kind) ?? 0) + 1);
    }
    this.kindOrder = [...numbers.keys()].sort((a, b) => a - b);
    const entry = (colour, text, round) =>
      h("span", { class: "kind" }, h("i", { class: round ? "round" : "", style: { background: colour } }), text);
    const shown = this.kindOrder.map((kind, i) =>
      entry(COLOURS[i % COLOURS.length], `${this.kindName(kind)} ${numbers.get(kind)}`, false),
    );
    replace(this.kinds, entry(PLAYER, `players ${players}`, true), ...shown);
  }
}

/** Columns as rows. */
function rows(columns) {
  const names = Object.keys(columns);
  return columns.id.map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
}
