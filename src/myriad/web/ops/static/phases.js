// Where the time of a tick goes, and what was thrown away.
//
// Responsible for: the phases of a zone's tick as bars, drops by reason. Not here: measuring them (the zone).
//
// Invariant: all bars have one scale, so that they can be compared.

import { h, keyed, setAttribute, setText } from "/client/dom.js";
import { count, decimal, words } from "./format.js";

export class PhaseTable {
  constructor() {
    this.body = h("tbody", {});
    const heads = [["Phase"], [""], ["p50", 1], ["p99", 1], ["most", 1]].map(([name, number]) =>
      h("th", { scope: "col", class: number ? "number" : null }, name),
    );
    this.table = h("table", { class: "phases" }, h("thead", {}, h("tr", {}, ...heads)), this.body);
    this.key = h("p", { class: "hint" });
  }

  /** `phases`: [{phase, p50_ms, p99_ms, max_ms}]; a tick has 1000 / `tickHz` ms. */
  update(phases, tickHz) {
    const budget = 1000 / tickHz;
    const longest = Math.max(0.1, ...phases.map((phase) => phase.p99_ms ?? 0));
    const full = longest > budget / 4 ? Math.max(budget, longest) : longest * 1.05;
    keyed(
      this.body,
      phases,
      ({ phase }) => phase,
      ({ phase }) => phaseRow(phase),
      (row, phase) => {
        const [, bars, p50, p99, most] = row.children;
        const [long, short] = bars.firstChild.children;
        long.style.width = `${share(phase.p99_ms, full)}%`;
        short.style.width = `${share(phase.p50_ms, full)}%`;
        setAttribute(long, "class", phase.p99_ms > budget ? "bar-over" : "bar-p99");
        setText(p50, decimal(phase.p50_ms));
        setText(p99, decimal(phase.p99_ms));
        setText(most, decimal(phase.max_ms));
      },
    );
    setText(
      this.key,
      phases.length
        ? `Milliseconds; bars to ${decimal(full, 1)} ms, light p50, dark p99. A tick has ${decimal(budget, 1)} ms.`
        : "Nothing measured now.",
    );
  }

  clear() {
    this.update([], 60);
  }
}

function phaseRow(phase) {
  const bars = h("div", { class: "bar-track" }, h("span", { class: "bar-p99" }), h("span", { class: "bar-p50" }));
  const number = () => h("td", { class: "number" });
  return h("tr", {}, h("td", {}, words(phase)), h("td", { class: "bar-cell" }, bars), number(), number(), number());
}

const share = (value, full) => Math.min(((value ?? 0) / full) * 100, 100).toFixed(1);

/** `drops`: number by reason, since the zone began. */
export function drawDrops(table, drops) {
  const shown = Object.entries(drops)
    .filter(([, number]) => number > 0)
    .sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...shown.map(([, number]) => number));
  const rows = shown.length ? shown : [["none", 0]];
  const make = ([reason]) =>
    h(
      "tr",
      {},
      h("td", {}, reason === "none" ? "Nothing was thrown away." : words(reason)),
      h("td", { class: "bar-cell" }, h("div", { class: "bar-track" }, h("span", { class: "bar-p50" }))),
      h("td", { class: "number" }),
    );
  keyed(
    table,
    rows,
    ([reason]) => reason,
    make,
    (row, [reason, number]) => {
      row.children[1].firstChild.firstChild.style.width = `${share(number, most)}%`;
      setText(row.children[2], reason === "none" ? "" : count(number));
    },
  );
}
