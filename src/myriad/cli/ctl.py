"""`myriad ctl`: look after a running world from a terminal, over its gateway."""

from __future__ import annotations

import os
import sys
import time
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from myriad.core.errors import StartupError

if TYPE_CHECKING:
    from rich.console import Console

    from myriad.cli.ops_client import OpsClient

_URL: Final = "http://127.0.0.1:8080"
_ANYWHERE: Final = {"--url": 1, "--token": 1, "--json": 0}
"""Options of the whole program, and how many values each takes: they may stand anywhere in the line."""
_WAIT_S: Final = 20
_FILE_WIDTH: Final = 200


class _Commands(TyperGroup):
    """Takes the options of the whole program wherever they stand."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts them first."""
        first: list[str] = []
        rest: list[str] = []
        words = iter(args)
        for word in words:
            if word == "--":
                rest += [word, *words]
                break
            name = word.partition("=")[0]
            if name not in _ANYWHERE:
                rest.append(word)
                continue
            first.append(word)
            if _ANYWHERE[name] and "=" not in word:
                first += [value for value in [next(words, None)] if value is not None]
        return super().parse_args(ctx, first + rest)


app = typer.Typer(cls=_Commands, add_completion=False, rich_markup_mode=None, invoke_without_command=True)
event_app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)
app.add_typer(event_app, name="event", help="World events: start, stop, list.")


class _Terminal:
    """Where it is asked, and how it is told."""

    def __init__(self, client: OpsClient, as_json: bool) -> None:
        self.client = client
        self.as_json = as_json

    def tell(self, answer: Any) -> bool:
        """True if the answer was printed for a program; else it is to be printed for a person."""
        if self.as_json:
            import msgspec

            print(msgspec.json.encode(answer).decode(), flush=True)
        return self.as_json

    @cached_property
    def console(self) -> Console:
        """Where people read; a file or a pipe is as wide as need be."""
        from rich.console import Console

        return Console(soft_wrap=True, width=None if sys.stdout.isatty() else _FILE_WIDTH)

    def show(self, *things: Any) -> None:
        """For a person."""
        for thing in things:
            self.console.print(thing)

    def show_zones(self, rows: list[dict[str, Any]]) -> None:
        """The same."""
        from myriad.cli.ops_tables import zones_table

        self.show(zones_table(rows, self.console.width))

    def act(self, action: str, **values: Any) -> None:
        """Does something, and says what was done."""
        answer = self.client.act(action, **values)
        if not self.tell(answer):
            print(answer["text"])


@app.callback()
def _begin(
    context: typer.Context,
    url: Annotated[str, typer.Option(help="The gateway's address.")] = _URL,
    token: Annotated[str, typer.Option(help="Its setting ops_token; default: MYRIAD_OPS_TOKEN.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print answers as JSON, for programs.")] = False,
) -> None:
    """Look after a running world: see it, speak to its players, send them away, end and start its zones."""
    from myriad.cli.ops_client import OpsClient

    if context.invoked_subcommand is None:
        print(context.get_help())
        return
    client = OpsClient(url, token or os.environ.get("MYRIAD_OPS_TOKEN", ""))
    context.call_on_close(client.close)
    context.obj = _Terminal(client, as_json)


# Looking.

ZoneArgument = Annotated[str, typer.Argument(help="Such as zone-3, or zone-3/1 for a layer.")]


@app.command()
def world(context: typer.Context) -> None:
    """The whole world: totals, zones, processes."""
    from myriad.cli.ops_tables import processes_table, totals_lines

    terminal: _Terminal = context.obj
    found = terminal.client.world()
    if not terminal.tell(found):
        terminal.show(*totals_lines(found), "")
        terminal.show_zones(found["zones"])
        terminal.show("", processes_table(found))


@app.command()
def zones(context: typer.Context) -> None:
    """All zones and their layers."""
    terminal: _Terminal = context.obj
    found = terminal.client.world()
    if not terminal.tell(found["zones"]):
        terminal.show_zones(found["zones"])


@app.command()
def zone(context: typer.Context, name: ZoneArgument) -> None:
    """One zone: its players, the phases of its ticks, what it threw away."""
    from myriad.cli.ops_client import zone_and_layer
    from myriad.cli.ops_tables import phases_table, players_table

    terminal: _Terminal = context.obj
    found = terminal.client.zone(*zone_and_layer(name))
    if terminal.tell(found):
        return
    drops = sorted(((n, reason) for reason, n in found["drops"].items() if n), reverse=True)
    thrown = ", ".join(f"{reason} {n:,}" for n, reason in drops) or "nothing"
    terminal.show_zones([found["row"]])
    terminal.show("", phases_table(found["phases"]), "", f"thrown away: {thrown}", "")
    if found["players"]:
        terminal.show(players_table(found["players"]))


