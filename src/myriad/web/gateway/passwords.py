"""Passwords: argon2id, in a few threads of its own.

Responsible for: hashing and verifying without stopping the event loop, bounded work, and that the time taken tells
nothing about whether there is an account.
Not here: whose passwords they are (`accounts.py`).

Invariants: at most `workers` hashes are computed at once (64 MiB each) and `max_waiting` wait; more are refused.
Verifying costs the same whether there is something to compare with or not.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from nacl.exceptions import InvalidkeyError
from nacl.pwhash import argon2id

from myriad.web.refusals import BadRequest, Refusal

T = TypeVar("T")

MIN_CHARACTERS: Final = 8
MAX_BYTES: Final = 256
_BUSY_RETRY_S = 2.0


def checked_password(password: str) -> bytes:
    """A new password as it is hashed. Raises BadRequest."""
    raw = password.encode(errors="surrogatepass")
    if len(password) < MIN_CHARACTERS or len(raw) > MAX_BYTES:
        raise BadRequest(
            "bad_password", f"a password has {MIN_CHARACTERS} characters at least and {MAX_BYTES} bytes at most"
        )
    return raw


class Passwords:
    """Close it at the end."""

    def __init__(
        self,
        *,
        workers: int = 2,
        max_waiting: int = 64,
        opslimit: int = argon2id.OPSLIMIT_INTERACTIVE,
        memlimit: int = argon2id.MEMLIMIT_INTERACTIVE,
    ) -> None:
        self._opslimit = opslimit
        self._memlimit = memlimit
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._places = threading.Semaphore(workers + max_waiting)
        self._of_nobody = self._pool.submit(self._hash, os.urandom(16))  # first in line, so there before it is needed

    async def hash(self, password: bytes) -> str:
        """A new hash. Raises Refusal if too many wait."""
        return await self._run(lambda: self._hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; never without a hash, which takes as long. Raises Refusal if too many wait."""
        raw = password.encode(errors="surrogatepass")[: MAX_BYTES + 1]
        return await self._run(lambda: self._verify(raw, password_hash))

    def close(self) -> None:
        """Ends the threads; what waits is given up."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hash(self, password: bytes) -> str:
        return argon2id.str(password, opslimit=self._opslimit, memlimit=self._memlimit).decode()

    def _verify(self, password: bytes, password_hash: str | None) -> bool:
        compared = password_hash if password_hash is not None else self._of_nobody.result()
        try:
            return argon2id.verify(compared.encode(), password) and password_hash is not None
        except InvalidkeyError:
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Refusal(503, "busy", "too many log in at this moment", _BUSY_RETRY_S)
        future = self._pool.submit(work)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)
