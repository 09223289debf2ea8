"""The shapes of what operators ask and hear.

Responsible for: one struct for each answer of `/v1/ops` and for each action.
Not here: where the numbers come from (`watch.py`, `world.py`), carrying actions out (`actions.py`).

Invariants: times are seconds since 1970, places metres of the world; None is what is not known, never a 0.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Area(msgspec.Struct, frozen=True):
    """Where a zone lies; x and y are its south-west corner."""

    x: int
    y: int
    width: int
    height: int


class ZoneRow(msgspec.Struct, frozen=True):
    """A zone or a layer of it. `state` is running, hibernating, restarting or draining; `held` is true for one that an
    operator drained: nothing but an operator starts it again."""

    zone: str
    layer: int
    state: str
    area: Area
    players: int
    connected: int
    capacity: int
    host: str | None = None
    epoch: int = 0
    held: bool = False
    npcs: int | None = None
    tick_p50_ms: float | None = None
    tick_p99_ms: float | None = None
    late_p99_ms: float | None = None
    cpu_cores: float | None = None
    down_bytes_s: float | None = None
    up_bytes_s: float | None = None
    snapshots_s: float | None = None
    ladder: int | None = None


class BorderRow(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    """Handoffs from one zone to another in the last minute; `failed_min` are those that the store refused."""

    source: str
    target: str
    handoffs_min: float
    failed_min: float


class ProcessRow(msgspec.Struct, frozen=True):
    """A process. `starts` counts its starts; who was started by hand has none."""

    up: bool = True
    name: str = ""
    pid: int | None = None
    cpu_cores: float | None = None
    rss_bytes: int | None = None
    starts: int | None = None
    zones: list[str] = []
    players: int | None = None
    directory_age_s: float | None = None


class Ledger(msgspec.Struct, frozen=True):
    """The newest audit; `balanced` is null before the first."""

    balanced: bool | None
    problems: int
    age_s: float | None
    entries: int


class StoreState(msgspec.Struct, frozen=True):
    """`lag_ms`: how long the slowest zone's newest cut took to become durable."""

    up: bool
    lag_ms: float | None


class GameEvent(msgspec.Struct, frozen=True):
    """A world event that runs; `until_s` is null where it has no end."""

    event: int
    name: str
    text: str
    until_s: float | None


class WorldState(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/ops/world`. `relay` is null where there is none; `supervised` is false where zones were
    started by hand, and so are not started, drained or restarted from here."""

    now: float
    tick_hz: int
    supervised: bool
    zones: list[ZoneRow]
    borders: list[BorderRow]
    totals: dict[str, float]
    hosts: list[ProcessRow]
    relay: ProcessRow | None
    gateway: ProcessRow
    ledger: Ledger
    store: StoreState
    game_events: list[GameEvent]


class History(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/ops/history`: each series has a value (or null) for each of `times`; `drops_s` has such a list
    for each reason."""

    step_s: int
    times: list[float]
    series: dict[str, Any]


class Happened(msgspec.Struct, frozen=True):
    """Something that happened. `kind` is crash, restart, hang, layer, start, hibernate, drain, ended, event, action or
    alarm."""

    number: int
    at: float
    kind: str
    zone: str | None
    layer: int
    host: str | None
    text: str


class Events(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/ops/events`; `newest` is the highest number given out, 0 before the first."""

    newest: int
    events: list[Happened]


class ZoneDetail(msgspec.Struct, frozen=True):
    """Answer of `GET /v1/ops/zones/{zone}`.

    `phases`: [{phase, p50_ms, p99_ms, max_ms}]; `drops`: number by reason since the zone began; `players`: [{name,
    character, connected, rtt_ms, loss, x, y}], at most 500; `view`: {cell_m, cells: [[cx, cy, entities]], entities:
    {id, x, y, kind, hp, player, name}} as columns, at most 2,000, null where the zone does not run; `kinds`: words by
    kind.
    """

    row: ZoneRow
    phases: list[dict[str, Any]]
    drops: dict[str, int]
    players: list[dict[str, Any]]
    view: dict[str, Any] | None
    kinds: dict[str, str]


# Actions.


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="action"):
    """Unknown fields are errors, so that a misspelt one is not ignored."""


class Announce(_Action, frozen=True, tag="announce"):
    """A notice in the chat of everybody, or of those in one zone (all its layers)."""

    text: str
    zone: str | None = None


class Kick(_Action, frozen=True, tag="kick"):
    """Ends a player's session: by the name of the character or its account, or by the character's number."""

    name: str | None = None
    character: int | None = None
    reason: str = ""


class Ban(_Action, frozen=True, tag="ban"):
    """The account of that name, or of the character of that name, may not play until `until_s` (Unix time), or at all;
    its characters are kicked."""

    name: str
    until_s: float | None = None
    reason: str = ""


class Unban(_Action, frozen=True, tag="unban"):
    """May play again."""

    name: str


class Drain(_Action, frozen=True, tag="drain"):
    """A zone ends: players leave it, everything is written; it stays down until it is started."""

    zone: str
    layer: int = 0


class RestartZone(_Action, frozen=True, tag="restart_zone"):
    """A zone is written, ends and starts anew; its players come back into their avatars by themselves."""

    zone: str
    layer: int = 0


class StartZone(_Action, frozen=True, tag="start_zone"):
    """A zone that does not run starts."""

    zone: str


class StartEvent(_Action, frozen=True, tag="start_event"):
    """A world event begins; it ends after `seconds`, or when it is stopped."""

    name: str
    text: str = ""
    seconds: float | None = None


class StopEvent(_Action, frozen=True, tag="stop_event"):
    """A world event ends."""

    event: int


Action = Announce | Kick | Ban | Unban | Drain | RestartZone | StartZone | StartEvent | StopEvent


class Done(msgspec.Struct, frozen=True):
    """What an action did, in a sentence."""

    ok: bool
    text: str
