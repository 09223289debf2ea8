"""A client's way in over HTTP: logging in at a zone's front door or at a world's gateway, and asking about both.

Responsible for: requests on one kept connection, the forms of answers, and one-line errors.
Not here: the server's side (`web/api`, `web/gateway`), what a token holds (`netcode/tokens.py`).

Invariant: an instance is used by one thread at a time; a connection that the server closed meanwhile is opened anew
once per request.
"""

from __future__ import annotations

import base64
import http.client
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from myriad.core.errors import MyriadError, StartupError

OK = 200


class FrontDoorError(MyriadError):
    """The front door or gateway did not answer, or said no. `status` is the HTTP status, 0 without an answer."""

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


class PlayGrant(NamedTuple):
    """The way into the world for one player: a connect token (2048 bytes) for `zone`."""

    name: str
    character: int
    session: str
    """What to resume with."""
    token: bytes
    zone: str
    protocol: dict[str, Any]


class Wait(NamedTuple):
    """Not yet: ask again in `retry_s`. `position` in the queue, 1 is next; 0: there is none."""

    name: str
    retry_s: float
    position: int
    why: str


class Refused(NamedTuple):
    """One of many who may not come in; `code` is the gateway's word for it."""

    name: str
    code: str
    why: str


Answer = PlayGrant | Wait | Refused


class HttpDoor:
    """One kept HTTP connection."""

    def __init__(self, host: str, port: int, timeout_s: float = 10.0, *, tls: bool = False) -> None:
        self.host = host
        self.port = port
        self._scheme = "https" if tls else "http"
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        self._connection = kind(host, port, timeout=timeout_s)
        self._session_token = ""

    def close(self) -> None:
        """Closes the connection; the next request opens it again."""
        self._connection.close()

    def __str__(self) -> str:
        return f"{self._scheme}://{self.host}:{self.port}"

    def request(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The JSON object that answers. Raises FrontDoorError."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._session_token:
            headers["Authorization"] = f"Bearer {self._session_token}"
        status, reason, text = self._exchange(
            method, path, msgspec.json.encode(body) if body is not None else None, headers
        )
        try:
            answer = msgspec.json.decode(text)
        except msgspec.DecodeError:
            answer = {}
        if status >= 400:
            problem = answer.get("error") if isinstance(answer, dict) else None
            detail = problem.get("message") if isinstance(problem, dict) else reason
            raise FrontDoorError(f"{self}{path}: {status} {detail}", status)
        if not isinstance(answer, dict):
            raise FrontDoorError(f"{self}{path} answered something else than a JSON object")
        return answer

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str, bytes]:
        for attempt in range(2):
            try:
                self._connection.request(method, path, body, headers)
                response = self._connection.getresponse()
                return response.status, response.reason, response.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self._connection.close()
                if attempt:
                    break
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                raise FrontDoorError(f"{self} does not answer: {error}") from None
        raise FrontDoorError(f"{self} closed the connection")


class FrontDoor(HttpDoor):
    """A zone's front door."""

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

    def zone_status(self, zone: str = "") -> dict[str, Any]:
        """`/v1/zone`: what a zone (default: the first of its host) says about itself. Raises FrontDoorError."""
        return self.request("GET", f"/v1/zone?zone={zone}" if zone else "/v1/zone")

    def digests(self, tick: int) -> dict[str, Any] | None:
        """`/v1/zone/digests`: what every cell held at `tick`, or None if that is not kept (any more)."""
        try:
            return self.request("GET", f"/v1/zone/digests?tick={tick}")
        except FrontDoorError as error:
            if error.status == 404:
                return None
            raise

    def _grant(self, wish: dict[str, object], number: int) -> Grant:
        answer = self.request("POST", "/v1/login", wish)
        try:
            texts = answer["tokens"] if "names" in wish else [answer["token"]]
            grant = Grant([_token(text) for text in texts], str(answer["zone"]), dict(answer["protocol"]))
            if len(grant.tokens) != number or grant.protocol_id < 0:
                raise ValueError
        except (KeyError, TypeError, ValueError):
            raise FrontDoorError(f"{self} answered a login without tokens, zone and protocol") from None
        return grant


