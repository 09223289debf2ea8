"""The swarm's loop: thousands of clients on one thread, in one kernel, without the GIL.

Responsible for: sending every client's packets at their times, receiving what comes, the impairment between both and
the sockets, bots' decisions, and counting.
Not here: each of these (`client/`, `loadtest/bots.py`, `delay_queue.py`, `sockets.py`, `measure.py`), logins and the
window (`loadtest/run.py`).

How it works: player p of n has its turn at start + k × interval + p × interval / n, so turns come evenly and a pointer
that goes round finds the next one. A turn sends what is due for that player: a handshake packet, or its next inputs as
its bot decides. Between turns the loop waits for readable sockets, at most until the next turn.

In a world of zones a player has several connection rows, p, n + p, 2n + p and so on. It plays through `plan.row`;
others wait at other zones, and one takes over when it is made welcome there. Messages for which a kernel is too stiff
go to `mail`, which Python empties between two slices. In a test of one zone there is one row a player, and no mail.

Invariants: a turn that comes late is made up for, never left out, and its lateness is recorded; nothing is allocated;
every player acts only on what it was told; mail that does not fit stops the loop, so none is lost.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.client.arrays import Clients
from myriad.client.clock import take_due_ticks
from myriad.client.inputs import push_input, room_for_inputs
from myriad.client.receiving import BAD_PAYLOAD, NEWEST_SNAPSHOT, NOTHING, SNAPSHOT, receive_datagram
from myriad.client.sending import write_control_packet, write_input_packet
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.loadtest.bots import Bots, decide
from myriad.loadtest.delay_queue import DOWN, UP, DelayQueue, next_due_ns, offer, take_due
from myriad.loadtest.journeys import Travels, note_late, note_moved, note_welcome
from myriad.loadtest.mail import Mail, is_filling, post
from myriad.loadtest.measure import (
    Measures,
    forget_ticks,
    note_confirmed,
    note_received,
    note_sent,
    note_sent_input,
    note_tick,
)
from myriad.loadtest.sight import Sight, look_around
from myriad.loadtest.sockets import SocketArrays, monotonic_ns, receive_one, rest, send_one, wait_readable
from myriad.netcode.client import client_disconnect, client_poll
from myriad.netcode.client_arrays import CLIENT_CONNECTED, DISCONNECTED
from myriad.netcode.reliable import has_block, push
from myriad.wire.datagram import MAX_PACKET_BYTES
from myriad.wire.layouts import CHANNEL_CHAT, MAX_WHOIS, SNAPSHOT_OWN, UNITS_PER_M
from myriad.wire.pack import get_u16, get_u32

WAITING = 0
"""The client has not begun, or has left."""

PLAYING = 1
LEAVING = 2

RENDER_TICKS_BACK = 6
LOOK_EVERY_NS = 500_000_000
LOOK_AGAIN_NS = 200_000_000
"""While it goes for something."""

JUMP_M = 8.0
"""A step between two own states that is longer than this is a teleport, not a walk."""

PLAN = np.dtype(
    [
        ("stage", "u1"),  # WAITING, PLAYING or LEAVING
        ("row", "<i4"),  # the connection that it plays through
        ("has_place", "u1"),
        ("num_whois", "u1"),
        ("x", "<f8"),  # metres, of the newest own state
        ("y", "<f8"),
        ("next_look_ns", "<i8"),
        ("whois", "<u4", (MAX_WHOIS,)),
    ],
    align=True,
)
SCHEDULE = np.dtype(
    [
        ("round_ns", "<i8"),  # when the present round of turns began
        ("interval_ns", "<i8"),
        ("next_player", "<i4"),
        ("stop", "u1"),
        ("own_x_at", "<i4"),  # offsets in the own state
        ("own_y_at", "<i4"),
        ("own_hp_at", "<i4"),
        ("turns", "<i8"),
        ("wakes", "<i8"),
    ],
    align=True,
)


class Swarm(NamedTuple):
    """All state of a swarm of n players: `clients`, `sockets` and `delays` have a row a connection, the rest n rows."""

    clients: Clients
    sockets: SocketArrays
    delays: DelayQueue
    measures: Measures
    bots: Bots
    sight: Sight
    plan: npt.NDArray[np.void]  # (n,) PLAN
    actions: npt.NDArray[np.void]  # (n,) ACTION
    travels: Travels
    mail: Mail
    schedule: npt.NDArray[np.void]  # (1,) SCHEDULE
    inbox: npt.NDArray[np.void]  # (1,) DATAGRAM: the one being received
    outbox: npt.NDArray[np.void]  # (16,) DATAGRAM: those being sent
    chat: npt.NDArray[np.uint8]  # a chat message as it goes on the wire


@inner_kernel
def player_of(swarm: Swarm, row: int) -> int:
    """Whose connection row it is."""
    return row % len(swarm.plan)


@inner_kernel
def _is_waiting(swarm: Swarm, player: int, row: int) -> bool:
    """True if that row of the player's has not been made welcome yet, and is not given up."""
    clients = swarm.clients
    present = row == int(swarm.plan["row"][player])
    return not present and clients.net.clients["state"][row] > DISCONNECTED and clients.sessions["joined"][row] == 0


