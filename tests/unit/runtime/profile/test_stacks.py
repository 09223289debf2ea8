"""Folded stacks become phases, functions and kernels, though machine code has no names."""

from __future__ import annotations

import ast
from pathlib import Path

import emberdale
import myriad
from myriad.runtime.profile.probe import PIECES, WORK
from myriad.runtime.profile.stacks import (
    KERNEL,
    NATIVE,
    PHASE_OF,
    PYTHON,
    Node,
    called_kernel,
    kernel_names,
    short_place,
    tree_of,
)
from tests.architecture.sources import text, tracked_sources

SOURCES = Path(myriad.__path__[0])
KERNELS = kernel_names(Path(package.__path__[0]) for package in (myriad, emberdale))
THREAD = "thread (77): zone zone-1"
OUTSIDE = f"Thread.run (/lib/python3.11/threading.py:982);ZoneThread._run ({SOURCES}/runtime/zone_thread.py:59)"


def line_of(file: str, words: str) -> int:
    lines = (SOURCES / file).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def frame(function: str, file: str, words: str) -> str:
    return f"{function} ({SOURCES / file}:{line_of(file, words)})"


TURN = f"{THREAD};{OUTSIDE};" + frame("ZoneLoop.turn", "runtime/zone_loop.py", "self._busy_turn()")
BUSY = TURN + ";" + frame("ZoneLoop._busy_turn", "runtime/zone_loop.py", "self._send()")
SEND = BUSY + ";" + frame("ZoneLoop._send", "runtime/zone_loop.py", "self._port.send(")
SENDING = SEND + ";" + frame("UdpPort.send", "runtime/udp_port.py", "return int(_send(")


def paths(node: Node, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Samples by the names on the way to a function."""
    here = (*above, node.frame.name)
    found = {here: node.value}
    for child in node.children.values():
        found.update(paths(child, here))
    return found


def tree(*stacks: str) -> dict[tuple[str, ...], int]:
    return paths(tree_of("\n".join(stacks), 77, "zone-1", KERNELS))


def test_a_stack_belongs_to_the_phase_of_its_innermost_function_that_has_one() -> None:
    found = tree(f"{SEND} 3", f"{BUSY} 2")
    assert found["zone-1",] == 5
    assert found["zone-1", "send", "ZoneLoop._send"] == 3
    assert found["zone-1", "loop", "ZoneLoop._busy_turn"] == 2


def test_a_kernel_is_named_by_the_line_that_calls_it() -> None:
    root = tree_of(f"{SENDING} 4", 77, "zone-1", KERNELS)
    found = paths(root)
    assert found["zone-1", "send", "ZoneLoop._send", "UdpPort.send", "_send"] == 4
    kinds = []
    while root.children:
        (root,) = root.children.values()
        kinds.append(root.frame.kind)
    assert kinds[1:] == [PYTHON, PYTHON, KERNEL]


def test_machine_code_without_a_name_is_its_kernel_and_c_functions_are_in_it() -> None:
    found = tree(f"{SENDING};0x7f12da48a123 (?);sendmmsg (libc.so.6) 6", f"{SENDING};0x7f12da48a124 (?) 1")
    path = ("zone-1", "send", "ZoneLoop._send", "UdpPort.send", "_send")
    assert found[path] == 7
    assert found[(*path, "sendmmsg")] == 6


def test_the_games_step_is_a_phase() -> None:
    step = frame("Zone._step_and_show", "zone/zone.py", "self.game.step(")
    assert tree(f"{BUSY};{step} 2")["zone-1", "step", "step"] == 2


def test_work_for_the_world_is_a_phase_wherever_it_is_called() -> None:
    slow = frame("Zone._slow_lane", "zone/zone.py", "def _slow_lane")
    part = frame("WorldPart.before_tick", "zone/world_part.py", "def before_tick")
    inner = "Border.blocks (/x/src/myriad/zone/border.py:1)"
    watched = f"Probe._stopwatch.<locals>.layer.<locals>.watched ({SOURCES}/runtime/profile/probe.py:1)"
    found = tree(f"{BUSY};{slow};{watched};{part};{inner} 1")
    assert found["zone-1", "world", "WorldPart.before_tick", "Border.blocks"] == 1


def test_other_threads_and_a_sleeping_one_do_not_count() -> None:
    asleep = f"{TURN};UdpPort.wait ({SOURCES}/runtime/udp_port.py:90);0x7f (?);ppoll (libc.so.6) 400"
    waiting_for_a_core = f"{TURN};UdpPort.wait ({SOURCES}/runtime/udp_port.py:90) 50"
    assert (
        tree(asleep, waiting_for_a_core, "thread (7): http;run (x.py:1) 9", f"thread (77): zone zone-1;{NATIVE} 1")[
            "zone-1",
        ]
        == 1
    )


def test_a_method_of_the_same_name_is_no_kernel(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("def f(self):\n    self._send()\n    _send(1)\n    self.world.step(\n        self)\n")
    kernels = frozenset(("_send", "step"))
    assert [called_kernel(str(source), line, kernels) for line in (2, 3, 4, 5, 6)] == ["", "_send", "step", "step", ""]
    assert called_kernel("/no/such/file.py", 1, kernels) == ""


def test_places_are_short() -> None:
    assert short_place("/x/src/myriad/zone/zone.py") == "myriad/zone/zone.py"
    assert short_place("/x/lib/python3.11/site-packages/numpy/core.py") == "numpy/core.py"
    assert short_place("/usr/lib/python3.11/threading.py") == "python3.11/threading.py"


def methods() -> set[str]:
    """All functions and methods of the sources, by name and by `Class.name`."""
    found = set()
    for name in tracked_sources("src/"):
        for node in ast.walk(ast.parse(text(name))):
            if isinstance(node, ast.FunctionDef):
                found.add(node.name)
            elif isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
    return found


def test_every_function_that_decides_a_phase_is_there() -> None:
    assert not set(PHASE_OF) - methods()
    kinds = {kind for kinds in PHASE_OF.values() for kind in kinds.split(", ")}  # one kernel may do several kinds
    assert kinds <= set(WORK)


def test_every_piece_of_work_for_the_world_is_there() -> None:
    owners = {"part": "WorldPart", "zone": "WorldZone", "outside": "_Ties"}
    assert not {f"{owners[piece.owner]}.{piece.method}" for piece in PIECES} - methods()
