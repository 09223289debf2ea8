"""Keeping out of memory what nobody needs: tables before they are used, and the compiler once nothing is compiled.

Responsible for: large blocks as mappings of their own; taking the compiler's machine code out of the process's resident
memory.
Not here: garbage of Python (`runtime/quiet_collection.py`).

A zone's tables are of the size that they may need, and zeros until then. As a mapping, a page of zeros takes memory
when it is first written. Out of the heap, it takes memory at once, because it has to be cleared there.

Loading cached kernels touches some 55 MB of LLVM's code, which is never needed again. Those pages are clean copies of a
file: the operating system takes them back at once, and reads them again if something is compiled after all.

Invariant: only executable, never written mappings of that one file are touched.
"""

from __future__ import annotations

import ctypes
import sys

_COMPILER = "libllvmlite"
_MADV_DONTNEED = 4
_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 128 * 1024
"""Where the C library begins by itself; but it goes up whenever such a block is given back, unless it is set."""


def map_large_blocks() -> bool:
    """From now on every block of 128 KiB or more is a mapping of its own; False where the C library cannot be told."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES) == 1


def release_compiler() -> int:
    """Drops the compiler's code from resident memory; returns the bytes of address space concerned (0: not Linux)."""
    if sys.platform != "linux":
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    released = 0
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        mappings = [line.split(maxsplit=5) for line in maps]
    for mapping in mappings:
        if len(mapping) == 6 and mapping[1] == "r-xp" and _COMPILER in mapping[5]:
            start, end = (int(text, 16) for text in mapping[0].split("-"))
            if madvise(start, end - start, _MADV_DONTNEED) == 0:
                released += end - start
    return released
