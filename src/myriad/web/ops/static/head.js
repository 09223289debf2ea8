// The page's head: whether all is well, and whether the page knows.
//
// Responsible for: the verdict with its list, the state of the link, the banner when the gateway is away.
// Not here: the judgement (`status.js`), the link itself (`live.js`).
//
// Invariant: an old verdict never looks like a new one.

import { byId, h, replace, setAttribute, setText, show } from "/client/dom.js";
import { duration, plural } from "./format.js";
import { grouped } from "./states.js";
import { judge } from "./status.js";

const WORDS = {
  connecting: "connecting",
  live: "live",
  stale: "late",
  away: "no answer",
  denied: "locked",
  paused: "paused",
};

export class Head {
  judge(world) {
    this.found = judge(world);
    this.running = grouped(world.zones).filter((zone) => zone.state === "running").length;
    this.#tell();
  }

  link({ state, ageS, message }) {
    const link = byId("link");
    setAttribute(link, "data-state", state);
    setAttribute(document.body, "data-link", state);
    this.known = state === "live" || state === "paused";
    const age = ageS === null || this.known ? "" : ` · ${duration(ageS)}`;
    setText(byId("link-text"), `${WORDS[state]}${age}`);
    const away = state === "away" || state === "stale";
    show(byId("banner"), away);
    if (away) setText(byId("banner"), this.#sentence(state, ageS, message));
    this.#tell();
  }

  #sentence(state, ageS, message) {
    const shown = ageS === null ? "Nothing is known yet." : `What is shown is ${duration(ageS)} old.`;
    const why = state === "stale" ? "The gateway takes long to answer" : message || "The gateway does not answer";
    return `${why[0].toUpperCase()}${why.slice(1)}. ${shown} This page asks again by itself; who plays plays on.`;
  }

  #tell() {
    const line = byId("verdict-line");
    const list = byId("verdict-list");
    const found = this.known ? this.found : null;
    const level = found ? (found[0]?.level ?? 0) : "unknown";
    setAttribute(byId("verdict"), "data-level", level);
    const text = found
      ? found.length
        ? this.#worst(found)
        : `✔ All well · ${plural(this.running, "zone")} running`
      : "Not known now";
    if (line.textContent !== text) replace(line, h("span", {}, text));
    const shown = (found ?? []).map(({ text: said }) => said).join("\n");
    if (this.listed !== shown) {
      this.listed = shown;
      replace(
        list,
        ...(found ?? []).map((one) =>
          h(
            "li",
            { data: { level: one.level } },
            one.zone ? h("a", { href: `#/zones/${encodeURIComponent(one.zone)}` }, one.text) : one.text,
          ),
        ),
      );
    }
    show(list, Boolean(found?.length));
  }

  #worst(found) {
    const more = found.length - 1;
    return `${found[0].level > 1 ? "✖" : "▲"} ${found[0].text}${more ? ` · and ${more} more` : ""}`;
  }
}
