"""`myriad warm` tells how far it is, also when nobody watches a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from myriad.cli import main


def test_every_group_of_kernels_is_told_before_it_is_compiled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told_before: list[str] = []

    def warm(progress: Callable[[str, int, int], None], groups: tuple[str, ...]) -> None:
        for done, name in enumerate(groups):
            progress(name, done, 2)
            told_before.append(capsys.readouterr().out.splitlines()[-1])

    monkeypatch.setitem(sys.modules, "myriad.runtime.warm", SimpleNamespace(warm=warm))
    monkeypatch.setitem(sys.modules, "myriad.cli.kernels", SimpleNamespace(all_groups=lambda: ("netcode", "zone")))
    assert main.run(["warm"]) == 0
    assert [re.sub(r"\(.*\)", "", line).strip() for line in told_before] == [
        "kernels: 1/2 netcode",
        "kernels: 2/2 zone",
    ]
    assert "kernels: ready after" in capsys.readouterr().out
