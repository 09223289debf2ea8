"""Log lines say what they are about in fields, for machines and for people, and never hold anybody up."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from myriad.core.log_lines import Lines
from myriad.runtime import logs
from myriad.runtime.logs import ConsoleLines, JsonLines, configure_logs, log_samples, thread_is, written_in_background

_LOG = Lines("myriad.test")


Written = Callable[[], str]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What a process that was just started has written to standard error since the last call."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logs, "_of_process", {})
    yield lambda: capsys.readouterr().err
    root.handlers = handlers
    root.setLevel(level)
    logging.setLogRecordFactory(logging.LogRecord)


def lines_of(written: Written) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written().splitlines()]


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


def test_fields_are_keys_and_ids_are_hexadecimal(written: Written) -> None:
    configure_logs("info", "json")
    lines = _LOG.about(zone="zone-1", layer=0)
    lines.info(
        "%s went over", "Ada", character=7, session=255, transfer=2**64 - 1, reason=None, phases_ms={"step": 1.5}
    )
    (line,) = lines_of(written)
    assert line.pop("time") > 0
    assert line == {
        "level": "info",
        "logger": "myriad.test",
        "message": "Ada went over",
        "zone": "zone-1",
        "layer": 0,
        "character": 7,
        "session": "00000000000000ff",
        "transfer": "f" * 16,
        "phases_ms": {"step": 1.5},
    }


def test_people_read_the_same_fields_behind_the_message(written: Written) -> None:
    configure_logs("info", "text")
    _LOG.warning("slow", zone="zone-1", why='two words and a "quote"', phases_ms={"step": 1.5})
    line = written()
    assert re.search(r"WARNING myriad\.test: slow \[zone=zone-1 why=\"two words", line)
    assert line.count("\n") == 1


def test_a_line_says_more_by_its_thread_and_its_process(written: Written) -> None:
    configure_logs("info", "json")
    logs.process_is(host="host-1")

    def zone() -> None:
        thread_is(zone="zone-3", layer=1)
        _LOG.info("here")
        _LOG.info("about another", zone="zone-4")
        logging.getLogger("somebody.else").warning("a library speaks")

    thread = threading.Thread(target=zone)
    thread.start()
    thread.join()
    _LOG.info("outside")
    found = [(line["host"], line.get("zone"), line.get("layer")) for line in lines_of(written)]
    assert found == [("host-1", "zone-3", 1), ("host-1", "zone-4", 1), ("host-1", "zone-3", 1), ("host-1", None, None)]


def test_what_is_below_the_level_is_not_written(written: Written) -> None:
    configure_logs("warning", "json")
    _LOG.info("not this", zone="zone-1")
    _LOG.exception("nor is there an exception", zone="zone-1")
    assert [line["level"] for line in lines_of(written)] == ["error"]


def test_in_the_background_all_lines_are_written_by_the_end_and_by_another_thread(written: Written) -> None:
    configure_logs("info", "json")
    writers = set()
    form = logging.getLogger().handlers[0].formatter

    class Noting(JsonLines):
        def format(self, record: logging.LogRecord) -> str:
            writers.add(threading.current_thread().name)
            return super().format(record)

    assert form is not None
    logging.getLogger().handlers[0].setFormatter(Noting())
    with written_in_background():
        for number in range(100):
            _LOG.info("line", number=number)
    assert [line["number"] for line in lines_of(written)] == list(range(100))
    assert writers == {"log"}


def test_a_writer_that_is_held_up_holds_up_nobody_and_what_is_lost_is_counted(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_WAITING", 10)
    configure_logs("info", "json")
    gate = threading.Event()

    class Held(JsonLines):
        def format(self, record: logging.LogRecord) -> str:
            gate.wait(10)
            return super().format(record)

    logging.getLogger().handlers[0].setFormatter(Held())
    before = counted("myriad_log_lines_lost_total")
    with written_in_background():
        for number in range(50):
            _LOG.info("line", number=number)
        gate.set()
    lost = counted("myriad_log_lines_lost_total") - before
    assert lost >= 39
    assert len(lines_of(written)) + lost == 50


def counted(name: str, *labels: str) -> float:
    (value,) = (sample.value for sample in log_samples() if sample[:2] == (name, labels))
    assert isinstance(value, int | float)
    return value


def test_lines_are_counted_by_level(written: Written) -> None:
    configure_logs("info", "json")
    before = counted("myriad_log_lines_total", "error")
    _LOG.error("oh")
    _LOG.debug("not this")
    assert counted("myriad_log_lines_total", "error") == before + 1


def test_a_formatter_for_people_shows_a_record_without_fields_as_it_is() -> None:
    record = logging.LogRecord("myriad.x", logging.INFO, __file__, 1, "plain", (), None)
    assert ConsoleLines().format(record).endswith("INFO myriad.x: plain")
