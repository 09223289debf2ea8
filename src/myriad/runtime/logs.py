"""Log lines of a process.

Responsible for: where they go (standard error), their level, their form for people or machines, what every line of a
process or of a thread is about, and writing them on a thread of their own, so that nothing else waits for that.
Not here: what is logged, and its fields (`core/log_lines.py`); nothing per packet ever is.

Invariants: one line per message in JSON form, whatever it contains; what is said on a zone's thread costs it the making
of a record, never output; if lines come faster than they can be written, some are lost and counted.
"""

from __future__ import annotations

import json
import logging
import queue
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final

from myriad.core.metrics import Sample

MAX_WAITING: Final = 8192
"""Lines that wait to be written."""
_END_S: Final = 1.0
_QUIET: Final = ("numba", "uvicorn", "asyncio")
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})

_of_process: dict[str, object] = {}
_of_thread: ContextVar[Mapping[str, object]] = ContextVar("fields of log lines", default=_NOTHING)
_levels: Counter[str] = Counter(dict.fromkeys(("debug", "info", "warning", "error", "critical"), 0))
_lost: Counter[str] = Counter(lines=0)


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time (unix seconds), level, logger, message, its fields, and a traceback if there
    is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **fields_of(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ConsoleLines(logging.Formatter):
    """For people: time, level, message, then the fields as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # the library's name
        """The line, before a traceback."""
        fields = " ".join(f"{name}={_shown(value)}" for name, value in fields_of(record).items())
        return f"{super().formatMessage(record)} [{fields}]" if fields else super().formatMessage(record)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    """What the line is about: by its process, its thread and itself, the more special first."""
    context: Mapping[str, object] = getattr(record, "context", _NOTHING)
    own: Mapping[str, object] = getattr(record, "fields", _NOTHING)
    return {**context, **own}


def configure_logs(level: str, form: str) -> None:
    """Sets up logging for the whole process: `level` debug, info, warning or error; `form` text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else ConsoleLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.setLogRecordFactory(_record)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def process_is(**fields: object) -> None:
    """Every line of this process has these fields from now on."""
    _of_process.update(fields)


def thread_is(**fields: object) -> None:
    """Every line of this thread has these fields from now on."""
    _of_thread.set({**_of_thread.get(), **fields})


@contextmanager
def written_in_background() -> Iterator[None]:
    """Within the block lines are written by a thread of its own. At its end all are, or a second has passed."""
    root = logging.getLogger()
    before = root.handlers[:]
    background = _Background(before)
    root.handlers = [background]
    try:
        yield
    finally:
        root.handlers = before
        background.close()


def log_samples() -> list[Sample]:
    """How many lines were logged, and lost."""
    lines = [Sample("myriad_log_lines_total", (level,), number) for level, number in list(_levels.items())]
    return [*lines, Sample("myriad_log_lines_lost_total", (), _lost["lines"])]


def _record(*arguments: Any, **more: Any) -> logging.LogRecord:
    """A record with what its process and thread are about."""
    record = logging.LogRecord(*arguments, **more)
    record.context = {**_of_process, **_of_thread.get()}
    _levels[record.levelname.lower()] += 1
    return record


class _Background(logging.Handler):
    """Hands records to a thread that hands them to the real handlers."""

    def __init__(self, handlers: list[logging.Handler]) -> None:
        super().__init__()
        self._handlers = handlers
        self._waiting: queue.SimpleQueue[logging.LogRecord | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Without waiting."""
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put(record)
        else:
            _lost["lines"] += 1

    def close(self) -> None:
        """Writes what waits."""
        self._waiting.put(None)
        self._thread.join(_END_S)
        super().close()

    def _run(self) -> None:
        while (record := self._waiting.get()) is not None:
            for handler in self._handlers:
                if record.levelno >= handler.level:
                    handler.handle(record)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list | tuple) else str(value)
    return json.dumps(text, ensure_ascii=False) if any(c.isspace() or c == '"' for c in text) else text
