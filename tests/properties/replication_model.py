"""The model fuzzer of replication: one server, several viewers, a scripted network, all in one kernel.

Long because a model in pieces would be harder to believe.

Responsible for: a run from one seed (entities that spawn, move, hide, teleport and die; views that move; loss, doubles,
reordering, lost acknowledgements, rejoins, tiers and overload levels) and the invariants it checks at every step.
Not here: the choice of runs and seeds (`test_replication_model.py`).

A run returns 0 or the number of the broken invariant, below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from myriad.core.integers import i64
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.replication.assembly import write_view
from myriad.replication.cells import CellArrays, Table, create_cells
from myriad.replication.digests import digest_at
from myriad.replication.encode import encode
from myriad.replication.geometry import cell_number, mix_cell, ring_of, ring_period, since_due, view_mask_of
from myriad.replication.view import apply, take_nacks
from myriad.replication.view_arrays import ViewArrays, create_views, newer, view_reset
from myriad.replication.view_listing import part_digest
from myriad.replication.viewers import (
    ViewerArrays,
    create_viewers,
    on_acked,
    on_nack,
    view_enter,
    view_follow,
    view_move,
)
from myriad.sim.columns import ENTITY, EVENT, HIDDEN

U32 = 0xFFFFFFFF
SIDE = 6  # cells of the zone
MAX_VIEWERS = 8
IN_FLIGHT = 128
PAYLOAD = 1312
FENCE = 0xA5
TICKS = 3  # a snapshot

WRONG_STATE = 1  # a part stamped t is not what the server had at t
TICK_BACK = 2
TOO_LONG = 3  # beyond the limit, or bytes written behind it
REFUSED = 4  # a client refused the server's own bytes
NOT_CURRENT = 5  # after loss stopped, a view stayed behind
DOUBLE_CHANGED = 6  # applying a payload twice changed something
STARVED = 7
UNKNOWN_KEYFRAME = 8  # without loss, something could not be decoded

PARAMS = np.dtype(
    [
        ("seed", "i8"),
        ("steps", "i4"),
        ("calm", "i4"),  # last so many steps: no loss, doubles, reordering, rejoins
        ("entities", "i4"),
        ("viewers", "i4"),
        ("crowd_cells", "i4"),  # entities spawn in a square of so many cells
        ("move_percent", "i4"),
        ("speed", "i4"),  # 1/1024 m a snapshot, at most
        ("churn_permille", "i4"),  # despawn or spawn, per entity and snapshot
        ("hide_permille", "i4"),
        ("teleport_permille", "i4"),
        ("event_permille", "i4"),
        ("loss_percent", "i4"),
        ("double_percent", "i4"),
        ("jitter", "i4"),  # snapshots
        ("delay", "i4"),  # snapshots, one way
        ("wander_permille", "i4"),  # a view jumps
        ("rejoin_permille", "i4"),
        ("tier_permille", "i4"),
        ("level_permille", "i4"),
        ("low_limit", "i4"),  # payload limits from here to 1200
        ("check_current", "i4"),
        ("max_gap", "i4"),  # snapshots between two coverings of a part in view, 0 = not checked
        ("may_miss", "i4"),  # 0: nothing may be undecodable
    ],
    align=True,
)
PACKET = np.dtype(
    [
        ("arrives", "i8"),  # step, -1 = free
        ("tick", "i8"),
        ("session", "i4"),
        ("sequence", "i4"),
        ("end", "i4"),
        ("view_x", "i4"),
        ("view_y", "i4"),
        ("data", "u1", (PAYLOAD,)),
    ],
    align=True,
)
REPLY = np.dtype(
    [
        ("arrives", "i8"),
        ("session", "i4"),
        ("sequence", "i4"),
        ("num_nacks", "i4"),
        ("nacks", "i4", (4, 4)),
    ],
    align=True,
)


class Model(NamedTuple):
    """Everything of one run."""

    params: Table  # (1,) PARAMS
    cells: CellArrays
    viewers: ViewerArrays
    views: ViewArrays
    entities: Table
    events: Table
    packets: Table  # (viewers, 128) PACKET
    replies: Table  # (viewers, 128) REPLY
    session: npt.NDArray[np.int64]  # (viewers,)
    sequence: npt.NDArray[np.int64]
    moved: npt.NDArray[np.int64]  # (viewers,) step at which the view last changed
    shadow: npt.NDArray[np.int64]  # (viewers, cells, 8) newest tick seen of each part, -1 = none
    heard: npt.NDArray[np.int64]  # (viewers, cells, 8) step at which the part was last brought up to date
    buf: npt.NDArray[np.uint8]
    state: npt.NDArray[np.int64]  # random state, next id, number of events, undecodable datagrams, details of a failure


def create_model(params: npt.NDArray[np.void]) -> Model:
    """Arrays for a run with `params` (one PARAMS record); counters start near their wraps."""
    seed, count, viewers = int(params["seed"]), int(params["entities"]), int(params["viewers"])
    capacity = count + count // 2 + 8
    first = 65536 * 3 - 30 + seed % 25
    cells = create_cells(-3, -2, SIDE, SIDE, capacity, digests=True, snapshot=first)
    cells.cells["generation"] = 250
    cells.cells["event_number"] = 250
    num_cells = (SIDE + 2) ** 2
    return Model(
        params=np.array([params], PARAMS),
        cells=cells,
        viewers=create_viewers(MAX_VIEWERS),
        views=create_views(viewers, 60),
        entities=np.zeros(capacity, ENTITY),
        events=np.zeros(256, EVENT),
        packets=_free(np.zeros((viewers, IN_FLIGHT), PACKET)),
        replies=_free(np.zeros((viewers, IN_FLIGHT), REPLY)),
        session=np.zeros(viewers, np.int64),
        sequence=np.full(viewers, 65500, np.int64),
        moved=np.zeros(viewers, np.int64),
        shadow=np.full((viewers, num_cells, 8), -1, np.int64),
        heard=np.zeros((viewers, num_cells, 8), np.int64),
        buf=np.zeros(PAYLOAD, np.uint8),
        state=np.array([seed * 2654435761 % 2147483647 + 1, 1, U32 - 100, 0, 0, 0, 0, 0], np.int64),
    )


def _free(table: npt.NDArray[np.void]) -> npt.NDArray[np.void]:
    table["arrives"] = -1
    return table


@inner_kernel
def _random(state: npt.NDArray[np.int64], below: int) -> int:
    value = i64(state[0]) * 48271 % 2147483647
    state[0] = value
    return (value >> 7) % below


@inner_kernel
def _chance(state: npt.NDArray[np.int64], permille: int) -> bool:
    return permille > 0 and _random(state, i64(1000)) < permille


@inner_kernel
def _spawn(entities: Table, state: npt.NDArray[np.int64], row: int, crowd: int) -> None:
    entities["id"][row] = state[1]
    state[1] += 1
    entities["kind"][row] = 1 + _random(state, i64(3))
    entities["flags"][row] = 0
    entities["state"][row] = 0
    entities["max_hp"][row] = 100 * _random(state, i64(2))
    entities["hp"][row] = 50
    entities["qx"][row] = -102400 + _random(state, 51200 * crowd)
    entities["qy"][row] = -51200 + _random(state, 51200 * crowd)
    entities["heading"][row] = _random(state, i64(65536))


# Long because it is one list of everything that can happen to an entity.
@inner_kernel
def _live(m: Model, target: int) -> None:
    """One snapshot in the life of all entities."""
    p, e, state = m.params, m.entities, m.state
    crowd, speed = i64(p["crowd_cells"][0]), i64(p["speed"][0])
    alive = 0
    for row in range(len(e)):
        alive += 1 if e["id"][row] != 0 else 0
    for row in range(len(e)):
        if e["id"][row] == 0:
            if alive < target and (alive * 2 < target or _random(state, i64(4)) == 0):
                _spawn(e, state, row, crowd)
                alive += 1
            continue
        if _chance(state, i64(p["churn_permille"][0])):
            e["id"][row] = 0
            if _random(state, i64(2)) == 0:
                _spawn(e, state, row, crowd)  # the row goes to another entity at once
            continue
        if _chance(state, i64(p["hide_permille"][0])):
            e["flags"][row] ^= HIDDEN
        if _chance(state, i64(p["teleport_permille"][0])):
            e["qx"][row] = -204800 + _random(state, i64(51200 * 9))
            e["qy"][row] = -204800 + _random(state, i64(51200 * 9))
        if row * 7 % 100 < p["move_percent"][0] and speed > 0:
            # Some go round in small circles across borders, some stop now and then.
            if _random(state, i64(8)) > 0:
                e["qx"][row] += _random(state, speed * 2 + 1) - speed
                e["qy"][row] += _random(state, speed * 2 + 1) - speed
            if _random(state, i64(6)) == 0:
                e["heading"][row] = _random(state, i64(65536))
        if _chance(state, i64(p["event_permille"][0])):
            e["hp"][row] = _random(state, i64(101))
            e["state"][row] = _random(state, i64(5))
            if _random(state, i64(20)) == 0:
                e["kind"][row] = 1 + _random(state, i64(3))
            index = i64(state[2]) % len(m.events)
            m.events["kind"][index] = 1 + _random(state, i64(3))
            m.events["amount"][index] = _random(state, i64(400))
            m.events["target"][index] = e["id"][row]
            m.events["target_row"][index] = row
            m.events["source"][index] = _random(state, i64(70000))
            state[2] = (i64(state[2]) + 1) & U32


@inner_kernel
def _slot_of(arrives: Table, viewer: int) -> int:
    for k in range(IN_FLIGHT):
        if arrives[viewer, k] < 0:
            return k
    return -1


@inner_kernel
def _check_client(m: Model, viewer: int, tick: int, step: int) -> int:
    """After a payload: every part that has a tick is what the server had, and no tick went back."""
    view = m.views.views
    view_x, view_y = i64(view["view_x"][viewer]), i64(view["view_y"][viewer])
    for place in range(25):
        x, y = view_x + place % 5 - 2, view_y + place // 5 - 2
        cell = cell_number(m.cells.zone, x, y)
        for number in range(8):
            at, digest = part_digest(m.views, viewer, x, y, number)
            if at < 0 or cell < 0:
                continue
            before = i64(m.shadow[viewer, cell, number])
            if before >= 0 and newer(before, at):
                m.state[4], m.state[5] = cell, number
                return TICK_BACK
            if before != at:
                m.shadow[viewer, cell, number] = at
                m.heard[viewer, cell, number] = step
                truth = digest_at(m.cells, at, x, y, number)
                if truth >= 0 and truth != digest:
                    m.state[4], m.state[5], m.state[6], m.state[7] = cell, number, at, tick
                    return WRONG_STATE
    return 0


@inner_kernel
def _fingerprint(m: Model, viewer: int) -> int:
    """A number that changes when anything a client knows does."""
    view = m.views.views
    total = i64(view["tick"][viewer]) + i64(view["num_free"][viewer]) * 31 + i64(view["num_nacks"][viewer]) * 77
    total += i64(view["num_events"][viewer]) * 131 + i64(view["linger_at"][viewer]) * 1031
    total += i64(view["keyframes"][viewer]) * 10007 + i64(view["sections"][viewer]) * 100003
    view_x, view_y = i64(view["view_x"][viewer]), i64(view["view_y"][viewer])
    for place in range(25):
        x, y = view_x + place % 5 - 2, view_y + place // 5 - 2
        for number in range(8):
            at, digest = part_digest(m.views, viewer, x, y, number)
            total = (total * 3 + at + digest) & 0xFFFFFFFFFFFF
    return total


@inner_kernel
def _receive(m: Model, viewer: int, k: int, step: int, calm: bool) -> int:
    """The viewer gets packet `k`: apply, check, and answer with an acknowledgement and NACKs."""
    packets, p, state = m.packets, m.params, m.state
    if packets["session"][viewer, k] != m.session[viewer]:
        return 0
    data = packets["data"][viewer, k]
    end, tick = i64(packets["end"][viewer, k]), i64(packets["tick"][viewer, k])
    view_x, view_y = i64(packets["view_x"][viewer, k]), i64(packets["view_y"][viewer, k])
    missed = i64(m.views.views["undecodable"][viewer])
    if apply(m.views, viewer, data, i64(1), end, tick, view_x, view_y, i64(data[0])) < 0:
        return REFUSED
    failure = _check_client(m, viewer, tick, step)
    if failure:
        return failure
    if m.views.views["undecodable"][viewer] > missed:
        state[3] += 1
        if p["may_miss"][0] == 0:
            return UNKNOWN_KEYFRAME
    elif _random(state, i64(8)) == 0:
        before = _fingerprint(m, viewer)
        apply(m.views, viewer, data, i64(1), end, tick, view_x, view_y, i64(data[0]))
        if _fingerprint(m, viewer) != before:
            return DOUBLE_CHANGED
    if not calm and _random(state, i64(100)) < p["loss_percent"][0]:
        return 0
    r = _slot_of(m.replies["arrives"], viewer)
    if r < 0:
        return 0
    replies = m.replies
    jitter = 0 if calm else _random(state, i64(p["jitter"][0]) + 1)
    replies["arrives"][viewer, r] = step + 1 + i64(p["delay"][0]) + jitter
    replies["session"][viewer, r] = m.session[viewer]
    replies["sequence"][viewer, r] = packets["sequence"][viewer, k]
    take_nacks(m.views, viewer, m.buf, i64(0))
    replies["num_nacks"][viewer, r] = m.buf[0]
    for n in range(i64(m.buf[0])):
        at = 1 + n * 6
        x = i64(m.buf[at]) | (i64(m.buf[at + 1]) << 8)
        y = i64(m.buf[at + 2]) | (i64(m.buf[at + 3]) << 8)
        replies["nacks"][viewer, r, n, 0] = x - 65536 if x >= 32768 else x
        replies["nacks"][viewer, r, n, 1] = y - 65536 if y >= 32768 else y
        replies["nacks"][viewer, r, n, 2] = m.buf[at + 4]
        replies["nacks"][viewer, r, n, 3] = m.buf[at + 5]
    return 0


@inner_kernel
def _post(m: Model, viewer: int, end: int, tick: int, step: int, calm: bool) -> None:
    """Hand the payload in `buf` to the network: lost, delayed, doubled."""
    p, state, packets = m.params, m.state, m.packets
    copies = 1
    if not calm:
        if _random(state, i64(100)) < p["loss_percent"][0]:
            copies = 0
        elif _random(state, i64(100)) < p["double_percent"][0]:
            copies = 2
    for _ in range(copies):
        k = _slot_of(packets["arrives"], viewer)
        if k < 0:
            return
        jitter = 0 if calm else _random(state, i64(p["jitter"][0]) + 1)
        packets["arrives"][viewer, k] = step + i64(p["delay"][0]) + jitter
        packets["tick"][viewer, k] = tick
        packets["session"][viewer, k] = m.session[viewer]
        packets["sequence"][viewer, k] = i64(m.sequence[viewer]) & 0xFFFF
        packets["end"][viewer, k] = end
        packets["view_x"][viewer, k] = m.viewers.rows["view_x"][viewer]
        packets["view_y"][viewer, k] = m.viewers.rows["view_y"][viewer]
        for b in range(PAYLOAD):
            packets["data"][viewer, k, b] = m.buf[b]


@inner_kernel
def _send(m: Model, viewer: int, tick: int, step: int, calm: bool) -> int:
    """Move the view, write one payload, check its bounds and post it."""
    p, state, rows = m.params, m.state, m.viewers.rows
    view_x, view_y = i64(rows["view_x"][viewer]), i64(rows["view_y"][viewer])
    if not calm and _chance(state, i64(p["rejoin_permille"][0])):
        m.session[viewer] += 1
        view_reset(m.views, viewer)
        view_enter(m.viewers, viewer, _random(state, i64(SIDE)) - 3, _random(state, i64(SIDE)) - 2, i64(0))
        m.shadow[viewer] = -1
    elif not calm and _chance(state, i64(p["wander_permille"][0])):
        view_move(m.viewers, viewer, _random(state, i64(SIDE + 4)) - 5, _random(state, i64(SIDE + 4)) - 4)
    elif viewer % 2 == 0:
        view_follow(m.cells, m.viewers, viewer, viewer)
    if not calm and _chance(state, i64(p["tier_permille"][0])):
        rows["tier"][viewer] = _random(state, i64(3))
    if rows["view_x"][viewer] != view_x or rows["view_y"][viewer] != view_y:
        m.moved[viewer] = step
    low = i64(p["low_limit"][0])
    limit = low + _random(state, 1201 - low)
    for b in range(PAYLOAD):
        m.buf[b] = FENCE
    m.buf[0] = rows["tier"][viewer]
    m.sequence[viewer] += 1
    sequence = i64(m.sequence[viewer]) & 0xFFFF
    rtt = 2 * i64(p["delay"][0]) + 1
    end = write_view(m.cells, m.viewers, viewer, m.buf, i64(0), i64(1), limit, sequence, rtt, i64(-1), i64(-1))
    if end > limit or end < 5:
        return TOO_LONG
    for b in range(limit, PAYLOAD):
        if m.buf[b] != FENCE:
            return TOO_LONG
    _post(m, viewer, end, tick, step, calm)
    return 0


@inner_kernel
def _excuse_absent(m: Model, viewer: int, step: int) -> None:
    """Parts that do not exist, or are not in view, wait for nothing."""
    rows, cells = m.viewers.rows, m.cells.cells
    for cell in range(len(cells)):
        dx = abs(i64(cells["x"][cell]) - i64(rows["view_x"][viewer]))
        dy = abs(i64(cells["y"][cell]) - i64(rows["view_y"][viewer]))
        for number in range(8):
            if max(dx, dy) > 2 or number >= cells["num_parts"][cell]:
                m.heard[viewer, cell, number] = step


@inner_kernel
def _check_current(m: Model, viewer: int, tick: int, step: int) -> int:
    """In calm: nothing in view is older than its period and the way, nor is covered more rarely than allowed."""
    p, rows, cells = m.params, m.viewers.rows, m.cells
    tier, level = i64(rows["tier"][viewer]), i64(cells.zone["level"][0])
    view_x, view_y = i64(rows["view_x"][viewer]), i64(rows["view_y"][viewer])
    snapshot, delay = i64(cells.zone["snapshot"][0]), i64(p["delay"][0])
    # Who lacks a keyframe that names a hidden entity waits for the next one.
    patience = delay + (10 if p["hide_permille"][0] else 0)
    for place in range(25):
        x, y = view_x + place % 5 - 2, view_y + place // 5 - 2
        cell = cell_number(cells.zone, x, y)
        if cell < 0 or view_mask_of(tier, level) >> place & 1 == 0:
            continue
        period = ring_period(tier, ring_of(place), level)
        late = since_due(snapshot - delay, tier, period, i64(cells.cells["hash"][cell]), mix_cell(view_x, view_y))
        for number in range(i64(cells.cells["num_parts"][cell])):
            at, _ = part_digest(m.views, viewer, x, y, number)
            m.state[4], m.state[5], m.state[6], m.state[7] = cell, number, at, tick
            if p["check_current"][0] and (at < 0 or newer((tick - TICKS * (late + patience)) & U32, at)):
                return NOT_CURRENT
            if p["max_gap"][0] and step - i64(m.heard[viewer, cell, number]) > p["max_gap"][0]:
                return STARVED
    return 0


@bare_kernel
def run_model(m: Model) -> int:
    """Run the model to its end; returns 0, or which invariant broke (details in `state[4:]`)."""
    p, state = m.params, m.state
    num_viewers, steps, calm_steps = i64(p["viewers"][0]), i64(p["steps"][0]), i64(p["calm"][0])
    target, level, recovery = i64(p["entities"][0]), i64(0), 25 + 2 * i64(p["delay"][0]) + 10
    _live(m, target)
    for viewer in range(num_viewers):
        view_enter(m.viewers, viewer, viewer - 2, i64(0), i64(viewer % 3))
    for step in range(steps):
        calm = step >= steps - calm_steps
        tick = (U32 - 200 + TICKS * step) & U32
        _live(m, target)
        if not calm and _chance(state, i64(p["level_permille"][0])):
            level = _random(state, i64(3))
        encode(m.cells, m.entities, len(m.entities), m.events, i64(state[2]), tick, level)
        for viewer in range(num_viewers):
            _excuse_absent(m, viewer, step)
            failure = _send(m, viewer, tick, step, calm)
            if failure:
                return failure
            shift = _random(state, i64(IN_FLIGHT))
            for turn in range(IN_FLIGHT):
                k = (turn + shift) % IN_FLIGHT
                if 0 <= m.packets["arrives"][viewer, k] <= step:
                    m.packets["arrives"][viewer, k] = -1
                    failure = _receive(m, viewer, k, step, calm)
                    if failure:
                        return failure
            for k in range(IN_FLIGHT):
                if 0 <= m.replies["arrives"][viewer, k] <= step:
                    m.replies["arrives"][viewer, k] = -1
                    if m.replies["session"][viewer, k] == m.session[viewer]:
                        on_acked(m.viewers, viewer, i64(m.replies["sequence"][viewer, k]))
                        for n in range(i64(m.replies["num_nacks"][viewer, k])):
                            x, y = i64(m.replies["nacks"][viewer, k, n, 0]), i64(m.replies["nacks"][viewer, k, n, 1])
                            number, named = m.replies["nacks"][viewer, k, n, 2], m.replies["nacks"][viewer, k, n, 3]
                            on_nack(m.cells, m.viewers, viewer, x, y, i64(number), i64(named))
            if step >= max(steps - calm_steps, i64(m.moved[viewer])) + recovery:
                failure = _check_current(m, viewer, tick, step)
                if failure:
                    return failure
    return 0
