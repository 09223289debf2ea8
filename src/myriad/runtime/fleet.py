"""The children of a supervisor on this machine: forked from the supervisor itself, which is warm.

Responsible for: forking, the channel to each child, what a child must let go of, ending, and who has ended.
Not here: what children do and when they are started (`runtime/supervisor.py`).

Invariants: the forking process has no other thread; a child has of its parent's channels only its own end, so that it
notices when the parent is gone; children stay in the parent's process group and leave Ctrl-C to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Protocol

from myriad.core.errors import EXIT_CANNOT_START, EXIT_FAILED, MyriadError
from myriad.runtime.control import Channel
from myriad.runtime.logs import process_is

Run = Callable[[Channel], int]
"""What a child does with its end of the channel; its result is the exit code."""

_HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)


class Child:
    """A child that was started."""

    def __init__(self, name: str, pid: int, channel: Channel) -> None:
        self.name = name
        self.pid = pid
        self.channel = channel


class Fleet(Protocol):
    """Where children run."""

    def start(self, name: str, run: Run) -> Child:
        """Starts one."""
        ...

    def kill(self, child: Child) -> None:
        """Ends it at once; it is reported by `take_ended` like any other."""
        ...

    def take_ended(self) -> list[tuple[Child, int]]:
        """Those that have ended since the last call, with their exit codes (negative: the signal)."""
        ...


class LocalFleet:
    """Children by `fork`."""

    def __init__(self, let_go: Callable[[], None]) -> None:
        """`let_go` is called in each child first: it closes what is the parent's alone."""
        self._let_go = let_go
        self._children: dict[int, Child] = {}

    def start(self, name: str, run: Run) -> Child:
        """As `Fleet.start`; comes back in the parent only."""
        ours, theirs = Channel.pair()
        sys.stdout.flush()
        sys.stderr.flush()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_BACK)  # no signal meets a child half made
        pid = os.fork()
        if pid == 0:
            ours.close()
            process_is(host=name)
            self._become(theirs, run, before)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        child = self._children[pid] = Child(name, pid, ours)
        return child

    def kill(self, child: Child) -> None:
        """As `Fleet.kill`."""
        if child.pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)

    def take_ended(self) -> list[tuple[Child, int]]:
        """As `Fleet.take_ended`."""
        ended = []
        for pid, child in list(self._children.items()):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found == pid:
                del self._children[pid]
                ended.append((child, os.waitstatus_to_exitcode(status)))
        return ended

    def _become(self, channel: Channel, run: Run, signals: set[int | signal.Signals]) -> None:
        """The rest of a child's life; does not return."""
        code = EXIT_FAILED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
            for child in self._children.values():
                child.channel.close()
            self._let_go()
            code = run(channel)
        except MyriadError as error:
            print(f"myriad: {' '.join(str(error).split())}", file=sys.stderr)
            code = EXIT_CANNOT_START
        except BaseException:  # there is nobody above
            traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)
