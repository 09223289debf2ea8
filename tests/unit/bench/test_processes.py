"""Processes of a benchmark: what they cost, what they say, and that none outlives its block."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from myriad.bench.load import Watch
from myriad.bench.machine import machine_facts
from myriad.bench.programs import Program, cores_for
from myriad.bench.scenarios import SHARED
from myriad.bench.server import ServerProcess
from myriad.bench.usage import family_of, pss_bytes, usage_of
from myriad.bench.yardsticks import measure_yardstick
from myriad.core.errors import MyriadError
from tests.architecture.sources import ROOT


@pytest.fixture
def parent() -> Iterator[int]:
    """A process that has started another one."""
    child = "import sys; sys.stdin.read()"
    code = f"import subprocess, sys; c = subprocess.Popen([sys.executable, '-c', {child!r}]); print(c.pid); c.wait()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        yield process.pid
        process.stdin.close()


def test_a_family_is_a_process_and_all_that_it_started(parent: int) -> None:
    family = family_of(parent)
    assert family[0] == parent and len(family) == 2
    assert set(family) < set(family_of(os.getpid()))


def test_usage_grows_with_work_and_a_process_that_has_ended_costs_nothing() -> None:
    before = usage_of(os.getpid())
    until_s = time.process_time() + 0.05
    while time.process_time() < until_s:
        pass
    after = usage_of(os.getpid())
    assert after.cpu_s > before.cpu_s
    assert 1e7 < pss_bytes(os.getpid()) <= after.rss_bytes * 1.1
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert usage_of(ended.pid) == (0.0, 0)
    assert pss_bytes(ended.pid) == 0


def test_a_program_is_watched_by_what_it_prints_and_its_end_is_told() -> None:
    heard: list[str] = []
    with Program(["--help"], cores_for(SHARED)[0], heard=heard.append) as program:
        assert program.until_said(r"^  (load-test)", 30.0) == "load-test"
        assert program.result(30.0) == 0
        assert not program.is_running
    assert heard[0].startswith("Usage") or heard[1].startswith("Usage")


def test_a_program_that_cannot_start_is_told_with_its_last_words() -> None:
    with (
        Program(["load-test", "--clients", "0"], cores_for(SHARED)[0]) as program,
        pytest.raises(MyriadError, match="was not ready: myriad: clients: 0 from --clients is below 1"),
    ):
        program.until_said("never", 30.0)


def test_a_window_is_what_lies_between_two_lines_of_the_load_test() -> None:
    class Server:
        def processes(self) -> list[ServerProcess]:
            return [ServerProcess(os.getpid(), "server", 1)]

    watch = Watch(Server(), with_ladder=False)  # type: ignore[arg-type]
    for line in ("warm-up: 5 of 20 in place", "something else", "warm-up: 20 of 20 in place"):
        watch.heard(line)
    assert watch.processes() == []
    watch.heard("measuring: 0 of 3 20 connected, 0.0 snapshots/s each")
    began_s, used_s = time.monotonic(), time.process_time()
    while time.process_time() < used_s + 0.1:
        pass
    share = 0.1 / (time.monotonic() - began_s)
    watch.heard("measuring: 1 of 3 20 connected, 20.0 snapshots/s each")
    assert watch.processes() == [], "it goes on"
    watch.heard("measuring: 3 of 3")
    watch.heard("leaving: 0 of 20")
    (found,) = watch.processes()
    assert found.kind == "server"
    assert found.cpu_cores == pytest.approx(share, rel=0.5, abs=0.2)
    assert found.rss_bytes > 1e7


def test_the_machine_is_known() -> None:
    found = machine_facts()
    assert found.cores >= 1
    assert found.versions["python"].startswith("3.")
    assert len(found.commit) == 40


def test_without_the_sources_there_are_no_yardsticks() -> None:
    with pytest.raises(MyriadError, match="clone"):
        measure_yardstick("everyone", limit_s=1.0, sources=ROOT / "docs")
