"""A store in memory with leases and cuts, and the worker over it: for hosts in one process."""

from __future__ import annotations

import threading
from collections import deque

from myriad.cluster.requests import (
    AcquireLease,
    Answer,
    Committed,
    Cut,
    Directory,
    Done,
    Fenced,
    HostId,
    LeaseGranted,
    LeaseRefused,
    LeaseRow,
    NotFound,
    ReadDirectory,
    ReleaseLease,
    RenewLease,
    Request,
    ZoneKey,
    ZoneLoad,
    ZoneState,
)
from myriad.core.metrics import Sample
from myriad.runtime.store_thread import Answered

LEFT_MS = 9_000


class FakeStore:
    """Leases never run out by themselves; `steal` gives one to somebody else."""

    def __init__(self) -> None:
        self.rows: dict[ZoneKey, LeaseRow] = {}
        self.epochs: dict[ZoneKey, int] = {}
        self.states: dict[ZoneKey, ZoneState] = {}
        self.seen: list[Request] = []
        self.down = False
        self.lock = threading.Lock()

    def execute(self, request: Request) -> Answer:
        with self.lock:
            self.seen.append(request)
            return self._carry_out(request)

    def steal(self, key: ZoneKey, host: HostId) -> None:
        with self.lock:
            self.epochs[key] += 1
            self.rows[key] = self.rows[key]._replace(host=host, epoch=self.epochs[key])

    def _carry_out(self, request: Request) -> Answer:
        if isinstance(request, AcquireLease):
            return self._acquire(request)
        if isinstance(request, ReadDirectory):
            return Directory(tuple(self.rows.values()), 0)
        if isinstance(request, RenewLease | ReleaseLease | Cut):
            row = self.rows.get(request.key)
            if row is None or row.epoch != request.epoch:
                return Fenced(self.epochs.get(request.key, 0))
            if isinstance(request, ReleaseLease):
                del self.rows[request.key]
            elif isinstance(request, Cut):
                self.states[request.key] = ZoneState(
                    request.epoch, request.cut, request.tick, request.residents, request.ground, request.layout
                )
                return Committed(request.cut)
            return Done()
        return NotFound()

    def _acquire(self, request: AcquireLease) -> Answer:
        row = self.rows.get(request.key)
        if row is not None and row.host.name not in {request.host.name, request.dead_host}:
            return LeaseRefused(row.host, LEFT_MS)
        epoch = self.epochs[request.key] = self.epochs.get(request.key, 0) + 1
        self.rows[request.key] = LeaseRow(
            request.key,
            epoch,
            request.host,
            request.endpoint,
            request.private_key,
            request.protocol_id,
            0,
            request.capacity,
            ZoneLoad(),
            request.front_door,
        )
        return LeaseGranted(epoch, self.states.get(request.key), ())


class FakeWorker:
    """Carries everything out at once; while the store is down it keeps what came."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._waiting: deque[tuple[Request, Answered]] = deque()

    def submit(self, request: Request, answered: Answered) -> None:
        self._waiting.append((request, answered))

    def poll(self) -> bool:
        while self._waiting and not self._store.down:
            request, answered = self._waiting.popleft()
            answered(self._store.execute(request))
        return False

    @property
    def num_waiting(self) -> int:
        return len(self._waiting)

    def secret(self) -> bytes:
        return b"s" * 32

    def samples(self) -> list[Sample]:
        return [Sample("myriad_store_up", (), 1), Sample("myriad_store_waiting", (), self.num_waiting)]

    def close(self) -> None:
        while self._waiting:
            self._waiting.popleft()[1](None)
