"""The gateway's own state: what it saw last, whom it promised a place, who waits, who asked too often.

Responsible for: that state, and every decision that needs no answer of the store.
Not here: asking (`accounts.py`, `entering.py`), HTTP (`application.py`), the load balancer's rules
(`cluster/placement.py`).

Invariants: nothing here waits or reads a clock: time is an argument. All calls come from the event loop's thread, but
`note_audit`, which any thread may call.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from myriad.cluster.directory import DirectoryView, takes_players
from myriad.cluster.placement import LoadBalancer
from myriad.cluster.requests import AuditReport, Directory, ZoneKey
from myriad.core.durations import Durations
from myriad.core.errors import StartupError
from myriad.core.metrics import Sample
from myriad.core.settings import Settings
from myriad.storage.names import name_key
from myriad.web.gateway.addresses import Client, TokenServers, is_private, parse_prefixes
from myriad.web.gateway.ports import World
from myriad.web.gateway.rate_limits import NS_PER_S, RateLimit
from myriad.web.refusals import Refusal

WANT_AGAIN_S: Final = 1.0
_MAX_WANTS: Final = 65536


class Audited(NamedTuple):
    """The newest report of the auditor, and when it came."""

    report: AuditReport
    now_ns: int


class Readiness(NamedTuple):
    """Whether a player can join, and the sentence that says so."""

    ready: bool
    text: str


class Gateway:
    """See above."""

    def __init__(self, settings: Settings, bind: str, world: World) -> None:
        """`bind` is the numeric address that it listens on. Raises StartupError."""
        if not world.start_points or any(world.map.zone_at(*point) is None for point in world.start_points):
            raise StartupError("a world needs start points, each within a zone")
        private = is_private(settings, bind)
        self.settings = settings
        self.world = world
        self.balancer = LoadBalancer(max_online=settings.max_online, max_waiting=settings.max_queue)
        self.servers = TokenServers(settings.public_addresses)
        self.guests = _switch(settings.guests, private)
        self.allow_spawn_choice = _switch(settings.allow_spawn_choice, private)
        self.counts: Counter[tuple[str, str]] = Counter()
        """By (what, what became of it)."""
        self.answers: Counter[tuple[str, int]] = Counter()
        """By (route, status)."""
        self.answer_times: defaultdict[str, Durations] = defaultdict(Durations)
        """By route: from a request to the beginning of its answer."""
        self.sources: list[Callable[[], Iterable[Sample]]] = []
        """What else the page of metrics shows: the process, its store and bus."""
        self.fleet: Callable[[], Mapping[str, Any]] = dict
        """What the supervisor says about its processes; nothing without one."""
        self.audited: Audited | None = None
        self.store_failed_ns: int | None = None
        """When the store failed, None since it last answered."""
        self._exempt = parse_prefixes(settings.http_exempt_prefixes)
        self._by_address = RateLimit(settings.requests_per_address_min)
        self._by_account = RateLimit(settings.logins_per_account_min)
        self._by_player = RateLimit(settings.plays_per_account_min)
        self._wanted_ns: dict[ZoneKey, int] = {}

    # What it learns.

    def observe(self, directory: Directory, asked_ns: int, now_ns: int) -> None:
        """A new reading of the directory, asked for at `asked_ns`."""
        self.store_failed_ns = None
        self.balancer.observe(DirectoryView(directory, asked_ns), now_ns)

    def note_store_failure(self, now_ns: int) -> None:
        """The store did not answer."""
        self.counts["store", "failed"] += 1
        self.store_failed_ns = now_ns

    def note_audit(self, report: AuditReport, now_ns: int) -> None:
        """A new report of the auditor, to be shown. From any thread."""
        self.audited = Audited(report, now_ns)

    # What it decides.

    def readiness(self, now_ns: int) -> Readiness:
        """Whether somebody who asks now gets into the world."""
        if self.store_failed_ns is not None:
            return Readiness(False, "the store does not answer")
        if not any(takes_players(row) for row in self.balancer.view.rows(now_ns)):
            return Readiness(False, "no zone runs yet")
        return Readiness(True, "ready")

    def start_point(self, name: str) -> tuple[float, float]:
        """Where a new character of that name stands: the same when it is asked for again."""
        points = self.world.start_points
        return points[int.from_bytes(hashlib.sha256(name_key(name).encode()).digest()[:8], "little") % len(points)]

    def zone_at(self, x: float, y: float) -> str | None:
        """The zone of a place, None beyond the world."""
        area = self.world.map.zone_at(x, y)
        return area.name if area is not None else None

    def is_wanted_anew(self, key: ZoneKey, now_ns: int) -> bool:
        """True once a second for a zone that somebody needs: then the store is told."""
        if now_ns - self._wanted_ns.get(key, -NS_PER_S * 60) < WANT_AGAIN_S * NS_PER_S:
            return False
        if len(self._wanted_ns) >= _MAX_WANTS:
            self._wanted_ns.clear()
        self._wanted_ns[key] = now_ns
        return True

    # Limits. Each raises Refusal.

    def limit_address(self, client: Client, now_ns: int) -> None:
        """Counts a request for accounts or logins."""
        if client.is_in(self._exempt):
            return
        wait_s = self._by_address.take(client.network, now_ns)
        if wait_s > 0:
            self.counts["limited", "address"] += 1
            raise Refusal(429, "too_many_requests", "too many requests come from this address", wait_s)

    def limit_account(self, client: Client, name: str, now_ns: int) -> None:
        """Counts an attempt to log in as failed, until `forgive_account`. The same for accounts that do not exist."""
        if client.is_in(self._exempt):
            return
        wait_s = self._by_account.take(name_key(name), now_ns)
        if wait_s > 0:
            self.counts["limited", "account"] += 1
            raise Refusal(429, "too_many_requests", "too many logins of this account have failed", wait_s)

    def limit_plays(self, client: Client, account: int, now_ns: int) -> None:
        """Counts a request of an account to enter the world, or to go back into it."""
        if client.is_in(self._exempt):
            return
        wait_s = self._by_player.take(str(account), now_ns)
        if wait_s > 0:
            self.counts["limited", "plays"] += 1
            raise Refusal(429, "too_many_requests", "this account asks to play too often", wait_s)

    def forgive_account(self, client: Client, name: str) -> None:
        """The attempt was none that failed."""
        if not client.is_in(self._exempt):
            self._by_account.give_back(name_key(name))


def _switch(choice: str, private: bool) -> bool:
    return choice == "on" or (choice == "auto" and private)
