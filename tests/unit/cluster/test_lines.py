"""What zones log about leases and about characters on their way: in fields, each stage once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from myriad.cluster.cuts import Cuts
from myriad.cluster.requests import Cut, Refused
from tests.unit.cluster.test_crossing import BEYOND, FAR, ready_to_cross
from tests.unit.cluster.town import SE, SW, Town


@pytest.fixture(autouse=True)
def everything(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG, "myriad.cluster"):
        yield


def lines(caplog: pytest.LogCaptureFixture, **fields: object) -> list[tuple[int, dict[str, Any]]]:
    """Level and fields of the lines that have these fields."""
    found = [(line.levelno, dict(vars(line)["fields"])) for line in caplog.records]
    return [(level, own) for level, own in found if all(own.get(name) == value for name, value in fields.items())]


def test_every_line_says_which_zone_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    ready_to_cross()
    assert caplog.records
    assert all({"zone", "layer"} <= set(vars(line)["fields"]) for line in caplog.records)


def test_a_handoff_can_be_followed_from_zone_to_zone_by_its_transfer(caplog: pytest.LogCaptureFixture) -> None:
    town, ann = ready_to_cross()
    town.run(50, at={SW: {ann: BEYOND}})
    assert ann in town.folk[SE].here
    town.run(100)
    transfers = [(level, own) for level, own in lines(caplog, character=ann) if "transfer" in own]
    assert len({own["transfer"] for _, own in transfers}) == 1
    assert len(transfers[0][1]["transfer"]) == 16
    assert [(level, own["zone"]) for level, own in transfers] == [
        (logging.DEBUG, "sw"),  # frozen
        (logging.INFO, "sw"),  # went over
        (logging.INFO, "se"),  # came over
        (logging.DEBUG, "sw"),  # plays over there
    ]
    assert {own["session"] for _, own in transfers if "session" in own} == {f"{77:016x}"}
    assert transfers[1][1]["target"] == "se" and transfers[2][1]["source"] == "sw"
    assert transfers[3][1]["gap_ms"] >= 0
    steps = [own["step"] for _, own in lines(caplog, zone="sw", character=ann) if "step" in own]
    assert steps == ["asked", "granted", "ready"]
    assert town.members[SW].numbers(town.now_ns).passages == {
        **dict.fromkeys(("asked", "granted", "ready"), 1),
        **dict.fromkeys(("denied", "withdrawn", "lost", "wall"), 0),
    }
    assert town.members[SE].numbers(town.now_ns).arrivals == 1


def test_a_passage_that_is_not_used_is_withdrawn(caplog: pytest.LogCaptureFixture) -> None:
    town, ann = ready_to_cross()
    town.run(50, at={SW: {ann: FAR}})
    assert len(lines(caplog, step="withdrawn", character=ann, zone="sw")) == 1


def test_a_handoff_that_the_store_refuses_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    town, ann = ready_to_cross()
    name = town.kill(SE)
    town.start(SE, name)  # a new epoch, of which the source has not heard
    town.run(20, at={SW: {ann: BEYOND}})
    warnings = [own for level, own in lines(caplog, character=ann, zone="sw") if level == logging.WARNING]
    assert [own["target"] for own in warnings] == ["se"]
    assert set(warnings[0]) >= {"transfer", "session"}


def test_a_lease_that_runs_out_and_one_that_is_renewed_late_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    town = Town(SW)
    epoch = town.members[SW].epoch
    caplog.clear()
    town.down = True
    town.run(1300)
    assert not caplog.records, "it is asked again, and the zone still speaks"
    town.down = False
    town.run(300)
    ((level, fields),) = lines(caplog)
    assert (level, fields["zone"], fields["epoch"]) == (logging.WARNING, "sw", epoch)
    assert 0 < fields["left_s"] < 1
    assert town.members[SW].numbers(town.now_ns).renewals_late == 1
    caplog.clear()
    town.down = True
    town.run(2500)
    assert [level for level, _ in lines(caplog)] == [logging.WARNING]
    assert town.members[SW].numbers(town.now_ns).lease_left_ns == 0
    town.down = False
    town.run(600)
    assert logging.INFO in [level for level, _ in lines(caplog)], "it speaks again"


def test_a_lease_that_is_lost_is_a_warning_once(caplog: pytest.LogCaptureFixture) -> None:
    town = Town(SW)
    member = town.members[SW]
    name = town.kill(SW)
    town.start(SW, name)
    town.members[SW] = member
    caplog.clear()
    town.run(1500)
    assert member.fenced
    assert [(level, own["epoch"]) for level, own in lines(caplog)] == [(logging.WARNING, 1)]


def test_a_cut_that_the_store_refuses_is_an_error_that_names_it(caplog: pytest.LogCaptureFixture) -> None:
    cut = Cut(SW, 1, 7, 1, "", b"", b"")
    with pytest.raises(TypeError):
        Cuts._answered(object.__new__(Cuts), cut, Refused("too large"), lambda *_: None, 0)
    assert lines(caplog) == [(logging.ERROR, {"zone": "sw", "layer": 0, "cut": 7})]
