// A zone's own page.
//
// Responsible for: its head with actions and layers, figures, phases, drops, players; which parts are shown when it
// does not run.
// Not here: the view from above (`zone_canvas.js`), the actions (`actions.js`).
//
// Invariant: what belongs to another zone is gone before the new one is shown.

import { h, keyed, replace, setAttribute, setText, show } from "/client/dom.js";
import { byteRate, cores, count, milliseconds, words, zoneName } from "./format.js";
import { PhaseTable, drawDrops } from "./phases.js";
import { PlayersTable } from "./players.js";
import { isDown, statePicture, stateOf, withStates } from "./states.js";
import { EventsFeed } from "./events_feed.js";
import { ZoneCanvas } from "./zone_canvas.js";

export class ZonePage {
  #asked = null;
  #events = [];

  constructor({ box, open }) {
    this.box = box;
    this.ask = open;
    this.canvas = new ZoneCanvas();
    this.phases = new PhaseTable();
    this.players = new PlayersTable(open);
    this.title = h("h1", {});
    this.state = h("span", { class: "state" });
    this.layers = h("div", { class: "choice" });
    this.figures = h("dl", { class: "facts" });
    this.drops = h("table", { class: "drops" });
    this.note = h("p", { class: "says" });
    this.happened = h("ol", { class: "events zone-events", tabindex: 0, "aria-label": "Events of this zone" });
    this.buttons = ["announce", "drain", "restart_zone", "start_zone"].map((name) => [name, this.#button(name)]);
    this.#build();
    const unseen = () => h("button", { type: "button" });
    this.feed = new EventsFeed({ list: this.happened, kinds: h("div", {}), follow: unseen(), fresh: unseen() });
  }

  open(asked) {
    this.#asked = asked;
    this.row = null;
    this.canvas.clear();
    this.phases.clear();
    this.players.clear();
    replace(this.figures);
    replace(this.drops);
    if (!asked) return;
    setText(this.title, zoneName(asked.zone, asked.layer));
    setText(this.note, "Asking the zone…");
    show(this.note, true);
    this.#showState("");
    if (this.world) this.updateWorld(this.world);
    this.updateEvents(this.#events);
  }

  /** The newest of all zones: which layers there are, and how this one is even if it cannot be asked. */
  updateWorld(world) {
    this.world = world;
    if (!this.#asked) return;
    const layers = world.zones.filter((zone) => zone.zone === this.#asked.zone);
    const row = layers.find((zone) => zone.layer === this.#asked.layer);
    show(this.layers, layers.length > 1 || this.#asked.layer > 0);
    keyed(
      this.layers,
      layers,
      (zone) => zone.layer,
      (zone) =>
        h(
          "a",
          { class: "chip layer-link", href: `#/zones/${encodeURIComponent(zone.zone)}/${zone.layer}` },
          `Layer ${zone.layer}`,
        ),
      (link, zone) => setAttribute(link, "aria-current", zone.layer === this.#asked.layer ? "page" : null),
    );
    if (row) this.#showRow(row);
    else this.#showGone(layers.length > 0);
  }

  /** What the zone itself says. */
  update({ answer, error }) {
    if (error) {
      if (error.denied) return;
      setText(this.note, `No view from above: ${error.message}.`);
      show(this.note, true);
      return;
    }
    const [row] = withStates([answer.row]);
    show(this.note, !answer.view);
    if (!answer.view) setText(this.note, `It is ${stateOf(row.state).word}. ${stateOf(row.state).says}`);
    this.phases.update(answer.phases, this.world?.tick_hz ?? 60);
    drawDrops(this.drops, answer.drops);
    this.players.update(answer.players, row.players);
    if (answer.view) this.canvas.update(row.area, answer.view, (kind) => answer.kinds[kind] ?? `kind ${kind}`);
    else this.canvas.clear();
  }

  updateEvents(events) {
    this.#events = events;
    if (this.#asked) this.feed.update(events.filter((event) => event.zone === this.#asked.zone));
  }

  tick(nowS) {
    if (this.#asked) this.feed.tick(nowS);
  }

  #button(name) {
    const labels = { announce: "Announce here…", drain: "Drain…", restart_zone: "Restart…", start_zone: "Start…" };
    const kind = name === "drain" || name === "restart_zone" ? "quiet-danger" : null;
    return h(
      "button",
      { type: "button", class: kind, on: { click: () => this.ask(name, { ...this.#asked }) } },
      labels[name],
    );
  }

  #build() {
    const panel = (title, ...content) =>
      h("section", { class: "panel" }, h("div", { class: "panel-head" }, h("h2", {}, title)), ...content);
    const above = h(
      "section",
      { class: "panel" },
      h("div", { class: "panel-head" }, h("h2", {}, "From above"), this.canvas.kinds),
      this.note,
      this.canvas.box,
      this.canvas.under,
    );
    const side = h(
      "div",
      { class: "zone-side" },
      h("div", { class: "zone-two" }, panel("Figures", this.figures), panel("What happened here", this.happened)),
      panel("Phases of a tick", this.phases.table, this.phases.key),
      h("section", { class: "panel" }, this.players.head, this.players.box),
    );
    replace(
      this.box,
      h(
        "div",
        { class: "zone-head" },
        h("a", { href: "#/" }, "← World"),
        this.title,
        this.state,
        this.layers,
        h("div", { class: "deeds" }, ...this.buttons.map(([, button]) => button)),
      ),
      h(
        "div",
        { class: "zone-grid" },
        h("div", { class: "zone-side" }, above, panel("Drops by reason", this.drops)),
        side,
      ),
    );
  }

  #showState(state) {
    if (this.state.dataset.state === state) return;
    this.state.dataset.state = state;
    setAttribute(this.state, "class", `state state-${state}`);
    replace(this.state, ...(state ? [statePicture(state), stateOf(state).word] : []));
  }

  #showRow(row) {
    this.row = row;
    this.#showState(row.state);
    const down = isDown(row.state);
    const supervised = this.world.supervised !== false;
    for (const [name, button] of this.buttons)
      show(button, name === "announce" || (supervised && (name === "start_zone") === down));
    const facts = [
      ["Players", `${count(row.players)} · ${count(row.connected)} connected of ${count(row.capacity)}`],
      ["NPCs", count(row.npcs)],
      ["Tick", `${milliseconds(row.tick_p50_ms)} p50 · ${milliseconds(row.tick_p99_ms)} p99`],
      ["Late", `${milliseconds(row.late_p99_ms)} p99`],
      ["CPU", `${cores(row.cpu_cores)} of a core`],
      ["To players", byteRate(row.down_bytes_s)],
      ["From players", byteRate(row.up_bytes_s)],
      ["Snapshots", `${count(row.snapshots_s)}/s`],
      ["Overload", row.ladder ? `rung ${row.ladder}` : "none", row.ladder ? "bad" : null],
      ["Host", row.host ?? "–"],
      ["Epoch", count(row.epoch)],
    ];
    const items = facts.flatMap(([name, text, kind]) => [
      { tag: "dt", name, text: words(name) },
      { tag: "dd", name, text, kind },
    ]);
    keyed(
      this.figures,
      items,
      ({ tag, name }) => tag + name,
      ({ tag }) => h(tag, {}),
      (item, { text, kind }) => {
        setText(item, text);
        setAttribute(item, "class", kind ?? null);
      },
    );
  }

  #showGone(otherLayers) {
    this.#showState("");
    for (const [name, button] of this.buttons) show(button, name === "start_zone" && !otherLayers);
    setText(this.note, otherLayers ? "This layer does not run any more." : "There is no such zone.");
    show(this.note, true);
  }
}
