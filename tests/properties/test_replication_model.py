"""What always holds between a server and its viewers, under any loss, order and doubling, in thousands of runs.

Every run checks after every payload that a part stamped t is what the server had at t, that no part's tick goes back,
that payloads keep to their limit, that doubles change nothing; and at its end, when loss has stopped, that views are
current within a keyframe interval, 0.25 s and a round trip. Counters start near their wraps in every run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.properties.replication_model import PARAMS, create_model, run_model

LIFE = {
    "steps": 120,
    "calm": 60,
    "viewers": 3,
    "entities": 60,
    "crowd_cells": 6,
    "move_percent": 40,
    "speed": 300,
    "churn_permille": 5,
    "hide_permille": 3,
    "teleport_permille": 3,
    "event_permille": 10,
    "check_current": 1,
    "may_miss": 1,
    "low_limit": 860,
}
FAULTS = {
    "loss_percent": 20,
    "double_percent": 10,
    "jitter": 3,
    "delay": 2,
    "wander_permille": 30,
    "rejoin_permille": 10,
    "tier_permille": 20,
    "level_permille": 20,
}
CROWD = {"check_current": 0, "teleport_permille": 0}
"""What no longer fits one datagram a snapshot takes turns, so views are not current but must not starve."""

SCENARIOS: dict[str, tuple[int, dict[str, int]]] = {
    "perfect network": (300, {"may_miss": 0, "wander_permille": 20, "hide_permille": 0}),
    "slow network": (200, {"may_miss": 0, "delay": 5, "wander_permille": 20}),
    "everything at once": (600, FAULTS),
    "reordering": (300, {"jitter": 8, "delay": 1, "double_percent": 30, "wander_permille": 30}),
    "half is lost": (300, FAULTS | {"loss_percent": 50, "rejoin_permille": 0}),
    "long outages": (60, FAULTS | {"loss_percent": 90, "steps": 500, "entities": 30}),
    "cells fall empty": (200, FAULTS | {"entities": 12, "crowd_cells": 2, "churn_permille": 60}),
    "many hide": (200, FAULTS | {"entities": 20, "crowd_cells": 2, "hide_permille": 150}),
    "fast movers": (200, FAULTS | {"speed": 20000, "move_percent": 80}),
    "tight payloads": (100, FAULTS | CROWD | {"entities": 200, "crowd_cells": 2, "low_limit": 60}),
    "crowd of 200": (60, FAULTS | CROWD | {"entities": 200, "crowd_cells": 2, "max_gap": 60}),
    "crowd of 600 in a cell": (40, FAULTS | CROWD | {"entities": 600, "crowd_cells": 1, "max_gap": 60}),
    "crowd comes and goes": (
        60,
        FAULTS | CROWD | {"entities": 300, "crowd_cells": 1, "speed": 15000, "move_percent": 90, "max_gap": 60},
    ),
    "2,000 around": (6, CROWD | {"entities": 2000, "crowd_cells": 3, "steps": 260, "calm": 200, "max_gap": 150}),
    "4,000 in a cell": (3, CROWD | {"entities": 4000, "crowd_cells": 1, "steps": 160, "calm": 130, "max_gap": 60}),
}


def params_of(seed: int, values: dict[str, int]) -> Any:
    params = np.zeros(1, PARAMS)
    params["seed"] = seed
    for name, value in (LIFE | values).items():
        params[name] = value
    return params[0]


@pytest.mark.parametrize("name", SCENARIOS)
def test_views_are_what_the_server_had_in_every_run(name: str) -> None:
    runs, values = SCENARIOS[name]
    for seed in range(1, runs + 1):
        model = create_model(params_of(seed, values))
        broken = run_model(model)
        assert broken == 0, f"seed {seed}: invariant {broken} broken, details {model.state[4:].tolist()}"


@pytest.mark.without_jit
def test_a_short_run_is_the_same_without_compiling() -> None:
    small = FAULTS | {"steps": 24, "calm": 0, "entities": 14, "viewers": 2, "crowd_cells": 2}
    model = create_model(params_of(5, small))
    assert run_model(model) == 0
    assert int(model.cells.counters.sum()) == EXPECTED_COUNTERS
    assert int(model.views.views["sections"].sum()) == EXPECTED_SECTIONS


EXPECTED_COUNTERS = 2801
EXPECTED_SECTIONS = 383
"""Of that run: the same numbers whether compiled or not."""
