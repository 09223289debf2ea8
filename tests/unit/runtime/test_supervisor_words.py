"""What a supervisor tells the gateway, and what it logs."""

from __future__ import annotations

import logging

import pytest

from tests.unit.runtime.test_supervisor import Make, make

__all__ = ["make"]


def test_the_state_tells_which_zones_are_in_whose_charge_also_while_a_host_is_down(make: Make) -> None:
    world = make()
    world.live(1)
    charge = [host["charge"] for host in world.supervisor.status()["hosts"]]
    world.end(world.hosts[0])
    told = world.supervisor.status()["hosts"]
    assert [host["charge"] for host in told] == charge
    assert told[0]["zones"] == {}


def test_lines_say_which_process_they_are_about(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    world = make()
    world.live(1)
    with caplog.at_level(logging.INFO, "myriad.runtime.supervisor"):
        caplog.clear()  # what was said before, if another test left loggers talkative
        world.end(world.hosts[0])
    ended, started = [
        (line.levelno, vars(line)["fields"]) for line in caplog.records if line.name == "myriad.runtime.supervisor"
    ]
    assert (ended[0], ended[1]["host"], ended[1]["starts"]) == (logging.WARNING, "host-1", 1)
    assert (started[0], started[1]["host"], started[1]["starts"]) == (logging.INFO, "host-1", 2)
    assert ended[1]["pid"] != started[1]["pid"]
