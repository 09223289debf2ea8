"""Names of accounts and characters: unique without regard to case.

Responsible for: the form in which names are compared, made here and not by the databases, which differ in it.
Not here: which names are allowed (`web/gateway/`).
"""

from __future__ import annotations

import unicodedata


def name_key(name: str) -> str:
    """What two names that a person would take for the same have in common."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
