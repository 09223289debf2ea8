// The last hour as charts with one cursor.
//
// Responsible for: which charts there are, their lines, the time shown, values under the cursor, marks of crashes.
// Not here: drawing lines and axes (uPlot, in `vendor/`), asking for the numbers (`live.js`).
//
// Invariant: all charts show the same time, and the cursor is at the same moment in all of them.

import { h, replace, setAttribute, setText, show } from "/client/dom.js";
import { byteRate, clock, count, decimal, milliseconds, words } from "./format.js";

const { uPlot } = globalThis;

const COLOURS = ["#5b9bd5", "#48b39a", "#e2a03f", "#b583d6", "#d9675f", "#8aa0b8", "#9bbf5a"];
const RANGES = [5, 15, 60];
const HEIGHT = 132;
const MOST_REASONS = 6;
const MARKED = { crash: "#d9675f", hang: "#d9675f", restart: "#e2a03f" };

const CHARTS = [
  { title: "Players", lines: { players: "in the world", connected: "connected" }, text: count, atLeast: 5 },
  { title: "Snapshots", lines: { snapshots_s: "sent" }, text: (value) => `${count(value)}/s`, atLeast: 20 },
  { title: "Tick lateness p99", lines: { late_p99_ms: "worst zone" }, text: milliseconds, atLeast: 5 },
  {
    title: "Bandwidth",
    lines: { down_bytes_s: "to players", up_bytes_s: "from players" },
    text: byteRate,
    atLeast: 1000,
  },
  { title: "Drops by reason", stacked: "drops_s", text: (value) => `${decimal(value, 1)}/s`, atLeast: 1 },
  { title: "Store lag", lines: { store_lag_ms: "to commit" }, text: milliseconds, atLeast: 5 },
  { title: "Handoff gap p99", lines: { handoff_gap_p99_ms: "frozen" }, text: milliseconds, atLeast: 5 },
  {
    title: "Ledger balance",
    lines: { ledger_problems: "problems" },
    text: balance,
    ticks: count,
    steps: [1, 2, 5, 10, 100, 1000],
    atLeast: 2,
  },
];

function balance(problems) {
  if (problems === null || problems === undefined) return "not audited";
  return problems === 0 ? "balanced" : `${count(problems)} wrong`;
}

export class Charts {
  #minutes = 60;
  #history = null;
  #marks = [];

