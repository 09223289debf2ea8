"""The one-player client against a real zone in memory: joining, walking, seeing, talking, coming back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emberdale.game import GAME
from myriad.client.player import SILENCE_NS, Player
from myriad.core.kernel import jit_enabled
from myriad.core.phases import PhaseTimer
from myriad.core.settings import Settings
from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.wire.datagram import new_batch
from myriad.zone.zone import Zone

TICK_NS = 1_000_000_000 // 60
WALL_S = 1_800_000_000
SERVER = parse_endpoint("127.0.0.1:1337")
SPAWN = (500.0, 500.0)


class Table:
    """One zone and some players around it; every datagram takes one tick."""

    def __init__(self, *names: str, npcs: int = 0) -> None:
        rng = np.random.default_rng(7)
        self.settings = Settings(npcs=npcs, max_connections=64, max_players=32, max_entities=1024)
        world = GAME.create_zone("zone-1", capacity=1024, seed=7, num_npcs=npcs, next_id=1 << 25, end_id=1 << 26)
        self.zone = Zone(
            "zone-1", GAME, world, self.settings, own_addresses=(SERVER,), phases=PhaseTimer(lambda: 0),
            random_bytes=rng.bytes,
        )  # fmt: skip
        self.now_ns = 1_000_000_000
        zone_map = GAME.read_map("zone-1", 60)
        self.players = [Player(GAME, zone_map, self.zone.protocol_id, 60) for _ in names]
        self.names = names
        self.deaf: set[int] = set()
        self.ports = [30_000 + k for k in range(len(names))]
        self._out = new_batch(16)
        self._in = new_batch(64)
        self._up = new_batch(64)
        for k in range(len(names)):
            self.login(k)

    def login(self, k: int) -> None:
        token = self.zone.login(self.names[k], None, SPAWN, (SERVER,), WALL_S)
        assert self.players[k].start(token, self.now_ns)

    def leave(self, k: int) -> None:
        self._take_up(k, self.players[k].leave(self.now_ns, self._out), 0)
        self.zone.receive(self._up, 10, self.now_ns, WALL_S)

    def run(self, ticks: int) -> None:
        for _ in range(ticks):
            self.now_ns += TICK_NS
            used = 0
            for k, player in enumerate(self.players):
                used = self._take_up(k, player.update(self.now_ns, self._out), used)
            self.zone.receive(self._up, used, self.now_ns, WALL_S)
            if self.zone.idle:
                self.zone.poll(self.now_ns)
            else:
                self.zone.tick(self.now_ns)
            self._deliver()

    def _take_up(self, k: int, count: int, used: int) -> int:
        for i in range(count):
            self._up[used] = self._out[i]
            self._up["address"][used] = to_words(parse_endpoint(f"127.0.0.1:{self.ports[k]}"))
            used += 1
        return used

    def _deliver(self) -> None:
        batch, count = self.zone.outgoing
        for k, player in enumerate(self.players):
            address = to_words(parse_endpoint(f"127.0.0.1:{self.ports[k]}"))
            mine = [i for i in range(count) if (batch["address"][i] == address).all() and k not in self.deaf]
            for place, i in enumerate(mine):
                self._in[place] = batch[i]
                self._in["address"][place] = to_words(SERVER)
            player.receive(self._in, len(mine), self.now_ns)


def wants_token(player: Player) -> bool:
    return player.needs_token


@pytest.fixture(scope="module")
def table() -> Table:
    found = Table("Ada", "Bob")
    found.run(200)  # names are asked for again after two seconds: at first the server answers one
    return found


def test_players_join_and_see_each_other_with_names(table: Table) -> None:
    ada, bob = table.players
    assert ada.ready
    assert bob.ready
    seen = {entity.id: entity for entity in ada.entities()}
    assert bob.id in seen
    assert ada.id not in seen
    assert seen[bob.id].name == "Bob"
    assert seen[bob.id].kind_name == "Player"
    assert seen[bob.id].hp == 1.0
    assert math.hypot(ada.position[0] - SPAWN[0], ada.position[1] - SPAWN[1]) < 20
    assert ada.nearest("Player") == seen[bob.id]
    assert ada.nearest("Dragon") is None


def test_own_and_private_state_have_the_game_s_names(table: Table) -> None:
    ada = table.players[0]
    assert ada.own["hp"] == ada.own["max_hp"] > 0
    assert len(ada.private["slot_item"]) == 20
    assert ada.private["deaths"] == 0


def test_a_player_walks_to_a_point_where_others_see_it_and_stops(table: Table) -> None:
    ada, bob = table.players
    goal = (ada.position[0] + 3.0, ada.position[1] + 2.0)
    ada.walk_to(*goal)
    table.run(150)
    assert math.hypot(ada.position[0] - goal[0], ada.position[1] - goal[1]) < 0.5
    row = int(np.flatnonzero(table.zone.world.entities["id"] == ada.id)[0])
    truth = (float(table.zone.world.entities["x"][row]), float(table.zone.world.entities["y"][row]))
    assert ada.position == truth, "it stands, so prediction and server agree to the bit"
    shown = next(entity for entity in bob.entities() if entity.id == ada.id)
    assert math.hypot(shown.x - truth[0], shown.y - truth[1]) < 0.05


def test_prediction_moves_at_once_and_is_never_corrected_while_walking(table: Table) -> None:
    ada = table.players[0]
    start = ada.position
    ada.walk(0.5)
    table.run(4)
    assert ada.position[0] < start[0], "before the server could have answered"
    for _ in range(60):
        table.run(1)
        assert ada._avatar.last_error_m == 0.0
    ada.stop()
    table.run(30)


def test_chat_reaches_everybody_with_the_speaker_s_name(table: Table) -> None:
    ada, bob = table.players
    assert ada.say("Grüße!")
    assert bob.say("psst", scope="nearby")
    table.run(30)
    for player in table.players:
        said = [(chat.speaker, chat.name, chat.text, chat.nearby) for chat in player.chats]
        assert (ada.id, "Ada", "Grüße!", False) in said
        assert (bob.id, "Bob", "psst", True) in said


def test_an_intent_the_game_lacks_is_refused(table: Table) -> None:
    with pytest.raises(KeyError):
        table.players[0].act("fly")


def test_silence_asks_for_a_token_and_the_avatar_is_found_again(table: Table) -> None:
    ada = table.players[0]
    assert not wants_token(ada)
    table.deaf.add(0)
    table.run(int(SILENCE_NS / TICK_NS) + 6)
    assert wants_token(ada)
    table.deaf.clear()
    place = ada.position
    table.ports[0] += 100
    table.login(0)
    table.run(60)
    assert ada.ready
    assert not wants_token(ada)
    assert ada.position == pytest.approx(place, abs=0.5)
    ada.walk(0.0)
    table.run(30)
    assert ada.position[0] > place[0], "inputs are numbered on from where the server is"
    ada.stop()


def test_leaving_takes_the_avatar_out_at_once(table: Table) -> None:
    ada, bob = table.players
    ada_id = ada.id
    table.leave(0)
    table.players.pop(0)
    table.ports.pop(0)
    table.run(30)
    assert ada_id not in {entity.id for entity in bob.entities()}
    assert not (table.zone.world.entities["id"] == ada_id).any()


def test_going_for_the_nearest_animal_ends_in_blows() -> None:
    table = Table("Cid", npcs=200 if jit_enabled() else 5)
    table.run(60)
    cid = table.players[0]
    blows = False
    for _ in range(240 if jit_enabled() else 1):
        prey = cid.nearest("Fallow Deer", "Bristle Boar")
        if prey is None:
            cid.walk_to(SPAWN[0] + 100, SPAWN[1] + 100)
        else:
            cid.walk_to(prey.x, prey.y, run=True)
            cid.attack(prey)
        table.run(30)
        hits = int(table.zone.world.counters[GAME.counters.index("hits")])
        blows = blows or hits > 0
        if blows:
            break
    assert blows or not jit_enabled(), "without the JIT there is time for the first steps only"
