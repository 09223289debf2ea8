"""The table of drop reasons."""

from __future__ import annotations

import re

from myriad.core import errors


def test_a_reason_s_number_is_its_place_in_the_table() -> None:
    for number, reason in enumerate(errors.DROP_REASONS):
        assert getattr(errors, f"DROP_{reason.name.upper()}") == number


def test_every_reason_has_one_name_and_one_sentence() -> None:
    names = [reason.name for reason in errors.DROP_REASONS]
    assert len(set(names)) == len(names)
    for reason in errors.DROP_REASONS:
        assert re.fullmatch(r"[a-z][a-z_]*", reason.name)
        assert reason.sentence.endswith(".")
