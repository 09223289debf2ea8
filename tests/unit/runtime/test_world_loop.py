"""The loop of a zone of a world: silence while its lease is over, what it hands on, and how its end is told."""

from __future__ import annotations

from functools import partial

from myriad.cluster.requests import Done, LeaseGranted, RenewLease, Request
from myriad.core.clock import NS_PER_S, ManualClock
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.runtime.hosted_zone import ZoneSite
from myriad.runtime.zone_loop import ZoneLoop
from myriad.runtime.zone_ports import WorldTies
from tests.processes.small_zone import SmallZone
from tests.unit.runtime.fake_port import FakePort

MS = 1_000_000


class Outside:
    def __init__(self) -> None:
        self.requests: list[tuple[int, Request]] = []
        self.posts: list[tuple[str, bytes]] = []
        self.num_finished = 0

    def ask(self, requests: list[tuple[int, Request]]) -> None:
        self.requests += requests

    def publish(self, posts: list[tuple[str, bytes]]) -> None:
        self.posts += posts

    def finished(self) -> None:
        self.num_finished += 1


class Setting:
    """A loop with a zone that has its lease, and a player in it."""

    def __init__(self) -> None:
        self.clock = ManualClock(now_ns=10 * NS_PER_S)
        self.port = FakePort(self.clock)
        settings = Settings(lease_ttl_s=10, lease_renew_s=2)
        self.zone = SmallZone(ZoneSite("zone-1", (), PhaseTimer(self.clock.now_ns)), settings)
        self.outside = Outside()
        self.loop = ZoneLoop(
            self.zone, self.port, self.clock, tick_hz=60, cpu_ns=lambda: 0, world=WorldTies(self.zone, self.outside)
        )
        self.zone.start(LeaseGranted(1, None, ()), self.clock.now_ns())
        self.port.arrive(self.clock.now_ns(), b"join")
        while self.zone.idle:
            self.loop.turn()

    def run_for(self, duration_ns: int) -> None:
        end_ns = self.clock.now_ns() + duration_ns
        while self.clock.now_ns() < end_ns:
            self.loop.turn()


def test_a_zone_whose_lease_is_over_takes_nothing_sends_nothing_and_does_not_tick() -> None:
    setting = Setting()
    setting.run_for(NS_PER_S)
    setting.run_for(setting.zone.deadline_ns - setting.clock.now_ns())
    ticks, sent, received = len(setting.zone.ticks), len(setting.port.sent), list(setting.zone.received)
    setting.port.arrive(setting.clock.now_ns() + 50 * MS, b"leave")
    setting.run_for(NS_PER_S)
    assert (len(setting.zone.ticks), len(setting.port.sent), setting.zone.received) == (ticks, sent, received)
    assert setting.loop.measures.num_silenced > 0
    assert setting.zone.polls  # it goes on asking for its lease


def test_a_zone_that_was_paused_within_a_tick_does_not_send_what_that_tick_made() -> None:
    setting = Setting()
    setting.run_for(100 * MS)
    sent = len(setting.port.sent)
    setting.zone.on_tick = lambda: None if sent == 0 else pause(setting)
    setting.loop.turn()
    assert len(setting.port.sent) == sent
    setting.run_for(100 * MS)
    assert len(setting.port.sent) == sent


def pause(setting: Setting) -> None:
    setting.zone.on_tick = lambda: None
    setting.clock.advance_ns(20 * NS_PER_S)


def test_a_zone_that_is_renewed_in_time_plays_on() -> None:
    setting = Setting()
    for _ in range(30):
        setting.run_for(NS_PER_S)
        for number, request in setting.outside.requests:
            if isinstance(request, RenewLease):
                setting.loop.post(partial(setting.zone.answer, number, Done()))
        setting.outside.requests.clear()
    assert setting.loop.measures.num_silenced == 0
    assert len(setting.zone.ticks) > 29 * 60


def test_posts_and_requests_are_handed_on_after_a_tick() -> None:
    setting = Setting()
    setting.zone.posts.append(("talk", b"hello"))
    setting.run_for(50 * MS)
    assert setting.outside.posts == [("talk", b"hello")]
    assert [type(request) for _, request in setting.outside.requests] == [RenewLease]


def test_what_is_posted_to_an_idle_zone_is_followed_by_a_poll() -> None:
    setting = Setting()
    setting.port.arrive(setting.clock.now_ns(), b"leave")
    setting.run_for(100 * MS)
    polls = len(setting.zone.polls)
    setting.loop.post(lambda: None)
    setting.loop.turn()
    assert len(setting.zone.polls) == polls + 1


def test_the_end_of_a_zone_is_told_once() -> None:
    setting = Setting()
    setting.zone.fenced = True
    setting.run_for(NS_PER_S)
    assert setting.outside.num_finished == 1


def test_what_is_posted_to_a_zone_that_has_stopped_does_not_run() -> None:
    setting = Setting()
    setting.loop.post(lambda: setting.zone.posts.append(("late", b"")))
    setting.loop.close()
    assert setting.outside.posts == []


def test_a_thread_at_work_can_be_told_from_one_that_sleeps() -> None:
    setting = Setting()
    seen: list[int] = []
    setting.zone.on_tick = lambda: seen.append(setting.loop.working_since_ns)
    setting.run_for(100 * MS)
    assert all(seen)
    assert 0 <= setting.zone.ticks[-1] - seen[-1] <= MS
