"""All links of one zone, by the directory: to its neighbours, and to whoever has something to say.

Responsible for: which layer of a neighbour is meant, opening links and beginning anew with new epochs, where packets
go, who is there, who wants border blocks.
Not here: packets and their reliability (`peer_link.py`), what messages do (`member.py`).

Invariants: a link lives as long as its pair of epochs; an epoch below the newest known of a zone is never heard. A new
epoch may be learnt from its first packet, before the directory tells: only who knows the world's secret can make one.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final

from myriad.cluster.directory import EMPTY_VIEW, DirectoryView, takes_players
from myriad.cluster.peer_link import NS_PER_MS, PeerLink, Side, read_header
from myriad.cluster.peer_messages import Message, WantBorder, decode, encode
from myriad.cluster.requests import Directory, LeaseRow, ZoneKey
from myriad.core.errors import DROP_PEER_MALFORMED, DROP_PEER_OVERFLOW, DROP_PEER_UNKNOWN
from myriad.game.world_map import WorldMap

SILENCE_NS: Final = 1_500 * NS_PER_MS
"""Whoever was not heard for so long is not there."""
WANT_AGAIN_NS: Final = 1_000 * NS_PER_MS
WANT_HOLDS_NS: Final = 3_000 * NS_PER_MS
MAX_LINKS: Final = 1024
MAX_STRANGERS: Final = 64
"""Packets of unknown epochs that are tried between two readings of the directory; each costs two hashes."""


class Links:
    """The links of one zone under one epoch."""

    def __init__(self, key: ZoneKey, world_map: WorldMap, secret: bytes, drops: MutableSequence[int]) -> None:
        self._key = key
        self._map = world_map
        self._secret = secret
        self._drops = drops
        self._own = Side(world_map.by_name[key.zone].number, key.layer, 0)
        self._neighbours = tuple(zone.name for zone in world_map.neighbours(key.zone))
        self._greeted = frozenset(self._neighbours)
        self._view: DirectoryView = EMPTY_VIEW
        self._preferred: dict[str, ZoneKey] = {}
        self._links: dict[ZoneKey, PeerLink] = {}
        self._endpoints: dict[ZoneKey, str] = {}
        self._restarted: list[ZoneKey] = []
        self._strangers = 0
        self._wanted_by: dict[ZoneKey, int] = {}
        self._wants: dict[ZoneKey, tuple[bool, int]] = {}

    def start(self, epoch: int) -> None:
        """The zone's own epoch is known."""
        self._own = self._own._replace(epoch=epoch)

    # Who is there.

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """A new reading of the directory."""
        self._view = DirectoryView(directory, now_ns)
        self._strangers = 0
        for key, link in list(self._links.items()):
            row = self._view.find(key, now_ns)
            if row is not None and row.epoch > link.other.epoch:
                self._open(key, row.epoch)
        for name in self._neighbours:
            self._prefer(name, now_ns)

    def _prefer(self, name: str, now_ns: int) -> None:
        """Own layer of the neighbour if it runs and takes players, else layer 0; the link to it is kept warm."""
        found = (self._view.find(ZoneKey(name, layer), now_ns) for layer in (self._key.layer, 0))
        rows = [row for row in found if row is not None]
        row = next((row for row in rows if takes_players(row)), rows[0] if rows else None)
        before = self._preferred.get(name)
        if row is None or self._reach(row) is None:
            return
        if before is not None and before != row.key and before in self._links:
            self._links[before].rest()
        self._preferred[name] = row.key
        self._greet_or_rest(name, now_ns)

    def greet_only(self, names: frozenset[str], now_ns: int) -> None:
        """Ask only these neighbours whether they are there; until the first call, all are asked."""
        if names != self._greeted:
            self._greeted = names
            for name in self._preferred:
                self._greet_or_rest(name, now_ns)

    def _greet_or_rest(self, name: str, now_ns: int) -> None:
        link = self._links[self._preferred[name]]
        if name in self._greeted:
            link.greet(now_ns)
        else:
            link.rest()

    def _reach(self, row: LeaseRow) -> PeerLink | None:
        """The link to who runs a zone, opened if need be; None for a zone that is not on the map, or too many links."""
        link = self._links.get(row.key)
        if link is None or link.other.epoch < row.epoch:
            link = self._open(row.key, row.epoch)
        if link is not None and link.other.epoch == row.epoch:
            self._endpoints[row.key] = row.endpoint
        return link

    def _open(self, key: ZoneKey, epoch: int) -> PeerLink | None:
        """A link to a zone's new epoch. What the one before had not delivered is gone."""
        known = key in self._links
        if key.zone not in self._map.by_name or key == self._key or (not known and len(self._links) >= MAX_LINKS):
            return None
        other = Side(self._map.by_name[key.zone].number, key.layer, epoch)
        self._links[key] = PeerLink(self._own, other, self._secret)
        self._wants.pop(key, None)
        self._wanted_by.pop(key, None)
        if known:
            self._restarted.append(key)
        return self._links[key]

    def take_restarted(self) -> list[ZoneKey]:
        """Zones that have a new epoch since the last call."""
        taken, self._restarted = self._restarted, []
        return taken

    def is_heard(self, key: ZoneKey, now_ns: int) -> bool:
        """True if a packet of the zone's newest epoch came lately."""
        link = self._links.get(key)
        return link is not None and link.heard_ns is not None and now_ns - link.heard_ns < SILENCE_NS

    def holds_lease(self, key: ZoneKey, epoch: int, now_ns: int) -> bool:
        """True if the directory says that the zone runs under that epoch."""
        row = self._view.find(key, now_ns)
        return row is not None and row.epoch == epoch

    def epoch_of(self, key: ZoneKey) -> int:
        """The newest epoch known of a zone, 0 if none is."""
        link = self._links.get(key)
        return 0 if link is None else link.other.epoch

    def neighbour(self, name: str, now_ns: int) -> ZoneKey | None:
        """The layer of a neighbour that is meant, if it is there."""
        key = self._preferred.get(name)
        return key if key is not None and self.is_heard(key, now_ns) else None

    def neighbours(self, now_ns: int) -> dict[str, ZoneKey]:
        """All neighbours that are there."""
        found = {name: self.neighbour(name, now_ns) for name in self._neighbours}
        return {name: key for name, key in found.items() if key is not None}

    def round_trips(self, now_ns: int) -> dict[ZoneKey, int]:
        """Round trip in ns to everybody who is there."""
        return {key: link.rtt_ns for key, link in self._links.items() if self.is_heard(key, now_ns)}

    @property
    def num_waiting(self) -> int:
        """Fragments of messages that others have not acknowledged yet."""
        return sum(link.num_waiting for link in self._links.values())

    # Borders.

    def want_border(self, key: ZoneKey, wanted: bool, now_ns: int) -> None:
        """Tell a neighbour whether its border blocks are wanted, when that changes and once a second."""
        before, told_ns = self._wants.get(key, (False, 0))
        due = wanted != before or (wanted and now_ns - told_ns >= WANT_AGAIN_NS)
        if due and self.send(key, WantBorder(wanted)):
            self._wants[key] = (wanted, now_ns)

    def border_wanted(self, key: ZoneKey, wanted: bool, now_ns: int) -> None:
        """A neighbour has said it."""
        if wanted:
            self._wanted_by[key] = now_ns + WANT_HOLDS_NS
        else:
            self._wanted_by.pop(key, None)

    def border_wanted_by(self, now_ns: int) -> tuple[ZoneKey, ...]:
        """Who wants this zone's blocks."""
        return tuple(key for key, until_ns in self._wanted_by.items() if now_ns < until_ns)

    # Packets.

    def send(self, key: ZoneKey, message: Message) -> bool:
        """Queue a reliable message to a zone of the directory, or to one that was heard. False if it cannot be."""
        link = self._links.get(key) or self._introduce(key)
        if link is None or not link.send(encode(message)):
            self._drops[DROP_PEER_OVERFLOW] += link is not None
            return False
        return True

    def send_border(self, key: ZoneKey, block: bytes) -> bool:
        """Send a block once to a zone with a link."""
        link = self._links.get(key)
        return link is not None and link.send_border(block)

    def _introduce(self, key: ZoneKey) -> PeerLink | None:
        row = self._view.find(key, self._view.read_ns)
        return None if row is None else self._reach(row)

    def receive(self, datagram: bytes, sender: str, now_ns: int) -> ZoneKey | None:
        """Take a packet; the zone that it came from if it was good. Others are dropped and counted."""
        header = read_header(datagram)
        if header is None:
            self._drops[DROP_PEER_MALFORMED] += 1
            return None
        zone = self._map.by_number.get(header.source.zone)
        if zone is None or header.target_epoch != self._own.epoch:
            self._drops[DROP_PEER_UNKNOWN] += 1
            return None
        key = ZoneKey(zone.name, header.source.layer)
        link = self._links.get(key)
        if link is None or header.source.epoch > link.other.epoch:
            self._strangers += 1
            if self._strangers > MAX_STRANGERS:
                self._drops[DROP_PEER_OVERFLOW] += 1
                return None
            link = PeerLink(self._own, header.source, self._secret)
        elif header.source.epoch < link.other.epoch:
            self._drops[DROP_PEER_UNKNOWN] += 1
            return None
        reason = link.receive(datagram, header.sequence, now_ns)
        if reason is not None:
            self._drops[reason] += 1
        if link.heard_ns != now_ns:
            return None
        return key if self._keep(key, link, sender) else None

    def _keep(self, key: ZoneKey, link: PeerLink, sender: str) -> bool:
        """A good packet came over `link`: if it is the first of its epoch, the link replaces the older one."""
        if self._links.get(key) is not link:
            if self._open(key, link.other.epoch) is None:
                self._drops[DROP_PEER_OVERFLOW] += 1
                return False
            self._links[key] = link
            self._endpoints[key] = sender
            if self._preferred.get(key.zone) == key:
                self._greet_or_rest(key.zone, link.heard_ns or 0)
        return True

    def take_messages(self, key: ZoneKey) -> list[Message]:
        """Messages of a zone that are complete, in order."""
        messages = [decode(raw) for raw in self._links[key].take_messages()]
        self._drops[DROP_PEER_MALFORMED] += messages.count(None)
        return [message for message in messages if message is not None]

    def take_borders(self, key: ZoneKey) -> list[bytes]:
        """Border blocks of a zone."""
        return self._links[key].take_borders()

    def take_packets(self, now_ns: int) -> list[tuple[str, bytes]]:
        """Everything that is to be sent now, and where to."""
        taken = []
        for key, link in self._links.items():
            packets = link.packets(now_ns)
            if packets and key in self._endpoints:
                taken += [(self._endpoints[key], packet) for packet in packets]
        return taken
