"""Operations of a gateway: what it gathers all the time, so that an operator finds an hour of it.

Responsible for: looking at hosts every five seconds (every second while somebody looks), the points of the last hour,
and what happened.
Not here: the routes (`routes.py`), actions (`actions.py`), the thread that calls `turn` (`runtime/repeating.py`).

Invariants: `turn` runs on a thread of its own and is the only one to wait for hosts; what others read is read under one
lock, held for a moment; a host that does not answer is left out and hurts nobody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Any, Final

from myriad.cluster.directory import DirectoryView
from myriad.cluster.events import TOPIC as EVENT_TOPIC
from myriad.cluster.events import Events, decode_event
from myriad.cluster.requests import Directory, ZoneKey
from myriad.runtime.clocks import other_process, process_cpu_ns, resident_bytes
from myriad.runtime.front_doors import MEASURES
from myriad.web.gateway.gateway import Gateway
from myriad.web.ops.alarms import LATE_MS, Alarms, Trouble
from myriad.web.ops.event_log import EventLog
from myriad.web.ops.history import STEP_S, HourRing
from myriad.web.ops.messages import History, WorldState, ZoneRow
from myriad.web.ops.ports import Sources
from myriad.web.ops.watch import NS_PER_S, Watch
from myriad.web.ops.world import Known, store_state, world_state, zone_rows
from myriad.wire.layouts import EVENT_STARTED

LOOKED_AT_NS: Final = 10 * NS_PER_S
"""Somebody who asked so lately looks."""
LOOK_S: Final = 1.0
_NOTHING: Final = Directory((), 0)

STORE: Final = Trouble("the store")
LEDGER: Final = Trouble("the ledger")


class Operations:
    """See above."""

    def __init__(self, gateway: Gateway, sources: Sources, wall: Callable[[], float]) -> None:
        """`wall` gives Unix time in seconds."""
        self.gateway = gateway
        self.sources = sources
        self.wall = wall
        self.log = EventLog()
        self.on_look: Callable[[], None] = lambda: None
        """Called when somebody begins to look: the next turn is due at once."""
        self._watch = Watch()
        self._history = HourRing()
        self._alarms = Alarms()
        self._events = Events()
        self._lost: set[ZoneKey] = set()
        self._leases: dict[ZoneKey, int] | None = None
        self._lock = Lock()
        self._looked_ns = -LOOKED_AT_NS
        self._point_due = 0.0

    # What it hears, on any thread.

    def hear(self, topic: str, body: bytes) -> None:
        """From the bus."""
        if topic != EVENT_TOPIC:
            return
        with self._lock:
            before = {event.number for event in self._events.running}
            self._events.hear(body, int(self.wall() * 1000))
            after = {event.number: event.name for event in self._events.running}
        heard = decode_event(body)
        if heard is None or (heard[1].number in before) == (heard[1].number in after):
            return
        phase, event = heard
        text = f"{event.name} {'began' if phase == EVENT_STARTED else 'ended'}"
        self.log.note(self.wall(), "event", f"{text}: {event.text}" if event.text else text)

    def happened(self, news: Iterable[dict[str, Any]]) -> None:
        """What the supervisor tells; each has `at` (Unix time), `kind`, `text`, and may have `zone`, `layer`, `host`
        and `lost`, the zones that the end of a process took away."""
        for one in news:
            key = ZoneKey(one["zone"], one.get("layer", 0)) if one.get("zone") else None
            self.log.note(one["at"], one["kind"], one["text"], key=key, host=one.get("host"))
            lost = {ZoneKey(zone, layer) for zone, layer in one.get("lost", ())}
            if lost:
                with self._lock:
                    self._lost |= lost
                    for zone in lost:
                        self._watch.zones.pop(zone, None)

    # What it gathers, on its own thread.

    def turn(self) -> float:
        """Looks at every host once; returns the seconds to rest."""
        sources = self.sources
        view = self._view()
        doors = {row.front_door for row in view.rows(sources.clock.now_ns()) if row.front_door}
        for door in sorted(doors):
            try:
                told = sources.ask_front_door(door, MEASURES)
            except OSError:  # it is starting, or dying: others tell of that
                continue
            with self._lock:
                self._watch.observe(told, sources.clock.now_ns())
        now_ns = sources.clock.now_ns()
        with self._lock:
            self._watch.observe_process(os.getpid(), process_cpu_ns(), resident_bytes(), now_ns)
            relay = (sources.fleet.get("relay") or {}).get("pid")
            if relay is not None and (found := other_process(relay)) is not None:
                self._watch.observe_process(relay, *found, now_ns)
            self._watch.forget(now_ns)
            self._lost -= set(self._watch.zones)
            self._events.expire(int(self.wall() * 1000))
            self._add_point(now_ns)
        self._raise_alarms(view, now_ns)
        if not sources.supervised:
            self._follow_leases(view, now_ns)
        return LOOK_S if self._is_looked_at(now_ns) else float(STEP_S)

    def _add_point(self, now_ns: int) -> None:
        at = self.wall()
        if at < self._point_due:
            return
        self._point_due = (at // STEP_S + 1) * STEP_S
        rows = zone_rows(self._known())
        audited = self.gateway.audited
        known = {
            "players": float(sum(row.players for row in rows)),
            "connected": float(sum(row.connected for row in rows)),
            "ledger_problems": float(len(audited.report.problems)) if audited is not None else None,
        }
        self._history.add(self._watch.take_point(round(at, 3), now_ns, known))

    def _raise_alarms(self, view: DirectoryView, now_ns: int) -> None:
        wrong: dict[Trouble, str] = {}
        known = {STORE}
        with self._lock:
            if not store_state(view, self._watch, now_ns).up:
                wrong[STORE] = "the store does not answer: nothing is confirmed"
            for key, zone in self._watch.zones.items():
                trouble = Trouble("ticks", key)
                known.add(trouble)
                late_ms = zone.shown["late_p99_ms"] or 0.0
                if late_ms > LATE_MS:
                    wrong[trouble] = f"ticks are {late_ms:.0f} ms late (p99)"
        audited = self.gateway.audited
        if audited is not None:
            known.add(LEDGER)
            if not audited.report.balanced:
                wrong[LEDGER] = f"the ledger does not add up: {'; '.join(audited.report.problems)[:200]}"
        for told in self._alarms.observe(wrong, known, now_ns):
            self.log.note(self.wall(), "alarm", told.text, key=told.key)

    def _follow_leases(self, view: DirectoryView, now_ns: int) -> None:
        """Without a supervisor the directory tells of starts and ends."""
        now = {row.key: row.epoch for row in view.rows(now_ns)}
        before, self._leases = self._leases, now
        if before is None or not store_state(view, self._watch, now_ns).up:
            return
        for key, epoch in now.items():
            if before.get(key) != epoch:
                self.log.note(self.wall(), "restart" if key in before else "start", f"epoch {epoch}", key=key)
        for key in before.keys() - now.keys():
            self.log.note(self.wall(), "ended", "nobody runs it any more", key=key)

    # What it shows, on the event loop.

    def world(self) -> WorldState:
        """Everything at once."""
        self.look()
        with self._lock:
            return world_state(self._known())

    def zones(self) -> list[ZoneRow]:
        """All zones."""
        self.look()
        with self._lock:
            return zone_rows(self._known())

    def history(self, since: float) -> History:
        """The points after `since`."""
        self.look()
        with self._lock:
            return self._history.since(since)

    def running_events(self) -> dict[int, str]:
        """World events that go on: names by number."""
        with self._lock:
            return {event.number: event.name for event in self._events.running}

    def front_door_of(self, key: ZoneKey) -> str | None:
        """The address of the host that runs a zone, None if nobody does."""
        row = self._view().find(key, self.sources.clock.now_ns())
        return row.front_door if row is not None and row.front_door else None

    def look(self) -> None:
        """Somebody looks."""
        now_ns = self.sources.clock.now_ns()
        begins = not self._is_looked_at(now_ns)
        self._looked_ns = now_ns
        if begins:
            self.on_look()

    def _is_looked_at(self, now_ns: int) -> bool:
        return now_ns - self._looked_ns < LOOKED_AT_NS

    def _view(self) -> DirectoryView:
        sources = self.sources
        return DirectoryView(sources.directory or _NOTHING, sources.directory_asked_ns)

    def _known(self) -> Known:
        sources = self.sources
        return Known(
            now=self.wall(),
            now_ns=sources.clock.now_ns(),
            settings=self.gateway.settings,
            map=self.gateway.world.map,
            view=self._view(),
            watch=self._watch,
            fleet=sources.fleet,
            supervised=sources.supervised,
            lost=frozenset(self._lost),
            audited=self.gateway.audited,
            events=self._events.running,
            own_pid=os.getpid(),
        )
