"""A world of small zones as real processes: starting, dying, coming back, hibernating, stopping."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from myriad.cluster.requests import ReadDirectory
from myriad.core.settings import Settings
from tests.processes.programs import Program
from tests.processes.small_world import open_place
from tests.processes.worlds import FREE_PORTS, SMALL, World, join, plays, until

BACK_S = 3.0
STOP_S = 5.0


@pytest.fixture
def player() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1)
        yield sock


def test_a_world_starts_and_its_directory_names_hosts_and_endpoints(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        assert world.program.request("GET", "/healthz")[0] == 200
        zones = world.zones()
        assert sorted(zones) == ["zone-1", "zone-2", "zone-3", "zone-4"]
        assert len({zone["pid"] for zone in zones.values()}) == 2
        assert zones["zone-1"]["pid"] == zones["zone-2"]["pid"] != os.getpid()
        assert len({zone["endpoint"] for zone in zones.values()}) == 4


def test_after_kill_9_of_a_host_its_zones_are_back_at_once_at_their_ports_and_others_play_on(
    tmp_path: Path, player: socket.socket
) -> None:
    with World(tmp_path) as world:
        before = world.zones()
        join(player, before["zone-3"]["endpoint"])
        os.kill(before["zone-1"]["pid"], signal.SIGKILL)

        def is_back() -> bool:
            now = world.zones()
            return all(key in now and now[key]["epoch"] == 2 for key in ("zone-1", "zone-2"))

        assert until(is_back) < BACK_S
        after = world.zones()
        assert after["zone-1"]["pid"] != before["zone-1"]["pid"]
        assert [after[key]["endpoint"] for key in before] == [before[key]["endpoint"] for key in before]
        assert (after["zone-3"]["pid"], after["zone-3"]["epoch"]) == (before["zone-3"]["pid"], 1)
        assert plays(player)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.settimeout(1)
            join(other, after["zone-1"]["endpoint"])


def test_after_kill_9_of_the_gateway_players_play_on_and_it_is_back_at_its_port(
    tmp_path: Path, player: socket.socket
) -> None:
    with World(tmp_path) as world:
        before = world.state()
        join(player, before["zones"]["zone-1"]["endpoint"])
        os.kill(before["pid"], signal.SIGKILL)
        assert plays(player)
        until(lambda: world.state().get("pid") not in {None, before["pid"]})
        assert world.pids() == {zone["pid"] for zone in before["zones"].values()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_world_within_seconds_players_are_told_all_is_saved_and_leases_are_given_back(
    tmp_path: Path, player: socket.socket, number: signal.Signals
) -> None:
    with World(tmp_path) as world:
        join(player, world.zones()["zone-2"]["endpoint"])
        code, seconds = world.program.end(number)
        assert code == 0, world.program.errors()
        assert seconds < STOP_S
        while player.recv(100) != b"bye":
            pass
    store = open_place(Settings(data=str(tmp_path)))
    (directory,) = store.execute([ReadDirectory()])
    store.close()
    assert directory.rows == ()  # type: ignore[union-attr]


def test_a_second_signal_ends_a_world_at_once(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        pids = world.pids()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)  # they will not drain
        world.program.process.send_signal(signal.SIGINT)
        world.program.until_printed("stopping")
        _, seconds = world.program.end(signal.SIGINT)
        assert seconds < 2
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)


def test_a_second_world_on_the_same_folder_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        with Program(SMALL, "world", *FREE_PORTS, world.data) as second:
            code, out, errors = second.result()
        assert (code, out) == (2, "")
        assert errors == f"myriad: data: a world runs on {tmp_path} already (process {world.program.process.pid})\n"


def test_a_host_that_hangs_is_killed_by_the_watchdog_and_its_zones_come_back(tmp_path: Path) -> None:
    with World(tmp_path, "watchdog_s=1") as world:
        hung = world.zones()["zone-1"]["pid"]
        os.kill(hung, signal.SIGSTOP)
        until(lambda: world.zones().get("zone-1", {}).get("epoch") == 2)
        assert world.zones()["zone-1"]["pid"] != hung


def test_when_the_supervisor_is_killed_its_children_end_by_themselves_and_save(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        pids = world.pids()
        world.program.process.kill()
        world.program.process.wait()

        def all_gone() -> bool:
            return not any(Path(f"/proc/{pid}").exists() for pid in pids)

        until(all_gone)
    with World(tmp_path) as again:
        assert {zone["epoch"] for zone in again.zones().values()} == {2}


def test_an_empty_zone_hibernates_and_a_datagram_or_a_want_wakes_it(tmp_path: Path, player: socket.socket) -> None:
    with World(tmp_path, "hibernate_after_s=3") as world:
        before = world.zones()
        until(lambda: sorted(world.zones()) == ["zone-1"])  # where players start: it never sleeps
        until(lambda: world.state()["fleet"]["counts"].get("hibernated") == 3)
        decisions = world.state()["fleet"]["decisions"]
        assert {one["what"] for one in decisions} == {"Hibernate"}
        assert all(one["reason"] for one in decisions)
        join(player, before["zone-4"]["endpoint"])
        until(lambda: "zone-4" in world.zones())
        assert world.zones()["zone-4"]["endpoint"] == before["zone-4"]["endpoint"]
        world.program.request("GET", "/want?zone-2")
        until(lambda: "zone-2" in world.zones())


def test_a_zone_that_is_handed_to_a_running_host_ticks_there(tmp_path: Path, player: socket.socket) -> None:
    with World(tmp_path, "zones_per_host=4", "hibernate_after_s=3", "watchdog_s=2") as world:
        endpoint = world.zones()["zone-2"]["endpoint"]
        until(lambda: "zone-2" not in world.zones())
        host = world.zones()["zone-1"]["pid"]
        until(lambda: world.program.request("GET", "/want?zone-2") and "zone-2" in world.zones())
        assert world.zones()["zone-2"]["pid"] == host
        join(player, endpoint)
        assert plays(player)
        assert world.state()["fleet"]["counts"].get("hung", 0) == 0


def test_one_zone_per_process_is_a_setting(tmp_path: Path) -> None:
    with World(tmp_path, "zones_per_host=1") as world:
        assert len(world.pids()) == 4
