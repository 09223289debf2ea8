"""What a gateway shows to hosts, so that they tell it what operators see.

Responsible for: that key. Not here: what it opens (`web/api/ops_door.py`).

Invariant: only who knows the world's secret can make it, and it says nothing about the secret.
"""

from __future__ import annotations

import hmac
from typing import Final

KEY_HEADER: Final = "x-myriad-ops"
"""The header that brings it."""


def ops_key(secret: bytes) -> str:
    """The key of the world with that secret; "" as long as the secret is not known."""
    return hmac.digest(secret, b"myriad operations", "sha256").hex() if secret else ""
