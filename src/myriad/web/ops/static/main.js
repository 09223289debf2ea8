// The operations page, put together.
//
// Responsible for: making the parts, what each hears of, which view is open, the page's second hand.
// Not here: any of the parts.
//
// Invariant: what fails in one part is an error in the console, and the others go on.

import { Api, takeToken } from "./api.js";
import { Charts } from "./charts.js";
import { Dialogs, askToken } from "./dialogs.js";
import { byId, h, replace, show } from "/client/dom.js";
import { EventsFeed } from "./events_feed.js";
import { Head } from "./head.js";
import { Live } from "./live.js";
import { withStates } from "./states.js";
import { showKeeping, showProcesses, showRunning, showTotals } from "./tables.js";
import { WorldMap } from "./world_map.js";
import { ZonePage } from "./zone_page.js";

takeToken(location, history, sessionStorage);

const api = new Api(sessionStorage);
const live = new Live(api, document);
const zoneNames = () => [...new Set((live.world?.zones ?? []).map((zone) => zone.zone))];
const dialogs = new Dialogs({ api, zones: zoneNames, done: () => live.hurry() });
const open = (name, given) => dialogs.open(name, given);
const head = new Head();
const map = new WorldMap({ box: byId("map"), choice: byId("map-choice"), legend: byId("map-legend") });
const charts = new Charts({ box: byId("charts"), range: byId("charts-range"), at: byId("charts-at") });
const feed = new EventsFeed({
  list: byId("events"),
  kinds: byId("events-kinds"),
  follow: byId("events-follow"),
  fresh: byId("events-new"),
});
const zonePage = new ZonePage({ box: byId("zone-view"), live, open });

const button = (name, text) => h("button", { type: "button", on: { click: () => open(name) } }, text);
replace(
  byId("deeds"),
  button("announce", "Announce…"),
  button("kick", "Kick…"),
  button("ban", "Ban…"),
  button("unban", "Unban…"),
);
byId("start-event").addEventListener("click", () => open("start_event"));

/** The gateway's clock: its answers say when they were made. */
let aheadS = 0;
const nowS = () => Date.now() / 1000 + aheadS;

live.on("world", (heard) => {
  const world = { ...heard, zones: withStates(heard.zones) };
  aheadS = world.now - Date.now() / 1000;
  head.judge(world);
  showTotals(byId("totals"), world);
  map.update(world);
  showProcesses(byId("processes"), world);
  showKeeping(byId("keeping"), world);
  showRunning(byId("running"), world, open);
  zonePage.updateWorld(world);
});
live.on("history", (known) => charts.update(known));
live.on("events", () => {
  feed.update(live.events);
  charts.mark(live.events);
  zonePage.updateEvents(live.events);
});
live.on("zone", (heard) => zonePage.update(heard));
live.on("link", (link) => head.link(link));
live.on("denied", (error) =>
  askToken(error, (token) => {
    api.token = token;
    live.hurry();
  }),
);

setInterval(() => {
  if (document.hidden) return;
  head.link(live.link());
  feed.tick(nowS());
  zonePage.tick(nowS());
}, 1000);

function route() {
  const [, zone, layer] = /^#\/zones\/([^/]+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
  const asked = zone ? { zone: decodeURIComponent(zone), layer: Number(layer ?? 0) } : null;
  show(byId("world-view"), !asked);
  show(byId("zone-view"), Boolean(asked));
  document.title = asked ? `${asked.zone} · Operations · Myriad` : "Operations · Myriad";
  zonePage.open(asked);
  live.watchZone(asked);
  scrollTo(0, 0);
}

addEventListener("hashchange", () => {
  route();
  byId("main").focus({ preventScroll: true });
});
route();
live.start();
