"""`myriad warm`: compile every kernel, so that nothing is compiled while somebody waits."""

from __future__ import annotations

import time


def run() -> None:
    """Compile all kernels into the cache, telling how far it is."""
    from myriad.core.kernel import kernel_cache_root

    print(f"kernels: compiling into {kernel_cache_root()} (takes its time once)", flush=True)
    start_s = time.monotonic()
    from myriad.cli.kernels import all_groups
    from myriad.runtime.warm import warm

    def progress(name: str, done: int, total: int) -> None:
        """Called before kernel group number `done` (from 0) of `total` is compiled."""
        print(f"kernels: {done + 1}/{total} {name} ({time.monotonic() - start_s:.0f} s)", flush=True)

    warm(progress, all_groups())
    print(f"kernels: ready after {time.monotonic() - start_s:.1f} s", flush=True)
