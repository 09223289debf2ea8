"""`myriad audit`: a table for people, an exit code for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from myriad.cli.main import run
from myriad.cluster.requests import VOID, AcquireLease, Cut, Holder, HostId, LedgerEntry, ZoneKey
from myriad.core.errors import EXIT_CANNOT_START, EXIT_FAILED, EXIT_OK
from myriad.storage.port import Store, open_store

WEST = ZoneKey("west")


@pytest.fixture
def world(tmp_path: Path) -> Store:
    """A world with 1,234 coins on the ground of one zone, still open: an audit may come at any time."""
    store = open_store(tmp_path, wall_ms=int, random_bytes=bytes)
    entry = LedgerEntry(0, 1234, VOID, Holder(2, 256), 1)
    cut = Cut(WEST, 1, 1, 1, "", b"", b"", (entry,), totals=((0, 1234),))
    store.execute([AcquireLease(WEST, HostId("host", "here", 1), 1000, "", b"", 0, 1), cut])
    return store


def test_a_world_that_adds_up_is_balanced(world: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--data", str(tmp_path)]) == EXIT_OK
    shown = capsys.readouterr().out
    assert "coins" in shown and "1,234" in shown and shown.endswith("balanced\n")
    world.close()


def test_a_world_that_does_not_add_up_fails_and_says_why(
    world: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.execute([Cut(WEST, 1, 2, 1, "", b"", b"", (), totals=((0, 1235),))])
    assert run(["audit", "--data", str(tmp_path)]) == EXIT_FAILED
    assert "west: asset 0: in memory 1235, by the ledger 1234" in capsys.readouterr().out
    world.close()


def test_a_world_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "--data", str(tmp_path / "nothing")]) == EXIT_CANNOT_START
    assert capsys.readouterr().err == f"myriad: there is no world in {tmp_path / 'nothing'}\n"
    assert list(tmp_path.iterdir()) == []
