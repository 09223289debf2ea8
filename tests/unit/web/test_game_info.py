"""What browsers are told of a game."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from litestar import Litestar
from litestar.testing import TestClient

from emberdale.browser_info import RULES, browser_info
from emberdale.data import load_params
from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.web.gateway.game_info import game_info, game_route, layout_of


def told() -> dict[str, Any]:
    return game_info(GAME, Settings(), browser_info(60))


def test_a_layout_names_each_field_with_type_place_and_count() -> None:
    dtype = np.dtype([("a", "<u2"), ("b", "<i4", (3,)), ("c", "u1")])
    assert layout_of(dtype) == {
        "bytes": 15,
        "fields": [
            {"name": "a", "type": "u2", "offset": 0, "count": 0},
            {"name": "b", "type": "i4", "offset": 2, "count": 3},
            {"name": "c", "type": "u1", "offset": 14, "count": 0},
        ],
    }


def test_words_and_layouts_are_the_games() -> None:
    found = told()
    assert found["game"] == "emberdale"
    assert found["intents"] == dict(GAME.intents) and found["buttons"] == dict(GAME.buttons)
    assert found["states"] == dict(GAME.states) and found["events"] == dict(GAME.event_kinds)
    assert found["kind_names"]["1"] == "Player"
    assert found["own"]["bytes"] == GAME.own_dtype.itemsize
    assert found["private"]["bytes"] == GAME.private_dtype.itemsize


def test_rules_for_prediction_are_the_numbers_that_the_rules_read() -> None:
    params = load_params(60)
    assert told()["rules"] == {name: params[name][0].item() for name in RULES}


def test_it_is_json_that_a_browser_may_keep_for_a_while() -> None:
    with TestClient(Litestar([game_route(told())], logging_config=None)) as client:
        answer = client.get("/v1/game")
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(told()))
    assert "max-age" in answer.headers["cache-control"]
