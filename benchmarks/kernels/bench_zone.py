"""What one call of each of a zone's kernels costs, in a zone as full as a running one.

    make bench-kernels                      # ARGS="--players 200 --npcs 100 -k encode"

Every round is one call at its place in a tick, after the zone has gone on to the next tick with snapshots, so a call
finds as much changed as it does in a running zone. Times are CPU time of the thread. Caches are warmer than beside
other processes: compare a kernel with itself, before and after a change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.kernels.parts import npc_rules, quantise_and_sort, rebuild, seal_all
from benchmarks.kernels.scene import Scene
from emberdale.game import GAME
from myriad.zone.snapshots import assemble_slice, encode_cells
from myriad.zone.zone import open_tick
from tests.scenarios.stepper import WALL_S

ROUNDS = 60
SEALED_BYTES = 230
"""About what a snapshot has for a player in the open."""


def rounds(benchmark: Any, scene: Scene, target: Callable[..., object], prepare: Callable[[], tuple[Any, ...]]) -> None:
    """Times `target(*prepare())`, with the zone gone on before each."""

    def setup() -> tuple[tuple[Any, ...], dict[str, Any]]:
        scene.advance()
        return prepare(), {}

    benchmark.pedantic(target, setup=setup, rounds=ROUNDS, warmup_rounds=2)


def test_receive_and_decrypt_a_third_of_the_players(benchmark: Any, scene: Scene) -> None:
    received = scene.zone.arrays.pace["num_inputs"]

    def packets() -> tuple[Any, ...]:
        return scene.up, scene.packets(), scene.now_ns, WALL_S

    before = int(received[0])
    rounds(benchmark, scene, scene.zone.receive, packets)
    scene.advance()
    assert int(received[0]) > before


def test_hand_out_inputs(benchmark: Any, scene: Scene) -> None:
    def received() -> tuple[Any, ...]:
        scene.begin_tick()
        return scene.bundle, scene.out, 0, scene.now_ns

    rounds(benchmark, scene, open_tick, received)


def test_step(benchmark: Any, scene: Scene) -> None:
    def inputs() -> tuple[Any, ...]:
        scene.begin_tick()
        scene.hand_out_inputs()
        return (scene.world_bundle,)

    before = int(scene.world.clock["tick"][0])
    rounds(benchmark, scene, GAME.step, inputs)
    assert int(scene.world.clock["tick"][0]) > before


def test_grid_rebuild(benchmark: Any, scene: Scene) -> None:
    rounds(benchmark, scene, rebuild, lambda: (scene.world,))


def test_npc_rules(benchmark: Any, scene: Scene) -> None:
    rounds(benchmark, scene, npc_rules, lambda: (scene.world,))


def test_quantise_and_sort(benchmark: Any, scene: Scene) -> None:
    def stepped() -> tuple[Any, ...]:
        scene.step()
        return scene.bundle, int(scene.zone.arrays.cells.zone["snapshot"][0]) + 1

    rounds(benchmark, scene, quantise_and_sort, stepped)


def test_quantise_sort_and_encode_sections(benchmark: Any, scene: Scene) -> None:
    def stepped() -> tuple[Any, ...]:
        scene.step()
        return (scene.bundle,)

    before = int(scene.zone.arrays.cells.zone["snapshot"][0])
    rounds(benchmark, scene, encode_cells, stepped)
    assert int(scene.zone.arrays.cells.zone["snapshot"][0]) > before


def test_assemble_and_seal_everybodys_snapshot(benchmark: Any, scene: Scene) -> None:
    sent = scene.zone.arrays.pace["num_snapshots"]

    def encoded() -> tuple[Any, ...]:
        scene.encode()
        return scene.bundle, scene.out, 0, 0, 1, scene.now_ns

    def assemble(*arguments: Any) -> None:
        scene.assembled = assemble_slice(*arguments)

    before = int(sent[0])
    rounds(benchmark, scene, assemble, encoded)
    assert int(sent[0]) - before >= scene.players


def test_seal_alone(benchmark: Any, scene: Scene) -> None:
    rounds(benchmark, scene, seal_all, lambda: (scene.bundle, scene.out, SEALED_BYTES, scene.now_ns))
    assert seal_all(scene.bundle, scene.out, SEALED_BYTES, scene.now_ns) == scene.players