@inner_kernel
def _hand_over(swarm: Swarm, row: int, buf: npt.NDArray[np.uint8], length: int) -> None:
    """Gives a datagram to the socket."""
    taken = send_one(int(swarm.sockets.fds[row]), buf, length) == length
    note_sent(swarm.measures, player_of(swarm, row), length, taken)


@inner_kernel
def _transmit(swarm: Swarm, used: int, row: int, now_ns: int) -> None:
    """Sends the first `used` datagrams of the outbox from connection `row`, through the impairment if there is one."""
    for i in range(used):
        buf = swarm.outbox["data"][i]
        length = int(swarm.outbox["length"][i])
        if swarm.delays.rules["active"][0] != 0:
            offer(swarm.delays, now_ns, row, UP, buf, length)
        else:
            _hand_over(swarm, row, buf, length)


@inner_kernel
def _note_place(swarm: Swarm, player: int, row: int) -> None:
    """Takes the avatar's place from the own state, and counts the way it went."""
    own = swarm.clients.states["own"][row]
    schedule = swarm.schedule
    plan = swarm.plan
    qx = get_u32(own, int(schedule["own_x_at"][0]))
    qy = get_u32(own, int(schedule["own_y_at"][0]))
    x = (qx - 0x100000000 if qx >= 0x80000000 else qx) / UNITS_PER_M
    y = (qy - 0x100000000 if qy >= 0x80000000 else qy) / UNITS_PER_M
    if plan["has_place"][player] != 0:
        way_x = x - float(plan["x"][player])
        way_y = y - float(plan["y"][player])
        way_m = np.sqrt(way_x * way_x + way_y * way_y)
        if way_m < JUMP_M:
            swarm.measures.counts["moved_m"][player] += way_m
    plan["has_place"][player] = 1
    plan["x"][player] = x
    plan["y"][player] = y


@inner_kernel
def _take_messages(swarm: Swarm, player: int) -> None:
    """Counts what was said, and posts what is for Python."""
    reliable = swarm.clients.reliable
    for entry in range(int(reliable.state["num_inbox"][0])):
        if reliable.inbox["channel"][entry] == CHANNEL_CHAT and reliable.inbox["more"][entry] == 0:
            swarm.measures.counts["chats"][player] += 1
        post(swarm.mail, player, reliable.inbox, entry)
    reliable.state["num_inbox"][0] = 0


@inner_kernel
def _go_over(swarm: Swarm, player: int, row: int, now_ns: int) -> None:
    """The player was made welcome where it waited: it plays through that connection from now on, and waits nowhere."""
    clients = swarm.clients
    swarm.plan["row"][player] = row
    for other in range(player, len(swarm.sockets.fds), len(swarm.plan)):
        if _is_waiting(swarm, player, other):
            clients.net.clients["state"][other] = DISCONNECTED
    note_welcome(swarm.travels, player, clients, row)
    forget_ticks(swarm.measures, player)
    write_input_packet(clients, row, swarm.outbox, 0, RENDER_TICKS_BACK, 0, now_ns)
    _transmit(swarm, 1, row, now_ns)


