// Whether all is well, and if not, what is wrong.
//
// Responsible for: the judgement of one answer of `/v1/ops/world`. Not here: how it is shown.
//
// Invariant: the worst comes first, and each line names what it is about.

import { count, duration, milliseconds, plural, zoneName } from "./format.js";

const BAD = 2;
const WORTH_A_LOOK = 1;
const LATE_MS = 33;
const STORE_LAG_MS = 2000;
const AUDIT_OLD_S = 300;

/** [{level, text, zone}], the worst first; nothing: all is well. */
export function judge(world) {
  const found = [
    ...ofStore(world),
    ...ofProcesses(world),
    ...world.zones.flatMap((zone) => [...ofZone(zone)]),
    ...ofBorders(world),
  ];
  return found.sort((a, b) => b.level - a.level);
}

const bad = (text, zone) => ({ level: BAD, text, zone });
const look = (text, zone) => ({ level: WORTH_A_LOOK, text, zone });

function* ofStore({ store, ledger }) {
  if (store && store.up === false) yield bad("The store does not answer: nothing is confirmed");
  else if (store?.lag_ms > STORE_LAG_MS) yield bad(`The store is ${milliseconds(store.lag_ms)} behind`);
  if (ledger?.balanced === false) yield bad(`The ledger does not add up: ${plural(ledger.problems ?? 1, "problem")}`);
  else if (ledger?.age_s > AUDIT_OLD_S) yield look(`The ledger was audited ${duration(ledger.age_s)} ago`);
}

function* ofProcesses({ hosts, relay, gateway }) {
  for (const host of hosts) if (host.up === false) yield bad(`${host.name} does not run`);
  if (relay && relay.up === false) yield bad("The relay does not run: browsers cannot play");
  if (gateway?.directory_age_s > 5)
    yield bad(`The gateway has not read the directory for ${duration(gateway.directory_age_s)}`);
}

function* ofZone(zone) {
  const name = zoneName(zone.zone, zone.layer);
  if (zone.state === "restarting") yield bad(`${name} is restarting`, zone.zone);
  if (zone.state === "draining") yield look(`${name} is draining`, zone.zone);
  if (zone.late_p99_ms > LATE_MS) yield bad(`${name} is ${milliseconds(zone.late_p99_ms)} late`, zone.zone);
  if (zone.ladder > 0) yield look(`${name} gives things up: rung ${zone.ladder} of the overload ladder`, zone.zone);
  if (zone.capacity > 0 && zone.connected >= zone.capacity) yield look(`${name} is full`, zone.zone);
}

function* ofBorders({ borders }) {
  for (const { from, to, failed_min: failed } of borders) {
    if (failed > 0) yield look(`${count(Math.ceil(failed))} of a minute's handoffs from ${from} to ${to} failed`, from);
  }
}
