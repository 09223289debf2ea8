// The map of the world.
//
// Responsible for: every zone as a tile in its place, borders with what crosses them, details on hover and focus.
// Not here: what states and loads look like (`states.js`), one zone from above (`zone_canvas.js`).
//
// Invariant: tiles are kept, not made anew, so focus and hover outlive each refresh.

import { h, keyed, replace, s, setAttribute, setText, show } from "/client/dom.js";
import { byteRate, cores, count, decimal, milliseconds } from "./format.js";
import { Placing, joinBorders } from "./map_places.js";
import { borderTip, zoneSentence, zoneTip } from "./map_tips.js";
import { SCALES, STATES, grouped, isDown, loadColour, stateMark, stateOf, statePicture } from "./states.js";
import { hideTip, showTip } from "./tip.js";

const SMALL_PX = 92;
const THICKEST = 11;

export class WorldMap {
  #zones = [];
  #world = null;
  #scale = "lateness";
  #shown = null;

  constructor({ box, choice, legend }) {
    this.box = box;
    this.borders = s("g", { class: "borders" });
    this.tiles = s("g", { class: "tiles" });
    this.picture = s("svg", { class: "world", role: "group", "aria-label": "Zones" }, this.borders, this.tiles);
    this.empty = h("p", { class: "hint" }, "No zones yet.");
    replace(box, this.picture, this.empty);
    this.#offer(choice);
    replace(
      legend,
      ...Object.keys(STATES).map((name) =>
        h("span", { class: `state state-${name}` }, statePicture(name), stateOf(name).word),
      ),
    );
    new ResizeObserver(() => this.#draw()).observe(box);
  }

  update(world) {
    this.#world = world;
    this.#zones = grouped(world.zones);
    this.#draw();
  }

  #offer(choice) {
    this.scaleEnds = h(
      "span",
      { class: "scale" },
      h("span", { class: "scale-bar" }),
      h("span", { class: "scale-end" }),
    );
    const buttons = Object.entries(SCALES).map(([name, scale]) =>
      h(
        "button",
        {
          type: "button",
          class: "small",
          on: { click: () => this.#choose(name, buttons) },
          data: { name },
        },
        scale.label,
      ),
    );
    replace(choice, this.scaleEnds, ...buttons);
    this.#choose(this.#scale, buttons);
  }

  #choose(name, buttons) {
    this.#scale = name;
    for (const button of buttons) setAttribute(button, "aria-pressed", String(button.dataset.name === name));
    this.#draw();
  }

