"""Data files into tables: nothing missing, nothing extra, nothing out of range."""

from pathlib import Path

import numpy as np
import pytest

from myriad.core.errors import StartupError
from myriad.game import make_table, read_toml

ROW = np.dtype([("speed", "f8"), ("legs", "u1"), ("loot", "u1", (2,))])


def test_rows_become_an_array() -> None:
    table = make_table(ROW, [{"speed": 1.5, "legs": 4, "loot": [1, 2]}, {"speed": 2, "legs": 6, "loot": [0, 0]}], "x")
    assert table["legs"].tolist() == [4, 6]
    assert table["loot"].tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"speed": 1, "legs": 4}, "beasts, row 1: 'loot' is missing"),
        ({"speed": 1, "legs": 4, "loot": [1, 2], "wings": 2}, "beasts, row 1: 'wings' is unknown"),
        ({"speed": 1, "legs": 400, "loot": [1, 2]}, "beasts, row 1: legs cannot be 400"),
        ({"speed": "quick", "legs": 4, "loot": [1, 2]}, "beasts, row 1: speed cannot be 'quick'"),
        ({"speed": 1, "legs": 4, "loot": [1, 2, 3]}, "beasts, row 1: loot cannot be"),
    ],
)
def test_a_wrong_row_is_named(row: dict[str, object], message: str) -> None:
    with pytest.raises(StartupError, match=message):
        make_table(ROW, [row], "beasts")


def test_a_missing_or_malformed_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"beasts\.toml cannot be read: No such file"):
        read_toml(tmp_path / "beasts.toml")
    (tmp_path / "beasts.toml").write_text("a = ")
    with pytest.raises(StartupError, match=r"beasts\.toml is malformed"):
        read_toml(tmp_path / "beasts.toml")
