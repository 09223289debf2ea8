"""`myriad profile` on a real zone with players in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from myriad.cli import main
from myriad.runtime.profile import sampling
from tests.processes.programs import ROOT, Program
from tests.processes.test_load_test import myriad

CLIENTS = 20
PHASES = ("receive", "slow", "step", "encode", "assemble", "send")


@contextmanager
def players(address: str, seconds: int) -> Iterator[None]:
    """So many that play, while the block runs."""
    host, port = address.split(":")
    process = subprocess.Popen(
        [
            sys.executable, "-u", "-m", "myriad", "load-test", "--host", host, "--port", port,
            "--clients", str(CLIENTS), "--seconds", str(seconds),
        ],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        assert any(line.startswith("measuring") for line in process.stdout), "nobody came in"
        yield
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    assert myriad("warm").returncode == 0
    data = str(tmp_path_factory.mktemp("data"))
    arguments = ("server", "--standalone", "--port", "0", "--data", data, "--npcs", "40", "--max-seconds", "240")
    with Program("myriad", *arguments).until_ready() as server, players(server.address, 60):
        yield server


def profile(capsys: pytest.CaptureFixture[str], folder: Path, zone: Program, *flags: str) -> tuple[str, dict[str, Any]]:
    """What it printed, and its figures."""
    file = folder / "figures.json"
    arguments = ["profile", "--url", f"http://{zone.address}", "--seconds", "2", "--json", str(file)]
    assert main.run([*arguments, "--html", str(folder / "flame.html"), *flags]) == 0
    return capsys.readouterr().out, json.loads(file.read_text())


def test_phases_and_the_rest_are_the_zones_cpu_time(
    zone: Program, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, figures = profile(capsys, tmp_path, zone, "--no-flame")
    work = {row["work"]: row["ms"] for row in figures["work"]}
    assert all(work[name] > 0 for name in PHASES)
    assert figures["pid"] == zone.process.pid
    # The operating system may count in steps of 10 ms: what that makes of two short seconds is allowed for.
    assert abs(sum(work.values()) - figures["cpu"]["ms_by_operating_system"]) <= 0.05 * figures["cpu"]["ms"] + 21
    assert abs(sum(work.values()) - figures["cpu"]["ms"]) < 1
    assert 19 <= figures["players"]["snapshots_per_client_hz"] <= 21
    assert figures["players"]["connected"] == CLIENTS
    assert figures["cpu"]["us_per_client_s"] > 0
    assert 0 < figures["allocations"]["blocks_per_tick"] < 5000
    assert 110 <= figures["ticks"]["number"] <= 130
    assert "receive" in out
    assert "blocks" in out
    assert not (tmp_path / "flame.html").exists()


def test_a_flame_graph_comes_with_it(zone: Program, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Where the operating system lets this user trace its own processes; else one line says that it does not."""
    out, figures = profile(capsys, tmp_path, zone)
    page = tmp_path / "flame.html"
    refused = re.search(r"^no flame graph: this user may not trace process \d+$", out, re.MULTILINE)
    assert page.exists() is (refused is None), out
    if refused is None:
        assert figures["samples"] > 0
        assert '"assemble_slice"' in page.read_text() or figures["samples"] < 50


def test_without_the_right_to_trace_it_says_so_in_one_line_and_gives_the_table(
    zone: Program, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "py-spy"
    refusing.write_text(
        "#!/bin/sh\necho 'Permission Denied: Try running again with elevated permissions' >&2\nexit 1\n"
    )
    refusing.chmod(0o755)
    monkeypatch.setattr(sampling, "find_program", lambda: str(refusing))
    out, figures = profile(capsys, tmp_path, zone)
    assert out.count("no flame graph") == 1
    assert f"no flame graph: this user may not trace process {zone.process.pid}\n" in out
    assert not (tmp_path / "flame.html").exists()
    assert figures["no_samples_because"] == f"this user may not trace process {zone.process.pid}"
    assert sum(row["share"] for row in figures["work"]) == pytest.approx(1, abs=0.01)


def test_afterwards_nothing_of_it_is_left_in_the_zone(zone: Program) -> None:
    status, body = zone.request("GET", "/v1/zone/profile")
    assert status == 200
    assert not body["running"]
    assert zone.request("GET", "/v1/zone/profile")[1] == body


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--url", "http://127.0.0.1:9"], "myriad: http://127.0.0.1:9 does not answer"),
        (["--url", "nowhere"], "myriad: 'nowhere' is not an address"),
        (["--json", "/no/such/folder/x.json"], "myriad: --json: there is no folder /no/such/folder"),
        (["--seconds", "0"], "myriad: Invalid value for '--seconds'"),
    ],
)
def test_what_it_cannot_do_is_told_in_one_line(flags: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["profile", *flags]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith(line)
    assert errors.count("\n") == 1


def test_a_zone_that_is_not_there_is_named(zone: Program, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["profile", "--url", f"http://{zone.address}", "--zone", "zone-77"]) == 2
    assert "there is no zone 'zone-77' here" in capsys.readouterr().err
