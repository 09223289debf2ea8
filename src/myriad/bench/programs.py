"""Programs of this project as processes: started on chosen cores, watched by what they print, ended by their own id.

Responsible for: that, and the cores of a kind of pinning. Not here: what a server or load test is (`bench/server.py`,
`bench/load.py`), what their processes cost (`bench/usage.py`).

Invariant: whatever happens, a program that was started here has ended when its `with` block has.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from myriad.bench.machine import available_cores
from myriad.bench.scenarios import APART
from myriad.core.errors import MyriadError
from myriad.core.settings import ENVIRONMENT_PREFIX

END_S = 30.0
_KEPT_LINES = 40


def cores_for(pinning: str) -> tuple[list[int], list[int]]:
    """Cores of the server and of the generator: all for both, or with APART and two or more, the last one is the
    generator's."""
    cores = available_cores()
    if pinning != APART or len(cores) < 2:
        return cores, cores
    return cores[:-1], cores[-1:]


@contextmanager
def on_cores(cores: Sequence[int]) -> Iterator[None]:
    """Programs that this thread starts meanwhile, and all that they start, use these cores alone."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def environment_with(settings: Mapping[str, str]) -> dict[str, str]:
    """With these settings of the server and no others: only what the benchmark says counts."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}
    cache = f"{ENVIRONMENT_PREFIX}KERNEL_CACHE"
    if cache in os.environ:
        kept[cache] = os.environ[cache]
    return kept | {ENVIRONMENT_PREFIX + name.upper(): value for name, value in settings.items()}


class Program:
    """`myriad` with arguments; a thread reads what it prints and hands each line to `heard`."""

    def __init__(
        self,
        arguments: Sequence[str],
        cores: Sequence[int],
        settings: Mapping[str, str] | None = None,
        heard: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = f"myriad {arguments[0]}"
        self._heard = heard
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._news = threading.Condition()
        self._ended = False
        with on_cores(cores):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "myriad", *arguments],
                env=environment_with(settings or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, name=self.name, daemon=True)
        self._reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._reader.join(1.0)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """False once it has ended."""
        return self._process.poll() is None

    @property
    def last_words(self) -> str:
        """The last thing that it said."""
        return next((line for line in reversed(self._lines) if line.strip()), "nothing")

    def until_said(self, pattern: str, seconds: float) -> str:
        """The first group of the first line that matches. Raises MyriadError if it ends or is silent before."""
        until_s = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self._lines:
                    if found := re.search(pattern, line):
                        return found[1]
                left_s = until_s - time.monotonic()
                if self._ended or left_s <= 0:
                    raise MyriadError(f"{self.name} was not ready: {self.last_words}")
                self._news.wait(left_s)

    def result(self, seconds: float) -> int:
        """Waits for its end and returns its exit code. Raises MyriadError if it takes longer."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MyriadError(f"{self.name} did not end within {seconds:.0f} s: {self.last_words}") from None
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self._lines.append(line.rstrip("\n"))
                self._news.notify_all()
            self._heard(line.rstrip("\n"))
        with self._news:
            self._ended = True
            self._news.notify_all()
