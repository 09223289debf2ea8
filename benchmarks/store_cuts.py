"""How many cuts a store takes: zones of several hosts that cut twice a second, or as fast as they can.

    python benchmarks/store_cuts.py                                     # SQLite in a temporary folder
    python benchmarks/store_cuts.py --store postgresql://... --hosts 2
    python benchmarks/store_cuts.py --flat-out

Each host is a process with a writer of its own, as in a world. A cut has 500 residents (75 kB), 20 ledger entries, and
the departure of one character to the next zone of its host, where it stays until that zone's next cut sends it on. It
prints cuts and rows a second (entries, holdings, character, handoff and state), the time from submitting a cut to its
answer, how long a transaction took and waited for its turn, and the hosts' CPU time; then it audits the world.
"""

from __future__ import annotations

import argparse
import multiprocessing
import secrets
import tempfile
import time
from functools import partial
from typing import Any

import numpy as np

from myriad.cluster.records import RESIDENT_HEAD, pack_residents
from myriad.cluster.requests import (
    VOID,
    AcquireLease,
    Answer,
    Audit,
    Claim,
    Claimed,
    Committed,
    CreateAccount,
    CreateCharacter,
    Cut,
    Departure,
    Holder,
    HostId,
    LeaseGranted,
    LedgerEntry,
    ZoneKey,
)
from myriad.storage.port import Store, open_store
from myriad.storage.writer import Writer

RESIDENTS, RECORD_BYTES, ENTRIES = 500, 130, 20
CUT_S = 0.5


class BenchZone:
    """One zone: its epoch, its traveller and the cut that it writes again and again."""

    def __init__(self, store: Store, host: HostId, index: int) -> None:
        self.key, self.index = ZoneKey(f"zone-{index}"), index
        (granted,) = store.execute([AcquireLease(self.key, host, 600_000, "", secrets.token_bytes(8), 0, 500)])
        assert isinstance(granted, LeaseGranted)
        self.epoch, self.number, self.waiting = granted.epoch, 0, False
        name = secrets.token_hex(8)
        account: Any = store.execute([CreateAccount(name, None)])[0]
        made: Any = store.execute([CreateCharacter(account.account, name, self.key, 0.0, 0.0)])[0]
        (claimed,) = store.execute([Claim(self.key, self.epoch, made.character, 1)])
        assert isinstance(claimed, Claimed)
        self.travellers = [(claimed.row.character, claimed.row.hop)]
        self.held = 0
        rng = np.random.default_rng(index)
        self.records = rng.integers(0, 256, (RESIDENTS, RECORD_BYTES), np.uint8)
        self.heads = np.zeros(RESIDENTS, RESIDENT_HEAD)

    def cut(self, neighbour: BenchZone) -> Cut:
        """The next one; whoever has arrived goes on."""
        self.number += 1
        self.waiting = True
        ground = Holder(2, 256 * (1 + self.index))
        entries = tuple(LedgerEntry(i % 8, 1 + i, VOID, ground, 1) for i in range(ENTRIES))
        go = tuple(
            Departure(secrets.randbits(64), who, hop, neighbour.key, neighbour.epoch, 0.0, 0.0, bytes(130), 1, 1)
            for who, hop in self.travellers[:1]
        )
        blob = pack_residents(self.heads, self.records)
        self.held += 1
        totals = tuple((a, self.held * sum(1 + i for i in range(ENTRIES) if i % 8 == a)) for a in range(8))
        return Cut(self.key, self.epoch, self.number, self.number, "layout", blob, bytes(4000), entries, (), go, totals)

    def answered(self, neighbour: BenchZone, answer: Answer | None) -> None:
        """A cut took place: its traveller is the neighbour's."""
        assert isinstance(answer, Committed) and all(answer.departed), answer
        self.waiting = False
        for _ in answer.departed:
            who, hop = self.travellers.pop(0)
            neighbour.travellers.append((who, hop + 1))


def run_host(place: str, sync: str, first: int, count: int, seconds: float, flat_out: bool, results: Any) -> None:
    """One host: its zones cut, one thread drives everything."""
    store = open_store(place, wall_ms=lambda: time.time_ns() // 10**6, random_bytes=secrets.token_bytes, sync=sync)
    zones = [BenchZone(store, HostId(f"host {first}", "here", 1), first + i) for i in range(count)]
    writer = Writer(store, time.monotonic_ns, 4096)
    start_s, cpu_s = time.monotonic(), time.process_time()
    due_s = [start_s + CUT_S * i / count for i in range(count)]
    while (now_s := time.monotonic()) < start_s + seconds:
        for i, zone in enumerate(zones):
            if not zone.waiting and (flat_out or now_s >= due_s[i]):
                due_s[i] += CUT_S
                neighbour = zones[(i + 1) % count]
                writer.submit(zone.cut(neighbour), partial(zone.answered, neighbour))
        if not writer.num_waiting:
            time.sleep(0.001)
        writer.poll()
    results.put(
        {
            "cuts_per_s": writer.num_cuts / seconds,
            "rows_per_s": writer.num_cuts * (ENTRIES + 8 + 3) / seconds,
            "transactions_per_s": writer.num_transactions / seconds,
            "cpu_cores": (time.process_time() - cpu_s) / seconds,
            "failures": writer.num_failures,
            **{
                f"{name}_{part}_ms": value / 1e6
                for name, times in (("answer", writer.waits), ("commit", writer.commits), ("lock", writer.lock_waits))
                for part, value in (
                    ("mean", times.total_ns / max(times.count, 1)),
                    ("p99", times.percentile_ns(99)),
                    ("max", times.maximum_ns),
                )
            },
        }
    )
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", default="", help="folder or postgresql://...; default: a temporary folder")
    parser.add_argument("--sync", default="normal", choices=("normal", "full"))
    parser.add_argument("--zones", type=int, default=20)
    parser.add_argument("--hosts", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--flat-out", action="store_true", help="each zone cuts as soon as its last cut is answered")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="store-") as folder:
        place = options.store or folder
        opened = open_store(place, wall_ms=lambda: time.time_ns() // 10**6, random_bytes=secrets.token_bytes)
        context = multiprocessing.get_context("spawn")
        results = context.Queue()
        share = options.zones // options.hosts
        hosts = [
            context.Process(
                target=run_host,
                args=(place, options.sync, i * share, share, options.seconds, options.flat_out, results),
            )
            for i in range(options.hosts)
        ]
        for host in hosts:
            host.start()
        told = [results.get() for _ in hosts]
        for host in hosts:
            host.join()
        for name in told[0]:
            values = [each[name] for each in told]
            summed = name.endswith("_per_s") or name in ("cpu_cores", "failures")
            print(f"{name:20} {sum(values) if summed else max(values):10.2f}")
        start_s = time.monotonic()
        report: Any = opened.execute([Audit()])[0]
        print(f"audit of {report.num_entries} entries: {time.monotonic() - start_s:.2f} s, balanced {report.balanced}")
        print(*report.problems[:3], sep="\n")
        opened.close()


if __name__ == "__main__":
    main()
