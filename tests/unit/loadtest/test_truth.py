"""Views against the server's digests: right, wrong, unknown and outdated parts are told apart."""

from __future__ import annotations

import numpy as np

from myriad.loadtest.truth import SAMPLE, TruthKeeper, Truths, ZoneCells, read_truths

ZONE = ZoneCells(0, 0, 20, 20)


def sample(*rows: tuple[int, int, int, int, int, int, int, int]) -> np.ndarray:
    """Rows of client, x, y, part, tick, digest, age, period."""
    samples = np.zeros(len(rows), SAMPLE)
    for place, row in enumerate(rows):
        for name, value in zip(("client", "x", "y", "part", "tick", "digest", "age_ticks", "period"), row, strict=True):
            samples[name][place] = value
    return samples


def keeper(**ticks: dict[str, object]) -> tuple[TruthKeeper, list[int]]:
    asked: list[int] = []

    def ask(tick: int) -> Truths | None:
        asked.append(tick)
        return read_truths(ticks.get(f"t{tick}"))

    return TruthKeeper(ask), asked


def test_parts_are_judged_by_the_truth_of_their_own_tick() -> None:
    truth, asked = keeper(
        t30={"digests": {"3,4,0": "000000000000000a", "3,4,1": "000000000000000b", "-1,5,0": "3fffffffffffffff"}},
        t33={"digests": {"3,4,0": "000000000000000c"}},
    )
    verdict = truth.judge(
        sample(
            (0, 3, 4, 0, 30, 10, 3, 1),
            (0, 3, 4, 1, 30, 11, 3, 1),
            (0, -1, 5, 0, 30, 0x3FFFFFFFFFFFFFFF, 3, 1),
            (0, 7, 7, 0, 30, 0, 3, 1),  # empty here and there
            (1, 3, 4, 0, 33, 12, 0, 1),
            (2, 3, 4, 0, 33, 10, 0, 1),  # right at tick 30, wrong at 33
            (3, 7, 7, 0, 33, 5, 0, 1),  # the server has nothing there
            (4, 3, 4, 0, 99, 12, 0, 1),  # not kept
        ),
        ZONE,
        3,
    )
    assert verdict.checked == {0, 1, 2, 3}
    assert verdict.wrong == {2, 3}
    assert verdict.current == {0, 1}
    assert len(verdict.complaints) == 2
    assert "client 2, cell (3, 4) part 0 at tick 33" in verdict.complaints
    assert sorted(asked) == [30, 33, 99]
    truth.judge(sample((1, 3, 4, 0, 33, 12, 0, 1)), ZONE, 3)
    assert len(asked) == 3, "each tick is asked for once"


def test_what_is_old_or_unknown_is_not_current() -> None:
    truth, _ = keeper(t30={"digests": {"3,4,0": "000000000000000a"}})
    right = (3, 4, 0, 30, 10)
    verdict = truth.judge(
        sample(
            (0, *right, 9, 1),
            (1, *right, 10, 1),  # older than two periods and a snapshot
            (2, *right, 27, 4),
            (3, *right, 0, 1),
            (3, 5, 5, 0, -1, 0, -1, 4),  # a cell of the zone that it never heard of
            (4, *right, 0, 1),
            (4, -1, 5, 0, -1, 0, -1, 1),  # beyond the zone
            (5, *right, 0, 1),
            (5, 5, 5, 0, -1, 0, -1, 0),  # not in view on this tier
        ),
        ZONE,
        3,
    )
    assert verdict.checked == {0, 1, 2, 3, 4, 5}
    assert verdict.wrong == set()
    assert verdict.current == {0, 2, 4, 5}


def test_old_ticks_are_forgotten() -> None:
    asked: list[int] = []

    def ask(tick: int) -> None:
        asked.append(tick)

    truth = TruthKeeper(ask, keep=2)
    for tick in (1, 2, 3, 1):
        truth.at(tick)
    assert asked == [1, 2, 3, 1]
