"""One supervisor for each data folder.

Responsible for: making the folder and holding its lock for the life of the process.
Not here: what is in the folder (`storage/`).

Invariant: the lock ends with the process that took it, however that ends; it is not inherited (children close it).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from myriad.core.errors import StartupError

_FILE = "world.lock"


class WorldLock:
    """The lock of a folder; raises StartupError if another world has it, or the folder cannot be used."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StartupError(f"data: {folder} cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._fd, 32).decode(errors="replace").strip()
            os.close(self._fd)
            raise StartupError(f"data: a world runs on {folder} already (process {holder or 'unknown'})") from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Gives the folder back; in a child, lets go of the parent's lock without ending it."""
        os.close(self._fd)
