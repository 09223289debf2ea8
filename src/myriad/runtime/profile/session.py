"""One profile from outside: finds the zone, begins, samples, reads.

Responsible for: which process has a zone, the requests to its front door, and the order in which things are read.
Not here: figures (`profile/figures.py`), py-spy (`profile/sampling.py`).

Invariant: whatever happens after it began, the zone's profile is ended (and would end by itself).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from myriad.core.errors import StartupError
from myriad.runtime.login import FrontDoorError, HttpDoor, gateway_at
from myriad.runtime.profile.figures import Readings
from myriad.runtime.profile.sampling import Sampler, Samples

_PATH: Final = "/v1/zone/profile"
_SPARE_S: Final = 10.0
_NS_PER_CLOCK_TICK: Final = 10_000_000
"""USER_HZ is 100 wherever Linux runs."""

MakeSampler = Callable[[int], Sampler]


class Target(NamedTuple):
    """A running zone and the front door of its host."""

    zone: str
    host: str
    port: int


def find_target(url: str, zone: str) -> Target:
    """The zone called `zone`, as `url` (a gateway, or the front door of the zone's host) tells. Raises StartupError or
    FrontDoorError."""
    with contextlib.closing(gateway_at(url)) as door:
        try:
            world = door.request("GET", "/v1/world")
        except FrontDoorError as error:
            if error.status != 404:
                raise
            return Target(zone, door.host, door.port)
    name, _, layer = zone.partition("/")
    for area in world.get("zones", ()):
        for row in area["layers"] if area["name"] == name else ():
            if str(row["layer"]) == (layer or "0"):
                found = gateway_at(f"http://{row['front_door']}")
                return Target(zone, found.host, found.port)
    raise StartupError(f"no process runs {zone} in the world at {url}")


def run_profile(target: Target, seconds: float, make_sampler: MakeSampler | None) -> tuple[Readings, Samples]:
    """Profiles for `seconds`; `make_sampler` is given the process id. Raises FrontDoorError, also if the zone ends."""
    query = f"?zone={quote(target.zone, safe='')}"
    with contextlib.closing(HttpDoor(target.host, target.port)) as door:
        before = door.request("GET", f"/v1/zone{query}")
        before_s = time.monotonic()
        begun = door.request("POST", f"{_PATH}{query}&seconds={seconds + _SPARE_S}")
        pid, thread = int(begun["pid"]), int(begun["thread"])
        with _ended(door, query), _sampling(make_sampler, pid) as sampler:
            first_ns = thread_cpu_outside_ns(pid, thread)
            time.sleep(seconds)
            last_ns = thread_cpu_outside_ns(pid, thread)
            probe = door.request("DELETE", f"{_PATH}{query}")
            after = door.request("GET", f"/v1/zone{query}")
            between_s = time.monotonic() - before_s
            samples = Samples("", "not wanted") if sampler is None else sampler.finish()
    outside_ns = None if first_ns is None or last_ns is None else last_ns - first_ns
    return Readings(before, after, between_s, probe, outside_ns), samples


def thread_cpu_outside_ns(pid: int, thread: int) -> int | None:
    """CPU time of a thread of any process, as the operating system counts it; None where it does not tell."""
    folder = f"/proc/{pid}/task/{thread}"
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"{folder}/schedstat", encoding="ascii") as file:
            ran_ns = int(file.read().split()[0])
        if ran_ns:
            return ran_ns
        with open(f"{folder}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _NS_PER_CLOCK_TICK
    return None


@contextlib.contextmanager
def _ended(door: HttpDoor, query: str) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(FrontDoorError):
            door.request("DELETE", f"{_PATH}{query}")
        raise


@contextlib.contextmanager
def _sampling(make_sampler: MakeSampler | None, pid: int) -> Iterator[Sampler | None]:
    sampler = None if make_sampler is None else make_sampler(pid)
    try:
        yield sampler
    except BaseException:
        if sampler is not None:
            sampler.stop()
        raise
