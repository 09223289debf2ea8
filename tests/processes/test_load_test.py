"""The load test as a program, against a server as a program: it serves, measures, checks views, and judges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from myriad.loadtest.fields import differences
from tests.processes.programs import ROOT, Program

CLIENTS = 12


def myriad(*arguments: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end; kernels may have to be compiled meanwhile."""
    return subprocess.run(
        [sys.executable, "-m", "myriad", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def load_test(*flags: str, json_file: Path | None = None) -> tuple[int, str, dict[str, Any]]:
    """Exit code, what it printed on standard error, and its result."""
    done = myriad("load-test", *flags, *(["--json", str(json_file)] if json_file else []))
    result = json.loads(json_file.read_text()) if json_file and json_file.exists() else {}
    return done.returncode, done.stderr, result


def test_without_a_server_it_says_so_in_one_line() -> None:
    code, errors, _ = load_test("--port", "9", "--clients", "1")
    assert code == 2
    assert errors.startswith("myriad: no zone to test: http://127.0.0.1:9 does not answer")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("flags", [["--clients", "0"], ["--impair", "loss=200"], ["--json", "/no/such/folder/x.json"]])
def test_wrong_flags_are_refused_in_one_line(flags: list[str]) -> None:
    code, errors, _ = load_test(*flags)
    assert code == 2
    assert errors.startswith("myriad: ")
    assert errors.count("\n") == 1


def test_clients_are_served_measured_and_compared_through_a_bad_network(tmp_path: Path) -> None:
    assert myriad("warm").returncode == 0
    file = tmp_path / "result.json"
    data = str(tmp_path / "data")
    arguments = ("server", "--port", "0", "--data", data, "--npcs", "40", "--view-digests", "--max-seconds", "240")
    with Program("myriad", *arguments).until_ready() as server:
        host, port = server.address.split(":")
        flags = ("--host", host, "--port", port, "--clients", str(CLIENTS), "--seconds", "5")
        _, _, result = load_test(
            *flags, "--impair", "loss=3,delay=20,jitter=10,dup=1,reorder=1", "--impair-stop", "3", json_file=file
        )
        assert differences(result) == set()
        assert result["connected"] == result["decoded_clients"] == CLIENTS
        assert result["views"]["checked"] >= CLIENTS
        assert result["views"]["wrong"] == 0
        assert result["converged_ms"]["max"] is not None
        assert result["impairment"]["lost"] > 0
        assert result["impairment"]["overflowed"] == 0
        assert 15 < result["snapshots_per_client_hz"]["min"] <= 20.5
        assert 9 < result["inputs_per_client_hz"]["p50"] < 11
        assert result["input_to_snapshot_ms"]["p50"] > 40, "two ways of 20 ms"
        assert result["server"]["npcs"] == 40
        status, body = server.request("GET", "/v1/zone")
        assert status == 200
        assert body["players"] == 0, "clients leave by disconnecting"


def test_players_who_fight_go_for_each_other_where_there_is_nothing_else_to_fight() -> None:
    with Program("myriad", "server", "--port", "0", "--standalone", "--npcs", "0", "--max-seconds", "240") as server:
        host, port = server.until_ready().address.split(":")
        flags = ("--host", host, "--port", port, "--clients", "20", "--seconds", "6", "--json", "-")
        done = myriad("load-test", *flags, "--spread", "square", "--square-share", "1.0", "--fight")
        result = json.loads(done.stdout)
        assert differences(result) == set()
        assert result["fight"] is True
        assert result["activity"]["hits"] > 0
