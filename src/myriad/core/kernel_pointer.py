"""A kernel as a number, so that another kernel can call it without holding its machine code.

Numba puts the machine code of all that a kernel calls by name into that of the kernel, and keeps it on disk only if the
callees are fixed in the source. A zone's turn (`runtime/turn_kernels.py`) calls nearly all that there is, and the
step of whichever game is played. So it gets addresses: it is compiled in a second, and once for all games.

Responsible for: `address_of`, and `call_at` and `ask_at` for kernels.
Not here: what is called, and when.

Invariant: arguments have the types that the address was asked for; whoever hands out an address keeps the kernel alive.
With the JIT off addresses are numbers of a list, and everything else is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numba import types
from numba.core import cgutils
from numba.core import config as numba_config
from numba.core.extending import intrinsic
from numba.core.typing.typeof import typeof

_KERNELS: list[Callable[..., Any]] = []
"""With the JIT off, by address."""


def address_of(kernel: Callable[..., Any], *examples: object) -> int:
    """Where the machine code of `kernel` for arguments like `examples` begins; compiles it if need be."""
    if numba_config.DISABLE_JIT:
        _KERNELS.append(kernel)
        return len(_KERNELS) - 1
    compiled: Any = kernel
    arguments = tuple(typeof(example) for example in examples)
    compiled.compile(arguments)
    made = compiled.overloads[arguments]
    return int(made.library.get_pointer_to_function(made.fndesc.llvm_func_name))


def _caller(result: types.Type) -> Any:
    """An intrinsic that calls what is at an address, and has a result of that type."""

    @intrinsic
    def call(context: Any, address: Any, *arguments: Any) -> Any:
        inside = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], types.BaseTuple) else arguments
        wanted = tuple(types.int64 if isinstance(one, types.Integer) else one for one in inside)

        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            given = cgutils.unpack_tuple(builder, values[1], len(wanted))
            given = [context.cast(builder, *three) for three in zip(given, signature.args[1], wanted, strict=True)]
            kind = context.call_conv.get_function_type(result, wanted)
            function = builder.inttoptr(values[0], kind.as_pointer())
            status, value = context.call_conv.call_function(builder, function, result, wanted, given)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value() if result == types.none else value

        return result(types.int64, types.StarArgTuple(inside)), code

    return call


if TYPE_CHECKING or numba_config.DISABLE_JIT:

    def call_at(address: int, *arguments: Any) -> None:
        """In a kernel: calls the kernel at `address`, which returns nothing; what it raises is raised."""
        _KERNELS[address](*arguments)

    def ask_at(address: int, *arguments: Any) -> int:
        """As `call_at`, for a kernel that returns an integer."""
        return int(_KERNELS[address](*arguments))

else:
    call_at = _caller(types.none)
    ask_at = _caller(types.int64)
