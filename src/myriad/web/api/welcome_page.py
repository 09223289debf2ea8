"""`GET /`: a page that says what runs here and how to join.

Responsible for: its HTML.
Not here: routes (`web/api/application.py`).

Invariant: whatever comes from elsewhere is escaped; the page loads nothing from other hosts.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem;
       color: #1c2330; background: #fbfaf7; }
h1 { font-weight: 600; margin-bottom: 0; }
code, pre { font: 14px/1.5 ui-monospace, monospace; background: #eeebe3; border-radius: 4px; }
code { padding: 0 .3em; } pre { padding: .8em 1em; overflow-x: auto; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .2em 1.5em .2em 0; }
@media (prefers-color-scheme: dark) { body { color: #dfe3ea; background: #14181f; } code, pre { background: #222936; } }
"""
"""Of every page for people."""


def welcome_page(readiness: str, address: str, statuses: Mapping[str, Mapping[str, object]]) -> str:
    """The page; `address` is host:port as the reader typed it, `statuses` by zone."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_shown(status, 'udp')}</td>"
        f"<td>{_shown(status, 'players')}</td><td>{_shown(status, 'npcs')}</td></tr>"
        for name, status in statuses.items()
    )
    host, _, port = address.rpartition(":") if not address.endswith("]") else (address, "", "80")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Myriad</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>
<h1>Myriad</h1>
<p>A server for massively multiplayer real-time worlds. Now: <strong>{escape(readiness)}</strong>.</p>
<table><tr><th>Zone</th><th>UDP</th><th>Players</th><th>NPCs</th></tr>{rows}</table>
<h2>Join</h2>
<p>Ask for a connect token, then speak netcode&nbsp;1.02 with the UDP address that it names:</p>
<pre>curl -X POST -H 'content-type: application/json' \\
     -d '{{"name": "Ada"}}' http://{escape(address)}/v1/login</pre>
<p><code>docs/protocol.md</code> says how, byte by byte; <code>examples/</code> has clients of ten lines in Python.</p>
<h2>Crowd</h2>
<pre>./tools/load-test --clients 500 --host {escape(host or address)} --port {escape(port)}</pre>
<h2>Look inside</h2>
<p><a href="/v1/zone">/v1/zone</a> numbers of a zone · <a href="/metrics">/metrics</a> the same for Prometheus ·
<a href="/healthz">/healthz</a> whether players can join · <a href="/schema/openapi.json">OpenAPI</a></p>
</body></html>
"""


def _shown(status: Mapping[str, object], key: str) -> str:
    return escape(str(status.get(key, "–")))
