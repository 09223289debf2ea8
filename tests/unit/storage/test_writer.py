"""The writer: order, one cut at a time, a bounded queue, and asking again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pytest

from myriad.cluster.requests import Answer, Committed, Cut, Done, ReadDirectory, Request, WantZone, ZoneKey
from myriad.core.clock import ManualClock
from myriad.core.durations import Durations
from myriad.storage.port import StoreUnavailable
from myriad.storage.writer import FIRST_BACK_OFF_NS, LONGEST_BACK_OFF_NS, MAX_BATCH, Writer

WEST, EAST = ZoneKey("west"), ZoneKey("east")


def cut(key: ZoneKey, number: int) -> Cut:
    return Cut(key, 1, number, number, "", b"", b"")


class RecordingStore:
    """Remembers each transaction; fails while `down`; `takes_ns` passes on the clock in each."""

    def __init__(self, clock: ManualClock) -> None:
        self.transactions: list[list[Request]] = []
        self.down = False
        self.closed = False
        self.takes_ns = 0
        self.lock_wait_ns = 7
        self._clock = clock

    def execute(self, requests: Sequence[Request]) -> list[Answer]:
        self._clock.advance_ns(self.takes_ns)
        self.transactions.append(list(requests))
        if self.down:
            raise StoreUnavailable("the disk is full")
        return [Committed(each.cut) if isinstance(each, Cut) else Done() for each in requests]

    def secret(self) -> bytes:
        return b"secret"

    def close(self) -> None:
        self.closed = True


class Scene:
    """A writer, its store, and the answers that came."""

    def __init__(self, max_waiting: int = 4096) -> None:
        self.clock = ManualClock()
        self.store = RecordingStore(self.clock)
        self.writer = Writer(self.store, self.clock.now_ns, max_waiting)
        self.answers: list[tuple[Request, Answer | None]] = []

    def submit(self, *requests: Request) -> None:
        for request in requests:
            self.writer.submit(request, partial(self._answered, request))

    def _answered(self, request: Request, answer: Answer | None) -> None:
        self.answers.append((request, answer))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_everything_that_waits_goes_into_one_transaction_in_order(scene: Scene) -> None:
    wishes: list[Request] = [cut(WEST, 1), WantZone(EAST), cut(EAST, 1), ReadDirectory()]
    scene.submit(*wishes)
    assert not scene.writer.poll()
    assert scene.store.transactions == [wishes]
    assert scene.answers == [
        (wishes[0], Committed(1)),
        (wishes[1], Done()),
        (wishes[2], Committed(1)),
        (wishes[3], Done()),
    ]


def test_nothing_is_asked_when_nothing_waits(scene: Scene) -> None:
    assert not scene.writer.poll()
    assert scene.store.transactions == []


def test_a_transaction_has_at_most_one_cut_of_a_zone_and_its_requests_keep_their_order(scene: Scene) -> None:
    west1, east1, west2, want, east2 = cut(WEST, 1), cut(EAST, 1), cut(WEST, 2), WantZone(WEST), cut(EAST, 2)
    scene.submit(west1, east1, west2, want, east2, ReadDirectory())
    assert scene.writer.poll()
    assert not scene.writer.poll()
    assert scene.store.transactions == [[west1, east1, ReadDirectory()], [west2, want, east2]]


def test_a_transaction_has_a_bounded_number_of_requests(scene: Scene) -> None:
    scene.submit(*(WantZone(ZoneKey(f"{i}")) for i in range(MAX_BATCH + 1)))
    assert scene.writer.poll()
    assert not scene.writer.poll()
    assert [len(each) for each in scene.store.transactions] == [MAX_BATCH, 1]


def test_a_full_queue_refuses_and_keeps_what_it_has() -> None:
    scene = Scene(max_waiting=2)
    scene.submit(cut(WEST, 1), cut(EAST, 1), ReadDirectory())
    assert scene.answers == [(ReadDirectory(), None)]
    assert (scene.writer.num_waiting, scene.writer.num_refused) == (2, 1)
    scene.writer.poll()
    assert len(scene.store.transactions[0]) == 2


def test_what_is_in_a_transaction_counts_as_waiting() -> None:
    scene = Scene(max_waiting=1)
    scene.submit(cut(WEST, 1))
    scene.writer.begin(0)
    scene.submit(ReadDirectory())
    assert scene.answers == [(ReadDirectory(), None)]


def test_a_transaction_that_failed_is_repeated_as_it_was(scene: Scene) -> None:
    scene.store.down = True
    scene.submit(cut(WEST, 1), ReadDirectory())
    assert not scene.writer.poll()
    scene.submit(cut(EAST, 1))
    scene.store.down = False
    scene.clock.advance_ns(FIRST_BACK_OFF_NS)
    assert scene.writer.poll()
    assert scene.store.transactions == [[cut(WEST, 1), ReadDirectory()]] * 2
    assert [answer for _, answer in scene.answers] == [Committed(1), Done()]
    assert scene.writer.last_failure == "" and scene.writer.num_failures == 1


def test_a_store_that_is_down_is_asked_ever_more_seldom(scene: Scene) -> None:
    scene.store.down = True
    scene.submit(cut(WEST, 1))
    expected_ns, pauses = FIRST_BACK_OFF_NS, 0
    for _ in range(10):
        tries = len(scene.store.transactions)
        assert not scene.writer.poll()
        assert len(scene.store.transactions) == tries + 1
        assert scene.writer.next_try_ns == scene.clock.now_ns() + expected_ns
        scene.clock.advance_ns(expected_ns - 1)
        assert not scene.writer.poll()
        assert len(scene.store.transactions) == tries + 1
        scene.clock.advance_ns(1)
        pauses += 1
        expected_ns = min(expected_ns * 2, LONGEST_BACK_OFF_NS)
    assert scene.writer.num_failures == pauses and scene.writer.last_failure == "the disk is full"
    assert scene.answers == []


def test_after_a_success_it_is_patient_anew(scene: Scene) -> None:
    for _ in range(3):
        scene.store.down = True
        scene.submit(cut(WEST, 1))
        scene.writer.poll()
        assert scene.writer.next_try_ns == scene.clock.now_ns() + FIRST_BACK_OFF_NS
        scene.store.down = False
        scene.clock.advance_ns(FIRST_BACK_OFF_NS)
        scene.writer.poll()
        assert scene.writer.next_try_ns is None


def test_a_driver_may_let_time_pass_in_a_transaction(scene: Scene) -> None:
    scene.submit(cut(WEST, 1))
    assert scene.writer.begin(0) == (cut(WEST, 1),)
    scene.submit(cut(WEST, 2))
    assert scene.writer.begin(5) == (cut(WEST, 1),)
    scene.writer.finish([Committed(1)], 10)
    assert scene.answers == [(cut(WEST, 1), Committed(1))]
    assert scene.writer.begin(20) == (cut(WEST, 2),)
    scene.writer.fail("gone", 30)
    assert scene.writer.begin(31) == ()
    assert scene.writer.begin(30 + FIRST_BACK_OFF_NS) == (cut(WEST, 2),)


def test_a_request_submitted_by_a_reply_is_carried_out_next(scene: Scene) -> None:
    scene.writer.submit(cut(WEST, 1), lambda _: scene.submit(cut(WEST, 2)))
    assert scene.writer.poll()
    assert not scene.writer.poll()
    assert scene.store.transactions == [[cut(WEST, 1)], [cut(WEST, 2)]]


def test_closing_answers_what_still_waits(scene: Scene) -> None:
    scene.store.down = True
    scene.submit(cut(WEST, 1))
    scene.writer.poll()
    scene.submit(ReadDirectory())
    assert scene.writer.secret() == b"secret"
    scene.writer.close()
    assert scene.store.closed
    assert scene.answers == [(cut(WEST, 1), None), (ReadDirectory(), None)]


def test_waits_commits_and_locks_are_measured(scene: Scene) -> None:
    scene.submit(cut(WEST, 1))
    scene.clock.advance_ns(3_000_000)
    scene.store.takes_ns = 2_000_000
    scene.submit(ReadDirectory())
    scene.writer.poll()
    writer = scene.writer
    assert (writer.num_transactions, writer.num_answered, writer.num_cuts) == (1, 2, 1)
    assert (writer.waits.total_ns, writer.waits.maximum_ns, writer.waits.count) == (7_000_000, 5_000_000, 2)
    assert (writer.commits.total_ns, writer.lock_waits.total_ns) == (2_000_000, 7)


def test_percentiles_are_upper_bounds_of_buckets() -> None:
    durations = Durations()
    assert durations.percentile_ns(99) == 0
    for _ in range(99):
        durations.record(80_000)
    durations.record(30_000_000_000)
    assert durations.percentile_ns(50) == durations.percentile_ns(99) == 100_000
    assert durations.percentile_ns(100) == durations.maximum_ns == 30_000_000_000
    assert sum(durations.counts) == durations.count == 100
