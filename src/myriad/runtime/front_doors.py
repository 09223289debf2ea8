"""Asking hosts of a world what they tell operators, over their front doors.

Responsible for: one request, its key and its time limit. Not here: when to ask, what is made of it (`web/ops/`).

Invariant: it ends within its time limit, by an answer or an OSError.
"""

from __future__ import annotations

import http.client
from typing import Any, Final
from urllib.parse import quote

import msgspec

from myriad.runtime.ops_key import KEY_HEADER, ops_key

MEASURES: Final = "/v1/ops/measures"
ANSWER_S: Final = 1.5


def seen_path(zone: str) -> str:
    """Where a host shows one of its zones (`zone-3`, `zone-3/1`) from above."""
    return f"/v1/ops/seen?zone={quote(zone, safe='')}"


def ask_front_door(address: str, path: str, secret: bytes, timeout_s: float = ANSWER_S) -> dict[str, Any]:
    """What the host at `address` (host:port) answers; `secret` is the world's. Raises OSError."""
    connection = http.client.HTTPConnection(address, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={KEY_HEADER: ops_key(secret)})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise OSError(f"{address} answered {answer.status}")
        return msgspec.json.decode(body, type=dict[str, Any])
    except (http.client.HTTPException, msgspec.DecodeError) as error:
        raise OSError(f"{address} does not answer as it should: {error}") from error
    finally:
        connection.close()
