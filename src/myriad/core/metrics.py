"""The table of metrics: what processes tell about themselves, under which name, in which unit, on which page.

Responsible for: the rows, from which every `/metrics` and `docs/metrics.md` are made, and the form in which the parts
of a process hand their numbers to its page.
Not here: the numbers (each part keeps its own counters), the text (`web/exposition.py`).

A long file, because it is one table.

Invariants: names follow Prometheus (`myriad_` first, `process_` for what every program's exporter has; base unit and
`_total` last); labels have few values, none of which a player chooses; documents, dashboard and alert rules are tested
against the table, and the pages of running processes too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

PREFIX: Final = "myriad_"

HOST: Final = "host"
GATEWAY: Final = "gateway"
RELAY: Final = "relay"
PAGES: Final = (HOST, GATEWAY, RELAY)
"""Kinds of processes with a page of their own."""

BUCKETS_NS: Final = tuple(
    int(ms * 1e6) for ms in (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 16, 25, 50, 100, 250, 500, 1000, 2500, 5000)
)
"""Upper bounds, in nanoseconds, of the buckets in which histograms of time are published."""


class Metric(NamedTuple):
    """One row. `kind` is counter, gauge or histogram; `unit` is "" for a number of things."""

    name: str
    kind: str
    unit: str
    labels: tuple[str, ...]
    sentence: str
    pages: tuple[str, ...]


class Buckets(NamedTuple):
    """What a histogram has counted: `counts[i]` took at most `BUCKETS_NS[i]`, one more entry took longer than all."""

    counts: Sequence[int]
    total_ns: int


class Sample(NamedTuple):
    """A number of a metric, with the values of its labels in the order of its row; or several numbers, each by the
    value of the row's last label, which then is not among `labels`."""

    name: str
    labels: tuple[str, ...]
    value: float | Buckets | dict[str, float]


