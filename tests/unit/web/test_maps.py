"""`GET /v1/maps/{zone}`: what it says is what the server walks on, for worlds of all sizes, and it is sent once."""

from __future__ import annotations

import asyncio
import base64
import gzip
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from emberdale.browser_maps import TILESET, shown_map
from emberdale.game import GAME
from emberdale.ground import MAPS, own_ground
from emberdale.places import world_map
from emberdale.terrain import BLOCKED, IS_SOLID
from myriad.core.errors import StartupError
from myriad.game.tilemap import read_map
from myriad.web.gateway import maps
from myriad.web.gateway.maps import Maps, MapSource, map_routes, pack_map
from myriad.web.refusals import Refusal, refused

SIDE = 600


def tiles_of(shown: Mapping[str, Any]) -> np.ndarray:
    raw = np.frombuffer(base64.b64decode(shown["layers"]["ground"]), "<u2")
    return raw.reshape(shown["height"], shown["width"])


def solid_of(shown: Mapping[str, Any]) -> np.ndarray:
    bits = np.unpackbits(np.frombuffer(base64.b64decode(shown["solid"]), np.uint8), bitorder="little")
    return bits[: shown["height"] * shown["width"]].reshape(shown["height"], shown["width"])


def sent(num_zones: int, zone: str) -> Any:
    return msgspec.json.decode(pack_map(shown_map(world_map(num_zones), zone)).plain)


@pytest.mark.parametrize("num_zones", [1, 4, 20, 200])
def test_what_is_solid_is_what_the_server_walks_on(num_zones: int) -> None:
    game = GAME.for_world(num_zones)
    for zone in {game.zones[0], game.zones[-1]}:
        shown, walked = sent(num_zones, zone), game.read_map(zone, 60)
        assert (shown["width"], shown["height"], shown["tile_m"]) == (SIDE, SIDE, 2)
        assert (shown["origin_x"], shown["origin_y"]) == (walked.origin_x, walked.origin_y)
        assert np.array_equal(solid_of(shown), walked.solid)
        assert np.array_equal(np.array(shown["spawns"]), walked.spawn_points)


def test_the_tiles_are_those_that_tiled_shows_and_lie_where_they_block() -> None:
    shown = sent(4, "zone-1")
    drawn = read_map(MAPS / "zone-1.tmj").layers["ground"]
    assert np.array_equal(tiles_of(shown)[50:550, 50:550], drawn)
    assert np.array_equal(solid_of(shown)[50:550, 50:550] != 0, IS_SOLID[drawn])
    assert BLOCKED not in tiles_of(shown)


def test_the_neighbours_edges_are_around_a_zone_and_nothing_where_the_world_ends() -> None:
    shown = sent(4, "zone-1")  # zone-2 is in the east, zone-3 in the north, zone-4 at the corner
    east, north, corner = (read_map(MAPS / f"zone-{number}.tmj").layers["ground"] for number in (2, 3, 4))
    tiles = tiles_of(shown)
    assert np.array_equal(tiles[50:550, 550:], east[:, :50])
    assert np.array_equal(tiles[550:, 50:550], north[:50, :])
    assert np.array_equal(tiles[550:, 550:], corner[:50, :50])
    assert not tiles[:50].any() and not tiles[:, :50].any()
    assert {row["zone"] for row in shown["neighbours"]} == {"zone-2", "zone-3", "zone-4"}
    assert shown["neighbours"][0]["area"] == {"x": 1000, "y": 0, "width": 1000, "height": 1000}


def test_villages_camps_and_titles_are_named() -> None:
    shown = sent(20, "zone-1")
    assert (shown["title"], shown["biome"]) == ("Emberdale Vale", "vale")
    village = next(area for area in shown["areas"] if area["name"] == "zone-1 village")
    assert village == {"kind": "sanctuary", "name": "zone-1 village", "x": 272, "y": 432, "width": 138, "height": 138}
    ground = own_ground(1)
    assert [camp["name"] for camp in shown["camps"]] == [camp.name for camp in ground.camps]
    assert all(camp["kind"] in GAME.kinds for camp in shown["camps"])


def test_a_zone_made_by_seed_is_shown_like_one_from_a_file() -> None:
    shown = sent(200, "zone-150")
    tiles = tiles_of(shown)[50:550, 50:550]
    assert np.array_equal(IS_SOLID[tiles], own_ground(150).solid != 0)
    assert shown["areas"] and shown["camps"] and shown["spawns"] and shown["neighbours"]


