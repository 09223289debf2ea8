"""Who may look after the world: whoever brings the token, or without one programs of this machine.

Responsible for: that, and that no other site's page acts in the name of somebody's browser.
Not here: what is asked (`routes.py`).

Invariants: with a token nobody gets in without it, this machine included; without one nobody gets in through a proxy,
whatever it forwards; a page of another site, or of another name for this machine, reads and does nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from myriad.core.settings import Settings
from myriad.web.gateway.addresses import Client
from myriad.web.refusals import AnyRequest, Refusal

_SCHEME = "bearer "
_JSON = "application/json"


def admit(settings: Settings, request: AnyRequest, client: Client) -> str:
    """Who asks, as events name them. Raises Refusal."""
    if settings.ops_token:
        header = request.headers.get("authorization", "")
        given = header[len(_SCHEME) :].strip() if header.lower().startswith(_SCHEME) else ""
        if not hmac.compare_digest(given.encode(), settings.ops_token.encode()):
            raise Refusal(401, "no_token", "bring the token of the setting ops_token")
        return f"{client.address or 'somebody'} with the token"
    if settings.behind_proxy or not client.is_local:
        raise Refusal(403, "not_allowed", "only this machine may, as long as the setting ops_token is empty")
    if not _names_this_machine(request.headers.get("host", "")):
        raise Refusal(403, "not_allowed", "ask this machine by its address or as localhost, or set ops_token")
    return str(client.address)


def check_deed(request: AnyRequest) -> None:
    """Of a request that does something: that no page of another site made it. Raises Refusal."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Refusal(415, "bad_request", "an action is JSON: Content-Type application/json")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise Refusal(403, "not_allowed", "actions come from this server's own page")
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "not_allowed", "actions come from this server's own page")


def _names_this_machine(host: str) -> bool:
    """False for a name that somebody else's server of names may give to this machine."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
