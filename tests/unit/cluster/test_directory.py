"""Who runs what, as the store's clock says."""

from __future__ import annotations

from myriad.cluster.directory import takes_players
from myriad.cluster.requests import ZoneKey
from tests.unit.cluster.lease_rows import S, lease, view


def test_a_row_holds_until_its_time_is_over_by_the_store_s_clock() -> None:
    seen = view([lease("a", expires_ms=12_000)], read_ns=100 * S, now_ms=10_000)
    assert seen.find(ZoneKey("a"), 100 * S) is not None
    assert seen.find(ZoneKey("a"), 102 * S - 1_000_000) is not None
    assert seen.find(ZoneKey("a"), 102 * S) is None
    assert seen.layers("a", 102 * S) == () and seen.totals(102 * S).zones == 0


def test_layers_of_a_zone_come_lowest_first_and_no_other_zone_s() -> None:
    seen = view([lease("a", 2), lease("b"), lease("a"), lease("a", 1, expires_ms=-1)])
    assert [row.key.layer for row in seen.layers("a", 0)] == [0, 2]
    assert seen.layers("c", 0) == ()


def test_totals_add_up_what_runs() -> None:
    rows = [lease("a", connected=3, players=4), lease("b", connected=2, host="host-2"), lease("c", expires_ms=-1)]
    assert view(rows).totals(0) == (2, 2, 6, 5, 20)


def test_who_drains_takes_nobody_and_who_sleeps_wakes() -> None:
    assert not takes_players(lease("a", state="draining"))
    assert takes_players(lease("a", state="hibernating"))
