"""A zone of a host, from asking for its lease to giving it back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from myriad.cluster.requests import AcquireLease, HostId, ReleaseLease, RenewLease, ZoneKey
from myriad.core.settings import Settings
from myriad.runtime.clocks import RealClock
from myriad.runtime.endpoints import endpoint_of, open_tcp, open_udp
from myriad.runtime.host_identity import host_id, is_dead, machine_name, new_token
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.http_server import AsgiApplication
from myriad.runtime.tenancy import ACQUIRING, RUNNING
from myriad.runtime.warm import SERVER_GROUPS, warm
from myriad.runtime.world_host import HostedSocket, Master, WorldHost, WorldParts
from tests.processes.small_zone import SmallZone
from tests.unit.runtime.fake_store import FakeStore, FakeWorker

KEY = ZoneKey("zone-1")
PATIENCE_S = 20.0
STRANGER = HostId("stranger-0", "another machine", 1)


class NoBus:
    def __init__(self, heard: list[tuple[str, bytes]]) -> None:
        self.heard = heard

    def publish(self, topic: str, body: bytes) -> bool:
        self.heard.append((topic, body))
        return True

    def numbers(self) -> dict[str, int]:
        return {"up": 1}

    def poll(self) -> list[tuple[str, bytes]]:
        taken, self.heard[:] = list(self.heard), []
        return taken

    def close(self) -> None:
        pass


def no_application(_: object) -> AsgiApplication:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("nobody asks")

    return application


class Until(Master):
    """Lets a host serve until a condition holds, then stops it or breaks off."""

    def __init__(self, condition: Callable[[], object]) -> None:
        self.condition = condition
        self.deadline_ns = RealClock().now_ns() + int(PATIENCE_S * 1e9)

    def beat(self, host: WorldHost) -> None:
        assert RealClock().now_ns() < self.deadline_ns, "it does not happen"
        if self.condition():
            raise StopIteration


class Setting:
    """A host over a fake store, and the zones that it built."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.zones: list[SmallZone] = []
        self.posts: list[tuple[str, bytes]] = []
        self.settings = Settings(lease_renew_s=0.1)
        self.host = self.new_host()
        self.socket = open_udp("127.0.0.1", 0)
        self.player = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.player.settimeout(5)
        self.player.connect(("127.0.0.1", endpoint_of(self.socket).port))

    def new_host(self) -> WorldHost:
        parts = WorldParts(
            make_zone=self.make_zone,
            spawn_point=lambda zone: (0.0, 0.0),
            open_worker=lambda: FakeWorker(self.store),
            open_bus=lambda store: NoBus(self.posts),
            make_application=no_application,
        )
        self.http = open_tcp("127.0.0.1", 0)
        return WorldHost(self.settings, parts, host_id(new_token()), self.http)

    def make_zone(self, settings: Settings, site: ZoneSite) -> SmallZone:
        self.zones.append(SmallZone(site, settings))
        return self.zones[-1]

    def run(self, condition: Callable[[], object]) -> None:
        """Serves until `condition` holds."""
        try:
            self.host.serve(Until(condition))
        except StopIteration:
            return

    def start(self) -> None:
        """Runs the zone, until it has its lease."""
        self.host.start()
        self.host.run_zone(HostedSocket(KEY, self.socket))
        self.run(lambda: self.state == RUNNING)

    def received(self) -> list[bytes]:
        """What has come to the player so far."""
        self.player.setblocking(False)
        found = []
        with contextlib.suppress(BlockingIOError):
            while True:
                found.append(self.player.recv(100))
        return found

    @property
    def state(self) -> str:
        return self.host.tenancies[KEY].state if KEY in self.host.tenancies else "gone"


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    warm(groups=SERVER_GROUPS)


@pytest.fixture
def setting() -> Iterator[Setting]:
    found = Setting()
    yield found
    found.host.end()
    found.http.close()
    found.player.close()
    found.socket.close()


def test_a_zone_runs_once_its_lease_is_granted_and_its_row_says_where(setting: Setting) -> None:
    setting.start()
    row = setting.store.rows[KEY]
    assert row.endpoint == str(endpoint_of(setting.socket))
    assert row.front_door == setting.host.front_door
    assert row.private_key == setting.zones[0].private_key
    assert row.host == setting.host.identity
    assert row.protocol_id == 0xAA
    setting.player.send(b"join")
    assert setting.player.recv(100) == b"1"