def _on(pages: tuple[str, ...], labels: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[Metric, ...]:
    """Rows `(name, kind, unit, label or "", sentence)` of the same pages, `labels` before their own."""
    return tuple(
        Metric(name, kind, unit, (*labels, *([label] if label else [])), sentence, pages)
        for name, kind, unit, label, sentence in rows
    )


_ZONE: Final = ("zone", "layer")

_TIME: Final = (
    ("myriad_zone_answers", "gauge", "", "", "1 if the zone spoke within 3 s; 0: nothing else is told."),
    ("myriad_ticks_total", "counter", "", "", "Simulation steps done."),
    ("myriad_ticks_skipped_total", "counter", "", "", "Simulation steps left out because too many were due at once."),
    ("myriad_ticks_slow_total", "counter", "", "", "Simulation steps that took longer than the setting slow_tick_ms."),
    ("myriad_tick_lateness_seconds", "histogram", "seconds", "", "How long after its time a tick began."),
    ("myriad_phase_seconds", "histogram", "seconds", "phase", "Time that one phase of a tick took."),
    (
        "myriad_turn_seconds",
        "histogram",
        "seconds",
        "",
        "Time of all that is done at once: receiving, ticks that are due, sending.",
    ),
    ("myriad_gil_wait_seconds", "histogram", "seconds", "", "From the end of a sleep to having the GIL back."),
    ("myriad_thread_cpu_seconds_total", "counter", "seconds", "", "CPU time of the zone's thread."),
    ("myriad_load_level", "gauge", "", "", "Rung of the overload ladder: 0 is normal."),
    ("myriad_time_dilation_ratio", "gauge", "ratio", "", "Speed of the zone's time: 1 is normal."),
)

_WHO: Final = (
    ("myriad_players", "gauge", "", "", "Players in the zone, those who linger included."),
    ("myriad_connections", "gauge", "", "", "Open connections."),
    ("myriad_npcs", "gauge", "", "", "NPCs in the zone."),
    ("myriad_entities", "gauge", "", "", "Entities of every kind in the zone."),
    ("myriad_joins_total", "counter", "", "", "Players who came in."),
    ("myriad_leaves_total", "counter", "", "reason", "Players who left, by reason."),
    ("myriad_chats_total", "counter", "", "", "Chat messages that players said here."),
    ("myriad_exchanges_total", "counter", "", "", "Trades and gifts between players carried out."),
)

_WIRE: Final = (
    ("myriad_datagrams_received_total", "counter", "", "", "Datagrams taken from the socket."),
    ("myriad_datagrams_sent_total", "counter", "", "", "Datagrams that the socket took."),
    ("myriad_received_bytes_total", "counter", "bytes", "", "UDP payload received."),
    ("myriad_sent_bytes_total", "counter", "bytes", "", "UDP payload sent."),
    ("myriad_socket_errors_total", "counter", "", "direction", "Errors of the socket, in receiving and in sending."),
    (
        "myriad_receive_budget_reached_total",
        "counter",
        "",
        "",
        "Turns in which the budget for receiving ended before the socket was empty.",
    ),
    (
        "myriad_datagrams_silenced_total",
        "counter",
        "",
        "",
        "Datagrams neither taken nor sent because the zone's lease was over.",
    ),
    ("myriad_drops_total", "counter", "", "reason", "Packets and parts of packets thrown away, by reason."),
    ("myriad_inputs_applied_total", "counter", "", "", "Input ticks applied to avatars."),
    ("myriad_snapshots_sent_total", "counter", "", "", "Snapshots sent."),
    (
        "myriad_encoded_bytes_total",
        "counter",
        "bytes",
        "",
        "Bytes of sections and keyframes, each encoded once.",
    ),
    ("myriad_keyframes_sent_total", "counter", "", "", "Keyframes put into snapshots."),
    ("myriad_keyframe_repairs_total", "counter", "", "", "Keyframes sent because a client asked for them."),
    ("myriad_sections_deferred_total", "counter", "", "", "Sections that did not fit and had to wait their turn."),
    ("myriad_hidden_by_crowd", "gauge", "", "", "Entities not shown because their part of a cell is full."),
)

_WORLD: Final = (
    ("myriad_epoch", "gauge", "", "", "Fencing number of the zone's lease."),
    ("myriad_lease_left_seconds", "gauge", "seconds", "", "How long the zone may speak if its lease is not renewed."),
    ("myriad_lease_renewals_late_total", "counter", "", "", "Renewals of the lease after more than half of its time."),
    ("myriad_residents", "gauge", "", "", "Characters that the zone owns and simulates."),
    ("myriad_reservations", "gauge", "", "", "Places kept for characters of neighbours near the border."),
    ("myriad_ghosts", "gauge", "", "", "Neighbours' entities held near the borders."),
    ("myriad_ghosts_refused_total", "counter", "", "", "Neighbours' entities for which there was no row."),
    (
        "myriad_passages_total",
        "counter",
        "",
        "step",
        "Passages to neighbours: asked for, granted, denied, ready, withdrawn, lost; walls told to players.",
    ),
    (
        "myriad_handoffs_total",
        "counter",
        "",
        "result",
        "Characters handed over to a neighbour (done), or that the store did not let go (refused).",
    ),
    (
        "myriad_handoff_gap_seconds",
        "histogram",
        "seconds",
        "",
        "From the freeze of a character that goes over to its new zone's word that it plays.",
    ),
    ("myriad_arrivals_total", "counter", "", "", "Characters that came over from a neighbour."),
    ("myriad_peer_links", "gauge", "", "", "Other zones that are heard."),
    ("myriad_peer_round_trip_seconds", "gauge", "seconds", "peer", "Round trip to a neighbour."),
    ("myriad_peer_fragments_waiting", "gauge", "", "", "Pieces of messages that other zones have not acknowledged."),
    ("myriad_cuts_total", "counter", "", "", "Cuts taken."),
    ("myriad_cut_age_seconds", "gauge", "seconds", "", "How long the cut under way has waited for the store."),
    ("myriad_confirmations_total", "counter", "", "", "Confirmations sent to players."),
    (
        "myriad_store_requests_repeated_total",
        "counter",
        "",
        "",
        "Requests sent to the store again because it had not answered.",
    ),
)

ZONE_METRICS: Final = _on((HOST,), _ZONE, (*_TIME, *_WHO, *_WIRE, *_WORLD))
"""What one zone tells; those after `myriad_epoch` only in a world."""

HOST_METRICS: Final = _on(
    (HOST,), (), (("myriad_logins_total", "counter", "", "result", "Logins at this host, by what became of them."),)
)

STORE_METRICS: Final = _on(
    PAGES,
    (),
    (
        ("myriad_store_up", "gauge", "", "", "1 if the store carried out what it was asked last."),
        ("myriad_store_waiting", "gauge", "", "", "Requests of this process that the store has not answered."),
        ("myriad_store_lag_seconds", "gauge", "seconds", "", "How long the oldest of them has waited."),
        ("myriad_store_requests_total", "counter", "", "", "Requests answered."),
        ("myriad_store_refused_total", "counter", "", "", "Requests turned away because too many waited."),
        ("myriad_store_cuts_total", "counter", "", "", "Cuts written."),
        ("myriad_store_transactions_total", "counter", "", "", "Transactions committed."),
        ("myriad_store_failures_total", "counter", "", "", "Transactions that failed, and were tried again."),
        ("myriad_store_request_seconds", "histogram", "seconds", "", "From asking the store to its answer."),
        (
            "myriad_store_commit_seconds",
            "histogram",
            "seconds",
            "",
            "A transaction, its wait for the lock included.",
        ),
        (
            "myriad_store_lock_wait_seconds",
            "histogram",
            "seconds",
            "",
            "How long a transaction waited to write.",
        ),
    ),
)

BUS_METRICS: Final = _on(
    (HOST, GATEWAY),
    (),
    (
        ("myriad_bus_up", "gauge", "", "", "1 if the bus's carrier was reached last time."),
        ("myriad_bus_waiting", "gauge", "", "", "Messages that no carrier has taken yet."),
        ("myriad_bus_published_total", "counter", "", "", "Messages that the carrier took."),
        ("myriad_bus_received_total", "counter", "", "", "Messages that came, each counted once."),
        ("myriad_bus_repeated_total", "counter", "", "", "Messages that came again, and were left out."),
        ("myriad_bus_refused_total", "counter", "", "", "Messages turned away because too many waited, or too long."),
        ("myriad_bus_malformed_total", "counter", "", "", "Messages without a stamp."),
        ("myriad_bus_failures_total", "counter", "", "", "Times that the carrier could not be reached."),
    ),
)

GATEWAY_METRICS: Final = (
    *_on(
        (GATEWAY,),
        (),
        (
            ("myriad_gateway_queue", "gauge", "", "", "Players in the login queue."),
            ("myriad_gateway_promised", "gauge", "", "", "Places promised to players who have not arrived yet."),
            ("myriad_gateway_store_up", "gauge", "", "", "1 if the store answered when it was last asked."),
            ("myriad_gateway_directory_age_seconds", "gauge", "seconds", "", "Since the directory was read."),
            ("myriad_gateway_answer_seconds", "histogram", "seconds", "route", "Time to an answer, by route."),
        ),
    ),
    Metric("myriad_gateway_answers_total", "counter", "", ("route", "status"), "HTTP requests answered.", (GATEWAY,)),
    Metric(
        "myriad_gateway_results_total",
        "counter",
        "",
        ("what", "result"),
        "What became of what was asked for.",
        (GATEWAY,),
    ),
    *_on(
        (GATEWAY,),
        _ZONE,
        (
            ("myriad_zone_up", "gauge", "", "", "1 if a zone that is to run has a lease that holds, 0 if not."),
            ("myriad_zone_players", "gauge", "", "", "Players in a zone, those who linger included."),
            ("myriad_zone_connected", "gauge", "", "", "Players connected to a zone."),
            ("myriad_zone_capacity", "gauge", "", "", "Connected players that a zone takes."),
            ("myriad_zone_lateness_p99_seconds", "gauge", "seconds", "", "How late a zone's ticks begin (p99)."),
            ("myriad_zone_cpu_cores", "gauge", "", "", "CPU that a zone uses."),
            ("myriad_zone_epoch", "gauge", "", "", "Epoch of a zone's lease: goes up when it starts anew."),
        ),
    ),
    *_on(
        (GATEWAY,),
        (),
        (
            ("myriad_audit_balanced", "gauge", "", "", "1 if everything added up at the newest audit."),
            ("myriad_audit_problems", "gauge", "", "", "What did not add up at the newest audit."),
            ("myriad_audit_age_seconds", "gauge", "seconds", "", "Since the newest audit."),
            ("myriad_audit_entries", "gauge", "", "", "Ledger entries at the newest audit."),
            ("myriad_audit_minted", "gauge", "", "asset", "Of an asset: ever made."),
            ("myriad_audit_burned", "gauge", "", "asset", "Of an asset: ever destroyed."),
            ("myriad_audit_held", "gauge", "", "asset", "Of an asset: held by characters and grounds."),
            ("myriad_fleet_hosts", "gauge", "", "", "Host processes of the world."),
            ("myriad_fleet_zones_asleep", "gauge", "", "", "Zones that nobody runs."),
            ("myriad_fleet_starts_total", "counter", "", "host", "Times that a host was started, the first included."),
            (
                "myriad_fleet_restarts_total",
                "counter",
                "",
                "",
                "Ends of processes that nobody asked for.",
            ),
            ("myriad_fleet_hangs_total", "counter", "", "", "Processes killed because they hung."),
            ("myriad_fleet_decisions_total", "counter", "", "decision", "What the supervisor decided about zones."),
        ),
    ),
)

RELAY_METRICS: Final = _on(
    (RELAY,),
    (),
    (
        ("myriad_relay_players", "gauge", "", "", "Browsers that are here."),
        ("myriad_relay_connections", "gauge", "", "", "Connections to zones that stand."),
        ("myriad_relay_slow_players", "gauge", "", "", "Browsers whose sockets take nothing at the moment."),
        ("myriad_relay_waiting_bytes", "gauge", "bytes", "", "What waits for them."),
        ("myriad_relay_messages_total", "counter", "", "direction", "Messages from browsers (up), to them (down)."),
        ("myriad_relay_bytes_total", "counter", "bytes", "direction", "Payload from browsers (up), from zones (down)."),
        ("myriad_relay_datagrams_total", "counter", "", "direction", "Datagrams to zones (up), from them (down)."),
        ("myriad_relay_opens_total", "counter", "", "", "Connections that browsers asked for."),
        ("myriad_relay_drops_total", "counter", "", "reason", "What the relay threw away."),
        ("myriad_relay_ends_total", "counter", "", "reason", "WebSockets that the relay ended or did not open."),
        ("myriad_relay_zones", "gauge", "", "", "Zones that may be dialled."),
        ("myriad_relay_directory_age_seconds", "gauge", "seconds", "", "Since the relay read the directory."),
    ),
)

PROCESS_METRICS: Final = _on(
    PAGES,
    (),
    (
        ("process_cpu_seconds_total", "counter", "seconds", "", "CPU time of the process."),
        ("process_resident_memory_bytes", "gauge", "bytes", "", "Resident memory of the process."),
        ("process_start_time_seconds", "gauge", "seconds", "", "When the process began, in seconds since 1970."),
        ("process_open_fds", "gauge", "", "", "Open file descriptors of the process."),
        ("myriad_collections_total", "counter", "", "", "Collections of garbage."),
        ("myriad_collection_seconds_total", "counter", "seconds", "", "Time that collections took."),
        ("myriad_log_lines_total", "counter", "", "level", "Lines logged."),
        ("myriad_log_lines_lost_total", "counter", "", "", "Lines lost because they could not be written fast enough."),
    ),
)

METRICS: Final[tuple[Metric, ...]] = (
    *ZONE_METRICS,
    *HOST_METRICS,
    *STORE_METRICS,
    *BUS_METRICS,
    *GATEWAY_METRICS,
    *RELAY_METRICS,
    *PROCESS_METRICS,
)
"""Every metric, in the order in which they are published."""


def rows_of(page: str) -> tuple[Metric, ...]:
    """The rows of a page (of `PAGES`)."""
    return tuple(metric for metric in METRICS if page in metric.pages)
