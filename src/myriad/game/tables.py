"""A game's numbers: TOML data into structured arrays that kernels read.

Responsible for: reading a TOML file, and filling rows of a dtype from mappings with no key missing, unknown or out of
range. Not here: what the numbers mean (the game).

Invariant: whatever is wrong with a data file is one StartupError that names the file, the table and the key.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from myriad.core.errors import StartupError


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises StartupError when it is missing or malformed."""
    try:
        return copy.deepcopy(_parsed(path, path.stat().st_mtime_ns))
    except OSError as error:
        raise StartupError(f"game data {path.name} cannot be read: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise StartupError(f"game data {path.name} is malformed: {error}") from error


@lru_cache(maxsize=32)
def _parsed(path: Path, changed_ns: int) -> dict[str, Any]:
    """Every zone of a world asks for the same few files."""
    with path.open("rb") as file:
        return tomllib.load(file)


def make_table(dtype: np.dtype[Any], rows: Sequence[Mapping[str, Any]], label: str) -> NDArray[Any]:
    """A (len(rows),) array of `dtype`, each row given by name; `label` says where from in an error.

    Raises StartupError on a missing or unknown name and on a value that the field cannot hold.
    """
    table = np.zeros(len(rows), dtype)
    names = dtype.names or ()
    for number, row in enumerate(rows):
        wrong = sorted(set(row).symmetric_difference(names))
        if wrong:
            verb = "is missing" if wrong[0] in names else "is unknown"
            raise StartupError(f"{label}, row {number + 1}: {wrong[0]!r} {verb}")
        for name in names:
            try:
                table[name][number] = row[name]
            except (OverflowError, ValueError, TypeError) as error:
                raise StartupError(f"{label}, row {number + 1}: {name} cannot be {row[name]!r}") from error
    return table
