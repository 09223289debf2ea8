"""Giving memory back once nothing is compiled any more.

Responsible for: taking the compiler's machine code out of the process's resident memory.
Not here: garbage of Python (`runtime/quiet_collection.py`).

Loading cached kernels touches some 55 MB of LLVM's code, which is never needed again. Those pages are clean copies of a
file: the operating system takes them back at once, and reads them again if something is compiled after all.

Invariant: only executable, never written mappings of that one file are touched.
"""

from __future__ import annotations

import ctypes
import sys

_COMPILER = "libllvmlite"
_MADV_DONTNEED = 4


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
