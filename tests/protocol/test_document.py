"""docs/protocol.md says what the code does: its tables and bytes are made anew and compared, and so are its numbers."""

from __future__ import annotations

import json
import re

import msgspec
import pytest

from emberdale.game import GAME
from myriad.core.settings import Settings
from myriad.netcode.reliable_queues import (
    FRAGMENT_BYTES,
    MAX_FRAGMENT_BYTES,
    MAX_MESSAGE_BYTES,
    WINDOW_BYTES,
    WINDOW_FRAGMENTS,
)
from myriad.replication.keyframes import GENERATIONS
from myriad.replication.view_arrays import KEYFRAME_MS, LINGER_MS, NACK_MS, QUIET_KEYFRAME_MS, STALE_MS
from myriad.sim.input_queue import MAX_BUCKET, MAX_WAITING_INPUTS
from myriad.web.api.login import Grant, LoginRequest
from myriad.wire import layouts
from myriad.wire.datagram import MAX_PAYLOAD_BYTES
from myriad.zone.chat import BURST_MESSAGES, NEARBY_M
from myriad.zone.login import protocol_id_of
from myriad.zone.overload import RUNGS
from myriad.zone.pacing import CALM_WINDOWS, MIN_SAMPLES, RATE_STEP_KBIT, WINDOW_S
from myriad.zone.sessions import MAX_NACK_CREDIT, MAX_WHOIS_CREDIT, NACKS_PER_SNAPSHOT, WHOIS_QUEUE
from myriad.zone.snapshots import FULL_PAYLOAD_EVERY, MIN_PAYLOAD_BYTES, PACKET_OVERHEAD_BYTES
from tests.architecture.sources import ROOT, text
from tests.protocol.document_examples import BLOCKS, example_token, rebuilt
from tests.scenarios.stepper import Stepper

PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
PROSE = " ".join(re.sub(r"<!-- made.*?<!-- end made -->", "", PAGE, flags=re.DOTALL).split())


def test_tables_and_bytes_are_what_the_code_writes() -> None:
    assert rebuilt(PAGE) == PAGE, "run `make docs`"


def test_making_the_page_twice_changes_nothing_and_a_page_without_marks_is_refused() -> None:
    assert all(f"<!-- made: {name} -->" in PAGE for name in BLOCKS)
    with pytest.raises(ValueError, match="no place"):
        rebuilt("# Nothing")


def test_every_number_of_the_wire_is_in_the_table() -> None:
    for name in (name for name in vars(layouts) if name.isupper()):
        assert f"| `{name}` | {getattr(layouts, name)} |" in PAGE


def test_every_field_and_word_of_the_game_is_in_the_tables() -> None:
    for name in (*GAME.own_fields, *GAME.private_fields):
        assert f"| `{name}` |" in PAGE
    for words in (GAME.states, GAME.intents, GAME.event_kinds, GAME.buttons):
        assert ", ".join(f"{number} {name}" for name, number in words.items()) in PAGE


def test_the_token_has_the_size_and_the_protocol_id_that_the_page_names() -> None:
    token = example_token()
    assert len(token) == 2048 and "**The token** (2,048 bytes)" in PROSE
    assert token[13:21] == protocol_id_of(GAME).to_bytes(8, "little")


