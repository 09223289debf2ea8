"""`GET /` of the gateway: a page that says what runs here and how to join.

Responsible for: its HTML.
Not here: routes (`application.py`).

Invariant: whatever comes from elsewhere is escaped; the page loads nothing from other hosts.
"""

from __future__ import annotations

from html import escape

from myriad.web.api.welcome_page import STYLE
from myriad.web.gateway.messages import WorldAnswer, ZoneAnswer


def welcome_page(readiness: str, base_url: str, guests: bool, world: WorldAnswer) -> str:
    """The page; `base_url` is http(s)://host:port as the reader typed it."""
    url = escape(base_url)
    rows = "".join(_zone_row(zone) for zone in world.zones)
    login = '{"name": "Ada"}' if guests else '{"name": "Ada", "password": "a long one"}'
    first = "login" if guests else "register"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Myriad</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<h1>Myriad</h1>
<p>A world of {len(world.zones)} zones. Now: <strong>{escape(readiness)}</strong>,
{world.connected} of {world.max_online} players, {world.waiting} waiting.</p>
<h2>Join</h2>
<p>Log in, ask for a connect token, then speak netcode&nbsp;1.02 with the UDP address that it names:</p>
<pre>curl -X POST -H 'content-type: application/json' -d '{escape(login)}' {url}/v1/{first}
curl -X POST -H 'content-type: application/json' -H 'authorization: Bearer ...' -d '{{}}' {url}/v1/play</pre>
<p><code>docs/gateway.md</code> describes every request, <code>docs/protocol.md</code> what follows, byte by byte.</p>
<h2>Crowd</h2>
<pre>./tools/load-test --world {url} --clients 2000 --travel 0.3</pre>
<h2>Zones</h2>
<table><tr><th>Zone</th><th>Layers</th><th>Players</th><th>Health</th></tr>{rows}</table>
<h2>Look inside</h2>
<p><a href="/v1/world">/v1/world</a> all zones · <a href="/metrics">/metrics</a> numbers for Prometheus ·
<a href="/healthz">/healthz</a> whether players can join · <a href="/schema/openapi.json">OpenAPI</a></p>
</body></html>
"""


def _zone_row(zone: ZoneAnswer) -> str:
    health = ", ".join(layer.health for layer in zone.layers) or "asleep"
    players = sum(layer.players for layer in zone.layers)
    cells = (zone.name, len(zone.layers), players, health)
    return "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"
