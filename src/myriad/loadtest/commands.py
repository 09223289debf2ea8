"""What the load test asks of the world's own commands: an event, and an audit.

Responsible for: running `myriad event` and `myriad audit` as processes of their own, for a world whose folder is known.
Not here: the commands (`cli/`); the store, which the load test never opens.

Invariant: a command that fails, or takes too long, is an answer too: nobody can say.
"""

from __future__ import annotations

import subprocess
import sys

TIMEOUT_S = 60.0


def start_event(data: str, name: str, text: str, seconds: float) -> bool:
    """Announces an event to the whole world; false if that was not possible."""
    minutes = f"{max(seconds / 60, 0.05):.2f}"
    return _run("event", "start", name, "--text", text, "--minutes", minutes, "--data", data) == 0


def is_balanced(data: str) -> bool | None:
    """Whether everything adds up now; None if nobody can say."""
    return {0: True, 1: False}.get(_run("audit", "--data", data))


def _run(*arguments: str) -> int:
    """The exit code, -1 if there was none in time."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "myriad", *arguments], capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return -1
    return done.returncode
