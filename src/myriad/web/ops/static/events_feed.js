// What happened, newest first.
//
// Responsible for: the list, which kinds it shows, following or resting, how long ago things were.
// Not here: asking for events (`live.js`).
//
// Invariant: while the reader rests (scrolled down, or follows no longer) nothing under the eyes moves; what came
// meanwhile is counted.

import { h, keyed, setAttribute, setText, show } from "/client/dom.js";
import { ago, clock, moment, plural, zoneName } from "./format.js";

const SHOWN = 250;
const MARKS = {
  crash: "✖",
  hang: "✖",
  alarm: "▲",
  restart: "↻",
  start: "▶",
  ended: "■",
  drain: "▽",
  hibernate: "☾",
  layer: "≡",
  event: "★",
  action: "✎",
};

export class EventsFeed {
  #events = [];
  #listed = [];
  #off = new Set();
  #counts = new Map();
  #following = true;

  constructor({ list, kinds, follow, fresh, onZone = null }) {
    Object.assign(this, { list, kinds, follow, fresh, onZone });
    follow.addEventListener("click", () => this.#setFollowing(!this.#following));
    fresh.addEventListener("click", () => this.#setFollowing(true));
    list.addEventListener("scroll", () => {
      if (list.scrollTop > 30 && this.#following) this.#setFollowing(false);
      else if (list.scrollTop <= 2 && !this.#following && !this.byHand) this.#setFollowing(true);
    });
    this.#setFollowing(true);
  }

  /** All events known, oldest first. */
  update(events) {
    this.#events = events;
    this.#counts = new Map();
    for (const { kind } of events) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.#offerKinds();
    this.#draw();
  }

  /** The time went on. */
  tick(nowS) {
    this.nowS = nowS;
    for (const item of this.list.children) setText(item.since, ago(nowS - item.event.at));
  }

  #setFollowing(following) {
    this.#following = following;
    this.byHand = !following && this.list.scrollTop <= 30;
    setAttribute(this.follow, "aria-pressed", String(following));
    setText(this.follow, following ? "❚❚ Pause" : "▶ Follow");
    if (following) this.list.scrollTop = 0;
    this.#draw();
  }

  #draw() {
    const wanted = this.#events.filter((event) => !this.#off.has(event.kind));
    if (this.#following) this.#listed = wanted.slice(-SHOWN).reverse();
    else {
      const kept = new Set(this.#listed);
      this.#listed = wanted.filter((event) => kept.has(event)).reverse();
    }
    const newest = this.#listed[0];
    const waiting = this.#following ? 0 : wanted.length - 1 - wanted.lastIndexOf(newest);
    show(this.fresh, waiting > 0);
    setText(this.fresh, `↑ ${plural(waiting, "new event")}`);
    keyed(
      this.list,
      this.#listed,
      (event) => `${event.number} ${event.at}`,
      (event) => this.#make(event),
      () => {},
    );
    if (this.nowS) this.tick(this.nowS);
  }

  #make(event) {
    const since = h("span", { class: "event-since" });
    const place = event.zone ? zoneName(event.zone, event.layer) : (event.host ?? "");
    const where = event.zone
      ? h("a", { class: "event-place", href: `#/zones/${encodeURIComponent(event.zone)}` }, place)
      : place && h("span", { class: "event-place" }, place);
    const item = h(
      "li",
      { class: `event event-${event.kind}` },
      h("span", { class: "event-mark", "aria-hidden": "true" }, MARKS[event.kind] ?? "•"),
      h(
        "div",
        { class: "event-head" },
        h("span", { class: "event-kind" }, event.kind),
        where,
        h("time", { datetime: new Date(event.at * 1000).toISOString(), title: moment(event.at) }, clock(event.at)),
        since,
      ),
      h("p", { class: "event-text" }, event.text),
    );
    Object.assign(item, { since, event });
    return item;
  }

  #offerKinds() {
    keyed(
      this.kinds,
      [...this.#counts.keys()].sort(),
      (kind) => kind,
      (kind) => this.#makeKind(kind),
      (chip, kind) => {
        setAttribute(chip, "aria-pressed", String(!this.#off.has(kind)));
        setText(chip.lastChild, this.#counts.get(kind));
      },
    );
  }

  #makeKind(kind) {
    const turn = () => {
      if (!this.#off.delete(kind)) this.#off.add(kind);
      this.#offerKinds();
      this.#draw();
    };
    return h("button", { type: "button", class: `chip chip-${kind}`, on: { click: turn } }, `${kind} `, h("span", {}));
  }
}
