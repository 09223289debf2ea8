"""What may happen to a store: two at once, deaths in the middle, connections that are cut."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from myriad.cluster.requests import (
    Answer,
    Audit,
    AuditReport,
    CharacterRow,
    Claim,
    Claimed,
    ClaimRefused,
    Committed,
    CreateAccount,
    Fenced,
    Post,
    Posts,
    ReadDirectory,
    ReadPosts,
    RenewLease,
    Request,
    ZoneLoad,
)
from myriad.core.errors import StartupError
from myriad.storage import postgres as postgres_module
from myriad.storage.connection import Connection, Row, Value
from myriad.storage.leases import fence
from myriad.storage.port import StoreUnavailable, open_store
from myriad.storage.store import SqlStore
from tests.contracts.postgres_server import PostgresServer
from tests.contracts.store_places import (
    EAST,
    TTL_MS,
    WEST,
    Place,
    acquire,
    character,
    cut,
    departure,
    everything,
    ground,
    mint,
    move,
    new_character,
    one,
    play,
    take,
)
from tests.contracts.store_victim import BEFORE_COMMIT, transfer_cut

ROOT = Path(__file__).parents[2]


def at_once(*jobs: tuple[SqlStore, Sequence[Request]]) -> list[list[Answer]]:
    """Each store carries out its requests in a thread of its own, repeating what was unavailable."""
    answers: list[list[Answer]] = [[] for _ in jobs]
    together = threading.Barrier(len(jobs))

    def run(index: int, store: SqlStore, requests: Sequence[Request]) -> None:
        together.wait()
        for request in requests:
            while True:
                try:
                    answers[index] += store.execute([request])
                    break
                except StoreUnavailable:
                    continue

    threads = [threading.Thread(target=run, args=(i, *job)) for i, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_all_who_open_a_world_have_its_secret(place: Place) -> None:
    first = place.open()
    assert first.secret() == bytes(32)
    assert SqlStore(first._db, lambda n: b"x" * n).secret() == bytes(32)
    assert place.open().secret() == bytes(32)


def test_two_that_open_a_new_world_at_once_make_it_once(place: Place) -> None:
    opened: list[SqlStore] = []
    threads = [threading.Thread(target=lambda: opened.append(place.open())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    assert one(opened[0], CreateAccount("Ada", None)) == one(opened[1], CreateAccount("Ada", None))


def test_a_world_of_a_newer_program_is_not_touched(place: Place, store: SqlStore) -> None:
    with store.transaction(writing=True) as db:
        db.run("INSERT INTO schema_version (version) VALUES (9999)")
    with pytest.raises(StartupError, match="newer"):
        place.open()


def test_of_two_hosts_that_want_a_zone_one_gets_it(place: Place) -> None:
    stores = [place.open() for _ in range(2)]
    answers = at_once(*((store, [acquire(WEST, f"host {i}")]) for i, store in enumerate(stores)))
    assert sorted(type(answer[0]).__name__ for answer in answers) == ["LeaseGranted", "LeaseRefused"]


def test_of_two_zones_that_want_a_character_one_gets_it(place: Place) -> None:
    first, second = place.open(), place.open()
    keys = {WEST: take(first, WEST), EAST: take(first, EAST)}
    rows = [new_character(first) for _ in range(20)]
    claims: list[list[Request]] = [[Claim(key, epoch, r.character, 1) for r in rows] for key, epoch in keys.items()]
    west, east = at_once((first, claims[0]), (second, claims[1][::-1]))
    for mine, other in zip(west, east[::-1], strict=True):
        assert {type(mine), type(other)} == {Claimed, ClaimRefused}


def test_the_same_cut_sent_by_two_connections_at_once_is_applied_once(place: Place) -> None:
    first, second = place.open(), place.open()
    epoch = take(first, WEST)
    wishes: list[Request] = [cut(WEST, epoch, n, entries=(mint(1, ground(WEST)),)) for n in range(1, 31)]
    answers = at_once((first, wishes), (second, wishes))
    assert answers == [[Committed(n) for n in range(1, 31)]] * 2
    assert everything(first)["holding"] == [(*ground(WEST), 0, 30)]


def test_zones_that_hand_players_to_each_other_at_once_do_not_wait_in_a_circle(place: Place) -> None:
    first, second = place.open(), place.open()
    west, east = take(first, WEST), take(first, EAST)
    number = 25
    from_west, from_east = (
        [play(first, key, epoch) for _ in range(number)] for key, epoch in ((WEST, west), (EAST, east))
    )

    def job(key: object, rows: list[CharacterRow]) -> list[Request]:
        mine, my_epoch, other, other_epoch = (WEST, west, EAST, east) if key == WEST else (EAST, east, WEST, west)
        wishes: list[Request] = []
        for n, row in enumerate(rows, 1):
            wishes += [
                cut(mine, my_epoch, n, departures=(departure(row, other, other_epoch, row.character),)),
                RenewLease(mine, my_epoch, TTL_MS, ZoneLoad()),
            ]
        return wishes

    for answers in at_once((first, job(WEST, from_west)), (second, job(EAST, from_east))):
        assert answers[::2] == [Committed(n, (True,)) for n in range(1, number + 1)]


def test_a_zone_is_not_taken_in_the_middle_of_its_cut(place: Place) -> None:
    first, second = place.open(), place.open()
    take(first, WEST, "first")
    place.wall.now_ms += TTL_MS
    wishes: list[Request] = [cut(WEST, 1, n, entries=(mint(1, ground(WEST)),)) for n in range(1, 21)]
    answers, (granted,) = at_once((first, wishes), (second, [acquire(WEST, "second")]))
    committed = sum(isinstance(answer, Committed) for answer in answers)
    assert answers == [Committed(n) for n in range(1, committed + 1)] + [Fenced(2)] * (20 - committed)
    state = getattr(granted, "state", None)
    assert (state.cut if state is not None else 0) == committed


def test_posts_of_two_become_readable_in_the_order_of_their_numbers(place: Place) -> None:
    writers, reader = [place.open() for _ in range(2)], place.open()
    one(reader, ReadPosts(-1))
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        last = False
        while not last:
            last = done.is_set()
            posts = one(reader, ReadPosts(seen[-1] if seen else 0))
            assert isinstance(posts, Posts)
            seen.extend(row.number for row in posts.rows)

    thread = threading.Thread(target=read)
    thread.start()
    at_once(*((store, [Post("t", b"%d %d" % (i, n)) for n in range(40)]) for i, store in enumerate(writers)))
    done.set()
    thread.join()
    assert seen == list(range(1, 81))


def test_an_audit_of_a_world_in_motion_adds_up(place: Place) -> None:
    writing, auditing = place.open(), place.open()
    epoch = take(writing, WEST)
    row = play(writing, WEST, epoch)
    me = character(row.character)
    wishes: list[Request] = [
        cut(WEST, epoch, n, row, entries=(mint(2, me), move(1, me, ground(WEST))), totals=((0, 2 * n),))
        for n in range(1, 41)
    ]
    _, reports = at_once((writing, wishes), (auditing, [Audit()] * 20))
    for report in reports:
        assert isinstance(report, AuditReport) and report.balanced, report


def test_an_audit_among_other_requests_comes_after_them(store: SqlStore) -> None:
    epoch = take(store, WEST)
    report, committed, again = store.execute(
        [Audit(), cut(WEST, epoch, 1, entries=(mint(1, ground(WEST)),), totals=((0, 1),)), Audit()]
    )
    assert committed == Committed(1)
    assert report == again == AuditReport({0: 1}, {}, {0: 1}, 1)


@pytest.mark.parametrize("num_statements", [1, 5, 9, 14, BEFORE_COMMIT, 1000])
def test_a_process_that_dies_in_a_transaction_leaves_all_of_it_or_nothing(place: Place, num_statements: int) -> None:
    store = place.open()
    assert (take(store, WEST), take(store, EAST)) == (1, 1)
    goes, leaves = play(store, WEST, 1), play(store, WEST, 1)
    before = everything(store)
    victim = [sys.executable, "-m", "tests.contracts.store_victim", place.kind, place.where, str(num_statements)]
    died = subprocess.run(victim, cwd=ROOT, check=False, capture_output=True, text=True)
    assert died.returncode == (0 if num_statements == 1000 else -signal.SIGKILL), died.stderr
    if num_statements < 1000:
        assert everything(store) == before
    assert one(store, transfer_cut(goes, leaves)) == Committed(1, (True,))
    report = one(store, Audit())
    assert isinstance(report, AuditReport) and report.balanced and report.num_entries == 2


class Cutting:
    """A connection of PostgreSQL's that is cut by somebody else before its `at`-th statement."""

    def __init__(self, db: Connection, server: PostgresServer, at: int) -> None:
        self.lock_wait_ns = 0
        self._db = db
        self._server = server
        self._left = at

    def begin(self, writing: bool) -> None:
        self._db.begin(writing)

    def run(self, sql: str, *values: Value) -> list[Row]:
        if self._left == 0:
            self._server.command(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'myriad'"
            )
        self._left -= 1
        return self._db.run(sql, *values)

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        self._db.run_many(sql, rows)

    def now_ms(self) -> int:
        return self._db.now_ms()

    def commit(self) -> None:
        self._db.commit()

    def rollback(self) -> None:
        self._db.rollback()

    def close(self) -> None:
        self._db.close()


