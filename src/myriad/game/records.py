"""Players and ground items as records that outlive a zone, and back.

Responsible for: the layout of a record and its text, copying columns out of rows and into them, reading records that an
older or newer game has written, by the names that both know.
Not here: which columns those are (the game), who a record belongs to (`cluster/records.py`), where it is kept.

Invariants: a record has no gaps, and its bytes are a function of the row and the tick; timers are saved as signed
differences to the tick, so that they go on in another zone, and never come back below 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from myriad.core.kernel import bare_kernel
from myriad.game.fields import copy_fields, copy_plan, packed_dtype
from myriad.sim.world import World


class RecordKind(NamedTuple):
    """The columns of one kind of record; `timers` are those of them that are ticks, `plan` is for `copy_fields`."""

    dtype: np.dtype[Any]
    timers: tuple[str, ...]
    plan: NDArray[np.int32]


def record_kind(entity: np.dtype[Any], names: Sequence[str], timers: Sequence[str]) -> RecordKind:
    """Records of the named entity columns, in that order. Raises ValueError on an unknown name or a timer not u4."""
    packed = packed_dtype(entity, names)
    kept = tuple(name for name in names if name in timers)
    if any(packed[name] != np.uint32 for name in kept):
        raise ValueError("timers are columns of u4")
    fields = [(name, np.dtype("<i4") if name in kept else packed[name]) for name in names]
    return RecordKind(np.dtype(fields), kept, copy_plan(entity, names))


@bare_kernel
def _copy_rows(
    entity_bytes: NDArray[np.uint8], rows: NDArray[np.int64], plan: NDArray[np.int32], out: NDArray[np.uint8]
) -> None:
    at = 0
    for i in range(rows.shape[0]):
        at = copy_fields(entity_bytes, rows[i], plan, out, at)


def save_records(kind: RecordKind, world: World, rows: NDArray[Any]) -> NDArray[Any]:
    """(len(rows),) of `kind.dtype`: those rows as they are now."""
    records = np.zeros(len(rows), kind.dtype)
    if records.nbytes:
        _copy_rows(world.entity_bytes, rows.astype(np.int64), kind.plan, records.view(np.uint8))
        tick = world.clock["tick"].astype(np.int32)
        for name in kind.timers:
            records[name] -= tick  # modulo 2**32: exact, since no timer is two years away
    return records


def load_record(kind: RecordKind, record: NDArray[Any], entities: NDArray[Any], row: int, tick: int) -> None:
    """Write a record ((1,), fields of `kind` or some of them) into a row's columns, timers counted from `tick` on."""
    for name in record.dtype.names or ():
        value = record[name][0]
        entities[name][row] = max(0, int(value) + tick) if name in kind.timers else value


def layout_of(dtype: np.dtype[Any]) -> str:
    """A record's fields and types as text: `qx:<i4 slot_item:|u1*20`."""
    words = []
    fields: Any = dtype.fields or {}
    for name in dtype.names or ():
        field = fields[name][0]
        words.append(f"{name}:{field.base.str}" + "".join(f"*{side}" for side in field.shape))
    return " ".join(words)


def dtype_of(layout: str) -> np.dtype[Any]:
    """The dtype that a layout names. Raises ValueError if it is none of whole numbers."""
    fields = []
    for word in layout.split():
        name, _, rest = word.partition(":")
        kind, *sides = rest.split("*")
        if kind[1:] not in ("u1", "u2", "u4", "i1", "i2", "i4", "i8") or kind[:1] not in ("<", "|"):
            raise ValueError(f"a record's layout has a field {word!r}")
        fields.append((name, kind, tuple(int(side) for side in sides)))
    return np.dtype(fields)


def read_records(kind: RecordKind, raw: bytes, layout: str) -> NDArray[Any]:
    """Records written by `layout`, with those fields of `kind` that it has too, in the order of `kind`.

    Numbers that do not fit any more are cut to what does, arrays to the shorter length. Raises ValueError if `raw` is
    not whole records of `layout`.
    """
    old = dtype_of(layout)
    if not old.itemsize:
        return np.zeros(0, kind.dtype)
    found = np.frombuffer(raw, old)
    if old == kind.dtype:
        return found
    names = [name for name in kind.dtype.names or () if name in (old.names or ())]
    records = np.zeros(len(found), [(name, kind.dtype[name]) for name in names])
    for name in names:
        source, target = found[name], records[name]
        limits = np.iinfo(target.dtype)
        part = tuple(slice(0, min(a, b)) for a, b in zip(source.shape, target.shape, strict=False))
        target[part] = np.clip(source[part].astype(np.int64), limits.min, limits.max)
    return records
