"""What the relay allows.

Responsible for: the numbers, from the settings, and which pages may use the relay.
Not here: what happens beyond a limit (`relay.py`, `waiting.py`).

Invariant: by default only pages of the host that the browser asked the relay by may use it.
"""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

from myriad.core.settings import Settings

NS_PER_S: Final = 1_000_000_000
ANY_ORIGIN: Final = "*"


class RelayLimits(NamedTuple):
    """As the settings."""

    players: int
    waiting_bytes: int
    """Of a slow browser, besides the newest snapshots."""
    opens_per_min: int
    """Of one address: WebSockets, and connections, each."""
    origins: tuple[str, ...] = ()
    behind_proxy: bool = False
    slow_ns: int = 10 * NS_PER_S
    """A browser whose socket takes nothing for so long is let go."""
    idle_ns: int = 10 * NS_PER_S
    """So is one that has had no connection for so long."""
    messages_per_s: int = 300
    """Of one browser; the rest are dropped."""
    flood_per_s: int = 3000
    """A browser that sends more is let go."""


def limits_of(settings: Settings) -> RelayLimits:
    """As the settings say."""
    return RelayLimits(
        players=settings.relay_players,
        waiting_bytes=settings.relay_waiting_kib * 1024,
        opens_per_min=settings.relay_opens_per_address_min,
        origins=settings.relay_origins,
        behind_proxy=settings.behind_proxy,
    )


def may_use(origin: str | None, host: str, origins: tuple[str, ...]) -> bool:
    """Whether a page of `origin` may open a WebSocket to the relay at `host` (the header, with or without a port).

    A program that is no browser says no origin.
    """
    if origin is None or ANY_ORIGIN in origins or origin in origins:
        return True
    own = host_of(f"//{host}")
    return own is not None and host_of(origin) == own


def host_of(url: str) -> str | None:
    """The host that a URL names, None if it names none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