@pytest.mark.parametrize("at", [0, 4, 9])
def test_a_connection_that_is_cut_is_made_again_and_nothing_is_half_done(postgres: PostgresServer, at: int) -> None:
    place = Place("postgres", postgres.new_world())
    store = place.open()
    assert (take(store, WEST), take(store, EAST)) == (1, 1)
    goes, leaves = play(store, WEST, 1), play(store, WEST, 1)
    before = everything(store)
    whole = store._db
    store._db = Cutting(whole, postgres, at)
    with pytest.raises(StoreUnavailable):
        store.execute([transfer_cut(goes, leaves)])
    store._db = whole
    assert everything(store) == before
    assert one(store, transfer_cut(goes, leaves)) == Committed(1, (True,))
    place.close()
    postgres.drop_world(place.where)


def test_who_waits_too_long_for_a_lock_asks_again_on_the_same_connection(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "LOCK_WAIT_MS", 50)
    place = Place("postgres", postgres.new_world())
    first, second = place.open(), place.open()
    epoch = take(first, WEST)
    same = "SELECT pg_backend_pid()"
    with second.transaction(writing=False) as db:
        before = db.run(same)
    with first.transaction(writing=True) as db:
        fence(db, WEST, epoch)
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            second.execute([cut(WEST, epoch, 1)])
    assert one(second, cut(WEST, epoch, 1)) == Committed(1)
    with second.transaction(writing=False) as db:
        assert db.run(same) == before
    place.close()
    postgres.drop_world(place.where)


