// The players of a zone by name.
//
// Responsible for: the list, searching it, kick and ban beside each name. Not here: what these do (`actions.js`).
//
// Invariant: the order is by name and rows are kept, so that nobody hits the wrong button because the list moved.

import { h, keyed, replace, setText, show } from "/client/dom.js";
import { count, milliseconds, plural } from "./format.js";

const SHOWN = 500;

export class PlayersTable {
  #players = [];

  constructor(open) {
    this.open = open;
    this.search = h("input", {
      type: "search",
      class: "search",
      placeholder: "Search",
      "aria-label": "Search players by name",
      on: { input: () => this.#draw() },
    });
    this.number = h("span", { class: "hint" });
    this.head = h("div", { class: "panel-head" }, h("h2", {}, "Players"), this.number, this.search);
    this.body = h("tbody", {});
    this.none = h("p", { class: "hint" });
    const heads = ["Name", "Entity", "Round trip", "Loss", "Place", ""].map((name, i) =>
      h("th", { scope: "col", class: i > 0 && i < 5 ? "number" : null }, name),
    );
    this.table = h("table", {}, h("thead", {}, h("tr", {}, ...heads)), this.body);
    this.box = h("div", { class: "players-scroll" }, this.table, this.none);
  }

  /** `players` of at most 500, of `all` there are. */
  update(players, all) {
    this.#players = [...players].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)).slice(0, SHOWN);
    this.all = all;
    this.#draw();
  }

  clear() {
    this.search.value = "";
    this.update([], 0);
  }

  #draw() {
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.#players.filter((player) => player.name.toLowerCase().includes(wanted));
    setText(
      this.number,
      wanted
        ? `${count(found.length)} of ${count(this.#players.length)}`
        : this.all > this.#players.length
          ? `${this.#players.length} of ${this.all}`
          : plural(this.#players.length, "player"),
    );
    setText(this.none, this.#players.length ? "Nobody of that name." : "Nobody is here.");
    show(this.none, !found.length);
    show(this.table, found.length > 0);
    keyed(
      this.body,
      found,
      (player) => player.character,
      (player) => this.#make(player),
      (row, player) => {
        const loss = player.loss === null || player.loss === undefined ? "–" : `${(player.loss * 100).toFixed(1)} %`;
        setText(row.children[2], player.connected === false ? "away" : milliseconds(player.rtt_ms));
        setText(row.children[3], loss);
        setText(
          row.children[4],
          player.x === undefined || player.x === null ? "–" : `${player.x.toFixed(0)}, ${player.y.toFixed(0)}`,
        );
      },
    );
  }

  #make({ name, character }) {
    const button = (action, text) =>
      h(
        "button",
        {
          type: "button",
          class: "small quiet-danger",
          "aria-label": `${text} ${name}`,
          on: { click: () => this.open(action, { name }) },
        },
        `${text}…`,
      );
    const number = () => h("td", { class: "number" });
    const id = number();
    replace(id, character);
    return h(
      "tr",
      {},
      h("td", {}, name),
      id,
      number(),
      number(),
      number(),
      h("td", { class: "number" }, button("kick", "Kick"), button("ban", "Ban")),
    );
  }
}
