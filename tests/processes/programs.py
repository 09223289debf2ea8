"""Real processes for tests: started, watched by what they print, and ended by their own id."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]
START_S = 60.0


class Program:
    """A Python module running as a process; ends with the `with` block."""

    def __init__(self, module: str, *arguments: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MYRIAD_")}
        if "MYRIAD_KERNEL_CACHE" in os.environ:
            environment["MYRIAD_KERNEL_CACHE"] = os.environ["MYRIAD_KERNEL_CACHE"]
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.address = ""
        """host:port of HTTP, once ready."""
        self.lines: list[str] = []
        self._errors: list[str] = []
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def until_printed(self, pattern: str) -> re.Match[str]:
        """Reads standard output until a line matches; fails if the process ends before."""
        assert self.process.stdout is not None
        guard = threading.Timer(START_S, self.process.kill)
        guard.start()
        try:
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))
                found = re.search(pattern, line)
                if found:
                    return found
        finally:
            guard.cancel()
        raise AssertionError(f"ended without {pattern!r}: {self.lines} {self.errors()}")

    def until_ready(self) -> Program:
        """Waits for the printed address."""
        self.address = self.until_printed(r"http://(\S+)")[1]
        return self

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and decoded JSON (text, if it is none) of one HTTP request."""
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def end(self, number: signal.Signals) -> tuple[int, float]:
        """Sends a signal; exit code and seconds until the process was gone."""
        start_s = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(20)
        return code, time.monotonic() - start_s

    def result(self) -> tuple[int, str, str]:
        """Exit code, standard output and error of a process that ends by itself."""
        code = self.process.wait(START_S)
        self._reader.join()
        assert self.process.stdout is not None
        return code, "\n".join(self.lines) + self.process.stdout.read(), self.errors()

    def errors(self) -> str:
        """What it wrote to standard error so far."""
        return "".join(self._errors)

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._errors.append(line)
