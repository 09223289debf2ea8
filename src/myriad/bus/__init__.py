"""Messages to every zone of a world: through the store, or through Redis."""

from __future__ import annotations

from myriad.bus.opening import open_bus
from myriad.bus.port import KEPT_TOPICS, Bus

__all__ = ["KEPT_TOPICS", "Bus", "open_bus"]
