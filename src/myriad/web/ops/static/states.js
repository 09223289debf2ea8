// What zones can be, and how that and load look.
//
// Responsible for: states with word, mark and explanation; the scales by which zones are coloured.
// Not here: where they are drawn.
//
// Invariant: a state is never told by colour alone.

import { s } from "/client/dom.js";
import { byteRate, cores, count, milliseconds } from "./format.js";

/** `mark` is the path of a 12 × 12 icon. */
export const STATES = {
  running: { word: "running", mark: "M3.5 2 L10 6 L3.5 10 Z", says: "Runs and takes players." },
  hibernating: {
    word: "asleep",
    mark: "M8.5 1.2 A5 5 0 1 0 10.8 8.6 A4.4 4.4 0 0 1 8.5 1.2 Z",
    says: "Starts when somebody comes.",
  },
  held: {
    word: "drained",
    mark: "M2.5 2.5 H9.5 V9.5 H2.5 Z",
    says: "Drained: starts only when an operator starts it.",
  },
  restarting: {
    word: "restarting",
    mark: "M6 1.4 A4.6 4.6 0 1 0 10.6 6 L9 6 A3 3 0 1 1 6 3 L6 4.9 L9.6 2.2 L6 -0.4 Z",
    says: "Starts anew; its players come back by themselves.",
  },
  draining: {
    word: "draining",
    mark: "M1.5 2 H10.5 L6 9 Z M2 10 H10 V11.4 H2 Z",
    says: "Lets nobody in and sends its players on.",
  },
};

const OTHER = { word: "unknown", mark: "M5 1 H7 V8 H5 Z M5 9.4 H7 V11.4 H5 Z", says: "" };

export const stateOf = (name) => STATES[name] ?? { ...OTHER, word: name };

/** The icon of a state, as an SVG group or a whole picture. */
export const stateMark = (name) => s("path", { d: stateOf(name).mark, class: `mark mark-${name}` });

export const statePicture = (name) =>
  s("svg", { viewBox: "0 0 12 12", class: "mark-picture", "aria-hidden": "true" }, stateMark(name));

/** What the colour of a zone may show: `of` a zone, `full` is the hot end of the scale. */
export const SCALES = {
  lateness: {
    label: "Tick p99",
    of: (zone) => zone.tick_p99_ms,
    full: (world) => 1000 / world.tick_hz,
    text: milliseconds,
  },
  players: {
    label: "Players",
    of: (zone) => zone.players,
    full: (_, zones) => Math.max(50, ...zones.map((zone) => zone.players)),
    text: count,
  },
  cpu: { label: "CPU", of: (zone) => zone.cpu_cores, full: () => 1, text: cores },
  bytes: {
    label: "Bytes",
    of: (zone) => zone.down_bytes_s,
    full: (_, zones) => Math.max(1e5, ...zones.map((zone) => zone.down_bytes_s ?? 0)),
    text: byteRate,
  },
};

const STOPS = [
  [0, [27, 36, 49]],
  [0.3, [30, 62, 88]],
  [0.6, [36, 98, 112]],
  [0.8, [142, 106, 38]],
  [1, [165, 56, 48]],
];

/** The colour of a load from 0 to 1: cool, then warm; dark enough for light text throughout. */
export function loadColour(share) {
  const at = Math.min(Math.max(share, 0), 1);
  const upper = STOPS.findIndex(([stop]) => stop >= at);
  if (upper <= 0) return `rgb(${STOPS[0][1].join(",")})`;
  const [[from, cold], [to, warm]] = [STOPS[upper - 1], STOPS[upper]];
  const part = (at - from) / (to - from);
  return `rgb(${cold.map((value, i) => Math.round(value + (warm[i] - value) * part)).join(",")})`;
}

/** Rows of the API with the states that are shown: a zone that sleeps because it was drained is a state of its own. */
export const withStates = (rows) =>
  rows.map((row) => (row.held && row.state === "hibernating" ? { ...row, state: "held" } : row));

/** True where no zone runs and none is about to. */
export const isDown = (state) => state === "hibernating" || state === "held";

/** Zones of one name with their layers, as one: players add up, times are of the slowest. */
export function grouped(rows) {
  const zones = new Map();
  for (const row of rows) zones.set(row.zone, [...(zones.get(row.zone) ?? []), row]);
  return [...zones.values()].map(merged);
}

const WORST = ["restarting", "draining", "running", "held", "hibernating"];
const SUMS = ["players", "connected", "capacity", "npcs", "cpu_cores", "down_bytes_s", "up_bytes_s", "snapshots_s"];
const WORSTS = ["tick_p50_ms", "tick_p99_ms", "late_p99_ms", "ladder"];

function merged(layers) {
  const sorted = [...layers].sort((a, b) => a.layer - b.layer);
  const zone = { ...sorted[0], layers: sorted };
  for (const name of SUMS) zone[name] = combine(sorted, name, (a, b) => a + b);
  for (const name of WORSTS) zone[name] = combine(sorted, name, Math.max);
  zone.state = WORST.find((state) => sorted.some((layer) => layer.state === state)) ?? sorted[0].state;
  return zone;
}

function combine(layers, name, operation) {
  const values = layers.map((layer) => layer[name]).filter((value) => value !== null && value !== undefined);
  return values.length ? values.reduce((a, b) => operation(a, b)) : null;
}