  #draw() {
    const width = this.box.clientWidth;
    show(this.empty, !this.#zones.length);
    if (!this.#world || !width || !this.#zones.length) return;
    const place = new Placing(this.#zones, width);
    this.place = place;
    setAttribute(this.picture, "viewBox", `0 0 ${place.width} ${place.height}`);
    setAttribute(this.picture, "width", place.width);
    setAttribute(this.picture, "height", place.height);
    const scale = SCALES[this.#scale];
    this.full = scale.full(this.#world, this.#zones);
    setText(this.scaleEnds.lastChild, `0 … ${scale.text(this.full)}`);
    keyed(
      this.tiles,
      this.#zones,
      (zone) => zone.zone,
      (zone) => this.#makeTile(zone),
      (tile, zone) => this.#updateTile(tile, zone),
    );
    const borders = joinBorders(this.#world.borders, new Map(this.#zones.map((zone) => [zone.zone, zone])));
    keyed(
      this.borders,
      borders,
      (border) => border.key,
      () => this.#makeBorder(),
      (line, border) => this.#updateBorder(line, border),
    );
    if (this.#shown) this.#refreshTip();
  }

  #makeTile(zone) {
    const parts = {
      body: s("rect", { class: "tile-body", rx: 5 }),
      name: s("text", { class: "tile-name" }),
      state: s("text", { class: "tile-state", "text-anchor": "end" }),
      mark: s("g"),
      players: s("text", { class: "tile-players" }),
      unit: s("text", { class: "tile-unit" }),
      figures: s("text", { class: "tile-figures" }),
      traffic: s("text", { class: "tile-figures" }),
      layers: s("g", { class: "tile-layers" }),
      room: s("rect", { class: "tile-room", rx: 1.5, height: 3 }),
      filled: s("rect", { class: "tile-filled", rx: 1.5, height: 3 }),
    };
    const tile = s("a", { href: `#/zones/${encodeURIComponent(zone.zone)}`, class: "tile" }, ...Object.values(parts));
    const tell = () =>
      this.#showTip(tile, () =>
        zoneTip(
          this.#zones.find((one) => one.zone === zone.zone),
          this.#world.borders,
        ),
      );
    const forget = () => this.#hideTip(tile);
    for (const event of ["pointerenter", "focus"]) tile.addEventListener(event, tell);
    for (const event of ["pointerleave", "blur"]) tile.addEventListener(event, forget);
    tile.parts = parts;
    return tile;
  }

  #updateTile(tile, zone) {
    const { parts } = tile;
    const { x, y, width, height } = this.place.rect(zone.area);
    const small = width < SMALL_PX || height < 76;
    const scale = SCALES[this.#scale];
    const state = stateOf(zone.state);
    setAttribute(tile, "class", `tile tile-${zone.state}${small ? " tile-small" : ""}`);
    setAttribute(tile, "transform", `translate(${x} ${y})`);
    setAttribute(tile, "aria-label", zoneSentence(zone));
    sized(parts.body, 0, 0, width, height);
    const cold = isDown(zone.state);
    parts.body.style.fill = cold ? "" : loadColour((scale.of(zone) ?? 0) / this.full);
    at(parts.name, 9, 17, zone.zone);
    at(parts.state, width - 23, 17, width < 130 && zone.state === "running" ? "" : state.word);
    if (parts.mark.dataset.state !== zone.state) {
      parts.mark.dataset.state = zone.state;
      replace(parts.mark, stateMark(zone.state));
    }
    setAttribute(parts.mark, "transform", `translate(${width - 19} 7)`);
    const middle = small ? height / 2 + 12 : height * 0.36 + 15;
    at(parts.players, 9, middle, cold ? "" : count(zone.players));
    at(
      parts.unit,
      14 + String(count(zone.players)).length * 13,
      middle,
      small || cold ? "" : zone.players === 1 ? "player" : "players",
    );
    at(
      parts.figures,
      9,
      height - 28,
      small || cold ? "" : `p99 ${milliseconds(zone.tick_p99_ms)} · CPU ${cores(zone.cpu_cores)}`,
    );
    at(parts.traffic, 9, height - 13, small || cold ? "" : `↓ ${byteRate(zone.down_bytes_s)}`);
    sized(parts.room, 9, height - 7, width - 18, 3);
    sized(
      parts.filled,
      9,
      height - 7,
      (width - 18) * Math.min(zone.capacity ? zone.connected / zone.capacity : 0, 1),
      3,
    );
    this.#updateLayers(parts.layers, zone, width, height);
  }

  /** A small square for each layer beyond the first view: colours say their states. */
  #updateLayers(group, zone, width, height) {
    const layers = zone.layers.length > 1 ? zone.layers.slice(0, 8) : [];
    setAttribute(group, "transform", `translate(${width - 9 - layers.length * 9} ${height - 21})`);
    keyed(
      group,
      layers,
      (layer) => layer.layer,
      () => s("rect", { width: 7, height: 7, rx: 1.5 }),
      (mark, layer) => {
        setAttribute(mark, "x", layers.indexOf(layer) * 9);
        setAttribute(mark, "class", `layer-${layer.state}`);
      },
    );
  }

  #makeBorder() {
    const line = s(
      "g",
      { class: "border" },
      s("line"),
      s("text", { class: "border-text" }),
      s("line", { class: "border-reach" }),
    );
    line.addEventListener("pointerenter", () => this.#showTip(line, () => borderTip(line.border)));
    line.addEventListener("pointerleave", () => this.#hideTip(line));
    return line;
  }

  #updateBorder(group, border) {
    group.border = border;
    const [line, text, reach] = group.children;
    const ends = this.place.border(border.a.area, border.b.area);
    for (const [name, value] of Object.entries(ends)) for (const one of [line, reach]) setAttribute(one, name, value);
    const total = border.there + border.back;
    line.style.strokeWidth = `${total ? Math.min(2 + Math.sqrt(total) * 1.1, THICKEST) : 1.5}px`;
    setAttribute(group, "class", `border${total ? "" : " border-quiet"}${border.failed ? " border-failed" : ""}`);
    const upright = ends.x1 === ends.x2;
    setAttribute(text, "text-anchor", upright ? "start" : "middle");
    const beside = line.style.strokeWidth.replace("px", "") / 2 + 4;
    at(
      text,
      (ends.x1 + ends.x2) / 2 + (upright ? beside : 0),
      (ends.y1 + ends.y2) / 2 + (upright ? 3.5 : -beside),
      total ? decimal(total, total < 10 ? 1 : 0) : "",
    );
  }

  #showTip(owner, make) {
    this.#shown = { owner, make };
    this.#refreshTip();
  }

  #refreshTip() {
    const { owner, make } = this.#shown;
    if (owner.isConnected) showTip(owner.getBoundingClientRect(), make());
    else this.#hideTip(owner);
  }

  #hideTip(owner) {
    if (this.#shown?.owner !== owner) return;
    this.#shown = null;
    hideTip();
  }
}

function at(text, x, y, content) {
  setAttribute(text, "x", x);
  setAttribute(text, "y", y);
  setText(text, content);
}

function sized(rect, x, y, width, height) {
  for (const [name, value] of Object.entries({ x, y, width, height })) setAttribute(rect, name, Math.max(value, 0));
}
