"""Asking for memory before it is needed.

A pass over many players touches some thirty cache lines of each, spread over a dozen arrays, and other work has
pushed them out of the cache since the last pass. Asked for one player ahead, they arrive while there is other work.

Responsible for: `prefetch`, one instruction that changes nothing but time.
Not here: what is asked for, which whoever knows the access pattern says.

Invariant: any address may be given; one that does not exist is ignored by the processor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.core import config as numba_config
from numba.core.extending import intrinsic

from myriad.core.kernel import inner_kernel

LINE_BYTES = 64


@intrinsic
def _prefetch(context: Any, address: Any = None) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        # for writing, to be kept in all levels of the cache, data
        builder.call(function, [builder.inttoptr(arguments[0], byte), word(1), word(3), word(1)])
        return context.get_dummy_value()

    return types.void(types.intp), code


if TYPE_CHECKING or numba_config.DISABLE_JIT:

    def prefetch(address: int) -> None:
        """Ask for the cache line at `address` (a pointer as an integer)."""

else:
    prefetch = _prefetch


@inner_kernel
def prefetch_row(start: int, row: int, row_bytes: int, num_bytes: int) -> None:
    """Ask for the first `num_bytes` of row `row` of a table at `start` whose rows have `row_bytes`."""
    address = start + row * row_bytes
    for at in range(0, num_bytes, LINE_BYTES):
        prefetch(address + at)
