"""The page of one profile: figures and a flame graph in one HTML file that needs nothing else.

Responsible for: putting figures and the tree of samples into `flame.html`.
Not here: how it looks and what a click does (that file), the tree (`profile/stacks.py`).

Invariant: whatever functions are called, the page's script holds them as data, never as markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from myriad.runtime.profile.probe import WORK
from myriad.runtime.profile.stacks import PHASE, Node

_PAGE: Final = Path(__file__).with_name("flame.html")
_DATA: Final = "{/* data */}"


def flame_page(figures: Mapping[str, Any], samples: Node, title: str) -> str:
    """The page; `title` is what a browser's tab shows."""
    data = {"title": title, "figures": figures, "tree": _plain(samples)}
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return _PAGE.read_text(encoding="utf-8").replace(_DATA, text)


def _plain(node: Node) -> list[Any]:
    """[name, place, kind, samples, children]: phases in the order of a turn, functions the largest first."""
    children = sorted(node.children.values(), key=lambda child: (_place(child), -child.value, child.frame.name))
    return [node.frame.name, node.frame.place, node.frame.kind, node.value, [_plain(child) for child in children]]


def _place(node: Node) -> int:
    return WORK.index(node.frame.name) if node.frame.kind == PHASE and node.frame.name in WORK else len(WORK)
