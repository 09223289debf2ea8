"""A second of play in memory: one zone, one client, no sockets. It calls every kernel of zone, game and client once.

Responsible for: a zone with few inhabitants and a client that joins it, walks, talks and leaves, in steps.
Not here: the list of all kernels (`cli/kernels.py`); tests of what happens (`tests/scenarios/`).

Invariant: arrays have the types of real use, whatever their sizes; nothing outlives the rehearsal but machine code.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from emberdale.game import GAME
from myriad.cli.zones import make_zone
from myriad.client.arrays import new_clients_arrays, start_session
from myriad.client.inputs import push_input
from myriad.client.receiving import receive_datagram
from myriad.client.sending import write_control_packet, write_input_packet
from myriad.core.errors import MyriadError
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.netcode.client import client_disconnect, client_poll
from myriad.netcode.client_arrays import CLIENT_CONNECTED
from myriad.netcode.reliable import push
from myriad.runtime.hosted_zone import ZoneSite
from myriad.wire.datagram import new_batch
from myriad.wire.layouts import CHANNEL_CHAT, CHAT_SAY, CHAT_ZONE

_TICK_NS: Final = 1_000_000_000 // 60
_WALL_S: Final = 1_800_000_000
_SERVER: Final = parse_endpoint("127.0.0.1:1337")
_CLIENT: Final = parse_endpoint("127.0.0.1:1338")
_ROW: Final = 0
_MAX_JOIN_TICKS: Final = 120
_PLAY_TICKS: Final = 90


class Rehearsal:
    """Its steps, in order: `open`, `connect`, `play`, `leave`."""

    def __init__(self) -> None:
        self._now_ns = 1_000_000_000
        self._ticks = 0
        self._out = new_batch(16)
        self._in = new_batch(16)
        self._server_words = to_words(_SERVER)
        self._client_words = to_words(_CLIENT)

    def open(self) -> None:
        """Builds a zone and lets it be idle."""
        settings = Settings(npcs=20, view_digests=True)
        self._zone = make_zone(settings, ZoneSite(GAME.zones[0], (_SERVER,), PhaseTimer(lambda: self._now_ns)))
        self._zone.receive(self._in, 0, self._now_ns, _WALL_S)
        self._zone.poll(self._now_ns)

    def connect(self) -> None:
        """A client joins. Raises MyriadError if that does not work: nobody could play."""
        own, private = GAME.own_dtype.itemsize, GAME.private_dtype.itemsize
        self._clients = new_clients_arrays(1, self._zone.protocol_id, 60, own, private)
        token = self._zone.login("rehearsal", None, None, (_SERVER,), _WALL_S)
        start_session(self._clients, _ROW, token, self._now_ns)
        while not self._clients.sessions["joined"][_ROW]:
            if self._ticks >= _MAX_JOIN_TICKS:
                raise MyriadError("the rehearsal's client could not join its zone")
            used = int(client_poll(self._clients.net, _ROW, _ROW + 1, self._now_ns, self._out, 0))
            if self._clients.net.clients["state"][_ROW] == CLIENT_CONNECTED:
                write_control_packet(self._clients, _ROW, self._out, 0, self._now_ns)
                used = 1
            self._step(used)

    def play(self) -> None:
        """It walks and says something."""
        words = np.frombuffer(bytes([CHAT_SAY, CHAT_ZONE]) + b"hello", np.uint8).copy()
        push(self._clients.reliable, _ROW, CHANNEL_CHAT, words, len(words))
        for tick in range(_PLAY_TICKS):
            push_input(self._clients.queues, _ROW, 0, tick & 255, 255, 0, 1, 0, 0)
            used = 1 if tick % 6 == 0 else 0
            if used:
                write_input_packet(self._clients, _ROW, self._out, 0, 6, 0, self._now_ns)
            self._step(used)

    def leave(self) -> None:
        """It disconnects, and the zone closes."""
        self._step(int(client_disconnect(self._clients.net, _ROW, self._out, 0, self._now_ns)))
        self._zone.close(self._now_ns)

    def _step(self, used: int) -> None:
        """One tick: the client's first `used` outgoing datagrams reach the zone, and the zone's the client."""
        zone = self._zone
        self._ticks += 1
        self._now_ns += _TICK_NS
        self._in[:used] = self._out[:used]
        self._in["address"][:used] = self._client_words
        zone.receive(self._in, used, self._now_ns, _WALL_S)
        if zone.idle:
            zone.poll(self._now_ns)
        else:
            zone.tick(self._now_ns)
        batch, count = zone.outgoing
        for i in range(count):
            self._in[0] = batch[i]
            self._in["address"][0] = self._server_words
            receive_datagram(self._clients, _ROW, self._in, 0, self._now_ns)
