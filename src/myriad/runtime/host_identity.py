"""Who a process is among the hosts of a world, and whether another host on this machine still lives.

Responsible for: names of hosts, the name of the machine, and looking at the table of processes.
Not here: leases (`runtime/tenancy.py`), restarting (`runtime/supervisor.py`).

Invariants: a name is never given twice; a host is called dead only if it ran on this machine, in this space of process
numbers, and its number is nobody's or another process's now (the name says when its process began).
"""

from __future__ import annotations

import os
import secrets
import socket
from functools import cache

from myriad.cluster.requests import HostId

_GONE = "ZX"  # states of a process that has ended but was not waited for


def new_token() -> str:
    """The random part of a host's name."""
    return secrets.token_hex(8)


def host_id(token: str, pid: int | None = None) -> HostId:
    """The host that process `pid` (default: this one) is, by the random part of its name."""
    number = os.getpid() if pid is None else pid
    return HostId(f"{token}-{_began(number) or 0}", machine_name(), number)


def is_dead(host: HostId) -> bool:
    """True if the process of `host` is known to have ended; False if it lives or cannot be seen from here."""
    if host.machine != machine_name():
        return False
    try:
        os.kill(host.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    began = _began(host.pid)
    return began is not None and host.name.rpartition("-")[2] not in {str(began), "0"}


@cache
def machine_name() -> str:
    """This machine since it was started, and the space of process numbers in it: pids mean something only there."""
    return "/".join((socket.gethostname(), _first_line("/proc/sys/kernel/random/boot_id")[:8], _process_space()))


def _process_space() -> str:
    try:
        return os.readlink("/proc/self/ns/pid").removeprefix("pid:")
    except OSError:
        return ""


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks since the machine did; -1 if it has ended, None if that cannot be known."""
    line = _first_line(f"/proc/{pid}/stat")
    if not line:
        return None
    fields = line.rpartition(")")[2].split()
    return -1 if fields[0] in _GONE else int(fields[19])


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""
