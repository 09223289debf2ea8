"""Log lines of a process.

Responsible for: where they go (standard error), their level, and their form for people or machines.
Not here: what is logged; nothing per packet ever is.

Invariant: one line per message in JSON form, whatever it contains.
"""

from __future__ import annotations

import json
import logging
import sys


class JsonLines(logging.Formatter):
    """Each record as one JSON object: time (unix seconds), level, logger, message, and a traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure_logs(level: str, form: str) -> None:
    """Sets up logging for the whole process: `level` debug, info, warning or error; `form` text or json."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonLines() if form == "json" else logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("numba").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
