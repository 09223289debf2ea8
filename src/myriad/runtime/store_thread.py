"""The one thread of a process that talks to the store.

Responsible for: carrying requests of all zones (and of whoever else is in the process) to the writer, answers back, and
reading the directory regularly.
Not here: grouping into transactions (`storage/writer.py`), the store itself (`storage/`).

A request whose transaction failed is tried again by the writer; one is answered None only if too many wait, if the
store cannot even be opened, or at the end.

Invariants: the store is opened, used and closed on this thread alone; every request is answered once, with None if the
store could not be asked; requests of one asker are answered in order; nobody waits here but in `execute`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, Protocol

from myriad.cluster.requests import Answer, Directory, ReadDirectory, Request
from myriad.core.clock import Clock
from myriad.core.log_lines import Lines
from myriad.core.metrics import Sample

_LOG = Lines(__name__)

DIRECTORY_S: Final = 0.5
_REST_S: Final = 0.25
_REOPEN_S: Final = 0.5
_ANSWER_S: Final = 10.0
_STOP_SLACK_S: Final = 0.5

Answered = Callable[[Answer | None], None]
OnDirectory = Callable[[Directory, int], None]
"""`(directory, when it was asked for in ns)`, called on the store's thread."""


class StoreDown(RuntimeError):
    """The store could not be asked."""


class Worker(Protocol):
    """What carries requests out, on this thread: the writer over a store, or a fake."""

    def submit(self, request: Request, answered: Answered) -> None:
        """Takes a request; `answered` is called by a later `poll`."""
        ...

    def poll(self) -> bool:
        """Carries out what was submitted, as far as it is due; True if more is left to do now."""
        ...

    @property
    def num_waiting(self) -> int:
        """Requests that are not answered yet."""
        ...

    def secret(self) -> bytes:
        """32 random bytes of this world."""
        ...

    def samples(self) -> list[Sample]:
        """Its numbers, for metrics; from any thread."""
        ...

    def close(self) -> None:
        """Lets the store go."""
        ...


OpenWorker = Callable[[], Worker]
"""Called on the store's thread, and again after a failure; it raises whatever the store's library does."""


class _Job(NamedTuple):
    request: Request
    answered: Answered


class StoreThread:
    """Starts with `start`, ends with `stop` after everything that was asked before is answered."""

    def __init__(self, open_worker: OpenWorker, clock: Clock, on_directory: OnDirectory | None = None) -> None:
        self._open_worker = open_worker
        self._clock = clock
        self._on_directory = on_directory
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Event()
        self._stop_by_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._directory_s = 0.0
        self.secret = b""
        """32 random bytes of the world, once the store was reached."""
        self._worker: Worker | None = None
        """The one at work, for its numbers."""

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Answers what waits and ends; False if it did not end in time."""
        self._stop_by_s = time.monotonic() + timeout_s
        self._wake.set()
        self._thread.join(timeout_s + _STOP_SLACK_S)
        return not self._thread.is_alive()

    def submit(self, request: Request, answered: Answered) -> None:
        """From any thread, without waiting; `answered` is called on the store's thread and must not wait either."""
        self._jobs.append(_Job(request, answered))
        self._wake.set()

    def samples(self) -> list[Sample]:
        """From any thread: numbers of the store, for metrics."""
        worker = self._worker
        return [Sample("myriad_store_up", (), 0)] if worker is None else worker.samples()

    def ask(self, request: Request) -> Future[Answer]:
        """From any thread: the answer to come, or StoreDown."""
        future: Future[Answer] = Future()

        def answered(answer: Answer | None) -> None:
            if not future.set_running_or_notify_cancel():
                return
            if answer is None:
                future.set_exception(StoreDown("the store does not answer"))
            else:
                future.set_result(answer)

        self.submit(request, answered)
        return future

    def execute(self, requests: Sequence[Request]) -> list[Answer]:
        """As a store would, from any other thread, which waits. Raises StoreDown or TimeoutError."""
        futures = [self.ask(request) for request in requests]
        return [future.result(_ANSWER_S) for future in futures]

    async def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """As `execute`, from an event loop, which goes on meanwhile."""
        futures = [asyncio.wrap_future(self.ask(request)) for request in requests]
        return list(await asyncio.wait_for(asyncio.gather(*futures), _ANSWER_S))

    def _run(self) -> None:
        worker: Worker | None = None
        told_down = False
        while self._goes_on(worker):
            try:
                if worker is None:
                    worker = self._worker = self._open_worker()
                    self.secret = worker.secret()
                    told_down = False
                self._turn(worker)
            except Exception as error:  # whatever the store's library raises: zones play on without it
                if not told_down:
                    _LOG.error("the store cannot be opened or has failed: %s", error)
                    _LOG.debug("it failed here", exc_info=True)
                told_down = True
                self._worker = None
                worker = self._close(worker)
                self._fail_all()
                self._wake.wait(_REOPEN_S)
        self._close(worker)
        self._fail_all()

    def _goes_on(self, worker: Worker | None) -> bool:
        if self._stop_by_s is None:
            return True
        waits = bool(self._jobs) or (worker is not None and worker.num_waiting > 0)
        return waits and time.monotonic() < self._stop_by_s

    def _turn(self, worker: Worker) -> None:
        self._wake.clear()
        while self._jobs:
            worker.submit(*self._jobs.popleft())
        if self._stop_by_s is None:
            self._ask_directory(worker)
        if not worker.poll() and self._goes_on(worker):
            self._wake.wait(_REST_S)

    def _ask_directory(self, worker: Worker) -> None:
        on_directory = self._on_directory
        now_s = time.monotonic()
        if on_directory is None or now_s < self._directory_s:
            return
        self._directory_s = now_s + DIRECTORY_S
        asked_ns = self._clock.now_ns()

        def answered(answer: Answer | None) -> None:
            if isinstance(answer, Directory):
                on_directory(answer, asked_ns)

        worker.submit(ReadDirectory(), answered)

    def _fail_all(self) -> None:
        while self._jobs:
            self._jobs.popleft().answered(None)

    @staticmethod
    def _close(worker: Worker | None) -> None:
        if worker is None:
            return
        try:
            worker.close()
        except Exception:  # it failed before
            _LOG.debug("the store could not be closed", exc_info=True)
