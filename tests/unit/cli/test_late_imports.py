"""While a command imports what it consists of, nothing is collected; afterwards garbage is, as before."""

from __future__ import annotations

import gc

import pytest

from myriad.cli.late_imports import late_imports


def test_the_collector_rests_during_late_imports_and_leaves_what_they_made_alone() -> None:
    before = gc.get_freeze_count()
    try:
        with late_imports():
            assert not gc.isenabled()
            made = [[number] for number in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() - before >= len(made)
    finally:
        gc.unfreeze()


def test_the_collector_works_again_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), late_imports():
        raise ImportError
    gc.unfreeze()
    assert gc.isenabled()
