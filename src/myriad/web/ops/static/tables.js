// The world in figures: totals, processes, ledger and store, world events.
//
// Responsible for: these four panels. Not here: charts, map.
//
// Invariant: rows are kept from one answer to the next, so that a button is not taken away under the pointer.

import { h, keyed, replace, setAttribute, setText } from "/client/dom.js";
import { ago, byteRate, bytes, cores, count, decimal, duration, milliseconds, plural } from "./format.js";
import { grouped } from "./states.js";

/** A cell of text, kept. */
function cell(row, place, text, kind) {
  const found = row.children[place] ?? row.appendChild(h("td", {}));
  setText(found, text);
  setAttribute(found, "class", kind ?? null);
}

function total(box, world) {
  const zones = grouped(world.zones);
  const sum = (name) => zones.reduce((all, zone) => all + (zone[name] ?? 0), 0);
  const running = zones.filter((zone) => zone.state === "running").length;
  const handoffs = world.borders.reduce((all, border) => all + (border.handoffs_min ?? 0), 0);
  const late = Math.max(0, ...zones.map((zone) => zone.late_p99_ms ?? 0));
  const capacity = sum("capacity");
  return [
    ["Players", count(sum("players")), `${count(sum("connected"))} connected`],
    ["Zones", count(running), `of ${zones.length} run`],
    ["Snapshots", count(sum("snapshots_s")), "/s"],
    ["Worst lateness", milliseconds(late), "p99"],
    ["To players", byteRate(sum("down_bytes_s")), ""],
    ["From players", byteRate(sum("up_bytes_s")), ""],
    ["CPU of zones", decimal(sum("cpu_cores"), 2), "cores"],
    ["Handoffs", decimal(handoffs, 0), "/min"],
    ["Full", capacity ? `${decimal((sum("connected") / capacity) * 100, 0)} %` : "–", `of ${count(capacity)}`],
  ];
}

export function showTotals(box, world) {
  const make = () => h("dl", { class: "total" }, h("dt", {}), h("dd", {}, h("span", {}), h("small", {})));
  keyed(
    box,
    total(box, world),
    ([name]) => name,
    make,
    (item, [name, value, unit]) => {
      const [title, figure] = item.children;
      setText(title, name);
      setText(figure.children[0], value);
      setText(figure.children[1], unit);
    },
  );
}

const HEADS = [["Process"], ["State"], ["Pid", 1], ["CPU", 1], ["Memory", 1], ["Starts", 1], ["Zones"]];

export function showProcesses(table, world) {
  if (!table.tBodies.length) {
    const heads = HEADS.map(([name, number]) => h("th", { scope: "col", class: number ? "number" : null }, name));
    replace(table, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}));
  }
  const named = (name, process, what) => process && { name, up: true, ...process, what };
  const processes = [
    named("gateway", world.gateway, "accounts, tokens, this page"),
    named(
      "relay",
      world.relay,
      world.relay?.players === undefined ? "browsers" : plural(world.relay.players, "browser"),
    ),
    ...world.hosts.map((host) => named(host.name, host, (host.zones ?? []).join(", "))),
  ].filter(Boolean);
  keyed(
    table.tBodies[0],
    processes,
    (process) => process.name,
    () => h("tr", {}),
    (row, process) => {
      cell(row, 0, process.name);
      cell(row, 1, process.up === false ? "✖ down" : "● up", process.up === false ? "down" : "up");
      cell(row, 2, process.pid ?? "–", "number");
      cell(row, 3, cores(process.cpu_cores), "number");
      cell(row, 4, bytes(process.rss_bytes), "number");
      cell(row, 5, count(process.starts), "number");
      cell(row, 6, process.what, "wide");
    },
  );
}

export function showKeeping(box, { ledger, store }) {
  const facts = [];
  if (store) {
    facts.push(["Store", store.up === false ? "does not answer" : "answers", store.up === false ? "bad" : "good"]);
    facts.push(["To commit", milliseconds(store.lag_ms)]);
  }
  if (ledger) {
    const balanced = ledger.balanced;
    const word =
      balanced === null || balanced === undefined ? "not audited yet" : balanced ? "balanced" : "does not add up";
    facts.push(["Ledger", word, balanced === false ? "bad" : balanced ? "good" : null]);
    if (ledger.problems) facts.push(["Problems", count(ledger.problems), "bad"]);
    facts.push(["Audited", ledger.age_s === null || ledger.age_s === undefined ? "–" : ago(ledger.age_s)]);
    facts.push(["Entries", count(ledger.entries)]);
  }
  keyed(
    box,
    facts.flatMap(([name, value, kind]) => [
      { tag: "dt", name, text: name },
      { tag: "dd", name, text: value, kind },
    ]),
    ({ tag, name }) => `${tag} ${name}`,
    ({ tag }) => h(tag, {}),
    (item, { text, kind }) => {
      setText(item, text);
      setAttribute(item, "class", kind ?? null);
    },
  );
}

export function showRunning(box, world, open) {
  const events = world.game_events.length ? world.game_events : [null];
  const make = (event) => {
    if (!event) return h("li", { class: "hint" }, "None runs now.");
    const stop = () => open("stop_event", { event: event.event, name: event.name });
    return h(
      "li",
      {},
      h("strong", {}, event.name),
      h("span", { class: "event-text" }, event.text),
      h("span", { class: "hint" }),
      h("button", { type: "button", class: "small", on: { click: stop } }, "Stop…"),
    );
  };
  keyed(
    box,
    events,
    (event) => event?.event ?? "none",
    make,
    (item, event) => {
      if (!event) return;
      const left = event.ends_in_s ?? (event.until_s ? event.until_s - world.now : null);
      setText(item.children[2], left === null ? "until stopped" : `${duration(left)} left`);
    },
  );
}
