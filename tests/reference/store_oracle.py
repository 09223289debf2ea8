"""A store in dictionaries, for claims, leases, cuts and departures: slow, obvious, and without any database.

Zones, hosts and keys are any hashable values; answers are tuples whose first word says what happened.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

VOID = (0, 0)


class StoreOracle:
    """What a store should hold after the requests so far."""

    def __init__(self) -> None:
        self.now = 0
        self.leases: dict[Any, dict[str, Any]] = {}
        self.characters: dict[int, dict[str, Any]] = {}
        self.states: dict[Any, tuple[int, int]] = {}
        self.outcomes: dict[int, bool] = {}
        self.holdings: Counter[tuple[Any, int]] = Counter()
        self.minted: Counter[int] = Counter()
        self.burned: Counter[int] = Counter()
        self.num_shortfalls = 0

    def create(self, number: int, owner: Any) -> None:
        self.characters[number] = {"owner": owner, "epoch": 0, "playing": False, "hop": 0, "session": 0, "record": None}

    def epoch(self, zone: Any) -> int:
        return int(self.leases[zone]["epoch"]) if zone in self.leases else 0

    def holds(self, zone: Any, epoch: int) -> bool:
        return self.epoch(zone) == epoch and zone in self.leases and self.leases[zone]["host"] is not None

    def acquire(self, zone: Any, host: str, key: bytes, ttl: int, dead: str) -> tuple[Any, ...]:
        lease = self.leases.setdefault(zone, {"epoch": 0, "host": None, "key": b"", "end": 0})
        holder = lease["host"]
        if holder is not None and holder not in (host, dead) and lease["end"] > self.now:
            return ("refused", holder, lease["end"] - self.now)
        if (holder, lease["key"]) != (host, key):
            lease["epoch"] += 1
        lease.update(host=host, key=key, end=self.now + ttl)
        return ("granted", lease["epoch"], self.states.get(zone), self.residents(zone))

    def renew(self, zone: Any, epoch: int, ttl: int) -> tuple[Any, ...]:
        if not self.holds(zone, epoch):
            return ("fenced", self.epoch(zone))
        self.leases[zone]["end"] = self.now + ttl
        return ("done",)

    def release(self, zone: Any, epoch: int) -> tuple[Any, ...]:
        if zone in self.leases and self.epoch(zone) == epoch:
            self.leases[zone].update(host=None, key=b"", end=0)
        return ("done",)

    def directory(self) -> list[Any]:
        return sorted(
            zone for zone, lease in self.leases.items() if lease["host"] is not None and lease["end"] > self.now
        )

    def residents(self, zone: Any) -> list[int]:
        return sorted(n for n, c in self.characters.items() if c["playing"] and c["owner"] == zone)

    def claim(self, zone: Any, epoch: int, number: int, session: int) -> tuple[Any, ...]:
        if not self.holds(zone, epoch):
            return ("fenced", self.epoch(zone))
        if number not in self.characters:
            return ("elsewhere", None)
        character = self.characters[number]
        if character["playing"] and character["owner"] != zone:
            return ("elsewhere", character["owner"])
        if not character["playing"]:
            character.update(owner=zone, epoch=epoch, playing=True, hop=character["hop"] + 1)
        character["session"] = session
        return ("claimed", number)

    def cut(
        self,
        zone: Any,
        epoch: int,
        number: int,
        entries: list[tuple[int, int, Any, Any]],
        leavers: list[tuple[int, int, bytes]],
        departures: list[tuple[int, int, int, Any, int, bytes]],
    ) -> tuple[Any, ...]:
        """entries: (asset, amount, source, target); leavers: (character, hop, record); departures: (transfer,
        character, hop, target, target's epoch, record)."""
        if not self.holds(zone, epoch):
            return ("fenced", self.epoch(zone))
        if self.states.get(zone, (0, 0)) < (epoch, number):
            self.states[zone] = (epoch, number)
            self._book(entries)
            for character, hop, record in leavers:
                if self._is_here(zone, character, hop):
                    self.characters[character].update(playing=False, hop=hop + 1, record=record)
            for transfer, character, hop, target, target_epoch, record in departures:
                if transfer in self.outcomes:
                    continue
                done = self.holds(target, target_epoch) and self._is_here(zone, character, hop)
                self.outcomes[transfer] = done
                if done:
                    self.characters[character].update(owner=target, epoch=target_epoch, hop=hop + 1, record=record)
        return ("committed", number, [self.outcomes.get(departure[0], False) for departure in departures])

    def held(self, holder: Any) -> Counter[int]:
        return Counter({asset: amount for (who, asset), amount in self.holdings.items() if who == holder and amount})

    def _is_here(self, zone: Any, number: int, hop: int) -> bool:
        character = self.characters[number]
        return bool(character["playing"]) and character["owner"] == zone and character["hop"] == hop

    def _book(self, entries: list[tuple[int, int, Any, Any]]) -> None:
        for asset, amount, source, target in entries:
            self.minted[asset] += amount if source == VOID else 0
            self.burned[asset] += amount if target == VOID else 0
            self.holdings[source, asset] -= amount
            self.holdings[target, asset] += amount
        for (holder, asset), amount in list(self.holdings.items()):
            if holder == VOID:
                self.holdings[holder, asset] = 0
            elif amount < 0:
                self.holdings[holder, asset] = 0
                self.minted[asset] -= amount
                self.num_shortfalls += 1
