"""The yardsticks are honest: who joins is told of the others, who is near is told of, and the price is what it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import numpy as np
import pytest

from benchmarks.naive.clients import Clients, Window
from benchmarks.naive.measure import next_number
from benchmarks.naive.server import (
    INPUT,
    JOIN,
    KINDS,
    MAX_PAYLOAD,
    TYPE_INPUT,
    TYPE_JOIN,
    TYPE_LEAVE,
    UPDATE,
    NaiveServer,
    open_server,
)
from benchmarks.naive.state import ENTITY, NPC, PLAYER, SIDE_M, TICK_HZ, WALK_MPS, State

Scene = Callable[[NaiveServer, list["Player"]], Awaitable[None]]


class Player(asyncio.DatagramProtocol):
    """A connection that keeps the newest update and counts datagrams."""

    def __init__(self) -> None:
        self.parts: dict[int, bytes] = {}
        self.tick = self.longest = self.acknowledged = self.num_parts = 0
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, _: object) -> None:
        self.longest = max(self.longest, len(data))
        tick, self.acknowledged, part, self.num_parts = UPDATE.unpack_from(data)
        if tick != self.tick:
            self.tick, self.parts = tick, {}
        self.parts[part] = data[UPDATE.size :]

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()

    def send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.sendto(data)

    @property
    def seen(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.parts[k] for k in sorted(self.parts)), ENTITY)


def play(kind: str, npcs: int, places: list[tuple[float, float]], scene: Scene) -> None:
    """Players join a server that ticks when the scene lets it, all in one process."""

    async def run() -> None:
        server, address = await open_server(kind, npcs, len(places), 0)
        players: list[Player] = []
        for place in places:
            _, player = await asyncio.get_running_loop().create_datagram_endpoint(Player, remote_addr=address)
            player.send(JOIN.pack(TYPE_JOIN, *place))
            players.append(player)
            await until(lambda: len(server.clients) == len(players))
        try:
            await scene(server, players)
        finally:
            server.close()
            for player in players:
                player.close()

    asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def one_tick(server: NaiveServer, players: list[Player]) -> None:
    """A tick of which everybody has heard."""
    server.tick += 1
    server.state.step()
    server.send()
    await until(lambda: all(p.tick == server.tick and len(p.parts) == p.num_parts for p in players))


def test_who_joins_the_first_server_is_told_of_everybody_in_datagrams_that_fit() -> None:
    async def scene(server: NaiveServer, players: list[Player]) -> None:
        await one_tick(server, players)
        for player in players:
            assert sorted(player.seen["id"]) == list(range(1, 204))
            assert (player.seen["kind"] == PLAYER).sum() == 3
            assert len(player.parts) > 1 and player.longest <= MAX_PAYLOAD

    play("everyone", 200, [(10, 10), (500, 500), (990, 990)], scene)


def test_the_sister_tells_of_everybody_within_100_m_and_nobody_beyond_the_cells_around() -> None:
    async def scene(server: NaiveServer, players: list[Player]) -> None:
        await one_tick(server, players)
        everybody = server.state.entities
        for player, row in zip(players, range(2000, 2003), strict=True):
            me = everybody[row]
            away = np.maximum(abs(everybody["x"] - me["x"]), abs(everybody["y"] - me["y"]))
            told = np.isin(everybody["id"], player.seen["id"])
            assert told[away <= 100].all()
            assert not told[away > 200].any()
            assert told[row], "and of itself"

    play("nearby", 2000, [(0, 0), (500, 500), (1000, 950)], scene)


@pytest.mark.parametrize("kind", KINDS)
def test_an_input_moves_its_player_and_an_old_one_does_not(kind: str) -> None:
    async def scene(server: NaiveServer, players: list[Player]) -> None:
        client = next(iter(server.clients.values()))
        players[0].send(INPUT.pack(TYPE_INPUT, 2, 1.0, 0.0, 7))
        players[0].send(INPUT.pack(TYPE_INPUT, 1, 0.0, 1.0, 0))
        players[0].send(INPUT.pack(TYPE_INPUT, 3, 2.0, 0.0, 7))
        await until(lambda: client.sequence == 3)
        await one_tick(server, players)
        (me,) = players[0].seen[players[0].seen["kind"] == PLAYER]
        assert me["x"] == pytest.approx(500 + WALK_MPS / TICK_HZ), "never faster than it may"
        assert (me["y"], me["state"]) == (500, 7)
        assert players[0].acknowledged == (3 if kind == "nearby" else 0)

    play(kind, 3, [(500, 500)], scene)


def test_who_leaves_is_forgotten_and_the_others_keep_their_avatars() -> None:
    async def scene(server: NaiveServer, players: list[Player]) -> None:
        players[0].send(bytes([TYPE_LEAVE]))
        await until(lambda: len(server.clients) == 2)
        places = {tuple(server.state.rows[c.row][["x", "y"]].tolist()) for c in server.clients.values()}
        assert places == {(200, 200), (300, 300)}
        assert server.state.count == 5 + 2

    play("everyone", 5, [(100, 100), (200, 200), (300, 300)], scene)


def test_npcs_walk_at_random_and_stay_inside() -> None:
    state = State(300, 0)
    before = state.entities.copy()
    for _ in range(20 * TICK_HZ):
        state.step()
    here = state.entities
    assert (here["kind"] == NPC).all()
    moved = np.hypot(here["x"] - before["x"], here["y"] - before["y"])
    assert 1 < np.median(moved) < 20 * WALK_MPS
    assert here["x"].min() >= 0 and here["x"].max() <= SIDE_M
    assert len(np.unique(here["vx"])) > 250


def test_the_many_sockets_of_the_measurement_get_whole_updates() -> None:
    async def run() -> Window:
        server, address = await open_server("nearby", 300, 20, 0)
        ticking = asyncio.create_task(server.run())
        with Clients(address) as clients:
            assert await asyncio.to_thread(clients.join, 20)
            window = await asyncio.to_thread(clients.play, 1.0)
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        server.close()
        return window

    window = asyncio.run(run())
    assert len(window.updates) == 20
    assert window.updates.min() > 0
    assert window.num_datagrams >= window.updates.sum()


def test_the_search_goes_on_by_what_the_last_step_cost_and_halves_what_is_left() -> None:
    assert next_number(100, 0.1, 0) == 200, "twice as many at most"
    assert next_number(100, 0.8, 0) == 121
    assert next_number(100, 1.2, 0) == 108, "a little more at least"
    assert next_number(100, 0.1, 120) == 110