  constructor({ box, range, at }) {
    this.at = at;
    this.charts = CHARTS.map((plan) => new Chart(plan, this));
    replace(box, ...this.charts.map((chart) => chart.box));
    const buttons = RANGES.map((minutes) =>
      h(
        "button",
        {
          type: "button",
          class: "small",
          data: { minutes },
          on: { click: () => this.#choose(minutes, buttons) },
        },
        `${minutes} min`,
      ),
    );
    replace(range, ...buttons);
    this.#choose(this.#minutes, buttons);
    new ResizeObserver(() => this.charts.forEach((chart) => chart.fit())).observe(box);
  }

  update(history) {
    this.#history = history;
    const [from, to] = this.span();
    const first = Math.max(history.times.findIndex((time) => time >= from) - 1, 0);
    const last = history.times.findLastIndex((time) => time <= to) + 1;
    for (const chart of this.charts) chart.update(history, first, last);
  }

  /** Crashes and the like, as lines through all charts. */
  mark(events) {
    this.#marks = events
      .filter((event) => event.kind in MARKED)
      .map((event) => ({ at: event.at, colour: MARKED[event.kind] }));
    for (const chart of this.charts) chart.plot?.redraw(false);
  }

  get marks() {
    return this.#marks;
  }

  /** From when to when is shown, in seconds. */
  span() {
    const to = this.#history?.times.at(-1) ?? Date.now() / 1000;
    return [to - this.#minutes * 60, to];
  }

  pointed(timeS) {
    setText(this.at, timeS === null ? "" : clock(timeS));
  }

  #choose(minutes, buttons) {
    this.#minutes = minutes;
    for (const button of buttons)
      setAttribute(button, "aria-pressed", String(Number(button.dataset.minutes) === minutes));
    if (this.#history) this.update(this.#history);
  }
}

class Chart {
  constructor(plan, charts) {
    this.plan = plan;
    this.charts = charts;
    this.names = [];
    this.key = null;
    this.value = h("span", { class: "chart-value" });
    this.legend = h("div", { class: "chart-legend" });
    this.canvas = h("div", { class: "chart-canvas" });
    this.none = h("p", { class: "hint chart-none" }, "nothing yet");
    this.box = h(
      "figure",
      { class: "chart" },
      h("figcaption", {}, h("span", { class: "chart-title" }, plan.title), this.value),
      this.canvas,
      this.legend,
      this.none,
    );
  }

  update(history, first, last) {
    const all = this.#columns(history.series);
    const columns = all.map(([name, values]) => [name, values.slice(first, last)]);
    const times = history.times.slice(first, last);
    show(this.none, times.length === 0);
    this.columns = columns;
    const data = [times, ...(this.plan.stacked ? stack(columns) : columns.map(([, values]) => values))];
    const key = columns.map(([name]) => name).join(" ");
    if (key !== this.key) this.#begin(key, columns, data);
    else this.plot.setData(data);
    this.#tell(this.plot.cursor.idx ?? null);
  }

  fit() {
    const width = this.canvas.clientWidth;
    if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
  }

  /** [name, values] of each line; of many reasons the largest, and the others together. */
  #columns(series) {
    if (!this.plan.stacked)
      return Object.keys(this.plan.lines)
        .filter((name) => series[name])
        .map((name) => [name, series[name]]);
    const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
    const sorted = Object.entries(series[this.plan.stacked] ?? {})
      .map(([name, values]) => [name, values, sum(values)])
      .filter(([, , total]) => total > 0)
      .sort((a, b) => b[2] - a[2]);
    const kept = sorted
      .slice(0, MOST_REASONS)
      .sort((a, b) => (a[0] < b[0] ? -1 : 1))
      .map(([name, values]) => [name, values]);
    const rest = sorted.slice(MOST_REASONS);
    if (rest.length)
      kept.push(["other", rest[0][1].map((_, i) => rest.reduce((total, [, values]) => total + (values[i] ?? 0), 0))]);
    return kept;
  }

  #begin(key, columns, data) {
    this.plot?.destroy();
    this.key = key;
    const names = columns.map(([name]) => this.plan.lines?.[name] ?? words(name));
    this.values = names.map(() => h("b", {}));
    replace(this.legend, ...names.map((name, i) => this.#legendEntry(name, i)));
    setAttribute(
      this.legend,
      "class",
      `chart-legend${names.length > 1 || this.plan.stacked ? "" : " chart-legend-one"}`,
    );
    const width = this.canvas.clientWidth || 300;
    this.plot = new uPlot({ ...this.#options(columns), width, height: HEIGHT }, data, this.canvas);
  }

  #legendEntry(name, i) {
    return h(
      "span",
      { class: "chart-entry" },
      h("i", { style: { background: COLOURS[i] } }),
      name,
      " ",
      this.values[i],
    );
  }

  #options(columns) {
    const { plan, charts } = this;
    const stacked = Boolean(plan.stacked);
    const line = (_, i) => ({
      stroke: COLOURS[i],
      width: 1.4,
      fill: stacked ? `${COLOURS[i]}88` : i === 0 ? `${COLOURS[i]}1f` : undefined,
      points: { show: false },
    });
    const axis = {
      stroke: "#7f8b9b",
      font: "10px sans-serif",
      grid: { stroke: "#232b37", width: 1 },
      ticks: { show: false },
    };
    return {
      legend: { show: false },
      padding: [8, 16, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: "ops", setSeries: false }, points: { size: 6 } },
      scales: {
        x: { range: () => charts.span() },
        y: { range: (_, __, high) => [0, Math.max((high ?? 0) * 1.12, plan.atLeast ?? 1)] },
      },
      series: [{}, ...columns.map(line)],
      bands: stacked ? columns.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
      axes: [
        { ...axis, size: 20, gap: 2, values: (_, ticks) => ticks.map((at) => clock(at).slice(0, 5)), space: 60 },
        {
          ...axis,
          size: 54,
          gap: 4,
          values: (_, ticks) => ticks.map((value) => (plan.ticks ?? plan.text)(value)),
          space: 28,
          ...(plan.steps ? { incrs: plan.steps } : {}),
        },
      ],
      hooks: {
        draw: [(plot) => drawMarks(plot, charts.marks)],
        setCursor: [(plot) => this.#tell(plot.cursor.idx ?? null)],
      },
    };
  }

  /** The values at place `idx` of the data, or the newest. */
  #tell(idx) {
    const pointing = idx !== null && this.plot.cursor.left >= 0;
    const times = this.plot.data[0];
    const place = pointing ? idx : times.length - 1;
    const newest = this.columns.map(([, values]) => values[place]);
    newest.forEach((value, i) => setText(this.values[i], this.plan.text(value)));
    const known = newest.filter((value) => value !== null && value !== undefined);
    const main = this.plan.stacked ? known.reduce((sum, value) => sum + value, 0) : newest[0];
    setText(this.value, this.plan.text(main ?? (this.plan.stacked ? 0 : null)));
    this.charts.pointed(pointing ? times[place] : null);
  }
}

function stack(columns) {
  const totals = columns.length ? new Array(columns[0][1].length).fill(0) : [];
  return columns.map(([, values]) => values.map((value, i) => (totals[i] += value ?? 0)));
}

function drawMarks(plot, marks) {
  const { ctx, bbox } = plot;
  const [from, to] = [plot.scales.x.min, plot.scales.x.max];
  ctx.save();
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.lineWidth = devicePixelRatio;
  for (const { at, colour } of marks) {
    if (at < from || at > to) continue;
    const x = Math.round(plot.valToPos(at, "x", true));
    ctx.strokeStyle = colour;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
