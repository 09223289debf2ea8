"""The one way to compile a kernel, and where its machine code is kept.

Responsible for: the `kernel` decorator (Numba, `nogil`, cached on disk) and the directory of that cache.
Not here: native libraries that kernels call (`core/native.py`) and any kernel itself.

Invariant: machine code is reused only if nothing that it was made from has changed. Numba's own cache looks at the
timestamp of the file that defines a kernel and misses an edit in a kernel that it calls, so every kernel is cached in
a directory named by a hash over the sources of its module and of every module that one imports, transitively, inside
`myriad` and the kernel's own top-level package, together with the versions of Python, Numba and NumPy, the CPU and
libsodium. An edited rule therefore recompiles that rule and what calls it, and nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

import llvmlite.binding
import numba
import numpy as np
from numba.core import config as numba_config

from myriad.core import native

F = TypeVar("F", bound=Callable[..., object])

_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+([\w., \t]+))", re.MULTILINE
)
_NAME = re.compile(r"\w+")
_DOTTED_NAME = re.compile(r"[\w.]+")


def jit_enabled() -> bool:
    """False when `NUMBA_DISABLE_JIT=1`: kernels then run as plain Python (coverage, reference runs)."""
    return not numba_config.DISABLE_JIT


def kernel_cache_root() -> Path:
    """The folder that holds all kernel caches: `MYRIAD_KERNEL_CACHE`, else the user's cache folder."""
    chosen = os.environ.get("MYRIAD_KERNEL_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "myriad" / "kernels"


@lru_cache(maxsize=1)
def _toolchain() -> bytes:
    parts = (
        platform.python_version(),
        numba.__version__,
        np.__version__,
        llvmlite.binding.get_host_cpu_name(),
        str(sorted(k for k, v in llvmlite.binding.get_host_cpu_features().items() if v)),
        native.libsodium_identity(),
    )
    return "\n".join(parts).encode()


@cache
def _module_file(name: str) -> str | None:
    top = name.partition(".")[0]
    package = sys.modules.get(top)
    roots = list(getattr(package, "__path__", [])) if package is not None else []
    if not roots:
        spec = importlib.util.find_spec(top)
        roots = list(spec.submodule_search_locations or []) if spec is not None else []
    inner = name.split(".")[1:]
    for root in roots:
        base = os.path.join(root, *inner)
        for path in (base + ".py", os.path.join(base, "__init__.py")):
            if os.path.isfile(path):
                return path
    return None


@cache
def _source(name: str) -> tuple[bytes, tuple[str, ...]]:
    """Digest of one module's source, and the names it imports that may be modules of ours."""
    path = _module_file(name)
    if path is None:
        return b"", ()
    text = Path(path).read_bytes()
    found: set[str] = set()
    for base, names, plain in _IMPORT.findall(text.decode()):
        if base:
            found.add(base)
            found.update(f"{base}.{item}" for item in _NAME.findall(names))
        found.update(_DOTTED_NAME.findall(plain))
    return hashlib.sha256(text).digest(), tuple(sorted(found))


@cache
def _imports(name: str, tops: frozenset[str]) -> tuple[str, ...]:
    """Those modules of the packages `tops` that one module imports."""
    return tuple(
        found for found in _source(name)[1] if found.partition(".")[0] in tops and _module_file(found) is not None
    )


@cache
def source_closure(module: str) -> tuple[str, ...]:
    """Names of the modules whose sources decide the machine code of `module`'s kernels, sorted, itself included."""
    tops = frozenset(("myriad", module.partition(".")[0]))
    seen: set[str] = set()
    waiting = [] if _module_file(module) is None else [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(_imports(name, tops))
    return tuple(sorted(seen))


@cache
def _cache_folder(module: str) -> str:
    digest = hashlib.sha256(_toolchain())
    for name in source_closure(module):
        digest.update(name.encode() + b"\0" + _source(name)[0])
    return str(kernel_cache_root() / digest.hexdigest()[:24])


def _compiled(function: F, **options: bool) -> F:
    if not jit_enabled():
        return function
    if function.__module__ == "__main__":
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]
    before = numba_config.CACHE_DIR
    numba_config.CACHE_DIR = _cache_folder(function.__module__)
    try:
        return numba.njit(nogil=True, cache=True, **options)(function)  # type: ignore[no-any-return]
    finally:
        numba_config.CACHE_DIR = before


def kernel(function: F) -> F:
    """Compile `function` on its first call, without the GIL, and keep the machine code on disk.

    Shapes and dtypes are the function's own affair; bounds are not checked, so callers go through a wrapper that
    checks them. With the JIT off the function itself comes back.
    """
    return _compiled(function, no_cfunc_wrapper=True)


def bare_kernel(function: F) -> F:
    """Compile a kernel that creates no array: without reference counts, which halves the time of small array work.

    Slices and views of arguments are fine; `np.zeros` and the like are refused when it is compiled.
    """
    return _compiled(function, _nrt=False, no_cfunc_wrapper=True)


def inner_kernel(function: F) -> F:
    """Compile a bare kernel that only other kernels call: without the entry for Python.

    That entry costs half a second of compiling where a tuple of many arrays is an argument. Python must not call such
    a kernel while the JIT is on.
    """
    return _compiled(function, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
