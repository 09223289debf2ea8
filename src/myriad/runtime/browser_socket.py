"""Browsers' WebSockets: one object each, between the library and who decides.

Responsible for: opening and ending a WebSocket, its messages both ways, and knowing when its socket takes nothing more.
Not here: what messages mean (`web/relay`, handed in), the process (`runtime/relay_process.py`).

The operating system is told to keep little that it has not sent, so what is old waits here, where it can be replaced,
and not in the socket.

Invariants: at most the rest of one message waits in the library; nothing that a browser sends raises here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

_UNSENT_BYTES: Final = 16 << 10
_TCP_NOTSENT_LOWAT: Final = 25 if sys.platform == "linux" else 0x201
_CLOSE_S: Final = 1.0
"""So long a browser has to answer that it is let go."""
_PING_S: Final = 5.0
"""A browser that says nothing for so long is asked whether it is there, and has as long to answer."""
_OK: Final = 200

_LOG = logging.getLogger("picows")
_LOG.setLevel(logging.CRITICAL)  # it has a line or two for every connection, and one for whatever a stranger sends


class HttpAnswer(Protocol):
    """To a request that opens no WebSocket."""

    @property
    def status(self) -> int:
        """HTTP's."""
        ...

    @property
    def content_type(self) -> str:
        """Of the body."""
        ...

    @property
    def body(self) -> bytes:
        """What it says."""
        ...


class Host(Protocol):
    """What is told of browsers. Its `player` is whatever it knows a browser by."""

    def answer(self, path: str, headers: Mapping[str, str]) -> HttpAnswer | None:
        """None: a WebSocket may open."""
        ...

    def entered(self, browser: BrowserSocket, peer: str | None, forwarded_for: str | None) -> Any:
        """It opened: its player, None if it was closed at once."""
        ...

    def took(self, player: Any, message: memoryview | None) -> None:
        """A binary message came, or something that is none."""
        ...

    def paused(self, player: Any) -> None:
        """Its socket takes nothing more."""
        ...

    def resumed(self, player: Any) -> None:
        """It does again."""
        ...

    def left(self, player: Any) -> None:
        """It is gone."""
        ...


class BrowserSocket(WSListener):
    """One WebSocket."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._player: Any = None
        self._transport: WSTransport | None = None

    def send(self, message: bytes | memoryview) -> None:
        """As `Wire.send` of `web/relay`."""
        if self._transport is not None:
            self._transport.send(WSMsgType.BINARY, message)

    def close(self, code: int) -> None:
        """As `Wire.close`."""
        transport = self._transport
        if transport is not None and not transport.is_close_frame_sent:
            transport.send_close(WSCloseCode(code))
            asyncio.get_running_loop().call_later(_CLOSE_S, transport.underlying_transport.abort)

    # The library's words.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """It opened."""
        self._transport = transport
        raw = transport.underlying_transport
        with contextlib.suppress(OSError):
            raw.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        raw.set_write_buffer_limits(high=0)
        peer = raw.get_extra_info("peername")
        forwarded_for = transport.request.headers.get("x-forwarded-for")
        self._player = self._host.entered(self, peer[0].partition("%")[0] if peer else None, forwarded_for)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came."""
        if self._player is None:
            return
        kind = frame.msg_type
        if kind == WSMsgType.BINARY and frame.fin:
            self._host.took(self._player, frame.get_payload_as_memoryview())
        elif kind == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif kind not in (WSMsgType.PING, WSMsgType.PONG):
            self._host.took(self._player, None)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """It is gone."""
        player, self._player, self._transport = self._player, None, None
        if player is not None:
            self._host.left(player)

    def pause_writing(self) -> None:
        """The socket took a message in part."""
        if self._player is not None:
            self._host.paused(self._player)

    def resume_writing(self) -> None:
        """It took the rest."""
        if self._player is not None:
            self._host.resumed(self._player)


class BrowserSettings(NamedTuple):
    """How WebSockets are served."""

    max_message_bytes: int
    tls: tuple[str, str] | None
    """Certificate chain and key, as names of PEM files."""


async def serve_browsers(host: Host, sock: socket.socket, settings: BrowserSettings) -> asyncio.Server:
    """Listens on `sock`, which is bound, and is the server's from now on."""
    context = None
    if settings.tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*settings.tls)
    return await ws_create_server(
        _factory(host),
        sock=sock,
        ssl=context,
        backlog=1024,
        logger_name=_LOG,
        enable_auto_ping=True,
        auto_ping_idle_timeout=_PING_S,
        auto_ping_reply_timeout=_PING_S,
        max_frame_size=settings.max_message_bytes,
        read_buffer_init_size=4096,
    )


def _factory(host: Host) -> Callable[[WSUpgradeRequest], BrowserSocket | WSUpgradeResponseWithListener]:
    def admit(request: WSUpgradeRequest) -> BrowserSocket | WSUpgradeResponseWithListener:
        answer = host.answer(request.path.decode("latin-1"), request.headers)
        if answer is None:
            return BrowserSocket(host)
        headers = {"Content-Type": answer.content_type}
        if answer.status == _OK:
            response = WSUpgradeResponse.create_ok_response(answer.body, headers)
        else:
            response = WSUpgradeResponse.create_error_response(answer.status, answer.body, headers)
        return WSUpgradeResponseWithListener(response, None)

    return admit
