"""How many blocks of memory Python's allocator is asked for by one thread, counted where they are asked for.

Responsible for: a layer of machine code around Python's allocators that counts and passes on, put in while somebody
profiles.
Not here: when it counts (`profile/probe.py`).

What counts: every request for a new block (`malloc`, `calloc`, `realloc` of nothing) in Python's "mem" and "object"
domains, and the bytes asked for; a block that only grows or shrinks counts as `resized`. That is all that objects are
made of, but not what Python takes from its lists of free objects, nor the data of NumPy arrays, which has an allocator
of its own. Live blocks (`sys.getallocatedblocks`) would say less: what a tick makes and drops again is not among them.

The layer is a dozen lines of LLVM's language, because Numba's compiler needs the GIL for tenths of a second and the
zone would wait; these take milliseconds, without the GIL. Putting it in and taking it out happens under the GIL, which
all calls of these two domains need too.

Invariants: the layer passes on every argument and result unchanged, so blocks may be freed with or without it; it is
taken out only if nobody put another layer on top, else it stays and counts nothing; its machine code is never freed.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Final, NamedTuple

import llvmlite.binding as llvm

_DOMAINS: Final = (1, 2)
"""PYMEM_DOMAIN_MEM and PYMEM_DOMAIN_OBJ."""

_FUNCTION: Final = """
define ptr @{name}_{domain}(ptr %context, {parameters}) {{
  %size = {size}
  %thread = call i64 @pthread_self()
  %counted = load i64, ptr inttoptr (i64 {thread_at} to ptr)
  %mine = icmp eq i64 %thread, %counted
  %counts = and i1 %mine, {condition}
  br i1 %counts, label %count, label %pass
count:
  %n0 = load i64, ptr inttoptr (i64 {blocks_at} to ptr)
  %n1 = add i64 %n0, 1
  store i64 %n1, ptr inttoptr (i64 {blocks_at} to ptr)
  %b0 = load i64, ptr inttoptr (i64 {bytes_at} to ptr)
  %b1 = add i64 %b0, %size
  store i64 %b1, ptr inttoptr (i64 {bytes_at} to ptr)
  br label %pass
pass:
  {resized}
  %block = call ptr inttoptr (i64 {original} to ptr)(ptr %context, {arguments})
  ret ptr %block
}}
"""
_RESIZED: Final = """%again = xor i1 %fresh, true
  %resizes = and i1 %mine, %again
  %r0 = load i64, ptr inttoptr (i64 {resized_at} to ptr)
  %grown = zext i1 %resizes to i64
  %r1 = add i64 %r0, %grown
  br i1 %resizes, label %note, label %go
note:
  store i64 %r1, ptr inttoptr (i64 {resized_at} to ptr)
  br label %go
go:"""


class _Allocator(ctypes.Structure):
    """PyMemAllocatorEx."""

    _fields_ = (
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.c_void_p),
        ("calloc", ctypes.c_void_p),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    )


class Allocated(NamedTuple):
    """Counted so far."""

    blocks: int
    num_bytes: int
    resized: int


class AllocationCounter:
    """Counts for one thread at a time; see above. One per process: `the_counter`."""

    def __init__(self) -> None:
        self._cells = (ctypes.c_int64 * 4)()
        """The thread that is counted (0: none), blocks, bytes, resized."""
        self._before: dict[int, _Allocator] = {}
        self._layers: dict[int, _Allocator] = {}
        self._engine: Any = None
        self._installed = False
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Compiles the layer, once: some milliseconds, on a thread that nobody waits for."""
        with self._lock:
            if self._engine is None:
                self._compile()

    def install(self) -> bool:
        """Puts the layer in; `prepare` came before. Nothing is counted yet. False if it would push another one out."""
        with self._lock:
            if not self._installed and all(bytes(_allocator_of(d)) == bytes(self._before[d]) for d in _DOMAINS):
                for domain in _DOMAINS:
                    ctypes.pythonapi.PyMem_SetAllocator(ctypes.c_int(domain), ctypes.byref(self._layers[domain]))
                self._installed = True
            return self._installed

    def remove(self) -> None:
        """Takes it out again, or leaves it there, silent, if another one lies on it."""
        self.stop()
        with self._lock:
            if not self._installed:
                return
            if all(bytes(_allocator_of(domain)) == bytes(self._layers[domain]) for domain in _DOMAINS):
                for domain in _DOMAINS:
                    ctypes.pythonapi.PyMem_SetAllocator(ctypes.c_int(domain), ctypes.byref(self._before[domain]))
                self._installed = False

    def start(self, thread: int) -> None:
        """What the thread (its `threading.get_ident`) asks for from now on counts."""
        self._cells[0] = thread

    def stop(self) -> None:
        """Nothing counts any more; what was counted stays."""
        self._cells[0] = 0

    def read(self) -> Allocated:
        """So far, in the life of the process."""
        return Allocated(self._cells[1], self._cells[2], self._cells[3])

    def _compile(self) -> None:
        self._before = {domain: _allocator_of(domain) for domain in _DOMAINS}
        source = "declare i64 @pthread_self()\n" + "".join(self._functions(domain) for domain in _DOMAINS)
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        module = llvm.parse_assembly(source)
        module.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        for domain, before in self._before.items():
            address = {
                name: engine.get_function_address(f"{name}_{domain}") for name in ("malloc", "calloc", "realloc")
            }
            self._layers[domain] = _Allocator(before.context, **address, free=before.free)
        self._engine = engine

    def _functions(self, domain: int) -> str:
        at = ctypes.addressof(self._cells)
        before = self._before[domain]
        places = {"thread_at": at, "blocks_at": at + 8, "bytes_at": at + 16, "domain": domain}
        plain = {"condition": "true", "resized": ""}
        return (
            _FUNCTION.format(
                name="malloc", parameters="i64 %asked", arguments="i64 %asked", size="add i64 %asked, 0",
                original=before.malloc, **places, **plain,
            )
            + _FUNCTION.format(
                name="calloc", parameters="i64 %number, i64 %each", arguments="i64 %number, i64 %each",
                size="mul i64 %number, %each", original=before.calloc, **places, **plain,
            )
            + _FUNCTION.format(
                name="realloc", parameters="ptr %old, i64 %asked", arguments="ptr %old, i64 %asked",
                size="add i64 %asked, 0\n  %fresh = icmp eq ptr %old, null", original=before.realloc,
                condition="%fresh", resized=_RESIZED.format(resized_at=at + 24), **places,
            )
        )  # fmt: skip


def _allocator_of(domain: int) -> _Allocator:
    found = _Allocator()
    ctypes.pythonapi.PyMem_GetAllocator(ctypes.c_int(domain), ctypes.byref(found))
    return found


the_counter: Final = AllocationCounter()