@inner_kernel
def deliver(swarm: Swarm, row: int, now_ns: int) -> None:
    """Connection `row` gets the datagram in the inbox."""
    clients = swarm.clients
    player = player_of(swarm, row)
    for k in range(4):
        swarm.inbox["address"][0, k] = clients.net.connections["address"][row, k]
    joined = int(clients.sessions["joined"][row])
    result = receive_datagram(clients, row, swarm.inbox, 0, now_ns)
    if result == NOTHING:
        return
    _take_messages(swarm, player)
    if row != int(swarm.plan["row"][player]):
        if joined != 0:
            note_late(swarm.travels, player, clients, row, int(swarm.plan["row"][player]))
            return
        if clients.sessions["joined"][row] == 0:
            return
        _go_over(swarm, player, row, now_ns)
    counts = swarm.measures.counts
    if result == BAD_PAYLOAD:
        counts["malformed"][player] += 1
        return
    if result != SNAPSHOT and result != NEWEST_SNAPSHOT:
        return
    states = clients.states
    flags = int(clients.news["flags"][0])
    if note_tick(swarm.measures, player, int(clients.news["tick"][0]), now_ns) and (
        flags & SNAPSHOT_OWN != 0 or states["has_own"][row] != 0
    ):
        counts["own"][player] += 1
    if result == NEWEST_SNAPSHOT:
        last_input = int(states["last_input"][row])
        note_confirmed(swarm.measures, player, last_input, now_ns)
        note_moved(swarm.travels, player, last_input, now_ns)
        if flags & SNAPSHOT_OWN:
            _note_place(swarm, player, row)


@inner_kernel
def _play(swarm: Swarm, player: int, row: int, intended_ns: int, now_ns: int) -> None:
    """A connected player's turn: its bot decides, and its next inputs leave."""
    clients = swarm.clients
    plan = swarm.plan
    actions = swarm.actions
    swarm.bots.bots["x"][player] = plan["x"][player]
    swarm.bots.bots["y"][player] = plan["y"][player]
    if now_ns >= int(plan["next_look_ns"][player]):
        hunting = swarm.bots.bots["prey_id"][player] != 0
        plan["next_look_ns"][player] = now_ns + (LOOK_AGAIN_NS if hunting else LOOK_EVERY_NS)
        look_around(swarm.sight, clients, row, swarm.bots, plan, player, now_ns)
    alive = get_u16(clients.states["own"][row], int(swarm.schedule["own_hp_at"][0])) > 0  # 0 before it is known
    decide(swarm.bots, player, now_ns, alive, actions)
    intent = int(actions["intent"][player])
    ticks = take_due_ticks(clients.clocks, row, now_ns, int(clients.states["buffer_hint"][row]))
    if intent != 0:
        ticks = max(ticks, 1)
    ticks = min(ticks, room_for_inputs(clients.queues, row))
    number = push_input(
        clients.queues,
        row,
        int(actions["buttons"][player]),
        int(actions["move_dir"][player]),
        int(actions["move_mag"][player]),
        int(actions["heading"][player]),
        ticks,
        intent,
        int(actions["argument"][player]),
    )
    if intent != 0 and ticks > 0 and intent == int(swarm.bots.guide["attack"][0]):
        swarm.measures.counts["attacks"][player] += 1
    if actions["chat"][player] != 0:
        push(clients.reliable, row, CHANNEL_CHAT, swarm.chat, len(swarm.chat))
    num_whois = int(plan["num_whois"][player])
    for k in range(num_whois):
        clients.whois[k] = plan["whois"][player, k]
    plan["num_whois"][player] = 0
    asked = write_input_packet(clients, row, swarm.outbox, 0, RENDER_TICKS_BACK, num_whois, now_ns)
    swarm.measures.counts["nacks"][player] += asked
    _transmit(swarm, 1, row, now_ns)
    note_sent_input(swarm.measures, player, number, intended_ns, now_ns)


@inner_kernel
def _wait_elsewhere(swarm: Swarm, player: int, now_ns: int) -> None:
    """Connections that wait send their handshake and keep-alives, until one is made welcome."""
    for row in range(player, len(swarm.sockets.fds), len(swarm.plan)):
        if _is_waiting(swarm, player, row):
            _transmit(swarm, client_poll(swarm.clients.net, row, row + 1, now_ns, swarm.outbox, 0), row, now_ns)


