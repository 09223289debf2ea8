"""The relay: what becomes of a browser's message, of a datagram from a zone, and of time that passes. Sans-I/O.

Responsible for: who has which connection rows, beginning and ending connections, limits, and what is counted.
Not here: netcode in batches (`payloads.py`), where may be dialled (`routes.py`), what waits for slow browsers
(`waiting.py`), sockets and clocks (`runtime/relay_process.py`).

Call order: `enter` for a WebSocket that opened, `take` for each of its messages, `leave` when it is gone; `receive` for
datagrams; `flush` soon after any of them; `step` about twenty times a second; `set_directory` when it was read anew.

Invariants: nothing is sent to an address that the directory does not name; what one browser does touches no other one;
memory is bounded by the number of players. All `now_ns` are of one clock that never goes back.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from myriad.cluster.requests import Directory
from myriad.core.bundle import Bundle
from myriad.netcode.addresses import Endpoint, to_words
from myriad.netcode.client_arrays import (
    CLIENT_CONNECTED,
    DISCONNECTED,
    INVALID_TOKEN,
    SENDING_REQUEST,
    SENDING_RESPONSE,
    start_client,
)
from myriad.netcode.tokens import TokenError, read_token
from myriad.web.gateway.addresses import Network, client_of
from myriad.web.gateway.rate_limits import RateLimit
from myriad.web.relay.limits import NS_PER_S, RelayLimits
from myriad.web.relay.messages import (
    CONNECTED,
    CONNECTING,
    DATA,
    ENDED,
    FOREIGN,
    HEAD_BYTES,
    OPEN,
    ROWS,
    TOO_OFTEN,
    UNREACHABLE,
    is_well_formed,
    state_message,
)
from myriad.web.relay.payloads import (
    BATCH,
    OUT_BATCH,
    leave_row,
    new_relay_arrays,
    open_datagrams,
    poll_rows,
    seal_staged,
)
from myriad.web.relay.player import (
    CLOSE_GOING,
    CLOSE_LATER,
    CLOSE_MALFORMED,
    CLOSE_POLICY,
    Player,
    Ports,
    Wire,
)
from myriad.web.relay.routes import Routes
from myriad.web.relay.waiting import Waiting
from myriad.wire.datagram import MAX_PAYLOAD_BYTES, new_batch

HOLD_NS: Final = 1_500_000_000
"""So long a token waits for a directory that names its zone: the gateway's may be newer than the relay's."""


class Relay:
    """See above."""

    def __init__(
        self, limits: RelayLimits, routes: Routes, protocol_id: int, ports: Ports, exempt: Iterable[Network] = ()
    ) -> None:
        """`exempt`: networks that the limits by address do not apply to."""
        self.limits = limits
        self.routes = routes
        self.incoming = new_batch(BATCH)
        """Where datagrams are put for `receive`, each with its connection row and its length."""
        self.drops: Counter[str] = Counter()
        """Messages and payloads that were thrown away, by reason."""
        self.ends: Counter[str] = Counter()
        """WebSockets that the relay ended, by reason."""
        self.totals: Counter[str] = Counter()
        """messages_up, messages_down, bytes_up (of payloads), datagrams_up, datagrams_down, opens."""
        self.directory_ns: int | None = None
        """When the directory was read last."""
        self.arrays = new_relay_arrays(limits.players * ROWS, protocol_id)
        self._bundle = Bundle(self.arrays)
        self._memory = self.incoming.view(np.uint8).reshape(-1).data
        self._outgoing = new_batch(OUT_BATCH)
        self._staged = self.arrays.staged.reshape(-1).data
        self._staged_rows = self.arrays.staged_rows.data
        self._staged_lengths = self.arrays.staged_lengths.data
        self._num_staged = 0
        self._ports = ports
        self._exempt = tuple(exempt)
        self._enters = RateLimit(limits.opens_per_min)
        self._opens = RateLimit(limits.opens_per_min)
        self._players: list[Player | None] = [None] * limits.players
        self._free = list(range(limits.players))
        self._end = 0
        """Slots from here on are free."""
        self._holding: set[Player] = set()
        self._servers: dict[int, tuple[list[Endpoint], int]] = {}
        """Of rows whose token names several: all of them, and which is dialled."""
        self._second_ns = 0

    # Browsers.

    @property
    def players(self) -> list[Player]:
        """Those who are here."""
        return [player for player in self._players[: self._end] if player is not None]

    @property
    def is_full(self) -> bool:
        """Whether there is no room for one more."""
        return not self._free

    def enter(self, wire: Wire, peer: str | None, forwarded_for: str | None, now_ns: int) -> Player | None:
        """A WebSocket opened, from `peer`; None if it was closed at once."""
        client = client_of(peer, forwarded_for, behind_proxy=self.limits.behind_proxy)
        address = "" if client.is_in(self._exempt) else client.network
        why = "full" if self.is_full else "too_often" if address and self._enters.take(address, now_ns) else ""
        if why:
            self.ends[why] += 1
            wire.close(CLOSE_LATER)
            return None
        slot = heapq.heappop(self._free)
        player = self._players[slot] = Player(slot, wire, address, now_ns)
        self._end = max(self._end, slot + 1)
        return player

    def leave(self, player: Player, now_ns: int) -> None:
        """Its WebSocket is gone, and with it its connections; may be called twice."""
        if player.slot < 0:
            return
        for row in player.rows:
            self._end_row(row, now_ns)
        self._holding.discard(player)
        player.waiting = None
        self._players[player.slot] = None
        heapq.heappush(self._free, player.slot)
        player.slot = -1
        while self._end and self._players[self._end - 1] is None:
            self._end -= 1

    def take(self, player: Player, message: memoryview, now_ns: int) -> None:
        """A binary message came from a browser; the view is used up before this returns."""
        if player.slot < 0:
            return
        player.num_taken += 1
        if player.num_taken > self.limits.messages_per_s:
            self._flooded(player, now_ns)
            return
        if not is_well_formed(message):
            self.refuse(player, now_ns)
            return
        self.totals["messages_up"] += 1
        row = player.slot * ROWS + message[1]
        if message[0] == DATA:
            self._stage(row, message, now_ns)
        elif message[0] == OPEN:
            self._open(player, row, bytes(message[HEAD_BYTES:]), now_ns)
        else:
            self._end_row(row, now_ns)
            player.held.pop(row % ROWS, None)

    def refuse(self, player: Player, now_ns: int) -> None:
        """It sent what no browser may: it is let go."""
        self.drops["malformed"] += 1
        self._let_go(player, CLOSE_MALFORMED, "malformed", now_ns)

    def pause(self, player: Player, now_ns: int) -> None:
        """Its socket takes nothing more for now."""
        if player.slot >= 0 and player.waiting is None:
            player.waiting = Waiting(self.limits.waiting_bytes)
            player.slow_ns = now_ns

    def resume(self, player: Player) -> None:
        """Its socket takes messages again: those that waited go on."""
        waiting, player.waiting = player.waiting, None
        while waiting is not None and (message := waiting.take()) is not None:
            self.totals["messages_down"] += 1
            player.wire.send(message)
            if player.is_slow:  # again: that message filled its socket
                player.waiting = waiting
                return

    # Zones.

    def set_directory(self, directory: Directory, now_ns: int) -> None:
        """It was read anew."""
        self.routes.update(directory)
        self.directory_ns = now_ns
        self._try_held(now_ns)

    def receive(self, count: int, now_ns: int) -> None:
        """Takes in the first `count` (at most `BATCH`) datagrams of `incoming`."""
        num_arrived = open_datagrams(self._bundle, self.incoming, count, now_ns)
        self.totals["datagrams_down"] += count
        ended = self._take_changes(now_ns)
        memory, players = self._memory, self._players
        for row, start, end in self.arrays.arrived[:num_arrived].tolist():
            player = players[row // ROWS]
            if player is None:
                continue
            if player.waiting is None:
                player.wire.send(memory[start:end])
                self.totals["messages_down"] += 1
            elif lost := player.waiting.put(memory[start:end]):
                self.drops[lost] += 1
        self._take_ended(ended)

    def flush(self, now_ns: int) -> None:
        """Sends what browsers gave so far."""
        if self._num_staged:
            used = seal_staged(self._bundle, self._num_staged, self._outgoing, now_ns)
            self._num_staged = 0
            self._send(used)

    def step(self, now_ns: int) -> None:
        """What is due by now."""
        self.flush(now_ns)
        for first in range(0, self._end * ROWS, BATCH):
            end = min(first + BATCH, self._end * ROWS)
            self._send(poll_rows(self._bundle, first, end, now_ns, self._outgoing))
            self._take_ended(self._take_changes(now_ns))
        self._dial_next()
        if now_ns - self._second_ns >= NS_PER_S:
            self._second_ns = now_ns
            self._look_after(now_ns)

    def stop(self, now_ns: int) -> None:
        """Everybody is let go."""
        for player in self.players:
            self._let_go(player, CLOSE_GOING, "stopping", now_ns)

    # How it is done.

    def _let_go(self, player: Player, code: int, why: str, now_ns: int) -> None:
        self.ends[why] += 1
        player.wire.close(code)
        self.leave(player, now_ns)

    def _flooded(self, player: Player, now_ns: int) -> None:
        self.drops["flood"] += 1
        if player.num_taken > self.limits.flood_per_s:
            self._let_go(player, CLOSE_POLICY, "flood", now_ns)

    def _stage(self, row: int, message: memoryview, now_ns: int) -> None:
        if self._num_staged == BATCH:
            self.flush(now_ns)
        k = self._num_staged
        length = len(message) - HEAD_BYTES
        at = k * MAX_PAYLOAD_BYTES
        self._staged[at : at + length] = message[HEAD_BYTES:]
        self._staged_rows[k] = row
        self._staged_lengths[k] = length
        self._num_staged = k + 1
        self.totals["bytes_up"] += length

    def _send(self, count: int) -> None:
        if count:
            self.totals["datagrams_up"] += count
            self.drops["unsent"] += count - self._ports.send(self._outgoing, count)

    def _open(self, player: Player, row: int, token: bytes, now_ns: int) -> None:
        """Begins a connection, whatever the row was before."""
        own = row % ROWS
        self.totals["opens"] += 1
        self._end_row(row, now_ns)
        player.held.pop(own, None)
        if player.waiting is not None:
            player.waiting.forget(own)
        player.tell(own, state_message(own, CONNECTING, 0))
        if player.address and self._opens.take(player.address, now_ns):
            self.drops["too_often"] += 1
            player.tell(own, state_message(own, ENDED, TOO_OFTEN))
            return
        self._begin(player, row, token, now_ns, now_ns + HOLD_NS)

    def _begin(self, player: Player, row: int, token: bytes, now_ns: int, until_ns: int) -> None:
        """Dials if the directory names a server of the token; else the token is held `until_ns`."""
        own = row % ROWS
        try:
            servers = self.routes.of(read_token(token).servers)
        except TokenError:
            player.tell(own, state_message(own, ENDED, INVALID_TOKEN))
            self.drops["bad_token"] += 1
            return
        if not servers and now_ns < until_ns:
            player.held[own] = (token, until_ns)
            self._holding.add(player)
            return
        reason = FOREIGN if not servers else self._dial(row, token, servers, now_ns)
        if reason:
            self.drops["foreign" if reason == FOREIGN else "bad_token" if reason == INVALID_TOKEN else "no_port"] += 1
            player.tell(own, state_message(own, ENDED, reason))

    def _dial(self, row: int, token: bytes, servers: list[Endpoint], now_ns: int) -> int:
        """0, or the reason why not."""
        net = self.arrays.net
        if start_client(net, row, token, now_ns) != SENDING_REQUEST:
            return INVALID_TOKEN
        net.clients["num_servers"][row] = len(servers)
        for k, server in enumerate(servers):
            net.clients["servers"][row, k] = to_words(server)
        net.connections["address"][row] = net.clients["servers"][row, 0]
        if not self._ports.dial(row, servers[0]):
            net.clients["state"][row] = DISCONNECTED
            return UNREACHABLE
        self.arrays.seen[row] = SENDING_REQUEST
        if len(servers) > 1:
            self._servers[row] = (servers, 0)
        self._poll_row(row, now_ns)
        return 0

    def _poll_row(self, row: int, now_ns: int) -> None:
        self._send(poll_rows(self._bundle, row, row + 1, now_ns, self._outgoing))

    def _dial_next(self) -> None:
        """Servers that do not answer were given up for the next ones of their tokens."""
        for row, (servers, dialled) in list(self._servers.items()):
            server = int(self.arrays.net.clients["server"][row])
            if server != dialled:
                self._servers[row] = (servers, server)
                self._ports.dial(row, servers[server])

    def _end_row(self, row: int, now_ns: int) -> None:
        """Without a word to the browser."""
        if self.arrays.net.clients["state"][row] > DISCONNECTED:
            self.flush(now_ns)
            self._send(leave_row(self._bundle, row, now_ns, self._outgoing))
            self._hang_up(row)

    def _hang_up(self, row: int) -> None:
        self._servers.pop(row, None)
        self._ports.hang_up(row)

    def _take_changes(self, now_ns: int) -> list[int]:
        """Tells of connections that stand; those that ended come back, to be told after their last payloads."""
        ended = []
        counts = self.arrays.counts
        while counts[0]:
            rows = self.arrays.changed[: counts[0]].tolist()
            counts[0] = 0
            for row in rows:
                state = int(self.arrays.net.clients["state"][row])
                if state == SENDING_RESPONSE:
                    self._poll_row(row, now_ns)
                elif state <= DISCONNECTED:
                    ended.append(row)
                elif state == CLIENT_CONNECTED:
                    self._tell(row, CONNECTED, state)
        return ended

    def _take_ended(self, rows: list[int]) -> None:
        for row in dict.fromkeys(rows):
            self._hang_up(row)
            self._tell(row, ENDED, int(self.arrays.net.clients["state"][row]))

    def _tell(self, row: int, state: int, reason: int) -> None:
        player = self._players[row // ROWS]
        if player is not None:
            player.tell(row % ROWS, state_message(row % ROWS, state, reason))

    def _try_held(self, now_ns: int) -> None:
        for player in list(self._holding):
            held, player.held = player.held, {}
            for own, (token, until_ns) in held.items():
                self._begin(player, player.slot * ROWS + own, token, now_ns, until_ns)
            if not player.held:
                self._holding.discard(player)

    def _look_after(self, now_ns: int) -> None:
        """Once a second: who is slow, who has no connection, who may send again."""
        self._try_held(now_ns)
        states = self.arrays.net.clients["state"]
        for player in self.players:
            player.num_taken = 0
            if player.held or any(states[row] > DISCONNECTED for row in player.rows):
                player.alive_ns = now_ns
            if player.waiting is not None and now_ns - player.slow_ns >= self.limits.slow_ns:
                self._let_go(player, CLOSE_LATER, "slow", now_ns)
            elif now_ns - player.alive_ns >= self.limits.idle_ns:
                self._let_go(player, CLOSE_GOING, "idle", now_ns)
