"""A client's way to a zone's front door: logging in, and asking a zone about itself, over HTTP.

Responsible for: requests on one kept connection, and one-line errors.
Not here: the server's side (`web/api`), what a token holds (`netcode/tokens.py`).

Invariant: an instance is used by one thread at a time; a connection that the server closed meanwhile is opened anew
once per request.
"""

from __future__ import annotations

import base64
import http.client
from typing import Any, NamedTuple

import msgspec

from myriad.core.errors import MyriadError


class FrontDoorError(MyriadError):
    """The front door did not answer, or said no. `status` is the HTTP status, 0 without an answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Grant(NamedTuple):
    """What a login gives: connect tokens (2048 bytes each) in the order of the names, for `zone`.

    `protocol` is what the zone says about its protocol: `protocol_id` (16 hexadecimal digits), rates.
    """

    tokens: list[bytes]
    zone: str
    protocol: dict[str, Any]

    @property
    def protocol_id(self) -> int:
        """The u64 that every packet of this protocol authenticates."""
        return int(self.protocol["protocol_id"], 16)


class FrontDoor:
    """One kept HTTP connection to a zone's front door."""

    def __init__(self, host: str, port: int, timeout_s: float = 10.0) -> None:
        self.host = host
        self.port = port
        self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)

    def close(self) -> None:
        """Closes the connection; the next request opens it again."""
        self._connection.close()

    def login(self, name: str, spawn: tuple[float, float] | None = None) -> Grant:
        """Logs one character in by name (1 to 24 bytes); `spawn` in metres is a wish. Raises FrontDoorError."""
        wish: dict[str, object] = {"name": name}
        if spawn is not None:
            wish["spawn"] = list(spawn)
        return self._grant(wish, 1)

    def login_many(self, names: list[str], spawns: list[tuple[float, float]] | None = None) -> Grant:
        """Logs many characters in at once (at most 1000), where the server allows it. Raises FrontDoorError."""
        wish: dict[str, object] = {"names": names}
        if spawns is not None:
            wish["spawns"] = spawns
        return self._grant(wish, len(names))

    def zone_status(self) -> dict[str, Any]:
        """`/v1/zone`: what the zone says about itself. Raises FrontDoorError."""
        return self._request("GET", "/v1/zone")

    def digests(self, tick: int) -> dict[str, Any] | None:
        """`/v1/zone/digests`: what every cell held at `tick`, or None if that is not kept (any more)."""
        try:
            return self._request("GET", f"/v1/zone/digests?tick={tick}")
        except FrontDoorError as error:
            if error.status == 404:
                return None
            raise

    def _grant(self, wish: dict[str, object], number: int) -> Grant:
        answer = self._request("POST", "/v1/login", msgspec.json.encode(wish))
        try:
            texts = answer["tokens"] if "names" in wish else [answer["token"]]
            grant = Grant(
                [base64.b64decode(text, validate=True) for text in texts], str(answer["zone"]), dict(answer["protocol"])
            )
            if len(grant.tokens) != number or grant.protocol_id < 0:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise FrontDoorError(f"{self} answered a login without tokens, zone and protocol") from None
        return grant

    def __str__(self) -> str:
        return f"http://{self.host}:{self.port}"

    def _request(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        for attempt in range(2):
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                text = response.read()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()
                if attempt:
                    raise FrontDoorError(f"{self} closed the connection") from None
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                raise FrontDoorError(f"{self} does not answer: {error}") from None
        try:
            answer = msgspec.json.decode(text)
        except msgspec.DecodeError:
            answer = {}
        if response.status >= 400:
            problem = answer.get("error") if isinstance(answer, dict) else None
            detail = problem.get("message") if isinstance(problem, dict) else response.reason
            raise FrontDoorError(f"{self}{path}: {response.status} {detail}", response.status)
        if not isinstance(answer, dict):
            raise FrontDoorError(f"{self}{path} answered something else than a JSON object")
        return answer
