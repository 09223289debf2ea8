"""Many arrays handed to a kernel as one pointer.

A call from Python takes apart every argument: a quarter of a microsecond for each array in a tuple, and a zone has
sixty. A `Bundle` has that done once: its arrays never change, so their descriptions are kept in memory, and a kernel
reads those it uses.

Responsible for: `Bundle`, and `unbundle`, which kernels that Python calls begin with.
Not here: what is in a bundle.

Invariants: a bundle keeps its arrays alive; nobody resizes or replaces them. Inside a kernel the arrays carry no
reference counts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import typeof, types
from numba.core import cgutils
from numba.core import config as numba_config
from numba.core.datamodel import models
from numba.core.extending import intrinsic, register_model, typeof_impl, unbox
from numba.core.pythonapi import NativeValue

T = TypeVar("T")


class Bundle(Generic[T]):
    """`value`, a NamedTuple of arrays (or of such NamedTuples), ready to be passed to kernels."""

    __slots__ = ("_memory", "_numba_type_", "address", "value")

    def __init__(self, value: T) -> None:
        self.value = value
        if numba_config.DISABLE_JIT:
            return
        words = [word for array in _arrays(value) for word in _describe(array)]
        self._memory = np.array(words, np.int64)
        self.address = int(self._memory.ctypes.data)
        self._numba_type_ = _type_of(value)


def _describe(array: npt.NDArray[Any]) -> tuple[int, ...]:
    """An array as Numba lays it out: two owners (none: the bundle owns it), then sizes, address, shape and strides.

    `numba.core.datamodel.models.ArrayModel` is the source; every member is one word, so there is no padding.
    """
    return (0, 0, array.size, array.itemsize, array.ctypes.data, *array.shape, *array.strides)


def _arrays(value: Any) -> Iterator[Any]:
    for item in value:
        if isinstance(item, tuple):
            yield from _arrays(item)
        else:
            yield item


def _type_of(value: Any) -> BundleType:
    """The type of a bundle of `value`, which Numba takes milliseconds to find out: twenty zones have the same ones."""
    form = _form(value)
    known = _TYPES.get(form)
    if known is None:
        known = _TYPES[form] = BundleType(typeof(value))
    return known


_TYPES: Final[dict[Hashable, BundleType]] = {}


def _form(value: Any) -> Hashable:
    """All that Numba looks at in a tuple of arrays to find its type."""
    return (type(value), *(_form(item) if isinstance(item, tuple) else _array_form(item) for item in value))


def _array_form(array: npt.NDArray[Any]) -> Hashable:
    flags = array.flags
    layout = (flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned)
    return (array.dtype, array.dtype.isalignedstruct, array.ndim, layout)


class BundleType(types.Type):  # type: ignore[misc]
    """Type of a bundle inside kernels; `kind` is the type of the tuple."""

    def __init__(self, kind: types.Type) -> None:
        self.kind = kind
        super().__init__(name=f"Bundle({kind})")

    @property
    def key(self) -> types.Type:
        """What makes two of these types equal."""
        return self.kind


@typeof_impl.register(Bundle)  # type: ignore[untyped-decorator]
def _typeof_bundle(value: Bundle[Any], context: Any) -> types.Type:
    return value._numba_type_


@register_model(BundleType)
class _BundleModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: types.Type) -> None:
        super().__init__(manager, kind, ir.IntType(64))


@unbox(BundleType)  # type: ignore[untyped-decorator]
def _unbox_bundle(kind: types.Type, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    native = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(native, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


def _load(builder: Any, kind: ir.Type, pointer: Any) -> Any:
    """The value at `pointer`, field by field, so that what a kernel does not use is not read."""
    if isinstance(kind, ir.Aggregate):
        value = ir.Constant(kind, ir.Undefined)
        for k, element in enumerate(kind.elements):
            inner = builder.gep(pointer, [ir.IntType(32)(0), ir.IntType(32)(k)], inbounds=True)
            value = builder.insert_value(value, _load(builder, element, inner), k)
        return value
    return builder.load(pointer)


@intrinsic
def _unbundle(context: Any, bundle: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        return _load(builder, kind, builder.inttoptr(arguments[0], kind.as_pointer()))

    return bundle.kind(bundle), code


if TYPE_CHECKING or numba_config.DISABLE_JIT:

    def unbundle(bundle: Bundle[T]) -> T:
        """The tuple in a bundle; in a kernel, arrays that are not used cost nothing."""
        return bundle.value

else:
    unbundle = _unbundle
