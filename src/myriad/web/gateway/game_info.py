"""What a game tells browsers: its words, the layouts of own and private state, and the rules that prediction needs.

Responsible for: the body of `GET /v1/game`, and its route. Not here: the packets' layouts (`docs/protocol.md`), maps
(`maps.py`).

Invariants: made once, from the `Game` object, so that no layout is written twice; plain JSON. It does not change while
the gateway runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from litestar import MediaType, Response, get

from myriad.core.settings import Settings
from myriad.game.game import Game
from myriad.game.ledger import LEVEL_ASSET
from myriad.sim.columns import ITEM_KIND_BASE, UNITS_PER_M
from myriad.sim.world import TILE_M
from myriad.wire.layouts import PROTOCOL_MAJOR, PROTOCOL_MINOR

CACHE_S: Final = 60


def layout_of(dtype: np.dtype[Any]) -> dict[str, Any]:
    """A packed record: its bytes, and each field's name, type (u1, i4 …), offset and how many of them there are."""
    fields: Mapping[str, Any] = dtype.fields or {}
    return {
        "bytes": dtype.itemsize,
        "fields": [
            {
                "name": name,
                "type": f"{kind.base.kind}{kind.base.itemsize}",
                "offset": int(offset),
                "count": int(np.prod(kind.shape)) if kind.shape else 0,
            }
            for name, (kind, offset, *_) in fields.items()
        ],
    }


def game_info(game: Game, settings: Settings, rules: Mapping[str, Any]) -> dict[str, Any]:
    """Everything; `rules` is what the game itself has to say to browsers, whatever that is."""
    return {
        "game": game.name,
        "protocol": {
            "major": PROTOCOL_MAJOR,
            "minor": PROTOCOL_MINOR,
            "tick_hz": settings.tick_hz,
            "snapshot_hz": settings.snapshot_hz,
        },
        "units_per_m": UNITS_PER_M,
        "tile_m": TILE_M,
        "item_kind_base": ITEM_KIND_BASE,
        "level_asset": LEVEL_ASSET,
        "kinds": dict(game.kinds),
        "kind_names": _by_number(game.entity_kind_names),
        "states": dict(game.states),
        "intents": dict(game.intents),
        "buttons": dict(game.buttons),
        "events": dict(game.event_kinds),
        "assets": _by_number(game.asset_names),
        "reasons": _by_number(game.reasons),
        "own": layout_of(game.own_dtype),
        "private": layout_of(game.private_dtype),
        **rules,
    }


def _by_number(names: Mapping[int, str]) -> dict[str, str]:
    return {str(number): name for number, name in sorted(names.items())}


def game_route(info: Mapping[str, Any]) -> Any:
    """The route that answers with it."""
    body = msgspec.json.encode(dict(info))

    @get("/v1/game", summary="The game's words and layouts", media_type=MediaType.JSON)
    async def game() -> Response[bytes]:
        """What a client in a browser needs to know of the game: names, numbers, layouts, rules for prediction."""
        return Response(body, media_type=MediaType.JSON, headers={"cache-control": f"public, max-age={CACHE_S}"})

    return game