def test_a_host_that_is_stopped_in_a_transaction_does_not_keep_its_zones(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "IDLE_MS", 100)
    place = Place("postgres", postgres.new_world())
    stopped, other = place.open(), place.open()
    epoch = take(stopped, WEST, "stopped")
    place.wall.now_ms += TTL_MS
    stopped._db.begin(writing=True)
    assert fence(stopped._db, WEST, epoch) is None
    assert take(other, WEST, "other") == epoch + 1
    with pytest.raises(StoreUnavailable):
        stopped._db.commit()
    assert one(stopped, cut(WEST, epoch, 1)) == Fenced(epoch + 1)
    place.close()
    postgres.drop_world(place.where)


def test_a_server_that_does_not_answer_is_said_in_one_line() -> None:
    with pytest.raises(StoreUnavailable, match=r"^PostgreSQL: [^\n]*$"):
        open_store("postgresql://nobody@127.0.0.1:1/world", wall_ms=int, random_bytes=bytes)


def test_postgres_goes_by_its_servers_clock(postgres: PostgresServer) -> None:
    url = postgres.new_world()
    store = open_store(url, wall_ms=int, random_bytes=bytes)
    directory = store.execute([ReadDirectory()])[0]
    assert getattr(directory, "now_ms", 0) > 1_700_000_000_000
    store.close()
    postgres.drop_world(url)


def test_what_is_not_there_is_not_made_unless_asked(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.new_world()
    for where in (url, tmp_path / "nothing"):
        with pytest.raises(StartupError, match="there is no world"):
            open_store(where, wall_ms=int, random_bytes=bytes, create=False)
    assert list(tmp_path.iterdir()) == []
    postgres.drop_world(url)


def test_a_store_of_another_kind_is_refused() -> None:
    with pytest.raises(StartupError, match="mysql"):
        open_store("mysql://localhost", wall_ms=int, random_bytes=bytes)
