"""Who runs a zone: leases, epochs, the directory."""

from __future__ import annotations

from myriad.cluster.requests import (
    Directory,
    Done,
    Fenced,
    LeaseGranted,
    LeaseRefused,
    ReadDirectory,
    ReleaseLease,
    RenewLease,
    TakeWanted,
    Wanted,
    WantZone,
    ZoneKey,
    ZoneLoad,
)
from myriad.storage.store import SqlStore
from tests.contracts.store_places import EAST, TTL_MS, WEST, Place, acquire, cut, everything, host, one, play, take

LOAD = ZoneLoad(12, 10, 3.5, 0.25, "draining")


def test_a_zone_that_is_nobodys_is_granted_under_its_first_epoch(store: SqlStore) -> None:
    assert one(store, acquire(WEST)) == LeaseGranted(1, None, ())


def test_a_zone_of_another_is_refused_and_nothing_changes(place: Place, store: SqlStore) -> None:
    take(store, WEST, "first")
    place.wall.now_ms += 4_000
    before = everything(store)
    assert one(store, acquire(WEST, "second")) == LeaseRefused(host("first"), TTL_MS - 4_000)
    assert everything(store) == before


def test_a_zone_whose_time_is_over_is_granted_under_the_next_epoch(place: Place, store: SqlStore) -> None:
    take(store, WEST, "first")
    place.wall.now_ms += TTL_MS
    assert take(store, WEST, "second") == 2


def test_a_zone_of_a_dead_host_is_granted_at_once(store: SqlStore) -> None:
    take(store, WEST, "first")
    granted = one(store, acquire(WEST, "second", dead_host="first"))
    assert isinstance(granted, LeaseGranted) and granted.epoch == 2


def test_the_same_host_with_the_same_key_has_only_asked_again(place: Place, store: SqlStore) -> None:
    first = one(store, acquire(WEST))
    before = everything(store)
    assert one(store, acquire(WEST)) == first
    assert everything(store) == before


def test_the_same_host_with_a_new_key_gets_a_new_epoch(store: SqlStore) -> None:
    assert take(store, WEST, private_key=b"one") == 1
    assert take(store, WEST, private_key=b"two") == 2


def test_layers_of_a_zone_are_zones_of_their_own(store: SqlStore) -> None:
    take(store, ZoneKey("west"), "first")
    assert take(store, ZoneKey("west", 1), "second") == 1


def test_renewing_keeps_a_zone_and_tells_its_load(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST)
    place.wall.now_ms += 9_000
    assert one(store, RenewLease(WEST, epoch, TTL_MS, LOAD)) == Done()
    directory = one(store, ReadDirectory())
    assert isinstance(directory, Directory) and directory.now_ms == place.wall.now_ms
    (row,) = directory.rows
    assert (row.key, row.epoch, row.host, row.load) == (WEST, epoch, host("host"), LOAD)
    assert (row.endpoint, row.private_key, row.protocol_id) == ("127.0.0.1:1337", b"key", 2**63 + 7)
    assert (row.expires_ms, row.capacity, row.front_door) == (place.wall.now_ms + TTL_MS, 500, "127.0.0.1:80")


def test_a_zone_is_renewed_after_its_time_if_nobody_took_it(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST)
    place.wall.now_ms += 3 * TTL_MS
    assert one(store, RenewLease(WEST, epoch, TTL_MS, LOAD)) == Done()


def test_renewing_what_another_has_is_fenced_and_changes_nothing(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST, "first")
    place.wall.now_ms += TTL_MS
    take(store, WEST, "second")
    before = everything(store)
    assert one(store, RenewLease(WEST, epoch, TTL_MS, LOAD)) == Fenced(2)
    assert everything(store) == before


def test_renewing_what_nobody_ever_had_is_fenced(store: SqlStore) -> None:
    assert one(store, RenewLease(WEST, 1, TTL_MS, LOAD)) == Fenced(0)


def test_a_released_zone_is_nobodys_and_its_epoch_stays(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST, "first")
    for _ in range(2):
        assert one(store, ReleaseLease(WEST, epoch)) == Done()
    assert one(store, RenewLease(WEST, epoch, TTL_MS, LOAD)) == Fenced(epoch)
    assert one(store, cut(WEST, epoch, 1)) == Fenced(epoch)
    assert one(store, ReadDirectory()) == Directory((), place.wall.now_ms)
    assert take(store, WEST, "second") == epoch + 1


def test_releasing_what_another_has_takes_nothing_from_it(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST, "first")
    place.wall.now_ms += TTL_MS
    take(store, WEST, "second")
    before = everything(store)
    assert one(store, ReleaseLease(WEST, epoch)) == Done()
    assert everything(store) == before


def test_the_directory_has_only_leases_whose_time_is_not_over(place: Place, store: SqlStore) -> None:
    take(store, WEST)
    place.wall.now_ms += TTL_MS - 1
    take(store, EAST)
    place.wall.now_ms += 1
    directory = one(store, ReadDirectory())
    assert isinstance(directory, Directory) and [row.key for row in directory.rows] == [EAST]


def test_who_takes_a_zone_gets_what_it_left(place: Place, store: SqlStore) -> None:
    epoch = take(store, WEST, "first")
    stays, goes = play(store, WEST, epoch), play(store, WEST, epoch)
    written = cut(WEST, epoch, 1, stays, goes)
    store.execute([written, cut(WEST, epoch, 2, stays, goes)])
    place.wall.now_ms += TTL_MS
    granted = one(store, acquire(WEST, "second"))
    assert isinstance(granted, LeaseGranted) and granted.state is not None
    assert (granted.state.epoch, granted.state.cut, granted.state.tick) == (epoch, 2, 60)
    assert (granted.state.residents, granted.state.ground) == (written.residents, b"ground")
    assert granted.residents == (stays, goes)


def test_wanted_zones_are_told_once(store: SqlStore) -> None:
    store.execute([WantZone(WEST), WantZone(EAST), WantZone(WEST)])
    assert one(store, TakeWanted()) == Wanted((EAST, WEST))
    assert one(store, TakeWanted()) == Wanted(())
