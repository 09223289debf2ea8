"""Log lines that say what they are about in fields, not in words alone.

Responsible for: the names of the fields, and a logger that takes them as keywords.
Not here: where lines go and in which form (`runtime/logs.py`).

    _LOG = Lines(__name__)
    _LOG.info("a character was handed over", character=7, transfer=transfer, target="zone-2")
    lines = _LOG.about(zone="zone-1", layer=0)     # says so with every line

Lines of a zone's thread have `zone` and `layer`, lines of a host's process `host`, without saying so: the process adds
them.

Invariants: a number with a name of `IDS` is written as 16 hexadecimal digits, as on the wire; nothing per packet or per
tick is logged here, and no secret ever.
"""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any, Final

IDS: Final = frozenset({"session", "transfer"})
"""Fields whose numbers are random ids."""

_OF_LOGGING: Final = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})


class Lines(logging.LoggerAdapter[logging.Logger]):
    """A logger whose methods take fields as keywords."""

    def __init__(self, name: str, **fields: object) -> None:
        """`name` is the module's; `fields` are said with every line."""
        super().__init__(logging.getLogger(name), {})
        self._fields = fields

    def about(self, **fields: object) -> Lines:
        """The same logger, with more fields in every line."""
        return Lines(self.logger.name, **self._fields, **fields)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Puts the fields where `runtime/logs.py` finds them: `record.fields`."""
        fields = {**self._fields, **{name: value for name, value in kwargs.items() if name not in _OF_LOGGING}}
        passed = {name: value for name, value in kwargs.items() if name in _OF_LOGGING}
        written = {name: _written(name, value) for name, value in fields.items() if value is not None}
        return msg, {**passed, "extra": {"fields": written}}


def _written(name: str, value: object) -> object:
    return f"{value:016x}" if name in IDS and isinstance(value, int) else value
