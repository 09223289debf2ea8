"""The page of a profile: one file, whose data cannot become markup."""

from __future__ import annotations

import json
import re
from typing import Any

from myriad.runtime.profile.flame import flame_page
from myriad.runtime.profile.stacks import PHASE, PYTHON, Frame, Node


def page() -> str:
    root = Node(Frame("zone-1", "", PHASE))
    root.add([Frame("send", "", PHASE), Frame("</script><b>", "a.py", PYTHON)], 1)
    root.add([Frame("receive", "", PHASE)], 3)
    root.add([Frame("send", "", PHASE), Frame("often", "a.py", PYTHON)], 2)
    return flame_page({"zone": "zone-1"}, root, "zone-1, today")


def data(text: str) -> Any:
    start = text.index("const data = ") + len("const data = ")
    return json.JSONDecoder().raw_decode(text[start:])[0]


def test_names_of_functions_are_data_and_never_markup() -> None:
    text = page()
    assert text.count("</script>") == 1
    assert "<b>" not in text.split("<script>")[1]
    assert data(text)["figures"] == {"zone": "zone-1"}


def test_phases_stand_in_the_order_of_a_turn_and_functions_by_size() -> None:
    name, _, _, samples, phases = data(page())["tree"]
    assert (name, samples) == ("zone-1", 6)
    assert [(phase[0], phase[3]) for phase in phases] == [("receive", 3), ("send", 3)]
    assert [function[0] for function in phases[1][4]] == ["often", "</script><b>"]


def test_the_page_needs_nothing_else() -> None:
    text = page()
    assert not re.search(r"https?://|<link|src=|@import|url\(", text)
