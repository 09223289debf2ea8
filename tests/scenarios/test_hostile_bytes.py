"""Any bytes from an authenticated player: dropped whole and counted, or taken, and never felt by anybody else."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from myriad.core.errors import DROP_REASONS
from myriad.wire.layouts import CHANNEL_CHAT, KIND_CONTROL, KIND_INPUT, KIND_SNAPSHOT, MAX_NACKS, MAX_WHOIS
from tests.scenarios.hostile import (
    PLACE,
    RELIABLE,
    Entry,
    Hostile,
    assert_slab_is_whole,
    block,
    input_body,
    state_of_others,
)

CORPUS = json.loads((Path(__file__).parents[1] / "corpus" / "payloads.json").read_text())
COUNTED_BUT_TAKEN = ("input_repeated", "input_flood", "ack_invalid", "nack_rate", "whois_rate")
"""Reasons that count a part of a payload whose rest is taken."""


def pair() -> Hostile:
    """An attacker, client 0, beside a victim, both at rest and with reliable messages under way to them."""
    run = Hostile(2)
    run.join_all(40, spawn=PLACE)
    run.mute = {0, 1}
    run.say(1, 0, "under way")
    return run


def good_input(run: Hostile) -> bytes:
    applied = int(run.zone.arrays.queues["applied"][run.connection(0)])
    cell = int(PLACE[0]) // 50
    return input_body(
        applied + 12,
        [Entry(6, heading=1000), Entry(6, intent=1, argument=77)],
        nacks=[(cell, cell, 0, 3), (cell + 1, cell, 0, 70)],
        whois=[1, 2],
    )


def good_block() -> bytes:
    return block(acks=[(0, 1), (2, 0)], fragments=[(2, 0, 0, b"\1\0hi"), (2, 1, 1, b"\1\0he"), (2, 0, 2, b"llo")])


def payloads_of(run: Hostile, shape: str) -> bytes:
    """A well-formed payload of that shape, with a header that acknowledges nothing."""
    head = {"input": KIND_INPUT, "input with block": KIND_INPUT | RELIABLE, "control": KIND_CONTROL | RELIABLE}[shape]
    reliable = good_block() if head & RELIABLE else b""
    return run.header(0, head) + reliable + (good_input(run) if head & 0x0F == KIND_INPUT else b"")


SHAPES = ("input", "input with block", "control")


@pytest.mark.parametrize("shape", SHAPES)
def test_every_byte_value_in_every_field_changes_nothing_but_the_senders_own_session(shape: str) -> None:
    run = pair()
    good = payloads_of(run, shape)
    before = state_of_others(run, run.connection(0))
    for at in range(len(good)):
        run.strike((0, good[:at] + bytes([value]) + good[at + 1 :]) for value in range(256))
        after = state_of_others(run, run.connection(0))
        assert [name for name in before if before[name] != after[name]] == [], f"byte {at}"
    assert_slab_is_whole(run)
    drops = run.drops()
    assert drops["payload_malformed" if "input" in shape else "reliable_malformed"] > 0 and drops["payload_kind"] > 0
    serve_both(run)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_truncation_and_every_addition_is_dropped_whole_and_counted(shape: str) -> None:
    run = pair()
    good = payloads_of(run, shape)
    connection = run.connection(0)
    arrays = run.zone.arrays

    def own() -> list[bytes]:
        rows = (arrays.acks, arrays.queues, arrays.sessions, arrays.viewers.rows, arrays.reliable.channels)
        return [rows[k][connection].tobytes() for k in range(len(rows))]

    before, others = own(), state_of_others(run, connection)
    counted = sum(run.drops().values())
    bad = [good[:end] for end in range(1, len(good))] + [good + b"\0" * more for more in range(1, 40)]
    for payload in bad:
        run.strike([(0, payload)])
        assert own() == before, len(payload)
        counted += 1
        assert sum(run.drops().values()) == counted, len(payload)
    assert state_of_others(run, connection) == others
    run.strike([(0, good)])
    assert own() != before
    serve_both(run)


def serve_both(run: Hostile) -> None:
    """The zone goes on for attacker and victim alike."""
    sent = run.zone.arrays.pace["num_snapshots"][0]
    run.mute = {0}
    run.run(12)
    assert run.zone.arrays.pace["num_snapshots"][0] == sent + 2 * 4
    assert run.zone.status()["connections"] == 2


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry["name"])
def test_a_known_hostile_payload_is_counted_under_its_reason(entry: dict[str, str]) -> None:
    run = pair()
    before, drops = state_of_others(run, run.connection(0)), run.drops()
    run.strike([(0, bytes.fromhex(entry["hex"]))])
    after = run.drops()
    assert {name: after[name] - drops[name] for name in after if after[name] != drops[name]} == {entry["reason"]: 1}
    assert state_of_others(run, run.connection(0)) == before
    assert entry["reason"] in {row.name for row in DROP_REASONS}


def largest(run: Hostile) -> Iterator[bytes]:
    """Payloads whose counts are at their maxima."""
    applied = int(run.zone.arrays.queues["applied"][run.connection(0)])
    full = [Entry(4, intent=255, argument=2**32 - 1, direction=255, magnitude=255, buttons=255, heading=65535)] * 32
    extreme = [(-32768, 32767, 255, 255)] * MAX_NACKS
    body = input_body(applied + 128, full, render_back=255, nacks=extreme, whois=[2**32 - 1] * MAX_WHOIS)
    yield run.header(0, KIND_INPUT) + body
    acks = [(k % 3, 0) for k in range(255)]
    room = 1200 - 9 - 2 - 3 * 255 - len(body)
    yield run.header(0, KIND_INPUT | RELIABLE) + block(acks, [(2, 0, 0, b"x" * (room - 5))]) + body
    yield run.header(0, KIND_CONTROL | RELIABLE) + block(fragments=[(k % 3, 1, k, b"x") for k in range(190)])
    yield run.header(0, KIND_CONTROL | RELIABLE) + block(fragments=[(1, 1, 0, b"x" * 1024), (2, 1, 0, b"y" * 100)])


def test_maximal_counts_are_taken_and_change_nothing_of_others() -> None:
    run = pair()
    before, drops = state_of_others(run, run.connection(0)), run.drops()
    for payload in largest(run):
        assert len(payload) <= 1200
        run.strike([(0, payload)])
    after = run.drops()
    assert state_of_others(run, run.connection(0)) == before
    assert all(after[name] == drops[name] for name in ("payload_malformed", "reliable_malformed", "payload_kind"))
    assert_slab_is_whole(run)
    serve_both(run)


def test_acknowledging_what_was_never_sent_is_ignored_and_counted() -> None:
    run = pair()
    connection = run.connection(0)
    acks, viewers = run.zone.arrays.acks, run.zone.arrays.viewers.rows
    sent = int(acks["num_sent"][connection])
    before = (int(acks["num_acked"][connection]), int(acks["rtt_ns"][connection]), viewers[connection].tobytes())
    counted, count = run.drops()["ack_invalid"], 0
    for ahead in (0, 1, 2, 32, 33, 64, 1000, 32767, 32768, 40000, 65535 - sent - 100):
        for bits in (0, 1, 0xFFFFFFFF):
            ack = (sent + ahead) & 0xFFFF
            run.strike([(0, run.header(0, KIND_CONTROL, ack=ack, ack_bits=bits))])
            count += 1
    assert run.drops()["ack_invalid"] == counted + count
    assert before == (
        int(acks["num_acked"][connection]), int(acks["rtt_ns"][connection]), viewers[connection].tobytes(),
    )  # fmt: skip


def test_an_acknowledged_reliable_fragment_that_was_never_sent_frees_nothing() -> None:
    run = pair()
    reliable, connection = run.zone.arrays.reliable, run.connection(0)
    free, counted = int(reliable.state["num_free"][0]), run.drops()["ack_invalid"]
    queue = reliable.channels[connection, CHANNEL_CHAT].tobytes()
    for expected in (1, 2, 64, 65, 1000, 32767):
        payload = run.header(0, KIND_CONTROL | RELIABLE) + block(acks=[(CHANNEL_CHAT, expected)])
        run.strike([(0, payload)])
    assert int(reliable.state["num_free"][0]) == free
    assert reliable.channels[connection, CHANNEL_CHAT].tobytes() == queue
    assert run.drops()["ack_invalid"] == counted + 6


def test_random_payloads_never_stop_the_zone_and_all_are_counted_or_taken() -> None:
    seed = 23
    run, rng = pair(), np.random.default_rng(seed)
    before = state_of_others(run, run.connection(0))
    for _ in range(8):
        shots = []
        for _ in range(250):
            kind = int(rng.choice([KIND_INPUT, KIND_CONTROL, KIND_SNAPSHOT])) | int(rng.choice([0, RELIABLE]))
            size = int(rng.choice([0, 1, 7, 8, 9, 30, 200, 1191]))
            shots.append((0, struct.pack("<B", kind) + rng.bytes(8) + rng.bytes(size)))
        run.strike(shots)
    after = state_of_others(run, run.connection(0))
    assert [name for name in before if before[name] != after[name]] == [], f"seed {seed}"
    drops = run.drops()
    assert sum(drops[name] for name in drops if name not in COUNTED_BUT_TAKEN) > 1900
    assert_slab_is_whole(run)
    serve_both(run)
