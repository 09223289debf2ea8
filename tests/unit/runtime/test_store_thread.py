"""The store's thread: every request is answered once, also when the store fails or the process ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from myriad.cluster.requests import Answer, Directory, FindAccount, NotFound, Request
from myriad.runtime.clocks import RealClock
from myriad.runtime.store_thread import Answered, StoreDown, StoreThread
from tests.unit.runtime.fake_store import FakeStore, FakeWorker

PATIENCE_S = 10.0


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def thread(store: FakeStore) -> Iterator[StoreThread]:
    started = StoreThread(lambda: FakeWorker(store), RealClock())
    started.start()
    yield started
    started.stop(1)


def test_answers_come_in_the_order_of_the_requests(thread: StoreThread, store: FakeStore) -> None:
    names = [f"name {number}" for number in range(100)]
    assert thread.execute([FindAccount(name) for name in names]) == [NotFound()] * 100
    assert [request.name for request in store.seen if isinstance(request, FindAccount)] == names
    assert thread.secret == b"s" * 32


def test_the_directory_is_read_again_and_again_and_says_when_it_was_asked_for(store: FakeStore) -> None:
    clock = RealClock()
    seen: list[tuple[Directory, int]] = []
    twice = threading.Event()

    def on_directory(directory: Directory, asked_ns: int) -> None:
        seen.append((directory, asked_ns))
        if len(seen) == 2:
            twice.set()

    before_ns = clock.now_ns()
    thread = StoreThread(lambda: FakeWorker(store), clock, on_directory)
    thread.start()
    assert twice.wait(PATIENCE_S)
    thread.stop(1)
    assert seen[1][1] - seen[0][1] >= 500_000_000
    assert before_ns <= seen[0][1] <= clock.now_ns()


def test_who_asks_a_store_that_cannot_be_opened_is_told_so() -> None:
    def fail() -> FakeWorker:
        raise OSError("there is no store")

    thread = StoreThread(fail, RealClock())
    thread.start()
    with pytest.raises(StoreDown):
        thread.execute([FindAccount("Ada")])
    assert thread.stop(1)


def test_after_a_failure_the_store_is_opened_again(store: FakeStore) -> None:
    opened: list[FakeWorker] = []

    class Failing(FakeWorker):
        def poll(self) -> bool:
            raise OSError("the store broke")

    def open_worker() -> FakeWorker:
        opened.append(FakeWorker(store) if opened else Failing(store))
        return opened[-1]

    thread = StoreThread(open_worker, RealClock())
    thread.start()
    answers: list[Answer | None] = []
    while not answers or answers[-1] is None:
        answered = threading.Event()

        def note(answer: Answer | None, answered: threading.Event = answered) -> None:
            answers.append(answer)
            answered.set()

        thread.submit(FindAccount("Ada"), note)
        assert answered.wait(PATIENCE_S)
    assert answers[-1] == NotFound()
    assert len(opened) == 2
    thread.stop(1)


def test_at_the_end_what_waits_is_carried_out_first(store: FakeStore) -> None:
    thread = StoreThread(lambda: FakeWorker(store), RealClock())
    answers: list[Answer | None] = []
    for _ in range(50):
        thread.submit(FindAccount("Ada"), answers.append)
    thread.start()
    assert thread.stop(PATIENCE_S)
    assert answers == [NotFound()] * 50


def test_at_the_end_a_store_that_is_down_is_not_waited_for_longer_than_allowed(store: FakeStore) -> None:
    store.down = True
    thread = StoreThread(lambda: FakeWorker(store), RealClock())
    answers: list[Answer | None] = []

    def ask(request: Request, answered: Answered) -> None:
        thread.submit(request, answered)

    ask(FindAccount("Ada"), answers.append)
    thread.start()
    assert thread.stop(0.2)
    assert answers == [None]
