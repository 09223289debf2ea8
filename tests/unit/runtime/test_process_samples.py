"""What every process tells about itself."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path

import pytest

from myriad.core.metrics import PROCESS_METRICS
from myriad.runtime import process_samples as process_samples_module
from myriad.runtime.process_samples import CollectionTimes, process_samples


def told(name: str) -> float:
    value = next(sample.value for sample in process_samples() if sample.name == name)
    assert isinstance(value, int | float)
    return value


def test_all_rows_are_told() -> None:
    assert {sample.name for sample in process_samples()} == {metric.name for metric in PROCESS_METRICS}


def test_a_process_knows_when_it_began_and_what_it_used() -> None:
    assert time.time() - 24 * 3600 < told("process_start_time_seconds") < time.time()
    assert told("process_start_time_seconds") == told("process_start_time_seconds")
    before = told("process_cpu_seconds_total")
    end = time.process_time() + 0.02
    while time.process_time() < end:
        pass
    assert told("process_cpu_seconds_total") >= before + 0.02


def test_open_files_are_counted(tmp_path: Path) -> None:
    before = told("process_open_fds")
    with (tmp_path / "one").open("w"), (tmp_path / "two").open("w"):
        assert told("process_open_fds") == before + 2


def test_collections_are_counted_once_however_often_they_are_watched() -> None:
    times = CollectionTimes()
    times.watch()
    times.watch()
    try:
        gc.collect()
        assert times.number == 1 and times.spent_ns > 0
    finally:
        gc.callbacks.remove(times._noted)


def test_what_a_parent_knew_of_its_own_beginning_is_not_its_child_s(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = told("process_start_time_seconds")
    monkeypatch.setattr(process_samples_module, "_started_s", {os.getppid(): 5.0})
    assert told("process_start_time_seconds") == pytest.approx(ours, abs=0.5)