@app.command()
def events(
    context: typer.Context,
    number: Annotated[int, typer.Option("--number", "-n", help="The newest so many.", min=0, max=1000)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")] = False,
) -> None:
    """What happened: crashes, restarts, layers, drains, world events, actions."""
    from myriad.cli.ops_tables import event_line

    terminal: _Terminal = context.obj
    found = terminal.client.events()
    shown = found["events"][-number:] if number else []
    while True:
        for one in shown:
            if not terminal.tell(one):
                terminal.show(event_line(one))
        if not follow:
            return
        found = terminal.client.events(found["newest"], _WAIT_S)
        shown = found["events"]


@app.command()
def history(context: typer.Context) -> None:
    """The newest point of the last hour; with --json the whole hour."""
    terminal: _Terminal = context.obj
    found = terminal.client.history()
    if terminal.tell(found):
        return
    if not found["times"]:
        raise StartupError("nothing is known yet: ask again in five seconds")
    at = time.strftime("%H:%M:%S", time.localtime(found["times"][-1]))
    terminal.show(f"{len(found['times'])} points, one every {found['step_s']} s; the newest is of {at}")
    for name, values in found["series"].items():
        newest = {each: v[-1] for each, v in values.items()} if isinstance(values, dict) else values[-1]
        terminal.show(f"{name}: {newest}")


# Players.

Reason = Annotated[str, typer.Option(help="What the player is told.")]


@app.command()
def announce(
    context: typer.Context,
    text: Annotated[str, typer.Argument(help="What players read in their chat.")],
    zone: Annotated[str | None, typer.Option(help="Only those in this zone.")] = None,
) -> None:
    """Say something to everybody, or to those in one zone."""
    context.obj.act("announce", text=text, zone=zone)


@app.command()
def kick(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A character, or an account.")] = None,
    character: Annotated[int | None, typer.Option(help="By number instead.")] = None,
    reason: Reason = "",
) -> None:
    """End a player's session; nothing is lost, and the player may come back."""
    context.obj.act("kick", name=name, character=character, reason=reason)


@app.command()
def ban(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="An account, or a character of it.")],
    hours: Annotated[
        float | None, typer.Option(help="For so long; without: until it is taken back.", min=0.001)
    ] = None,
    reason: Reason = "",
) -> None:
    """Keep an account out: no login, no session; its characters are sent away."""
    until_s = None if hours is None else time.time() + hours * 3600
    context.obj.act("ban", name=name, until_s=until_s, reason=reason)


@app.command()
def unban(context: typer.Context, name: Annotated[str, typer.Argument(help="An account, or a character.")]) -> None:
    """Take a ban back."""
    context.obj.act("unban", name=name)


# Zones.


@app.command()
def drain(context: typer.Context, name: ZoneArgument) -> None:
    """End a zone: its players leave, all is written, and it stays down until it is started."""
    from myriad.cli.ops_client import zone_and_layer

    zone, layer = zone_and_layer(name)
    context.obj.act("drain", zone=zone, layer=layer)


@app.command()
def restart(context: typer.Context, name: ZoneArgument) -> None:
    """Start a zone anew: all is written, and its players come back by themselves."""
    from myriad.cli.ops_client import zone_and_layer

    zone, layer = zone_and_layer(name)
    context.obj.act("restart_zone", zone=zone, layer=layer)


@app.command()
def start(context: typer.Context, zone: Annotated[str, typer.Argument(help="Such as zone-3.")]) -> None:
    """Start a zone that does not run."""
    context.obj.act("start_zone", zone=zone)


# World events.


@event_app.callback()
def _begin_event(context: typer.Context) -> None:
    """World events: start, stop, list."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@event_app.command("start")
def start_event(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    text: Annotated[str, typer.Argument(help="What players are told about it.")] = "",
    minutes: Annotated[float | None, typer.Option(help="It ends by itself after so long.", min=0.01)] = None,
) -> None:
    """Start a world event."""
    context.obj.act("start_event", name=name, text=text, seconds=None if minutes is None else minutes * 60)


@event_app.command("stop")
def stop_event(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Its name, or its number as `event list` shows.")]
) -> None:
    """Stop a world event."""
    running = context.obj.client.world()["game_events"]
    found = [event["event"] for event in running if name in (event["name"], str(event["event"]))]
    if not found:
        raise StartupError(f"no event called {name} runs")
    for number in found:
        context.obj.act("stop_event", event=number)


@event_app.command("list")
def list_events(context: typer.Context) -> None:
    """The world events that run."""
    terminal: _Terminal = context.obj
    running = terminal.client.world()["game_events"]
    if terminal.tell(running):
        return
    for event in running:
        print(f"{event['event']} {event['name']}: {event['text']}")
    if not running:
        print("no event runs")
