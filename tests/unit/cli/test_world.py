"""Ports of a world: a second one beside the first needs no settings."""

from __future__ import annotations

import pytest

from myriad.cli.world import with_free_ports
from myriad.core.settings import Settings


@pytest.mark.parametrize(
    ("http_port", "base", "wanted"),
    [(8080, 1337, 1337), (8081, 1337, 0), (8081, 2000, 2000), (8080, 0, 0)],
)
def test_a_world_on_another_http_port_takes_any_free_udp_ports(http_port: int, base: int, wanted: int) -> None:
    settings = with_free_ports(Settings(http_port=http_port, udp_port_base=base))
    assert (settings.http_port, settings.udp_port_base) == (http_port, wanted)