@inner_kernel
def take_turn(swarm: Swarm, player: int, intended_ns: int, now_ns: int) -> None:
    """What a player does at its turn, which was to be at `intended_ns`."""
    plan = swarm.plan
    stage = int(plan["stage"][player])
    if stage == WAITING:
        return
    clients = swarm.clients
    row = int(plan["row"][player])
    if stage == LEAVING:
        _transmit(swarm, client_disconnect(clients.net, row, swarm.outbox, 0, now_ns), row, now_ns)
        plan["stage"][player] = WAITING
        return
    if clients.net.clients["state"][row] == CLIENT_CONNECTED:
        if clients.sessions["joined"][row] != 0:
            _play(swarm, player, row, intended_ns, now_ns)
        elif has_block(clients.reliable, row, now_ns):
            write_control_packet(clients, row, swarm.outbox, 0, now_ns)
            _transmit(swarm, 1, row, now_ns)
    _transmit(swarm, client_poll(clients.net, row, row + 1, now_ns, swarm.outbox, 0), row, now_ns)
    if len(swarm.sockets.fds) > len(plan):
        _wait_elsewhere(swarm, player, now_ns)


@inner_kernel
def _take_turns(swarm: Swarm, now_ns: int) -> int:
    """All turns that are due; returns when the next one is."""
    schedule = swarm.schedule
    number = len(swarm.plan)
    interval_ns = int(schedule["interval_ns"][0])
    while True:
        player = int(schedule["next_player"][0])
        intended_ns = int(schedule["round_ns"][0]) + player * interval_ns // number
        if intended_ns > now_ns:
            return intended_ns
        take_turn(swarm, player, intended_ns, monotonic_ns(swarm.sockets))
        schedule["turns"][0] += 1
        player += 1
        if player == number:
            player = 0
            schedule["round_ns"][0] += interval_ns
        schedule["next_player"][0] = player


@inner_kernel
def _release_delayed(swarm: Swarm, now_ns: int) -> None:
    """Lets out what the impaired network has held until now."""
    slots = swarm.delays.slots
    while True:
        slot = take_due(swarm.delays, now_ns)
        if slot < 0:
            return
        row = int(slots["row"][slot])
        length = int(slots["length"][slot])
        if slots["direction"][slot] == UP:
            _hand_over(swarm, row, slots["data"][slot], length)
        else:
            for k in range(length):
                swarm.inbox["data"][0, k] = slots["data"][slot, k]
            swarm.inbox["length"][0] = length
            deliver(swarm, row, now_ns)


@inner_kernel
def _receive_ready(swarm: Swarm, count: int) -> None:
    """One datagram from each of the first `count` readable sockets."""
    sockets = swarm.sockets
    buf = swarm.inbox["data"][0]
    for k in range(count):
        fd = int(sockets.ready[k])
        length = receive_one(fd, buf)
        if length < 0:
            continue
        now_ns = monotonic_ns(sockets)
        row = int(sockets.row_of_fd[fd])
        note_received(swarm.measures, player_of(swarm, row), length)
        length = min(length, MAX_PACKET_BYTES + 1)
        if swarm.delays.rules["active"][0] != 0:
            offer(swarm.delays, now_ns, row, DOWN, buf, length)
        else:
            swarm.inbox["length"][0] = length
            deliver(swarm, row, now_ns)


MAX_REST_MS = 1
"""The swarm looks at its sockets so often. It does not wait on them: waking a waiting thread for each datagram is paid
by the thread that sends it, so a generator on the server's machine would charge its own wakes to the server."""


@bare_kernel
def run_swarm(swarm: Swarm, until_ns: int) -> None:
    """Runs the swarm until the monotonic clock shows `until_ns` or `schedule.stop` is set by another thread.

    Returns earlier when there is much mail.
    """
    while swarm.schedule["stop"][0] == 0:
        now_ns = monotonic_ns(swarm.sockets)
        if now_ns >= until_ns or is_filling(swarm.mail):
            return
        _release_delayed(swarm, now_ns)
        wake_ns = min(_take_turns(swarm, now_ns), until_ns)
        due_ns = next_due_ns(swarm.delays)
        if due_ns >= 0:
            wake_ns = min(wake_ns, due_ns)
        wait_ms = max((wake_ns - now_ns + 999_999) // 1_000_000, 0)
        rest(swarm.sockets, min(wait_ms, MAX_REST_MS))
        _receive_ready(swarm, wait_readable(swarm.sockets, 0))
        swarm.schedule["wakes"][0] += 1
