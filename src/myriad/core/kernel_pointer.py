"""A kernel as a number, so that another kernel can call it without knowing which one it is.

Numba keeps machine code on disk only for kernels whose callees are fixed in the source. The engine's turn
(`runtime/turn_kernels.py`) is one for all games, and a game's step is its own: so the turn gets the step's address.

Responsible for: `address_of`, and `call_at` for kernels.
Not here: what is called, and when.

Invariant: only kernels that take one bundle and return nothing are called so; who hands out an address keeps the
kernel and the bundle alive.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numba import types
from numba.core import cgutils
from numba.core import config as numba_config
from numba.core.extending import intrinsic

from myriad.core.bundle import Bundle


def address_of(kernel: Callable[[Bundle[Any]], None], bundle: Bundle[Any]) -> int:
    """Where the machine code of `kernel` for bundles like `bundle` begins, for `call_at`; compiles it if need be.

    0 if there is none, because the JIT is off.
    """
    if numba_config.DISABLE_JIT:
        return 0
    compiled: Any = kernel
    arguments = (bundle._numba_type_,)
    compiled.compile(arguments)
    made = compiled.overloads[arguments]
    if made.signature.return_type != types.none:
        raise TypeError(f"{compiled.__name__} returns a value")
    return int(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


@intrinsic
def _call_at(context: Any, address: Any, bundle_address: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # A bundle is one word, its address: to the callee both are the same.
        kind = context.call_conv.get_function_type(types.none, (types.int64,))
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        status, _ = context.call_conv.call_function(builder, function, types.none, (types.int64,), (arguments[1],))
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.none(types.int64, types.int64), code


if TYPE_CHECKING or numba_config.DISABLE_JIT:

    def call_at(address: int, bundle_address: int) -> None:
        """In a kernel: calls the kernel at `address` with the bundle at `bundle_address`; what it raises is raised."""
        raise NotImplementedError("there is no machine code with the JIT off")

else:
    call_at = _call_at