@pytest.mark.parametrize(
    "statement",
    [
        f"Protocol major version **{layouts.PROTOCOL_MAJOR}**, minor version **{layouts.PROTOCOL_MINOR}**",
        f"1 to {layouts.MAX_NAME_BYTES} bytes of UTF-8",
        f"The token lives {Settings().token_life_s} s",
        f"| token life, session timeout | {Settings().token_life_s} s, {Settings().timeout_s:g} s (settings)",
        f"its avatar lingers {Settings().linger_s:g} s",
        f"starts with {layouts.INNER_HEADER_BYTES} bytes",
        f"accept fragments of 1 to {MAX_FRAGMENT_BYTES:,} bytes; the server sends at most {FRAGMENT_BYTES} in one",
        f"A message of 1 to {MAX_MESSAGE_BYTES:,} bytes",
        f"at most {WINDOW_FRAGMENTS} fragments and {WINDOW_BYTES:,} bytes of a channel",
        f"nearby: within {NEARBY_M} m",
        f"text, 1 to {layouts.MAX_CHAT_BYTES} bytes",
        "five messages at once and two a second",
        f"n_entries (≤ {layouts.MAX_INPUT_ENTRIES})",
        f"n_nacks (≤ {layouts.MAX_NACKS})",
        f"n_whois (≤ {layouts.MAX_WHOIS})",
        f"held for `ticks` (1 to {layouts.MAX_ENTRY_TICKS}) ticks",
        f"all ticks together are at most {layouts.MAX_INPUT_TICKS}",
        f"gains one per tick and holds {MAX_BUCKET}",
        f"When more than {MAX_WAITING_INPUTS} inputs wait, the oldest are given up until {MAX_BUCKET} are left",
        f"Ask once per part and {NACK_MS} ms",
        "allows it two more NACKs",
        f"saved up to {MAX_NACK_CREDIT}",
        f"one more, saved up to {MAX_WHOIS_CREDIT}, and eight may wait",
        f"a grid of cells of {layouts.CELL_M} m",
        f"until it is {layouts.CELL_MARGIN_M} m outside",
        f"the {layouts.VIEW_SIDE_CELLS} × {layouts.VIEW_SIDE_CELLS} cells",
        f"judges each connection every {WINDOW_S} s",
        f"more than 5 % (of at least {MIN_SAMPLES} payloads)",
        f"the rate rises by {RATE_STEP_KBIT} kbit/s, and after {CALM_WINDOWS * WINDOW_S} s without either the",
        f"starts at {Settings().rate_kbit_start} kbit/s and stays within {Settings().rate_kbit_min} and",
        f"and {Settings().rate_kbit_max} (settings), counting {PACKET_OVERHEAD_BYTES} bytes per datagram",
        f"a payload has {MIN_PAYLOAD_BYTES} to {MAX_PAYLOAD_BYTES:,} bytes of it, and every fourth one",
        f"not heard of for {STALE_MS // 1000} s",
        f"up to {layouts.MAX_PARTS} **parts** of at most {layouts.MAX_PART_ENTITIES} entities",
        f"### Record ({layouts.RECORD_BYTES} bytes)",
        f"counts 0 to {GENERATIONS - 1} and wraps",
        f"later than that by more than {QUIET_KEYFRAME_MS / 1000:g} s, quiet marks",
        f"by more than {KEYFRAME_MS // 1000} s, both keyframes",
        f"is shown for {LINGER_MS} ms more",
        f"*Event* ({layouts.EVENT_BYTES} bytes)",
        f"sections for {layouts.EVENT_SNAPSHOTS} snapshots",
    ],
)
def test_a_number_in_the_prose_is_the_code_s(statement: str) -> None:
    assert statement in PROSE


def test_words_for_numbers_in_the_prose_are_the_code_s() -> None:
    assert (BURST_MESSAGES, Settings().chat_per_s) == (5, 2.0)
    assert (NACKS_PER_SNAPSHOT, WHOIS_QUEUE, FULL_PAYLOAD_EVERY) == (2, 8, 4)
    assert (Settings().tick_hz, Settings().snapshot_hz) == (60, 20)
    assert [rung.replication_level for rung in RUNGS[:3]] == [0, 1, 2]  # far cells half as often, then not at all


def test_login_is_documented_key_by_key() -> None:
    section = PAGE[PAGE.index("## 1. Login") : PAGE.index("## 2. Connection")]
    for asked in msgspec.structs.fields(LoginRequest):
        assert f"`{asked.name}`" in section
    example = json.loads(section.split("```json")[1].split("```")[0])
    assert set(example) == {given.name for given in msgspec.structs.fields(Grant)}
    assert set(example["protocol"]) == set(Stepper(1, npcs=0).zone.about())
    code = text("src/myriad/web/api/login.py") + text("src/myriad/zone/login.py")
    codes = set(re.findall(r'(?:BadRequest|LoginRefused)\("(\w+)"', code))
    assert codes >= {"bad_request", "zone_full"} and all(f"`{code}`" in section for code in codes)


def test_the_table_of_rings_is_the_code_s() -> None:
    for tier, periods in enumerate(layouts.RING_PERIODS):
        cells = " | ".join(str(period) if period else "not in view" for period in periods)
        assert f"| {tier} | {cells} |" in PAGE
