"""Where the zones of a world lie, who is whose neighbour, and which zone owns a point.

Responsible for: geometry of whole zones. Not here: tiles (`game/tilemap.py`), who runs a zone (`cluster/`).

Invariants: zones are rectangles that do not overlap; a zone's number never changes in the life of a world.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple


class ZoneArea(NamedTuple):
    """A zone: `number` (u16), its rectangle in whole metres; the west and south edges belong to it."""

    name: str
    number: int
    x: int
    y: int
    width: int
    height: int

    @property
    def east(self) -> int:
        """First metre that is no longer the zone's."""
        return self.x + self.width

    @property
    def north(self) -> int:
        """First metre that is no longer the zone's."""
        return self.y + self.height

    def contains(self, x: float, y: float) -> bool:
        """True if the point (metres) is the zone's."""
        return self.x <= x < self.east and self.y <= y < self.north

    def distance_m(self, x: float, y: float) -> float:
        """From a point to the zone, 0 inside; the larger of the two coordinates' distances."""
        return max(self.x - x, x - self.east, self.y - y, y - self.north, 0.0)


class WorldMap:
    """All zones of a world. Raises ValueError if two overlap or share a name or a number."""

    def __init__(self, zones: Iterable[ZoneArea]) -> None:
        self.zones = tuple(zones)
        if len({zone.name for zone in self.zones}) != len(self.zones) or len({z.number for z in self.zones}) != len(
            self.zones
        ):
            raise ValueError("zones of a world have names and numbers of their own")
        for i, one in enumerate(self.zones):
            for other in self.zones[i + 1 :]:
                if one.x < other.east and other.x < one.east and one.y < other.north and other.y < one.north:
                    raise ValueError(f"{one.name} and {other.name} overlap")

    @cached_property
    def by_name(self) -> dict[str, ZoneArea]:
        """Zones by name."""
        return {zone.name: zone for zone in self.zones}

    @cached_property
    def by_number(self) -> dict[int, ZoneArea]:
        """Zones by number."""
        return {zone.number: zone for zone in self.zones}

    def zone_at(self, x: float, y: float) -> ZoneArea | None:
        """The zone that owns a point (metres), or None beyond the world."""
        for zone in self.zones:
            if zone.contains(x, y):
                return zone
        return None

    def neighbours(self, name: str) -> tuple[ZoneArea, ...]:
        """Zones that touch `name` along an edge or at a corner, by number."""
        me = self.by_name[name]
        touching = [
            zone
            for zone in self.zones
            if zone is not me and zone.x <= me.east and me.x <= zone.east and zone.y <= me.north and me.y <= zone.north
        ]
        return tuple(sorted(touching, key=lambda zone: zone.number))
