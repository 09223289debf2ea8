"""Errors that a person sees, and the reasons for which packets are dropped.

Responsible for: the exception types that commands turn into one clear line and an exit code, and the table of drop
reasons.
Not here: where drops are counted (each owner keeps an int64 array of `len(DROP_REASONS)`), and how they are shown
(`core/metrics.py`).

Invariant: `DROP_REASONS` is the only list of reasons; a reason's number `DROP_<NAME>` is its place in it, and the
documents are tested against it. Add new rows at the end.
"""

from __future__ import annotations

from typing import Final, NamedTuple

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
"""The program ran, and what it was asked to show did not hold (a load test that did not serve every client)."""
EXIT_CANNOT_START: Final = 2


class MyriadError(Exception):
    """Base of all errors of this project whose text is meant for a person: one line, no traceback, exit code 2."""


class StartupError(MyriadError):
    """The program cannot start as asked: a wrong setting, a taken port, a missing map. Exit code 2, one line."""


class LoginRefused(MyriadError):
    """A login that is well formed but cannot be granted (the zone is full); `code` is one word for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DropReason(NamedTuple):
    """Why something that came in was thrown away: `name` is the metric's label, `sentence` explains it."""

    name: str
    sentence: str


_rows: list[DropReason] = []


def _reason(name: str, sentence: str) -> int:
    _rows.append(DropReason(name, sentence))
    return len(_rows) - 1


DROP_OVERSIZED = _reason("oversized", "The datagram is longer than any packet of the protocol.")
DROP_EMPTY = _reason("empty", "The datagram has no bytes.")
DROP_UNKNOWN_ADDRESS = _reason("unknown_address", "The packet needs a connection, and its address has none.")
DROP_REQUEST_SIZE = _reason("request_size", "The connection request is not exactly 1,078 bytes long.")
DROP_REQUEST_VERSION = _reason("request_version", "The connection request names another netcode version.")
DROP_REQUEST_PROTOCOL = _reason("request_protocol", "The connection request names another protocol id.")
DROP_REQUEST_EXPIRED = _reason("request_expired", "The connect token in the request has expired.")
DROP_REQUEST_RATE = _reason("request_rate", "Too many failed requests came from this network lately.")
DROP_REQUEST_BUDGET = _reason("request_budget", "More requests and responses came than the slow lane takes at a time.")
DROP_REQUEST_DECRYPT = _reason("request_decrypt", "The private part of the connect token is forged or damaged.")
DROP_REQUEST_ADDRESS = _reason("request_address", "The connect token does not list this server's address.")
DROP_REQUEST_CONNECTED = _reason("request_connected", "The request's address or client id is connected already.")
DROP_TOKEN_USED = _reason("token_used", "The connect token was used before, from another address or to its end.")
DROP_HISTORY_FULL = _reason("history_full", "The history of used tokens is full, so no new token can be accepted.")
DROP_SERVER_FULL = _reason("server_full", "Every connection row of the zone is taken.")
DROP_RESPONSE_UNEXPECTED = _reason("response_unexpected", "A challenge response came that answers no open challenge.")
DROP_RESPONSE_DECRYPT = _reason("response_decrypt", "The challenge response does not authenticate.")
DROP_RESPONSE_CHALLENGE = _reason("response_challenge", "The challenge token in the response is forged or damaged.")
DROP_PACKET_TYPE = _reason("packet_type", "The packet's type does not exist or never goes in this direction.")
DROP_PACKET_SHORT = _reason("packet_short", "The packet is too short for its header, sequence and authentication tag.")
DROP_PACKET_DECRYPT = _reason("packet_decrypt", "The packet does not authenticate with the connection's key.")
DROP_PACKET_REPLAYED = _reason("packet_replayed", "The packet's sequence was received before or is too old.")
DROP_PAYLOAD_HEADER = _reason("payload_header", "The payload is too short for the inner header.")
DROP_PAYLOAD_KIND = _reason("payload_kind", "The payload's kind or flags do not exist or never go in this direction.")
DROP_PAYLOAD_MALFORMED = _reason("payload_malformed", "The payload's fields contradict its length or their ranges.")
DROP_INPUT_LATE = _reason("input_late", "The input is for a tick beyond what the queue holds.")
DROP_INPUT_REPEATED = _reason("input_repeated", "The input was applied already; normal, since inputs are repeated.")
DROP_INPUT_FLOOD = _reason("input_flood", "More input ticks came than server time has passed.")
DROP_ACK_INVALID = _reason("ack_invalid", "The acknowledgement names a sequence that was never sent.")
DROP_NACK_RATE = _reason("nack_rate", "The client asks for keyframes more often than it may.")
DROP_WHOIS_RATE = _reason("whois_rate", "The client asks for names more often than it may.")
DROP_RELIABLE_MALFORMED = _reason("reliable_malformed", "The reliable block or a message in it is not well formed.")
DROP_RELIABLE_OVERFLOW = _reason("reliable_overflow", "A reliable channel's window is full.")
DROP_CHAT_RATE = _reason("chat_rate", "The player chats more often than allowed.")
DROP_SEND_BLOCKED = _reason("send_blocked", "The socket did not take an outgoing datagram.")
DROP_SLOW_LANE_FULL = _reason("slow_lane_full", "The slow lane's queue is full.")
DROP_PACKET_SIZE = _reason("packet_size", "The packet's length does not fit its type.")
DROP_SOCKET_OVERFLOW = _reason(
    "socket_overflow", "The receive buffer that the operating system keeps for the zone was full."
)
DROP_PEER_MALFORMED = _reason("peer_malformed", "The packet from another zone is not well formed.")
DROP_PEER_UNKNOWN = _reason("peer_unknown", "The packet claims to come from a zone or an epoch that nobody holds.")
DROP_PEER_DECRYPT = _reason("peer_decrypt", "The packet from another zone does not authenticate.")
DROP_PEER_REPLAYED = _reason("peer_replayed", "The packet from another zone was received before or is too old.")
DROP_PEER_OVERFLOW = _reason("peer_overflow", "More packets or messages of other zones came than are held.")
DROP_LEASE_EXPIRED = _reason("lease_expired", "The zone's lease is over: it neither hears nor speaks.")
DROP_TRADE_RATE = _reason("trade_rate", "The player asks for trades more often than allowed.")

DROP_REASONS: Final[tuple[DropReason, ...]] = tuple(_rows)
"""Every reason; a reason's number is its place."""
