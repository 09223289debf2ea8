"""Where the relay may send: by the directory alone, whatever a token says."""

from __future__ import annotations

import pytest

from myriad.netcode.addresses import Endpoint, parse_endpoint
from myriad.web.relay.routes import Routes
from tests.unit.web.relay.relay_town import directory


def of(routes: Routes, *servers: str) -> list[str]:
    return [str(dialled) for dialled in routes.of(tuple(parse_endpoint(server) for server in servers))]


def test_only_servers_of_the_newest_directory_are_dialled() -> None:
    routes = Routes(())
    assert of(routes, "10.0.0.1:1337") == []
    routes.update(directory("10.0.0.1:1337", "[2001:db8::1]:1338"))
    assert of(routes, "10.0.0.1:1337", "10.0.0.2:1337", "[2001:db8::1]:1338") == ["10.0.0.1:1337", "[2001:db8::1]:1338"]
    routes.update(directory("10.0.0.9:1337"))
    assert of(routes, "10.0.0.1:1337") == []


def test_the_port_alone_is_not_enough_where_a_zone_is_bound_to_one_address() -> None:
    routes = Routes(())
    routes.update(directory("127.0.0.1:1337"))
    assert of(routes, "127.0.0.1:1338", "127.0.0.2:1337") == []


@pytest.mark.parametrize(("bound", "dialled"), [("0.0.0.0:1337", "127.0.0.1:1337"), ("[::]:1337", "[::1]:1337")])
def test_a_zone_on_every_address_of_the_machine_is_dialled_on_it(bound: str, dialled: str) -> None:
    routes = Routes(())
    routes.update(directory(bound))
    assert of(routes, "192.0.2.7:1337") == [dialled]


def test_public_addresses_lead_to_the_zone_that_has_them() -> None:
    routes = Routes(("203.0.113.5", "203.0.113.6:4000"))
    routes.update(directory("10.0.0.1:1337"))
    assert of(routes, "203.0.113.5:1337", "203.0.113.6:4000") == ["10.0.0.1:1337"]
    assert of(routes, "203.0.113.5:1338") == []


def test_what_is_dialled_is_an_address_of_the_directory() -> None:
    routes = Routes(("203.0.113.5",))
    routes.update(directory("10.0.0.1:1337"))
    assert routes.of((Endpoint(0, 0xFFFF_CB00_7105, 1337),)) == [parse_endpoint("10.0.0.1:1337")]
