"""Which bus a world has, by its setting.

Responsible for: the choice, and one clear line where it cannot be made.
Not here: the two kinds.
"""

from __future__ import annotations

from myriad.bus.port import Bus
from myriad.bus.store_bus import Executes, StoreBus
from myriad.core.errors import StartupError


def open_bus(url: str, store: Executes | None) -> Bus:
    """The bus at `url` (redis://, rediss:// or unix://), or through `store`, which is needed only if `url` is empty.

    Nothing needs to be up yet. Raises StartupError if `url` is of no known kind, or Redis's library is missing.
    """
    if not url:
        if store is None:
            raise StartupError("bus: neither a URL nor a store")
        return StoreBus(store)
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise StartupError(f"bus: {url!r} begins with neither redis://, rediss:// nor unix://")
    from myriad.bus.redis_bus import RedisBus

    try:
        return RedisBus(url)
    except ImportError:
        raise StartupError("bus: Redis needs another package: pip install 'myriad-server[redis]'") from None
    except ValueError as error:
        raise StartupError(f"bus: {url!r}: {error}") from None
