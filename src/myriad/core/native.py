"""Functions of libsodium and the C library that kernels call by name.

Responsible for: finding libsodium, loading it so that compiled kernels resolve its symbols by name (which is what
lets Numba cache them), and declaring each function once for kernels and for plain Python (JIT off).
Not here: what the functions are used for (`netcode/` for the AEAD, `runtime/` for sockets).

Invariant: every pointer argument is declared as an integer of pointer size; callers pass `array.ctypes.data`.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import glob
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import llvmlite.binding
from numba import types
from numba.core import config as numba_config

from myriad.core.errors import StartupError

_CTYPES = {
    "p": ctypes.c_void_p,
    "u64": ctypes.c_uint64,
    "i64": ctypes.c_int64,
    "i32": ctypes.c_int32,
    "u32": ctypes.c_uint32,
}
_NUMBA = {"p": types.intp, "u64": types.uint64, "i64": types.int64, "i32": types.int32, "u32": types.uint32}


@lru_cache(maxsize=1)
def libsodium_path() -> str:
    """Path of the libsodium to use: the one inside PyNaCl's wheel, else the system's. Raises StartupError if none."""
    candidates: list[str] = []
    try:
        import nacl

        folder = os.path.dirname(nacl.__file__)
        candidates += sorted(glob.glob(os.path.join(folder, "_sodium*.so")))
    except ImportError:
        pass
    system = ctypes.util.find_library("sodium")
    if system:
        candidates.append(system)
    for path in candidates:
        try:
            library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
            library.crypto_aead_chacha20poly1305_ietf_encrypt  # noqa: B018 (proves that the symbol is exported)
        except (OSError, AttributeError):
            continue
        return path
    raise StartupError("libsodium not found: reinstall PyNaCl, or install the system's libsodium")


@lru_cache(maxsize=1)
def _libsodium() -> ctypes.CDLL:
    path = libsodium_path()
    library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    llvmlite.binding.load_library_permanently(path)
    if library.sodium_init() < 0:
        raise StartupError(f"libsodium at {path} does not start")
    return library


def libsodium_identity() -> str:
    """What tells one build of libsodium from another: its path, size and time of change (wheels export no version)."""
    path = libsodium_path()
    try:
        info = os.stat(path)
    except OSError:  # a bare name that the loader resolved
        return path
    return f"{path} {info.st_size} {info.st_mtime_ns}"


def declare(name: str, result: str, *arguments: str, library: str = "libc") -> Callable[..., int]:
    """A C function for use inside kernels; the same call works in plain Python when the JIT is off.

    `result` and `arguments` are codes of one machine type each: p (pointer, as an integer), i32, u32, i64, u64.
    `library` is "libc" or "libsodium". Raises AttributeError if the C library lacks it (with the JIT off), so test
    for a function with `available` first where a platform may lack it.
    """
    loaded = _libsodium() if library == "libsodium" else ctypes.CDLL(None)
    if not numba_config.DISABLE_JIT:
        return types.ExternalFunction(name, _NUMBA[result](*(_NUMBA[code] for code in arguments)))  # type: ignore[no-any-return]
    function: Any = getattr(loaded, name)
    function.restype = _CTYPES[result]
    function.argtypes = [_CTYPES[code] for code in arguments]

    def call(*values: int) -> int:
        # NumPy's integers, which kernels calculate with, are not taken by ctypes.
        return function(*(int(value) for value in values))  # type: ignore[no-any-return]

    return call


def available(name: str) -> bool:
    """True if the C library has a function of that name (macOS, for one, lacks `recvmmsg`)."""
    return hasattr(ctypes.CDLL(None), name)


copy_memory = declare("memcpy", "p", "p", "p", "u64")
"""`copy_memory(to, source, num_bytes)`: pointers; the ranges must not overlap. The result means nothing."""
