"""Any order of claims, cuts, departures and leases: the store answers and holds what the oracle does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from myriad.cluster.requests import (
    AWAY,
    PLAYING,
    VOID,
    Arrivals,
    Audit,
    AuditReport,
    CharacterRow,
    Claim,
    Claimed,
    ClaimRefused,
    Committed,
    Cut,
    Departure,
    Directory,
    Done,
    Fenced,
    FindArrivals,
    FindCharacter,
    Holder,
    LeaseGranted,
    LeaseRefused,
    LedgerEntry,
    ReadDirectory,
    ReleaseLease,
    RenewLease,
    ZoneKey,
    ZoneLoad,
)
from myriad.storage.store import SqlStore
from tests.contracts.postgres_server import PostgresServer
from tests.contracts.store_places import TTL_MS, Place, acquire, blob, character, leaver, new_character, one
from tests.reference.store_oracle import StoreOracle

ZONES = tuple(ZoneKey(f"zone-{i}") for i in range(3))
HOSTS = ("red", "blue")
NUM_CHARACTERS = 6

zones = st.sampled_from(ZONES)
hosts = st.sampled_from(HOSTS)
numbers = st.integers(1, NUM_CHARACTERS)
stale = st.sampled_from([0, 0, 0, 0, 1])
"""Mostly 0: how far something is from what it should be."""


def ground(key: ZoneKey) -> Holder:
    return Holder(2, 256 * (1 + ZONES.index(key)))


class StoreMachine(RuleBasedStateMachine):
    """A store, the oracle, and who asks both the same."""

    store: ClassVar[SqlStore]
    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.oracle = StoreOracle()
        self.oracle.now = self.place.wall.now_ms
        self.cuts: list[Cut] = []
        self.num_transfers = 0
        with self.store.transaction(writing=True) as db:
            for table in ("lease", "character", "account", "zone_state", "handoff", "entry", "holding", "ground"):
                db.run(f"DELETE FROM {table}")
            db.run("UPDATE counter SET value = 0")
        for _ in range(NUM_CHARACTERS):
            row = new_character(self.store, ZONES[0])
            self.oracle.create(row.character, row.owner)
        for zone in ZONES:
            self.takes_a_zone(zone, HOSTS[0], b"key", "")
        for number in range(1, NUM_CHARACTERS):
            self.claims(ZONES[number % 2], 0, number, 1)
        for zone in ZONES[:2]:
            self._begin_with_coins(zone)

    @rule(zone=zones, host=hosts, key=st.sampled_from([b"key", b"new key"]), dead=st.sampled_from(["", *HOSTS]))
    def takes_a_zone(self, zone: ZoneKey, host: str, key: bytes, dead: str) -> None:
        answer = one(self.store, acquire(zone, host, key, dead))
        told: tuple[Any, ...]
        if isinstance(answer, LeaseGranted):
            state = None if answer.state is None else (answer.state.epoch, answer.state.cut)
            told = ("granted", answer.epoch, state, [row.character for row in answer.residents])
        else:
            assert isinstance(answer, LeaseRefused)
            told = ("refused", answer.host.name, answer.left_ms)
        assert told == self.oracle.acquire(zone, host, key, TTL_MS, dead)

    @rule(zone=zones, behind=stale)
    def renews(self, zone: ZoneKey, behind: int) -> None:
        epoch = self.oracle.epoch(zone) - behind
        answer = one(self.store, RenewLease(zone, epoch, TTL_MS, ZoneLoad()))
        assert self._short(answer) == self.oracle.renew(zone, epoch, TTL_MS)

    @rule(zone=zones, behind=stale)
    def gives_back(self, zone: ZoneKey, behind: int) -> None:
        epoch = self.oracle.epoch(zone) - behind
        answer = one(self.store, ReleaseLease(zone, epoch))
        assert self._short(answer) == self.oracle.release(zone, epoch)

    @rule(duration_ms=st.sampled_from([1, TTL_MS // 2, TTL_MS]))
    def waits(self, duration_ms: int) -> None:
        self.place.wall.now_ms += duration_ms
        self.oracle.now += duration_ms

    @rule(zone=zones, behind=stale, number=st.integers(1, NUM_CHARACTERS + 1), session=st.integers(1, 3))
    def claims(self, zone: ZoneKey, behind: int, number: int, session: int) -> None:
        epoch = self.oracle.epoch(zone) - behind
        answer = one(self.store, Claim(zone, epoch, number, session))
        told: tuple[Any, ...]
        if isinstance(answer, Claimed):
            told = ("claimed", answer.row.character)
        elif isinstance(answer, ClaimRefused):
            told = ("elsewhere", answer.owner)
        else:
            told = self._short(answer)
        assert told == self.oracle.claim(zone, epoch, number, session)

    @rule(zone=zones, behind=stale, data=st.data())
    def cuts_anew(self, zone: ZoneKey, behind: int, data: st.DataObject) -> None:
        epoch = self.oracle.epoch(zone) - behind
        rows = [self._row(number) for number in self.oracle.residents(zone)]
        shares = data.draw(
            st.lists(st.sampled_from(["stays", "leaves", "goes"]), min_size=len(rows), max_size=len(rows))
        )
        by_share = {share: [r for r, s in zip(rows, shares, strict=True) if s == share] for share in set(shares)}
        stay, leave, go = (by_share.get(share, []) for share in ("stays", "leaves", "goes"))
        holders = [VOID, ground(zone), *(character(row.character) for row in rows)]
        entries = data.draw(st.lists(self._entries(holders), max_size=4))
        self.cuts.append(
            Cut(
                zone,
                epoch,
                self.oracle.states.get(zone, (0, 0))[1] + 1,
                7,
                "layout",
                blob(*stay, *go),
                b"",
                tuple(entries),
                tuple(replace(leaver(row), hop=row.hop - data.draw(stale)) for row in leave),
                tuple(self._departure(row, data.draw(zones), data.draw(stale)) for row in go),
                self._totals(entries, [ground(zone), *(character(row.character) for row in [*stay, *go])]),
            )
        )
        self._send(self.cuts[-1])

    @precondition(lambda self: self.cuts)
    @rule(back=st.integers(1, 3))
    def repeats_a_cut(self, back: int) -> None:
        self._send(self.cuts[-min(back, len(self.cuts))])

    @rule(zone=zones, known=st.frozensets(numbers))
    def looks_for_arrivals(self, zone: ZoneKey, known: frozenset[int]) -> None:
        epoch = self.oracle.epoch(zone)
        answer = one(self.store, FindArrivals(zone, epoch, known))
        if self.oracle.holds(zone, epoch):
            assert isinstance(answer, Arrivals)
            assert [row.character for row in answer.rows] == [n for n in self.oracle.residents(zone) if n not in known]
        else:
            assert answer == Fenced(epoch)

    @invariant()
    def characters_are_the_same(self) -> None:
        for number, wanted in self.oracle.characters.items():
            row = self._row(number)
            assert (row.owner, row.epoch, row.hop) == (wanted["owner"], wanted["epoch"], wanted["hop"])
            assert (row.session, row.record) == (wanted["session"], wanted["record"])
            assert row.presence == (PLAYING if wanted["playing"] else AWAY)

    @invariant()
    def the_directory_is_the_same(self) -> None:
        directory = one(self.store, ReadDirectory())
        assert isinstance(directory, Directory)
        assert [row.key for row in directory.rows] == self.oracle.directory()

    @invariant()
    def everything_adds_up(self) -> None:
        report = one(self.store, Audit())
        assert isinstance(report, AuditReport)
        assert (report.minted, report.burned) == (+self.oracle.minted, +self.oracle.burned)
        assert report.held == +(self.oracle.minted - self.oracle.burned)
        assert len(report.problems) == self.oracle.num_shortfalls, report.problems

    def _begin_with_coins(self, zone: ZoneKey) -> None:
        rows = [self._row(number) for number in self.oracle.residents(zone)]
        entries = [LedgerEntry(0, 10, VOID, character(row.character), 1) for row in rows]
        totals = ((0, 10 * len(rows)),)
        self._send(Cut(zone, 1, 1, 7, "layout", blob(*rows), b"", tuple(entries), totals=totals))

    def _send(self, cut: Cut) -> None:
        answer = one(self.store, cut)
        told = (
            ("committed", answer.cut, list(answer.departed)) if isinstance(answer, Committed) else self._short(answer)
        )
        assert told == self.oracle.cut(
            cut.key,
            cut.epoch,
            cut.cut,
            [(entry.asset, entry.amount, entry.source, entry.target) for entry in cut.entries],
            [(each.character, each.hop, each.record) for each in cut.leavers],
            [(d.transfer, d.character, d.hop, d.target, d.target_epoch, d.record) for d in cut.departures],
        )

    def _row(self, number: int) -> CharacterRow:
        row = one(self.store, FindCharacter(character=number))
        assert isinstance(row, CharacterRow)
        return row

    def _entries(self, holders: list[Holder]) -> st.SearchStrategy[LedgerEntry]:
        who = st.sampled_from(holders)
        return st.builds(LedgerEntry, st.integers(0, 1), st.integers(1, 5), who, who, st.just(1))

    def _departure(self, row: CharacterRow, target: ZoneKey, ahead: int) -> Departure:
        self.num_transfers += 1
        epoch = self.oracle.epoch(target) + ahead
        return Departure(self.num_transfers, row.character, row.hop, target, epoch, 1.0, 2.0, b"gone", 5, row.session)

    def _totals(self, entries: list[LedgerEntry], holders: list[Holder]) -> tuple[tuple[int, int], ...]:
        """What a zone's memory would hold after these entries, shortfalls made up."""
        after: Counter[tuple[Any, int]] = Counter(self.oracle.holdings)
        for entry in entries:
            after[entry.source, entry.asset] -= entry.amount
            after[entry.target, entry.asset] += entry.amount
        totals: Counter[int] = Counter()
        for (holder, asset), amount in after.items():
            totals[asset] += max(amount, 0) if holder in holders else 0
        return tuple(sorted(totals.items()))

    @staticmethod
    def _short(answer: object) -> tuple[Any, ...]:
        if isinstance(answer, Fenced):
            return ("fenced", answer.epoch)
        assert answer == Done()
        return ("done",)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_the_store_does_what_the_oracle_does(kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        place = Place("sqlite", ":memory:")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        place = Place("postgres", server.new_world())
    examples, steps = (60, 30) if kind == "sqlite" else (20, 30)
    machine = type("Machine", (StoreMachine,), {"store": place.open(), "place": place})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, suppress_health_check=list(HealthCheck), deadline=None
        ),
    )
    place.close()
