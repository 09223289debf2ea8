"""Nothing is made, lost or doubled but as the ledger says, whatever players, NPCs and neighbours do."""

from collections import Counter

import numpy as np
import pytest

from emberdale.game import GAME
from emberdale.items import MAX_PILE
from myriad.game import CHARACTER, GHOST, GROUND, LEVEL_ASSET, PLAYER, VOID, World
from tests.scenarios.emberdale_script import add_ghosts, crowd_of, meddle, play


class Book:
    """Who holds what by the ledger alone, from what they held when it was opened."""

    def __init__(self, world: World) -> None:
        self.held: Counter[tuple[int, int, int]] = Counter()  # by holder kind, holder, asset
        self.serials: Counter[int] = Counter()
        self.levels: Counter[int] = Counter()
        self.reasons: Counter[int] = Counter()
        for row in self.players(world):
            for asset in range(LEVEL_ASSET):
                self.held[CHARACTER, int(world.entities["id"][row]), asset] = GAME.balance(world, row, asset)

    @staticmethod
    def players(world: World) -> list[int]:
        flags = world.entities["flags"]
        return [int(row) for row in np.flatnonzero((flags & (PLAYER | GHOST)) == PLAYER)]

    def read(self, world: World) -> None:
        """Take the new rows, as a cut does."""
        for entry in world.ledger[: int(world.clock["num_ledger"][0])]:
            asset, amount = int(entry["asset"]), int(entry["amount"])
            source = int(entry["source_kind"]), int(entry["source"])
            target = int(entry["target_kind"]), int(entry["target"])
            assert amount > 0
            for kind, holder in (source, target):
                assert (kind == CHARACTER) == (holder != 0)
                self.serials[holder] += kind == CHARACTER
            self.reasons[int(entry["reason"])] += 1
            if asset == LEVEL_ASSET:
                assert amount == (self.levels[target[1]] or 1) + 1
                self.levels[target[1]] = amount
                continue
            self.held[*source, asset] -= amount
            self.held[*target, asset] += amount
            assert source[0] == VOID or self.held[*source, asset] >= 0
        world.clock["num_ledger"] = 0

    def check(self, world: World) -> None:
        """What everybody holds is what the ledger says, and the sum is what was made less what is gone."""
        total = GAME.count_assets(world)
        ground = total.copy()
        for row in self.players(world):
            entity_id = int(world.entities["id"][row])
            for asset in range(LEVEL_ASSET):
                balance = GAME.balance(world, row, asset)
                assert balance == self.held[CHARACTER, entity_id, asset], (entity_id, asset)
                ground[asset] -= balance
            assert world.entities["ledger_serial"][row] == self.serials[entity_id]
            assert world.entities["level"][row] == (self.levels[entity_id] or 1)
        for asset in range(LEVEL_ASSET):
            assert ground[asset] == self.held[GROUND, 0, asset], asset


@pytest.mark.parametrize("seed", range(3))
def test_what_all_hold_is_what_was_minted_less_what_was_burned(seed: int) -> None:
    print("seed", seed)
    world, chance = crowd_of(seed), np.random.default_rng(seed)
    add_ghosts(world)
    world.params["item_ticks"] = 240  # so that the ground forgets
    world.params["level_experience"] = 12
    world.kinds["respawn_ticks"] = 300
    opened, book = GAME.count_assets(world), Book(world)
    for number in range(1500):
        play(world, chance, 1)
        if number % 3 == 0:
            meddle(world, chance)
        minted_less_burned = GAME.count_assets(world) - opened
        book.read(world)
        for asset in range(LEVEL_ASSET):
            assert minted_less_burned[asset] == -book.held[VOID, 0, asset], (number, asset)
        world.clock["num_effects"] = 0
        if number % 50 == 0:
            book.check(world)
            world.entities["hp"] = np.minimum(world.entities["hp"], 15)
    book.check(world)
    assert set(book.reasons) == set(GAME.reasons)
    assert GAME.counter(world, "ledger_full") == 0


def test_while_the_ledger_is_full_nothing_moves_at_all() -> None:
    world, chance = crowd_of(4), np.random.default_rng(4)
    add_ghosts(world)
    world.params["item_ticks"] = 60
    play(world, chance, 300)
    meddle(world, chance)
    world.clock["num_ledger"] = len(world.ledger)
    players = Book.players(world)

    def holdings() -> list[list[int]]:
        of_players = [[GAME.balance(world, row, asset) for asset in range(256)] for row in players]
        return [*of_players, GAME.count_assets(world).tolist(), world.entities["ledger_serial"].tolist()]

    before, deaths = holdings(), GAME.counter(world, "deaths")
    world.entities["hp"] = np.minimum(world.entities["hp"], 5)
    for _ in range(300):
        play(world, chance, 1)
        meddle(world, chance)
    assert holdings() == before
    assert GAME.counter(world, "deaths") > deaths
    assert GAME.counter(world, "ledger_full") > 50
    world.clock["num_ledger"] = 0
    play(world, chance, 300)
    assert holdings() != before


def test_a_pile_never_holds_more_than_a_pile_can() -> None:
    assert np.iinfo(GAME.entity["amount"]).max == MAX_PILE
