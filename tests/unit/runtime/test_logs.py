"""Log lines for machines are one JSON object each."""

from __future__ import annotations

import json
import logging
import sys

from myriad.runtime.logs import JsonLines


def test_a_record_is_one_line_of_json_whatever_it_contains() -> None:
    record = logging.LogRecord("myriad.x", logging.ERROR, __file__, 1, "two\nlines %s", ("ü",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["logger"], found["message"]) == ("error", "myriad.x", "two\nlines ü")


def test_a_traceback_is_part_of_the_object() -> None:
    try:
        raise ValueError("deep inside")
    except ValueError:
        record = logging.LogRecord("myriad.x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    line = JsonLines().format(record)
    assert "\n" not in line
    assert "deep inside" in json.loads(line)["traceback"]