class Gateway(HttpDoor):
    """A world's gateway."""

    def login(self, name: str, password: str | None = None) -> None:
        """Logs in, without a password as a guest; what is asked from now on, this account asks. Raises FrontDoorError.

        The status is 404 or 0 in the error where there is no gateway.
        """
        wish = {"name": name} if password is None else {"name": name, "password": password}
        token = self.request("POST", "/v1/login", wish).get("session_token")
        if not isinstance(token, str):
            raise FrontDoorError(f"{self} answered a login without a session token")
        self._session_token = token

    def play(self, spawn: tuple[float, float] | None = None) -> PlayGrant | Wait:
        """The way into the world for the account's first character, made if there is none. Raises FrontDoorError.

        `spawn` in metres is a wish.
        """
        return self._one("/v1/play", {} if spawn is None else {"spawn": list(spawn)})

    def resume(self, character: int, session: str) -> PlayGrant | Wait:
        """The way back into the world for a player who lost it. Raises FrontDoorError."""
        return self._one("/v1/resume", {"character": character, "session": session})

    def play_many(self, names: list[str], spawns: list[tuple[float, float]]) -> list[Answer]:
        """The same for many guests at once, in any order, where the server allows it. Raises FrontDoorError."""
        return self._many("/v1/play_many", {"names": names, "spawns": spawns})

    def resume_many(self, names: list[str], sessions: list[str]) -> list[Answer]:
        """The same for many guests who lost it. Raises FrontDoorError."""
        return self._many("/v1/resume_many", {"names": names, "sessions": sessions})

    def world(self) -> dict[str, Any]:
        """`/v1/world`: zones, where they run, how busy they are. Raises FrontDoorError."""
        return self.request("GET", "/v1/world")

    def is_balanced(self) -> bool | None:
        """Whether the auditor found everything balanced; None if it has not looked yet, or nobody can say."""
        status, _, text = self._exchange("GET", "/metrics", None, {})
        for line in text.decode(errors="replace").splitlines() if status == OK else ():
            if line.startswith("myriad_audit_balanced "):
                return float(line.split()[1]) == 1.0
        return None

    def _one(self, path: str, wish: dict[str, object]) -> PlayGrant | Wait:
        answer = self.request("POST", path, wish)
        try:
            return _grant_of(answer, answer) if "token" in answer else _wait_of(answer)
        except (KeyError, TypeError, ValueError):
            raise FrontDoorError(f"{self}{path} answered neither with a token nor when to ask again") from None

    def _many(self, path: str, wish: dict[str, object]) -> list[Answer]:
        answer = self.request("POST", path, wish)
        try:
            granted = [_grant_of(player, zone) for zone in answer["grants"] for player in zone["players"]]
            refused = [Refused(str(one["name"]), str(one["code"]), str(one["message"])) for one in answer["refused"]]
            return [*granted, *(_wait_of(one) for one in answer["waiting"]), *refused]
        except (KeyError, TypeError, ValueError):
            raise FrontDoorError(f"{self}{path} answered without grants") from None


def gateway_at(url: str, timeout_s: float = 10.0) -> Gateway:
    """The gateway at an address such as http://127.0.0.1:8080. Raises StartupError if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
            raise ValueError
    except ValueError:
        raise StartupError(f"{url!r} is not an address such as http://127.0.0.1:8080") from None
    return Gateway(parts.hostname, port, timeout_s, tls=parts.scheme == "https")


def _token(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _grant_of(player: dict[str, Any], zone: dict[str, Any]) -> PlayGrant:
    return PlayGrant(
        str(player["name"]),
        int(player["character"]),
        str(player["session"]),
        _token(player["token"]),
        str(zone["zone"]),
        dict(zone["protocol"]),
    )


def _wait_of(answer: dict[str, Any]) -> Wait:
    return Wait(
        str(answer.get("name", "")), float(answer["retry_after_s"]), int(answer["position"]), str(answer["why"])
    )
