"""Asking a gateway as an operator: what `myriad ctl` and `myriad top` share.

Responsible for: the address, the token, and the requests of `/v1/ops`.
Not here: what is shown (`ops_tables.py`).

Invariant: whatever goes wrong is a MyriadError of one line.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlsplit

from myriad.core.errors import StartupError
from myriad.runtime.login import FrontDoorError, HttpDoor

URL: Final = "http://127.0.0.1:8080"
TOKEN_VARIABLE: Final = "MYRIAD_OPS_TOKEN"
URL_HELP: Final = "The gateway's address."
TOKEN_HELP: Final = f"The setting ops_token of the gateway; default: {TOKEN_VARIABLE}."
_ANSWER_S: Final = 40.0
"""Longer than a question for events waits."""


class OpsClient(HttpDoor):
    """One kept connection to a gateway."""

    def __init__(self, url: str, token: str = "") -> None:
        """`url` as a person types it, with or without http://. Raises StartupError."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or parts.path not in ("", "/"):
            raise StartupError(f"{url} is no address of a gateway, such as {URL}")
        tls = parts.scheme == "https"
        super().__init__(parts.hostname, port or (443 if tls else 80), _ANSWER_S, tls=tls)
        self._session_token = token

    def world(self) -> dict[str, Any]:
        """Everything at once. Raises FrontDoorError, as all here."""
        return self.request("GET", "/v1/ops/world")

    def zone(self, zone: str, layer: int) -> dict[str, Any]:
        """One zone from above."""
        return self.request("GET", f"/v1/ops/zones/{quote(zone, safe='')}?layer={layer}")

    def events(self, after: int = 0, wait_s: int = 0) -> dict[str, Any]:
        """What happened since number `after`."""
        return self.request("GET", f"/v1/ops/events?after={after}&wait={wait_s}")

    def history(self, since: float = 0.0) -> dict[str, Any]:
        """The last hour."""
        return self.request("GET", f"/v1/ops/history?since={since}")

    def act(self, action: str, **values: Any) -> dict[str, Any]:
        """Does something; values that are None are left out."""
        given = {name: value for name, value in values.items() if value is not None}
        return self.request("POST", "/v1/ops/actions", {"action": action, **given})


def zone_and_layer(text: str) -> tuple[str, int]:
    """`zone-3` or `zone-3/1`. Raises StartupError."""
    zone, _, layer = text.partition("/")
    if layer and not layer.isdecimal():
        raise StartupError(f"{text} is neither a zone, such as zone-3, nor a layer of one, such as zone-3/1")
    return zone, int(layer or 0)


__all__ = ["TOKEN_HELP", "TOKEN_VARIABLE", "URL", "URL_HELP", "FrontDoorError", "OpsClient", "zone_and_layer"]
