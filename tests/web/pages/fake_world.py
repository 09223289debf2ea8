"""A world that does not exist, as the operations API would tell of it.

Everything is a function of the time and of what a test did to the world.
"""

from __future__ import annotations

import math
import random
import time
from typing import Any

from myriad.web.refusals import Refusal

SIDE_M = 1000
STEP_S = 5
HOUR_S = 3600
PLACES = (
    *((0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (3, 0)),
    *((3, 1), (3, 2), (0, 3), (1, 3), (2, 3), (3, 3), (4, 0), (4, 1), (4, 2), (4, 3)),
)
ASLEEP = {"zone-13", "zone-20"}
KINDS = {"1": "player", "2": "Fallow Deer", "3": "Bristle Boar", "4": "Ash Raider", "5": "Frost Wolf"}
NAMES = (
    "Ada",
    "Bram",
    "Cleo",
    "Dorit",
    "Emil",
    "Fenna",
    "Goran",
    "Hilke",
    "Ines",
    "Jorun",
    "Kaja",
    "Levi",
    "Mira",
    "Nils",
)


PAST = (
    (3300, "start", "zone-1", "started on host-1"),
    (3290, "start", "zone-2", "started on host-1"),
    (2900, "hibernate", "zone-13", "empty for 60 s"),
    (2650, "layer", "zone-1", "a second layer: 82 % full"),
    (2230, "action", None, "127.0.0.1 announced to all: Market day in the square"),
    (2228, "event", None, "market began: Traders from afar are in the square"),
    (1835, "alarm", "zone-1", "ticks 35 ms late (p99)"),
    (1790, "alarm", "zone-1", "ticks in time again"),
    (1203, "crash", "zone-11", "host-2 (pid 4106) ended: killed by signal 9"),
    (1202, "restart", "zone-11", "host-2 started again, pid 4108; ten zones taken over"),
    (1200, "start", "zone-12", "epoch 3 on host-2"),
    (910, "hibernate", "zone-20", "empty for 60 s"),
    (428, "event", None, "market ended"),
    (206, "action", "zone-4", "127.0.0.1 kicked Orla: advertising"),
    (64, "layer", "zone-1", "a third layer is not needed any more: merged"),
)


def wave(at_s: float, period_s: float, seed: float) -> float:
    """0..1, smooth, and different for each seed."""
    turn = 2 * math.pi * (at_s / period_s + seed * 0.618)
    return 0.5 + 0.35 * math.sin(turn) + 0.15 * math.sin(2.7 * turn + seed)


def name_of(number: int) -> str:
    """Of a player."""
    return f"{NAMES[number % len(NAMES)]}{number // len(NAMES) or ''}"


class FakeWorld:
    """What the API tells. Tests change `states`, `relay_up`, `token`, `broken` and call `happen`."""

    def __init__(self, zones: int = 20) -> None:
        self.names = [f"zone-{number + 1}" for number in range(zones)]
        self.states: dict[str, str] = {}
        self.held: set[str] = set()
        self.supervised = True
        self.starts = {"host-1": 1, "host-2": 2}
        self.relay_up = True
        self.balanced = True
        self.token = ""
        self.broken = False
        self.closing = False
        self.asked: list[str] = []
        self.actions: list[dict[str, Any]] = []
        self.game_events: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        now = self.now()
        for before_s, kind, zone, text in PAST:
            self.happen(kind, text, zone=zone, at=now - before_s)

    def now(self) -> float:
        return time.time()

    def state(self, zone: str) -> str:
        return self.states.get(zone, "hibernating" if zone in ASLEEP | self.held else "running")

    def happen(self, kind: str, text: str, *, zone: str | None = None, at: float | None = None) -> None:
        """One more event."""
        host = self.host(zone) if zone else None
        number = self.events[-1]["number"] + 1 if self.events else 1
        self.events.append(
            {
                "number": number,
                "at": at or self.now(),
                "kind": kind,
                "zone": zone,
                "layer": 0,
                "host": host,
                "text": text,
            }
        )

    def host(self, zone: str) -> str:
        return "host-1" if self.names.index(zone) < 10 else "host-2"

    def players(self, zone: str, at_s: float) -> int:
        if self.state(zone) in ("hibernating", "restarting"):
            return 0
        seed = self.names.index(zone) + 1
        crowd = 520 if seed == 1 else 40 + (seed * 37) % 190
        return round(crowd * (0.55 + 0.45 * wave(at_s, 900, seed)))

    def rows(self, at_s: float) -> list[dict[str, Any]]:
        rows = [self.row(zone, 0, self.players(zone, at_s), at_s) for zone in self.names]
        if self.state("zone-1") == "running":
            rows[0] = self.row("zone-1", 0, rows[0]["players"] * 2 // 3, at_s)
            rows.insert(1, self.row("zone-1", 1, rows[0]["players"] // 2, at_s))
        return rows

    def row(self, zone: str, layer: int, players: int, at_s: float) -> dict[str, Any]:
        seed = self.names.index(zone) + 1 + layer * 31
        column, line = PLACES[self.names.index(zone)]
        state = self.state(zone)
        runs = state in ("running", "draining")
        noise = 1 + 0.12 * (wave(at_s, 17, seed) - 0.5)
        tick_ms = (0.9 + players * 0.0175) * noise
        return {
            "zone": zone,
            "layer": layer,
            "state": state,
            "area": {"x": column * SIDE_M, "y": line * SIDE_M, "width": SIDE_M, "height": SIDE_M},
            "players": players,
            "connected": round(players * 0.98),
            "capacity": 600,
            "npcs": 520 if runs else 0,
            "tick_p50_ms": round(tick_ms, 2) if runs else None,
            "tick_p99_ms": round(tick_ms * 1.55, 2) if runs else None,
            "late_p99_ms": round(1.1 + tick_ms * 0.3, 2) if runs else None,
            "cpu_cores": round(0.04 + tick_ms * 0.06, 3) if runs else 0.0,
            "down_bytes_s": round(players * 7900 * noise),
            "up_bytes_s": round(players * 620 * noise),
            "snapshots_s": round(players * 20 * noise),
            "ladder": 0,
            "host": self.host(zone) if runs else None,
            "epoch": 3 if runs else 0,
            "held": zone in self.held,
        }

    def borders(self, at_s: float) -> list[dict[str, Any]]:
        found = []
        for i, (x, y) in enumerate(PLACES[: len(self.names)]):
            for j, (x2, y2) in enumerate(PLACES[: len(self.names)]):
                if abs(x - x2) + abs(y - y2) != 1:
                    continue
                a, b = self.names[i], self.names[j]
                alive = self.state(a) == "running" and self.state(b) == "running"
                crossing = (self.players(a, at_s) * 0.06 * wave(at_s, 240, i * 7 + j)) if alive else 0.0
                found.append({"from": a, "to": b, "handoffs_min": round(crossing, 1), "failed_min": 0.0})
        return found

    def world(self) -> dict[str, Any]:
        now = self.now()
        rows = self.rows(now)
        sums = ("players", "connected", "capacity", "cpu_cores", "down_bytes_s", "up_bytes_s", "snapshots_s")
        hosts = [
            {
                "name": name,
                "up": True,
                "pid": 4100 + i * 7 + self.starts[name],
                "cpu_cores": round(sum(row["cpu_cores"] for row in rows if row["host"] == name), 2),
                "rss_bytes": 612_000_000 + i * 48_000_000,
                "starts": self.starts[name],
                "zones": [row["zone"] for row in rows if row["host"] == name and row["layer"] == 0],
            }
            for i, name in enumerate(self.starts)
        ]
        return {
            "now": now,
            "tick_hz": 60,
            "supervised": self.supervised,
            "zones": rows,
            "borders": self.borders(now),
            "totals": {name: float(sum(row[name] for row in rows)) for name in sums},
            "hosts": hosts,
            "relay": {
                "name": "relay",
                "zones": [],
                "up": self.relay_up,
                "players": 212,
                "pid": 4090,
                "cpu_cores": 0.21,
                "rss_bytes": 88_000_000,
                "starts": 1,
            },
            "gateway": {
                "name": "gateway",
                "zones": [],
                "up": True,
                "pid": 4089,
                "cpu_cores": 0.03,
                "rss_bytes": 131_000_000,
                "starts": 1,
            },
            "ledger": {
                "balanced": self.balanced,
                "problems": 0 if self.balanced else 2,
                "age_s": now % 30,
                "entries": 184_213 + int(now % HOUR_S),
            },
            "store": {"lag_ms": round(6 + 5 * wave(now, 40, 3), 1), "up": True},
            "game_events": [{"until_s": None, **event} for event in self.game_events],
        }

    def history(self, since: float) -> dict[str, Any]:
        now = self.now()
        last = math.floor(now / STEP_S) * STEP_S
        times = [at for at in range(last - HOUR_S + STEP_S, last + 1, STEP_S) if at > since]
        crashed = [event["at"] for event in self.events if event["kind"] == "crash"]
        points = [self.point(at, any(0 <= at - begun < 15 for begun in crashed)) for at in times]
        series: dict[str, Any] = {name: [point[name] for point in points] for name in points[0]} if points else {}
        reasons = {"stale_input": 2.4, "replayed": 0.7, "rate_limited": 1.1, "bad_token": 0.2}
        series["drops_s"] = {
            reason: [round(size * wave(at, 500 + 90 * i, i), 2) for at in times]
            for i, (reason, size) in enumerate(reasons.items())
        }
        return {"step_s": STEP_S, "times": times, "series": series}

    def point(self, at: int, hurt: bool) -> dict[str, Any]:
        noise = random.Random(at).random()
        players = sum(self.players(zone, at) for zone in self.names) * (0.55 if hurt else 1)
        return {
            "players": round(players),
            "connected": round(players * (0.93 if hurt else 0.98)),
            "snapshots_s": round(players * (19.4 + 0.6 * noise)),
            "late_p99_ms": round(2.5 + 2.2 * noise + (21 if hurt else 0), 2),
            "down_bytes_s": round(players * (7700 + 500 * noise)),
            "up_bytes_s": round(players * (600 + 60 * noise)),
            "store_lag_ms": round(5 + 8 * noise**3 + (34 if hurt else 0), 2),
            "handoff_gap_p99_ms": round(38 + 25 * noise**2, 1),
            "ledger_problems": 0 if self.balanced else 2,
            "cpu_cores": round(players * 0.0011, 2),
        }

    def zone(self, zone: str, layer: int) -> dict[str, Any]:
        now = self.now()
        row = next((row for row in self.rows(now) if (row["zone"], row["layer"]) == (zone, layer)), None)
        if row is None:
            raise Refusal(404, "no_zone", "there is no such zone")
        entities = self.entities(row, now)
        cells: dict[tuple[int, int], int] = {}
        for x, y in zip(entities["x"], entities["y"], strict=True):
            place = (math.floor(x / 50), math.floor(y / 50))
            cells[place] = cells.get(place, 0) + 1
        view = {"cell_m": 50, "cells": [[x, y, n] for (x, y), n in sorted(cells.items())], "entities": entities}
        shares = {"receive": 0.14, "slow": 0.05, "step": 0.24, "encode": 0.17, "assemble": 0.25, "send": 0.15}
        tick_ms = row["tick_p50_ms"] or 0
        phases = [
            {
                "phase": name,
                "p50_ms": round(tick_ms * share, 3),
                "p99_ms": round(tick_ms * share * (1.7 + wave(now, 11, i)), 3),
                "max_ms": round(tick_ms * share * 3.6, 3),
            }
            for i, (name, share) in enumerate(shares.items())
        ]
        return {
            "row": row,
            "phases": phases if tick_ms else [],
            "drops": {}
            if not tick_ms
            else {"stale_input": 4211, "replayed": 912, "rate_limited": 455, "bad_token": 3, "not_connected": 0},
            "players": self.named(row, entities),
            "view": view if row["host"] else None,
            "kinds": KINDS,
        }

    def named(self, row: dict[str, Any], entities: dict[str, Any]) -> list[dict[str, Any]]:
        names = [name_of(i) for i in range(min(row["players"], 500))]
        return [
            {
                "name": name,
                "character": 1000 + i,
                "rtt_ms": 18 + i * 37 % 90,
                "loss": (i % 7) / 400,
                "connected": i % 40 != 39,
                "x": entities["x"][i],
                "y": entities["y"][i],
            }
            for i, name in enumerate(names)
        ]

    def entities(self, row: dict[str, Any], now: float) -> dict[str, Any]:
        columns: dict[str, Any] = {name: [] for name in ("id", "x", "y", "kind", "hp", "player", "name")}
        for i in range(row["players"] + row["npcs"]):
            dice = random.Random(f"{row['zone']}/{row['layer']}/{i}")
            player = i < row["players"]
            camp = random.Random(f"{row['zone']}/{i // 14}")
            spread = 170 if player else 26
            middle = (500, 480) if player else (camp.uniform(60, 940), camp.uniform(60, 940))
            reach, speed = dice.uniform(4, 30), dice.uniform(0.05, 0.18) * (2 if player else 1)
            x = dice.gauss(middle[0], spread) + reach * math.cos(now * speed + i)
            y = dice.gauss(middle[1], spread) + reach * math.sin(now * speed + i)
            values = (
                1000 + i if player else (1 << 24) + i,
                round(row["area"]["x"] + min(max(x, 2), 998), 2),
                round(row["area"]["y"] + min(max(y, 2), 998), 2),
                1 if player else camp.choice((2, 3, 4, 5)),
                round(dice.uniform(0.3, 1), 2),
                player,
                name_of(i) if player else "",
            )
            for name, value in zip(columns, values, strict=True):
                columns[name].append(value)
        return columns
