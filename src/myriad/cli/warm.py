"""`myriad warm`: compile every kernel, so that nothing is compiled while somebody waits.

Responsible for: the command; one process for each group of kernels; importing all that the other commands import late,
so that Python's bytecode of it is on disk too.
Not here: the groups (`cli/kernels.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Annotated, Final

import typer

from myriad.core.errors import MyriadError

HOST_MODULES: Final = (
    "myriad.cli.world_parts",
    "myriad.runtime.world_process",
    "myriad.runtime.world_server",
    "myriad.runtime.host",
    "myriad.cli.ops_client",
    "myriad.cli.ops_tables",
    "rich.live",
)
"""What servers, worlds and those who operate them import, and what that imports."""
OTHER_MODULES: Final = ("myriad.loadtest.run", "myriad.loadtest.display")


def run(
    host: Annotated[bool, typer.Option("--host", help="Only what servers and worlds need.")] = False,
    group: Annotated[str, typer.Option(help="Only one group, in this process.")] = "",
) -> None:
    """Compile all kernels into the cache, on all processors, telling how far it is."""
    from myriad.cli.kernels import all_groups, host_groups
    from myriad.core.kernel import kernel_cache_root
    from myriad.runtime.warm import warm

    groups = host_groups() if host else all_groups()
    if group:
        chosen = tuple(row for row in groups if row[0] == group)
        if not chosen:
            raise MyriadError(f"there is no kernel group {group!r}; there are {', '.join(name for name, _ in groups)}")
        warm(groups=chosen)
        return
    print(f"kernels: compiling into {kernel_cache_root()} (takes its time once)", flush=True)
    start_s = time.monotonic()
    names = [name for name, _ in groups]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        compiled = pool.map(_compile_group, names)
        for module in HOST_MODULES if host else HOST_MODULES + OTHER_MODULES:
            import_module(module)
        for done, name in enumerate(compiled):
            print(f"kernels: {done + 1}/{len(names)} {name} ({time.monotonic() - start_s:.0f} s)", flush=True)
    warm(groups=groups)
    print(f"kernels: ready after {time.monotonic() - start_s:.1f} s", flush=True)


def _compile_group(name: str) -> str:
    """Compiles one group in a process of its own; returns its name. Raises MyriadError with its last line."""
    command = [sys.executable, "-m", "myriad", "warm", "--group", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise MyriadError(f"kernels of group {name} do not compile: {last}")
    return name
