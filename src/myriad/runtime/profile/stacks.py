"""Folded stacks of a zone's thread as a tree: phases, in them Python functions, in them kernels.

Responsible for: reading py-spy's folded stacks, finding the phase of each, and naming the kernel that a line calls.
Not here: taking samples (`profile/sampling.py`), drawing (`profile/flame.py`).

Machine code of kernels has no names for anybody outside. But a kernel is called by a line of Python, and that line is
known: where the innermost Python frame stands on a line that calls a kernel, the kernel is what runs.

Invariant: a stack's phase is that of its innermost function that has one (`PHASE_OF`); without any it is the loop's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from myriad.runtime.profile.probe import AROUND, COLLECTION, LOOP, WORLD

PHASE_OF: Final = {
    "ZoneLoop._receive": "receive",
    "Zone._slow_lane": "slow",
    "open_tick": "slow",
    "LeanTurn.begin": "receive",
    "LeanTurn.finish": "encode, assemble, send",
    "step": "step",
    "encode_cells": "encode",
    "assemble_slice": "assemble",
    "ZoneLoop._send": "send",
    "ZoneLoop._hand_on": WORLD,
    "WorldZone.answer": WORLD,
    "WorldZone.hear": WORLD,
    "WorldZone.set_directory": WORLD,
    "WorldZone.take_requests": WORLD,
    "WorldZone.take_posts": WORLD,
    "ZoneLoop._sleep": AROUND,
    "ZoneLoop._run_commands": AROUND,
    "ZoneMeasures.record_phases": AROUND,
    "Zone.observe_load": AROUND,
    "ZoneLoop._offer_collection": COLLECTION,
}
"""Functions and kernels by phase; `WORLD_FILE` besides. Samples cannot tell phases within one kernel apart; the
counters can."""
WORLD_FILE: Final = "zone/world_part.py"
"""All of its functions work for the world."""
PROFILING: Final = "profiling"
"""The phase of what profiling itself does in the zone's thread."""
_PROBE_FOLDER: Final = "runtime/profile/"

_OUTERMOST: Final = ("ZoneThread._run", "ZoneLoop.turn")
"""What is outside of these is the same in every stack, and not shown."""
_FRAME: Final = re.compile(r"^(?P<name>.*) \((?P<file>[^()]*?)(?::(?P<line>\d+))?\)$")
_KERNEL: Final = re.compile(r"^@(?:bare_|inner_)?kernel\n(?:@.*\n)*def (\w+)", re.MULTILINE)
_ASLEEP: Final = frozenset(("UdpPort.wait", "ppoll", "__ppoll", "poll", "__poll", "select", "__select"))
"""Innermost there, a thread sleeps, or was woken and waits for a core: that is no work."""

PYTHON: Final = "python"
KERNEL: Final = "kernel"
NATIVE: Final = "native"
PHASE: Final = "phase"


class Frame(NamedTuple):
    """One function of a stack; `place` is its file, as short as it is clear."""

    name: str
    place: str
    kind: str


@dataclass
class Node:
    """A function within what called it, and in how many samples it was there."""

    frame: Frame
    value: int = 0
    children: dict[Frame, Node] = field(default_factory=dict)

    def add(self, frames: Iterable[Frame], count: int) -> None:
        """Counts a stack below this function."""
        node = self
        node.value += count
        for frame in frames:
            node = node.children.setdefault(frame, Node(frame))
            node.value += count


def kernel_names(folders: Iterable[Path]) -> frozenset[str]:
    """Functions that are compiled, by name, in the sources below `folders`."""
    return frozenset(
        name for folder in folders for file in folder.rglob("*.py") for name in _KERNEL.findall(file.read_text("utf-8"))
    )


def tree_of(folded: str, thread: int, zone: str, kernels: frozenset[str]) -> Node:
    """The samples of one thread (its number in the operating system), those asleep left out."""
    root = Node(Frame(zone, "", PHASE))
    for stack, count in _stacks(folded, thread):
        frames = _frames(stack, kernels)
        if frames is None:
            continue
        phase, first = _phase(frames)
        root.add([Frame(phase, "", PHASE), *frames[first:]], count)
    return root


def _stacks(folded: str, thread: int) -> Iterator[tuple[list[str], int]]:
    for line in folded.splitlines():
        text, _, number = line.rpartition(" ")
        first, *rest = text.split(";")
        if number.isdigit() and first.startswith(f"thread ({thread})"):
            yield rest, int(number)


def _frames(stack: list[str], kernels: frozenset[str]) -> list[Frame] | None:
    """From the loop's turn inwards; None for a thread that sleeps."""
    read = [_FRAME.match(text) for text in stack]
    if stack and read[-1] is not None and read[-1]["name"] in _ASLEEP:
        return None
    frames: list[Frame] = []
    called = ""
    for found, text in zip(read, stack, strict=True):
        if found is None:
            frames.append(Frame(text, "", NATIVE))
        elif found["name"].startswith("0x"):
            continue  # machine code of a kernel: its line of Python names it
        elif found["file"].endswith(".py"):
            if found["name"] in _OUTERMOST:
                frames = []
            frames.append(Frame(found["name"], short_place(found["file"]), PYTHON))
            called = called_kernel(found["file"], int(found["line"] or 0), kernels)
            continue
        else:
            if called:
                frames.append(Frame(called, "", KERNEL))
            frames.append(Frame(found["name"], Path(found["file"]).name, NATIVE))
        called = ""
    if called:
        frames.append(Frame(called, "", KERNEL))
    innermost = len(frames) - 1
    return [f for at, f in enumerate(frames) if at == innermost or not f.name.endswith(".watched")]


def _phase(frames: list[Frame]) -> tuple[str, int]:
    """The phase of a stack, and which frame is the first to be shown in it."""
    for place in range(len(frames) - 1, -1, -1):
        frame = frames[place]
        if frame.place.endswith(WORLD_FILE):
            while place > 0 and frames[place - 1].place.endswith(WORLD_FILE):
                place -= 1
            return WORLD, place
        phase = PROFILING if _PROBE_FOLDER in frame.place else PHASE_OF.get(frame.name)
        if phase is not None:
            return phase, place
    return LOOP, int(len(frames) > 1 and frames[0].name in _OUTERMOST)


def short_place(file: str) -> str:
    """A path without what comes before the package."""
    parts = Path(file).parts
    for mark in ("site-packages", "src"):
        if mark in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(mark) :])
    return "/".join(parts[-2:])


@lru_cache(maxsize=4096)
def called_kernel(file: str, line: int, kernels: frozenset[str]) -> str:
    """The kernel that `line` of a source calls, "" if none. The game's step is one whatever it is called there."""
    calls = [call for first, last, call in _calls(file) if first <= line <= last]
    for call in calls:
        if isinstance(call, ast.Name) and call.id in kernels:
            return call.id
        if isinstance(call, ast.Attribute) and not isinstance(call.value, ast.Name):
            owner = call.value.attr if isinstance(call.value, ast.Attribute) else ""
            if call.attr in kernels or (owner, call.attr) == ("game", "step"):
                return call.attr
    return ""


@lru_cache(maxsize=256)
def _calls(file: str) -> list[tuple[int, int, ast.expr]]:
    """First and last line of each call in a source, and what it calls; innermost first."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return []
    found = [
        (node.lineno, node.end_lineno or node.lineno, node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    ]
    return sorted(found, key=lambda call: call[1] - call[0])
