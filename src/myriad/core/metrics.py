"""The table of metrics: what a server tells about itself, under which name and in which unit.

Responsible for: the rows, from which `/metrics` and `docs/metrics.md` are made.
Not here: the numbers (each part keeps its own counters) and the HTTP answer (`web/api`).

Invariants: names follow Prometheus (`myriad_` first, base unit and `_total` last); every metric has the label `zone`
besides the one of its row; the documents are tested against the table.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PREFIX: Final = "myriad_"

BUCKETS_NS: Final = tuple(
    int(ms * 1e6) for ms in (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 16, 25, 50, 100, 250, 500, 1000)
)
"""Upper bounds, in nanoseconds, of the buckets in which histograms of time are published."""


class Metric(NamedTuple):
    """One row. `kind` is counter, gauge or histogram; `unit` is "" for a number of things; `label` may be ""."""

    name: str
    kind: str
    unit: str
    label: str
    sentence: str


METRICS: Final[tuple[Metric, ...]] = (
    # Time.
    Metric("myriad_ticks_total", "counter", "", "", "Simulation steps done."),
    Metric(
        "myriad_ticks_skipped_total", "counter", "", "", "Simulation steps left out because too many were due at once."
    ),
    Metric("myriad_tick_lateness_seconds", "histogram", "seconds", "", "How long after its time a tick began."),
    Metric("myriad_phase_seconds", "histogram", "seconds", "phase", "Time that one phase of a tick took."),
    Metric("myriad_load_level", "gauge", "", "", "Rung of the overload ladder: 0 is normal."),
    Metric("myriad_time_dilation_ratio", "gauge", "ratio", "", "Speed of the zone's time: 1 is normal."),
    # Who is there.
    Metric("myriad_players", "gauge", "", "", "Players in the zone, those who linger included."),
    Metric("myriad_connections", "gauge", "", "", "Open connections."),
    Metric("myriad_npcs", "gauge", "", "", "NPCs in the zone."),
    Metric("myriad_entities", "gauge", "", "", "Entities of every kind in the zone."),
    Metric("myriad_joins_total", "counter", "", "", "Players who came in."),
    Metric("myriad_leaves_total", "counter", "", "reason", "Players who left, by reason."),
    Metric("myriad_logins_total", "counter", "", "result", "Login requests, by what became of them."),
    # What travels.
    Metric("myriad_datagrams_received_total", "counter", "", "", "Datagrams taken from the socket."),
    Metric("myriad_datagrams_sent_total", "counter", "", "", "Datagrams that the socket took."),
    Metric("myriad_received_bytes_total", "counter", "bytes", "", "UDP payload received."),
    Metric("myriad_sent_bytes_total", "counter", "bytes", "", "UDP payload sent."),
    Metric("myriad_drops_total", "counter", "", "reason", "Packets and parts of packets thrown away, by reason."),
    Metric("myriad_inputs_applied_total", "counter", "", "", "Input ticks applied to avatars."),
    # What is shown.
    Metric("myriad_snapshots_sent_total", "counter", "", "", "Snapshots sent."),
    Metric(
        "myriad_encoded_bytes_total",
        "counter",
        "bytes",
        "",
        "Bytes of sections and keyframes encoded, each once for all.",
    ),
    Metric("myriad_keyframes_sent_total", "counter", "", "", "Keyframes put into snapshots."),
    Metric("myriad_keyframe_repairs_total", "counter", "", "", "Keyframes sent because a client asked for them."),
    Metric(
        "myriad_sections_deferred_total", "counter", "", "", "Sections that did not fit and had to wait their turn."
    ),
    Metric("myriad_hidden_by_crowd", "gauge", "", "", "Entities not shown because their part of a cell is full."),
    # The world around it; 0 or absent for a zone that stands alone.
    Metric("myriad_epoch", "gauge", "", "", "Fencing number of the zone's lease."),
    Metric("myriad_residents", "gauge", "", "", "Characters that the zone owns and simulates."),
    Metric("myriad_reservations", "gauge", "", "", "Places kept for characters of neighbours near the border."),
    Metric("myriad_ghosts", "gauge", "", "", "Neighbours' entities held near the borders."),
    Metric("myriad_ghosts_refused_total", "counter", "", "", "Neighbours' entities for which there was no row."),
    Metric("myriad_handoffs_total", "counter", "", "", "Characters handed over to a neighbour."),
    Metric("myriad_handoffs_failed_total", "counter", "", "", "Handoffs that the store refused; the character stayed."),
    Metric(
        "myriad_handoff_gap_seconds",
        "histogram",
        "seconds",
        "",
        "From the freeze of a character that goes over to its new zone's word that it plays.",
    ),
    Metric("myriad_cuts_total", "counter", "", "", "Cuts taken."),
    Metric("myriad_cut_age_seconds", "gauge", "seconds", "", "How long the cut under way has waited for the store."),
    Metric("myriad_confirmations_total", "counter", "", "", "Confirmations sent to players."),
    Metric("myriad_exchanges_total", "counter", "", "", "Trades and gifts between players carried out."),
    Metric(
        "myriad_store_requests_repeated_total",
        "counter",
        "",
        "",
        "Requests sent to the store again because it had not answered.",
    ),
    # What it costs.
    Metric("myriad_cpu_seconds_total", "counter", "seconds", "", "CPU time of the process."),
    Metric("myriad_memory_bytes", "gauge", "bytes", "", "Resident memory of the process."),
)
"""Every metric, in the order in which they are published."""
