"""Every field of a result: its place, its unit, and a sentence. `docs/load-test.md` is tested against this table.

Responsible for: the names that stay stable, and the check that a result has exactly them.
Not here: how the values come to be (`loadtest/report.py`).

Invariant: a result without one of these fields, or with another, is a fault of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple


class Field(NamedTuple):
    """One field: `path` with dots between levels."""

    path: str
    unit: str
    sentence: str


FIELDS: Final[tuple[Field, ...]] = (
    Field("valid", "", "False when the generator or its sockets were the bottleneck: then the figures mean nothing."),
    Field("reason", "", "Why the run is not valid; empty if it is."),
    Field("served", "", "True if every client was served; decides the exit code together with `valid`."),
    Field("unserved", "", "What was not as it should be, one sentence each; empty if every client was served."),
    Field("clients", "clients", "Clients asked for."),
    Field("connected", "clients", "Clients with a connection at the end of the window."),
    Field("seconds", "s", "Length of the measured window."),
    Field("input_hz", "Hz", "Input packets a second that each client was to send."),
    Field("spread", "", "Where players started and stayed: uniform or square."),
    Field("square_share", "", "With square: the share of the players inside of it."),
    Field("fight", "", "Whether players went for each other."),
    Field("seed", "", "Seed of behaviour and impairment."),
    Field("impair", "", "The impairment as given; empty: none."),
    Field("warm_up.seconds", "s", "From the first login to the last client in place; not part of the window."),
    Field("warm_up.login_ms.p50", "ms", "Time of one login request."),
    Field("warm_up.login_ms.p99", "ms", "Time of one login request."),
    Field("inputs_per_client_hz.min", "1/s", "Input packets that one client sent a second."),
    Field("inputs_per_client_hz.p50", "1/s", "Input packets that one client sent a second."),
    Field("snapshots_per_client_hz.min", "1/s", "Snapshots with different ticks that one client decoded a second."),
    Field("snapshots_per_client_hz.p1", "1/s", "Snapshots with different ticks that one client decoded a second."),
    Field("snapshots_per_client_hz.p50", "1/s", "Snapshots with different ticks that one client decoded a second."),
    Field(
        "own_state_hz.min",
        "1/s",
        "Snapshots a second after which the own state was current: it was in them, or unchanged since the client"
        " acknowledged it.",
    ),
    Field("near_cell_hz.min", "1/s", "Updates a second of each of the near cells that lie in the zone, on average."),
    Field("near_cell_hz.p50", "1/s", "Updates a second of each of the near cells that lie in the zone, on average."),
    Field(
        "input_to_snapshot_ms.p50",
        "ms",
        "From the intended sending of an input packet to the first snapshot that confirms its newest input.",
    ),
    Field("input_to_snapshot_ms.p99", "ms", "The same; inputs never confirmed count with the time they waited."),
    Field("input_to_snapshot_ms.max", "ms", "The same."),
    Field("gaps_over_100_ms", "gaps", "Times that a client waited more than 100 ms for its next snapshot."),
    Field("down_bytes_per_client_s.p50", "bytes/s", "UDP payload received by one client."),
    Field("down_bytes_per_client_s.max", "bytes/s", "UDP payload received by one client."),
    Field("up_bytes_per_client_s.p50", "bytes/s", "UDP payload sent by one client."),
    Field("up_bytes_per_client_s.max", "bytes/s", "UDP payload sent by one client."),
    Field("in_view.players.p50", "players", "Players in one decoded view, sampled every second."),
    Field("in_view.players.max", "players", "Players in one decoded view, sampled every second."),
    Field("in_view.entities.p50", "entities", "Entities in one decoded view, sampled every second."),
    Field("in_view.entities.max", "entities", "Entities in one decoded view, sampled every second."),
    Field("decoded_clients", "clients", "Clients that decoded snapshots in the window and none that was malformed."),
    Field(
        "undecodable_sections", "sections", "Sections and quiet marks that named a keyframe the client did not hold."
    ),
    Field("keyframe_repairs", "keyframes", "Keyframes that clients asked for again (NACKs sent)."),
    Field("handshake_ms.p50", "ms", "From the first connection request to the connection."),
    Field("handshake_ms.p99", "ms", "From the first connection request to the connection."),
    Field("views.checked", "views", "Views compared with the server's digests, part by part; 0 if it keeps none."),
    Field("views.wrong", "views", "Views with a part that differs from the server's truth at the part's own tick."),
    Field(
        "converged_ms.max",
        "ms",
        "From the end of the impairment until the last client's whole view was current and right; null without"
        " --impair-stop or digests, and when it never was.",
    ),
    Field("activity.moved_m_p50", "m", "Way that one player walked in the window."),
    Field("activity.attacks", "", "Attack intents sent."),
    Field("activity.hits", "", "Blows that landed, by the server's count."),
    Field("activity.deaths", "", "Deaths of players and NPCs, by the server's count."),
    Field("activity.pickups", "", "Items picked up, by the server's count."),
    Field("activity.chats", "", "Chat messages that clients received."),
    Field("generator_cpu_cores", "cores", "CPU time of the load test per second of the window."),
    Field("generator.send_lateness_ms.p50", "ms", "How long after its intended time an input was sent."),
    Field("generator.send_lateness_ms.p99", "ms", "The same; above 20 ms the run is not valid."),
    Field("generator.send_lateness_ms.max", "ms", "The same."),
    Field("generator.socket_drops", "datagrams", "Datagrams that the system dropped at the clients' sockets."),
    Field("generator.send_failures", "datagrams", "Datagrams that the system did not take."),
    Field("generator.cpu_us_per_datagram", "µs", "CPU time of the load test per datagram sent or received."),
    Field("impairment.lost", "datagrams", "Datagrams thrown away by the impairment, both ways."),
    Field("impairment.duplicated", "datagrams", "Datagrams doubled by the impairment, both ways."),
    Field("impairment.reordered", "datagrams", "Datagrams held back by the impairment, both ways."),
    Field("impairment.overflowed", "datagrams", "Datagrams lost because the delay queue was full; not wanted."),
    Field(
        "floor_us_per_datagram", "µs", "CPU of bare sockets per snapshot for the same traffic; null without --floor."
    ),
    Field("ratio_to_floor", "", "Server CPU per client and snapshot as a multiple of the floor; null without --floor."),
    Field("server.npcs", "NPCs", "NPCs in the zone."),
    Field("server.cpu_cores", "cores", "CPU time of the server's process per second of the window."),
    Field("server.rss_bytes", "bytes", "Resident memory of the server at the end."),
    Field("server.tick_hz", "Hz", "Ticks that the zone computed per second of the window."),
    Field("server.tick_lateness_ms.p50", "ms", "How late ticks began in the window."),
    Field("server.tick_lateness_ms.p99", "ms", "How late ticks began in the window."),
    Field("server.tick_lateness_ms.max", "ms", "How late ticks began in the window, to the histogram's bucket."),
    Field("server.tick_lateness_ms.p999", "ms", "How late ticks began in the window."),
    Field("server.thread_cpu_cores", "cores", "CPU time of the zones' own threads per second of the window."),
    Field(
        "server.phases_cores",
        "",
        "An object of phases: time that the zones' threads were in each, per second of the window, by the clock (on a"
        " machine that is full, waiting for a core is in it).",
    ),
    Field("server.cpu_us_per_client_snapshot", "µs", "CPU time of the server per snapshot sent."),
    Field("server.drops", "", "What the server dropped in the window: an object of reason and count."),
)

WORLD_FIELDS: Final[tuple[Field, ...]] = (
    Field("handoffs.done", "handoffs", "Times that a player went over to another zone."),
    Field(
        "handoffs.failed",
        "handoffs",
        "Times that it had to ask the gateway for a token while it waited at the other zone.",
    ),
    Field(
        "handoffs.gap_ms.p50",
        "ms",
        "From the last snapshot of the former zone in which the avatar had moved on by an input (that is, in which it"
        " was simulated there) to the first of the next zone.",
    ),
    Field("handoffs.gap_ms.p99", "ms", "The same."),
    Field("handoffs.gap_ms.max", "ms", "The same."),
    Field(
        "handoffs.inputs_lost",
        "inputs",
        "Inputs that the former zone had confirmed or that waited, and that the next zone did not go on from.",
    ),
    Field(
        "handoffs.inputs_doubled",
        "inputs",
        "Inputs that the former zone confirmed although the next one got them again.",
    ),
    Field("reconnects.count", "", "Times that a player lost its connection and resumed through the gateway."),
    Field(
        "reconnects.back_in_s.p50",
        "s",
        "From the last snapshot in which the avatar moved on to the first after the loss.",
    ),
    Field("reconnects.back_in_s.max", "s", "The same."),
    Field("confirmed.sent", "", "Movements of things and levels that were confirmed to players."),
    Field(
        "confirmed.lost", "players", "Times that a player's private state fell behind what had been confirmed to it."
    ),
    Field(
        "cross_zone.chats_sent",
        "messages",
        "Numbered whispers and words to the world that the speaker's zone took, a hearer each.",
    ),
    Field("cross_zone.chats_lost", "messages", "Those of them that did not arrive within 5 s."),
    Field(
        "cross_zone.events_seen_min",
        "events",
        "Events whose beginning the player saw who saw fewest; null if none was started.",
    ),
    Field("chaos.hosts_killed", "hosts", "Processes that --chaos killed."),
    Field(
        "untouched_hosts.snapshots_per_client_hz.min",
        "1/s",
        "From kill to kill, the fewest snapshots a second that a player decoded whose host was not killed; null if"
        " there was no such player.",
    ),
    Field(
        "audit.balanced",
        "",
        "What an audit at the end found (without --data: the newest of the world itself); null if there was none.",
    ),
    Field(
        "zones",
        "",
        "An object of zones: players at the end, ticks and snapshots sent per second (tick_hz, snapshots_hz), lateness"
        " of ticks (lateness_p50_ms, lateness_p99_ms).",
    ),
)
"""What a result of `--world` has besides."""


_OBJECTS: Final = ("server.drops", "server.phases_cores", "zones")


def paths_of(result: Mapping[str, object], before: str = "") -> Iterator[str]:
    """The paths of all fields of a result; lists, and the objects of `_OBJECTS` count as one field."""
    for name, value in result.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and path not in _OBJECTS:
            yield from paths_of(value, f"{path}.")
        else:
            yield path


def differences(result: Mapping[str, object]) -> set[str]:
    """Paths that the table has and the result has not, and the other way round: empty if all is well."""
    fields = FIELDS + WORLD_FIELDS if "handoffs" in result else FIELDS
    return {field.path for field in fields} ^ set(paths_of(result))
