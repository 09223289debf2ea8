"""Datagrams one by one by `recvfrom` and `sendto`, for platforms without the batch calls (macOS).

Responsible for: the same kernels, results and counters as `runtime/mmsg_sockets.py`.
Not here: the choice between the two (`runtime/sockets.py`).

Invariant: whatever a caller can see is the same as with the batch calls; only the number of system calls differs.
"""

from __future__ import annotations

from myriad.core import native
from myriad.core.kernel import inner_kernel
from myriad.runtime.socket_records import (
    ADDRESS_BYTES,
    DATA_OFFSET,
    ERRNO_AGAIN,
    ERRNO_INTERRUPTED,
    ERRNO_NO_BUFFERS,
    ERRNO_WOULD_BLOCK,
    RECEIVE_BYTES,
    RECORD_BYTES,
    SocketIo,
    clear_address_rest,
    name_length,
    note_error,
)
from myriad.wire.datagram import Batch

_MAX_ERRORS = 16
_recvfrom = native.declare("recvfrom", "i64", "i32", "p", "i64", "i32", "p", "p")
_sendto = native.declare("sendto", "i64", "i32", "p", "i64", "i32", "p", "u32")


@inner_kernel
def receive_one_by_one(fd: int, io: SocketIo, batch: Batch) -> int:
    """As `runtime.sockets.receive_datagrams`."""
    base = batch.ctypes.data
    count = 0
    errors = 0
    while count < len(batch):
        record = base + count * RECORD_BYTES
        io.state["name_length"][0] = ADDRESS_BYTES
        got = int(_recvfrom(fd, record + DATA_OFFSET, RECEIVE_BYTES, 0, record, io.state["name_length"].ctypes.data))
        if got < 0:
            error = note_error(io)
            if error in (ERRNO_AGAIN, ERRNO_WOULD_BLOCK):
                break
            if error != ERRNO_INTERRUPTED:
                io.state["num_receive_errors"][0] += 1
            errors += 1
            if errors > _MAX_ERRORS:
                break
            continue
        batch["length"][count] = got
        batch["row"][count] = -1
        io.state["num_received_bytes"][0] += got
        clear_address_rest(batch["address"], count)
        count += 1
    io.state["num_received"][0] += count
    return count


@inner_kernel
def send_one_by_one(fd: int, io: SocketIo, batch: Batch, start: int, count: int) -> int:
    """As `runtime.sockets.send_datagrams`."""
    base = batch.ctypes.data
    addresses = batch["address"]
    at = start
    end = start + count
    sent = 0
    while at < end:
        record = base + at * RECORD_BYTES
        length = int(batch["length"][at])
        if int(_sendto(fd, record + DATA_OFFSET, length, 0, record, name_length(addresses[at, 0]))) >= 0:
            io.state["num_sent_bytes"][0] += length
            sent += 1
            at += 1
            continue
        error = note_error(io)
        if error == ERRNO_INTERRUPTED:
            continue
        if error in (ERRNO_AGAIN, ERRNO_WOULD_BLOCK, ERRNO_NO_BUFFERS):
            io.state["num_send_blocked"][0] += end - at
            break
        io.state["num_send_errors"][0] += 1
        at += 1
    io.state["num_sent"][0] += sent
    return sent