def test_whoever_started_a_zone_hears_at_once_that_it_runs(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("myriad.runtime.world_host.BEAT_S", PATIENCE_S + 1)
    setting.store.epochs[KEY] = 4
    setting.store.execute(AcquireLease(KEY, STRANGER, 1, "", b"", 0, 1))
    setting.host.start()
    setting.host.run_zone(HostedSocket(KEY, setting.socket))
    told: list[str] = []

    def heard() -> bool:
        told.append(setting.state)
        setting.store.rows.clear()  # the stranger gives it back
        return setting.state == RUNNING

    setting.run(heard)
    assert told == [ACQUIRING, RUNNING]


def test_renewals_tell_how_many_are_there_and_what_was_measured(setting: Setting) -> None:
    setting.start()
    setting.player.send(b"join")

    def renewals() -> list[RenewLease]:
        return [one for one in setting.store.seen if isinstance(one, RenewLease) and one.load.players == 1]

    setting.run(lambda: any(one.load.cpu_cores > 0 for one in renewals()))
    setting.run(lambda: any(one.load.lateness_p99_ms > 0 for one in renewals()))


def test_a_zone_that_another_host_has_is_waited_for_and_not_run(setting: Setting) -> None:
    setting.store.epochs[KEY] = 4
    setting.store.execute(AcquireLease(KEY, STRANGER, 1, "", b"", 0, 1))
    setting.host.start()
    setting.host.run_zone(HostedSocket(KEY, setting.socket))
    setting.run(setting.host.holders)
    assert setting.state == ACQUIRING
    assert setting.host.holders()[0][1].host == STRANGER
    setting.store.rows.clear()
    setting.run(lambda: setting.state == RUNNING)
    assert setting.store.rows[KEY].epoch == 6


def test_a_zone_of_a_host_on_this_machine_that_has_ended_is_taken_over_at_once(setting: Setting) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = HostId(f"{new_token()}-77", machine_name(), ended.pid)
    setting.store.execute(AcquireLease(KEY, dead, 1, "", b"", 0, 1))
    setting.start()
    asked = [one for one in setting.store.seen if isinstance(one, AcquireLease)]
    assert asked[-1].dead_host == dead.name


def test_a_fenced_zone_ends_in_silence_and_its_host_tries_to_have_it_again(setting: Setting) -> None:
    setting.start()
    setting.player.send(b"join")
    assert setting.player.recv(100) == b"1"
    setting.store.steal(KEY, STRANGER)
    setting.run(lambda: setting.state == ACQUIRING)
    assert setting.zones[0].closed_at is not None
    assert b"bye" not in setting.received()
    setting.store.rows.clear()
    setting.run(lambda: setting.state == RUNNING)
    assert len({zone.private_key for zone in setting.zones}) == 2


def test_a_zone_that_fails_starts_again_under_a_new_epoch_and_its_players_are_told(setting: Setting) -> None:
    setting.start()
    setting.player.send(b"join")
    assert setting.player.recv(100) == b"1"
    setting.player.send(b"fail")
    while setting.player.recv(100) != b"bye":
        pass
    setting.run(lambda: setting.state == RUNNING and setting.store.rows[KEY].epoch == 2)
    setting.player.send(b"join")
    assert setting.player.recv(100) == b"1"


def test_a_drained_zone_has_written_everything_and_gives_its_lease_back(setting: Setting) -> None:
    setting.start()
    setting.host.end_zone(KEY)
    setting.run(lambda: setting.state == "gone")
    assert setting.store.rows == {}
    assert setting.store.states[KEY].cut == 1
    assert isinstance(setting.store.seen[-1], ReleaseLease)


def test_a_zone_that_is_restarted_writes_keeps_its_lease_and_begins_anew_without_a_word_to_players(
    setting: Setting,
) -> None:
    setting.start()
    setting.player.send(b"join")
    assert setting.player.recv(100) == b"1"
    setting.host.restart_zone(KEY)
    setting.host.restart_zone(KEY)  # once is enough
    setting.run(lambda: setting.state == RUNNING and setting.store.rows[KEY].epoch == 2)
    assert len(setting.zones) == 2 and setting.zones[0].closed_at is not None
    assert setting.zones[1].saved_ticks >= 1
    assert not any(isinstance(one, ReleaseLease) for one in setting.store.seen)
    setting.player.send(b"join")
    setting.run(lambda: setting.zones[1].players)


def test_a_zone_that_cannot_write_is_restarted_all_the_same_after_a_while(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SmallZone, "suspend", lambda zone, now_ns: None)
    monkeypatch.setattr("myriad.runtime.world_host.DRAIN_S", 0.5)
    setting: Setting = request.getfixturevalue("setting")
    setting.start()
    setting.host.restart_zone(KEY)
    setting.run(lambda: setting.state == RUNNING and setting.store.rows[KEY].epoch == 2)


def test_a_zone_finds_what_it_wrote(setting: Setting) -> None:
    setting.start()
    setting.player.send(b"join")
    for _ in range(5):
        setting.player.recv(100)
    copy = setting.socket.dup()
    setting.host.end_zone(KEY)
    setting.run(lambda: setting.state == "gone")
    setting.host.run_zone(HostedSocket(KEY, copy))
    setting.run(lambda: setting.state == RUNNING)
    assert setting.zones[-1].saved_ticks >= 5


def test_what_the_bus_keeps_is_heard_by_a_zone_that_starts_later(setting: Setting) -> None:
    setting.posts += [("event", b"feast"), ("talk", b"hello")]
    setting.host.start()
    setting.run(lambda: not setting.posts)
    setting.host.run_zone(HostedSocket(KEY, setting.socket))
    setting.run(lambda: setting.zones and setting.zones[0].heard)
    assert setting.zones[0].heard == [("event", b"feast")]


def test_a_host_is_dead_only_if_it_is_known_to_be() -> None:
    me = host_id(new_token())
    assert not is_dead(me)
    assert not is_dead(me._replace(machine="another/machine", pid=1 << 22))
    earlier = me.name.rpartition("-")[0]
    assert is_dead(me._replace(name=f"{earlier}-1"))  # the number is another process's now
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = host_id(new_token(), child.pid)
    assert not is_dead(name)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, but still in the table of processes
    assert is_dead(name)
    child.communicate()
    assert is_dead(name)


def test_the_names_of_two_starts_differ() -> None:
    assert host_id(new_token()).name != host_id(new_token()).name
    assert Path("/proc/self/stat").exists() == (not host_id(new_token()).name.endswith("-0"))


def numbers_of(setting: Setting) -> dict[str, object]:
    zone = setting.host.tenancies[KEY].zone
    assert zone is not None
    return asyncio.run(zone.numbers())


def test_metrics_of_an_idle_zone_are_what_it_said_with_its_renewal_and_wake_nobody(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting.start()
    setting.run(lambda: any(isinstance(one, RenewLease) for one in setting.store.seen))
    zone = setting.host.tenancies[KEY].zone
    assert zone is not None
    num_asked = 0

    def asked(*_: object) -> object:
        nonlocal num_asked
        num_asked += 1
        raise RuntimeError("it was asked")

    with monkeypatch.context() as patched:
        patched.setattr(zone, "_ask", asked)
        told = numbers_of(setting)
    assert (told["players"], num_asked) == (0, 0)
    setting.player.send(b"join")
    setting.run(lambda: numbers_of(setting)["players"] == 1)


def test_a_host_tells_of_its_process_its_store_and_its_bus(setting: Setting) -> None:
    setting.start()
    told = {name: value for name, labels, value in setting.host.view.samples() if not labels}
    assert (told["myriad_store_up"], told["myriad_bus_up"]) == (1, 1)
    assert "process_resident_memory_bytes" in told


def test_lines_about_a_zone_s_life_say_which_zone_and_epoch(setting: Setting, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "myriad.runtime.tenancy"):
        setting.start()
        setting.store.steal(KEY, STRANGER)
        setting.run(lambda: any(line.levelno == logging.WARNING for line in caplog.records))
    first, *_, last = [vars(line)["fields"] for line in caplog.records if line.name == "myriad.runtime.tenancy"]
    assert first == last == {"zone": KEY.zone, "layer": KEY.layer, "epoch": 1}