def test_a_map_is_small_on_its_way() -> None:
    assert len(pack_map(shown_map(world_map(20), "zone-7")).small) < 150_000


# The route.


def shown_zone(zone: str) -> dict[str, Any]:
    return {"zone": zone, "layers": {"ground": np.array([[1, 300]])}, "solid": np.array([[True, False]])}


@pytest.fixture
def http() -> Iterator[TestClient[Litestar]]:
    source = MapSource(shown_zone, ("zone-1", "zone-2"), TILESET.read_bytes())
    with TestClient(Litestar(map_routes(source), exception_handlers={Refusal: refused}, logging_config=None)) as client:
        yield client


def test_tiles_are_little_endian_u16_and_solid_is_bits(http: TestClient[Litestar]) -> None:
    answer = http.get("/v1/maps/zone-1")
    assert answer.json() == {"zone": "zone-1", "layers": {"ground": "AQAsAQ=="}, "solid": "AQ=="}
    assert answer.headers["content-type"].startswith("application/json")


def test_who_takes_gzip_gets_it_and_who_does_not_gets_the_same(http: TestClient[Litestar]) -> None:
    packed = http.get("/v1/maps/zone-1", headers={"accept-encoding": "br, gzip;q=0.5"})
    plain = http.get("/v1/maps/zone-1", headers={"accept-encoding": "gzip;q=0, deflate"})
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.json() == plain.json()
    assert {packed.headers["vary"], plain.headers["vary"]} == {"accept-encoding"}


@pytest.mark.parametrize("path", ["/v1/maps/zone-1", "/v1/maps/tileset.png"])
def test_a_map_that_a_browser_has_is_not_sent_again(http: TestClient[Litestar], path: str) -> None:
    first = http.get(path)
    assert first.status_code == 200 and "max-age" in first.headers["cache-control"]
    again = http.get(path, headers={"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get(path, headers={"if-none-match": '"other"'}).status_code == 200


def test_the_tileset_is_the_picture_that_tiled_uses(http: TestClient[Litestar]) -> None:
    answer = http.get("/v1/maps/tileset.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == (MAPS / "emberdale.png").read_bytes()


@pytest.mark.parametrize("zone", ["zone-3", "..", "zone-1/..", "%2e%2e%2fetc"])
def test_there_are_only_maps_of_the_world_s_zones(http: TestClient[Litestar], zone: str) -> None:
    assert http.get(f"/v1/maps/{zone}").status_code == 404


def test_a_map_that_cannot_be_made_is_no_failure_of_the_server() -> None:
    def fail(zone: str) -> dict[str, Any]:
        raise StartupError(f"map of {zone} cannot be read")

    application = Litestar(
        map_routes(MapSource(fail, ("zone-1",))), exception_handlers={Refusal: refused}, logging_config=None
    )
    with TestClient(application) as http:
        assert http.get("/v1/maps/zone-1").status_code == 404
        assert http.get("/v1/maps/tileset.png").status_code == 404


# What is kept.


def test_many_who_ask_at_once_get_the_one_map_that_is_made() -> None:
    made: list[tuple[str, int]] = []

    def show(zone: str) -> dict[str, Any]:
        made.append((zone, threading.get_ident()))
        return shown_zone(zone)

    async def ask() -> list[Any]:
        kept = Maps(MapSource(show, ("zone-1",)))
        return await asyncio.gather(*(kept.find("zone-1") for _ in range(20)))

    answers = asyncio.run(ask())
    assert len(made) == 1 and made[0][1] != threading.get_ident()
    assert all(answer is answers[0] for answer in answers)


def test_no_more_maps_are_kept_than_said_and_those_in_use_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "KEPT_MAPS", 2)
    made: list[str] = []

    def show(zone: str) -> dict[str, Any]:
        made.append(zone)
        return shown_zone(zone)

    async def ask() -> None:
        kept = Maps(MapSource(show, ("a", "b", "c")))
        for zone in ("a", "b", "a", "c", "a", "b"):
            await kept.find(zone)

    asyncio.run(ask())
    assert made == ["a", "b", "c", "b"]


def test_the_same_map_has_the_same_tag_wherever_it_is_made() -> None:
    show = partial(shown_map, world_map(4))
    one, other = pack_map(show("zone-2")), pack_map(show("zone-2"))
    assert one.etag == other.etag and one.small == other.small
    assert gzip.decompress(one.small) == one.plain
    assert pack_map(show("zone-3")).etag != one.etag
