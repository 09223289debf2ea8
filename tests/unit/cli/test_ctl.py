"""`myriad ctl` and `myriad top` against an API of the real shapes: tables for people, JSON for programs, one line for
what is wrong."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from myriad.cli.main import run
from tests.processes.programs import ROOT
from tests.web.pages.fake_ops import FakeOps

Ctl = Callable[..., tuple[int, str, str]]


@pytest.fixture
def fake() -> Iterator[FakeOps]:
    with FakeOps() as made:
        yield made


@pytest.fixture
def ctl(fake: FakeOps, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ctl:
    monkeypatch.delenv("MYRIAD_OPS_TOKEN", raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["ctl", *words, "--url", fake.url])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_zones_are_a_table_for_people_and_json_for_programs(ctl: Ctl, fake: FakeOps) -> None:
    fake.world.states["zone-3"] = "restarting"
    code, out, _ = ctl("zones")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:3] == ["zone", "state", "players"]
    assert any(re.match(r"zone-1/1 +running", line) for line in lines)
    assert any(re.match(r"zone-3 +restarting +0 .*–", line) for line in lines)
    code, out, _ = ctl("zones", "--json")
    assert code == 0 and {row["zone"] for row in json.loads(out)} == set(fake.world.names)


def test_the_world_shows_totals_processes_store_and_ledger(ctl: Ctl, fake: FakeOps) -> None:
    fake.world.balanced = False
    _, out, _ = ctl("world")
    for text in ("players", "of 21 zones run", "2 things do not add up", "gateway", "relay", "host-2", "4089"):
        assert text in out, text
    assert json.loads(ctl("--json", "world")[1])["tick_hz"] == 60


def test_one_zone_shows_its_phases_drops_and_players(ctl: Ctl) -> None:
    _, out, _ = ctl("zone", "zone-1/1")
    assert "zone-1/1" in out and "encode" in out and "stale_input 4,211" in out and "Ada" in out
    code, _, err = ctl("zone", "zone-99")
    assert (code, err.count("\n")) == (2, 1) and "there is no such zone" in err
    code, _, err = ctl("zone", "zone-1/x")
    assert code == 2 and "such as zone-3/1" in err


def test_events_are_lines_newest_last(ctl: Ctl, fake: FakeOps) -> None:
    fake.world.happen("crash", "killed", zone="zone-2")
    _, out, _ = ctl("events", "-n", "2")
    first, last = out.splitlines()
    assert "layer" in first and re.fullmatch(r"\d\d:\d\d:\d\d crash +zone-2 killed", last)
    _, out, _ = ctl("events", "-n", "1", "--json")
    assert json.loads(out)["kind"] == "crash"


def test_the_hour_is_json_or_its_newest_point(ctl: Ctl) -> None:
    assert len(json.loads(ctl("history", "--json")[1])["times"]) == 720
    assert "store_lag_ms" in ctl("history")[1]


@pytest.mark.parametrize(
    ("words", "action"),
    [
        (["announce", "hello all"], {"action": "announce", "text": "hello all"}),
        (["announce", "hello", "--zone", "zone-2"], {"action": "announce", "text": "hello", "zone": "zone-2"}),
        (["kick", "Ada", "--reason", "spam"], {"action": "kick", "name": "Ada", "reason": "spam"}),
        (["kick", "--character", "17"], {"action": "kick", "character": 17, "reason": ""}),
        (["ban", "Ada"], {"action": "ban", "name": "Ada", "reason": ""}),
        (["unban", "Ada"], {"action": "unban", "name": "Ada"}),
        (["drain", "zone-3"], {"action": "drain", "zone": "zone-3", "layer": 0}),
        (["restart", "zone-3/1"], {"action": "restart_zone", "zone": "zone-3", "layer": 1}),
        (["start", "zone-3"], {"action": "start_zone", "zone": "zone-3"}),
        (
            ["event", "start", "market", "traders", "--minutes", "2"],
            {"action": "start_event", "name": "market", "text": "traders", "seconds": 120.0},
        ),
    ],
)
def test_each_action_is_one_request(ctl: Ctl, fake: FakeOps, words: list[str], action: dict[str, object]) -> None:
    code, out, _ = ctl(*words)
    assert (code, out) == (0, f"{action['action']} done\n")
    assert fake.world.actions == [action]
    assert json.loads(ctl(*words, "--json")[1])["ok"]


def test_a_ban_for_hours_ends_then(ctl: Ctl, fake: FakeOps) -> None:
    ctl("ban", "Ada", "--hours", "2")
    assert abs(fake.world.actions[0]["until_s"] - time.time() - 7200) < 60


def test_an_event_is_stopped_by_its_name(ctl: Ctl, fake: FakeOps) -> None:
    ctl("event", "start", "market", "traders")
    number = fake.world.game_events[0]["event"]
    assert ctl("event", "list")[1] == f"{number} market: traders\n"
    assert ctl("event", "stop", "market")[0] == 0
    assert ctl("event", "list")[1] == "no event runs\n"
    code, _, err = ctl("event", "stop", "market")
    assert (code, err) == (2, "myriad: no event called market runs\n")


def test_what_the_gateway_refuses_is_one_line_and_exit_code_2(ctl: Ctl) -> None:
    code, out, err = ctl("kick", "Nobody")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "404 nobody of that name is in the world" in err


def test_the_token_comes_from_its_option_or_the_environment(
    ctl: Ctl, fake: FakeOps, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.world.token = "secret"
    code, _, err = ctl("zones")
    assert code == 2 and "bring the token" in err and err.count("\n") == 1
    assert ctl("zones", "--token", "secret")[0] == 0
    monkeypatch.setenv("MYRIAD_OPS_TOKEN", "secret")
    assert ctl("zones")[0] == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "127.0.0.1:1", "ftp://x", "http://x:y", "http://127.0.0.1:1/a"])
def test_a_gateway_that_is_not_there_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str], url: str) -> None:
    for command in (["ctl", "zones"], ["top", "--once"]):
        assert run([*command, "--url", url]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("myriad: ") and err.count("\n") == 1


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ctl"]) == 0
    out = capsys.readouterr().out
    for name in ("world", "zones", "kick", "drain", "event"):
        assert f"\n  {name} " in out


def test_top_prints_one_picture_with_the_busiest_zone_first(fake: FakeOps, capsys: pytest.CaptureFixture[str]) -> None:
    fake.world.states["zone-1"] = "hibernating"
    assert run(["top", "--once", "--url", fake.url]) == 0
    lines = capsys.readouterr().out.splitlines()
    zones = [line for line in lines if line.startswith("zone-")]
    assert len(zones) == 20 and "hibernating" in zones[-1]
    ticks = [float(line.split()[6]) for line in zones if line.split()[6] != "–"]
    assert ticks[0] == max(ticks)
    assert any("a third layer is not needed any more" in line for line in lines)


def test_top_goes_on_in_a_terminal_and_ends_cleanly_with_ctrl_c(fake: FakeOps) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "30", "PYTHONPATH": str(ROOT / "src")}
    arguments = [sys.executable, "-m", "myriad", "top", "--url", fake.url, "--every", "0.2"]
    program = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    try:
        deadline_s = time.monotonic() + 30
        while len(fake.world.asked) < 8 and time.monotonic() < deadline_s:
            if select.select([ours], [], [], 0.2)[0]:
                seen += os.read(ours, 65536)
        fake.stop()
        while b"does not answer" not in seen and time.monotonic() < deadline_s:
            if select.select([ours], [], [], 0.2)[0]:
                seen += os.read(ours, 65536)
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 0
        while select.select([ours], [], [], 0.2)[0]:
            try:
                seen += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()
        os.close(ours)
    assert b"zone-1" in seen and b"does not answer" in seen
    assert b"Traceback" not in seen
    assert seen.rstrip().endswith((b"\x1b[?1049l", b"\x1b[?25h")), seen[-80:]
