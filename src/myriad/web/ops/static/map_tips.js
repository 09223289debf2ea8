// What is told of a zone or a border of the map beside it.
//
// Responsible for: these details, and a zone in one sentence. Not here: showing them (`tip.js`).

import { h } from "/client/dom.js";
import { byteRate, cores, count, decimal, milliseconds, plural } from "./format.js";
import { stateOf, statePicture } from "./states.js";

export function zoneSentence(zone) {
  const layers = zone.layers.length > 1 ? `, ${zone.layers.length} layers` : "";
  const load = `tick p99 ${milliseconds(zone.tick_p99_ms)}, CPU ${cores(zone.cpu_cores)}`;
  const crowd = `${stateOf(zone.state).word}, ${plural(zone.players ?? 0, "player")}`;
  return `${zone.zone}: ${crowd}, ${load}, ${byteRate(zone.down_bytes_s)} to players${layers}`;
}

const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];

export function zoneTip(zone, borders) {
  if (!zone) return [];
  const state = stateOf(zone.state);
  const near = borders.filter((border) => border.from === zone.zone && border.handoffs_min > 0);
  return [
    h("strong", {}, zone.zone),
    h("p", { class: `state state-${zone.state}` }, statePicture(zone.state), `${state.word} · ${state.says}`),
    h(
      "dl",
      { class: "facts" },
      fact("Players", `${count(zone.players)} (${count(zone.connected)} connected of ${count(zone.capacity)})`),
      fact("NPCs", count(zone.npcs)),
      fact("Tick", `${milliseconds(zone.tick_p50_ms)} p50 · ${milliseconds(zone.tick_p99_ms)} p99`),
      fact("Late", `${milliseconds(zone.late_p99_ms)} p99`),
      fact("CPU", `${cores(zone.cpu_cores)} of a core`),
      fact("Traffic", `${byteRate(zone.down_bytes_s)} down · ${byteRate(zone.up_bytes_s)} up`),
      fact("Snapshots", `${count(zone.snapshots_s)}/s`),
      zone.ladder ? fact("Overload", `rung ${zone.ladder}`) : [],
      fact("Host", zone.host ?? "–"),
      near.length
        ? fact("Leave for", near.map((border) => `${border.to} ${decimal(border.handoffs_min, 1)}/min`).join(", "))
        : [],
      zone.layers.length > 1
        ? zone.layers.map((layer) =>
            fact(
              `Layer ${layer.layer}`,
              [stateOf(layer.state).word, plural(layer.players ?? 0, "player"), milliseconds(layer.tick_p99_ms)].join(
                ", ",
              ),
            ),
          )
        : [],
    ),
  ];
}

export function borderTip(border) {
  return [
    h("strong", {}, `${border.a.zone} ↔ ${border.b.zone}`),
    h(
      "dl",
      { class: "facts" },
      fact(`${border.a.zone} → ${border.b.zone}`, `${decimal(border.there, 1)} per minute`),
      fact(`${border.b.zone} → ${border.a.zone}`, `${decimal(border.back, 1)} per minute`),
      border.failed ? fact("Failed", `${decimal(border.failed, 1)} per minute`) : [],
    ),
  ];
}
