"""Datagrams in batches by `recvmmsg` and `sendmmsg` (Linux).

Responsible for: receiving straight into batch records and sending straight from them, one system call for up to
`CHUNK` datagrams.
Not here: the same kernels for platforms without these calls (`runtime/single_sockets.py`), the choice between the two
(`runtime/sockets.py`).

Invariant: import it only where the C library has both calls.
"""

from __future__ import annotations

import numpy as np

from myriad.core import native
from myriad.core.kernel import inner_kernel
from myriad.runtime.socket_records import (
    ADDRESS_BYTES,
    CHUNK,
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
_recvmmsg = native.declare("recvmmsg", "i32", "i32", "p", "u32", "i32", "p")
_sendmmsg = native.declare("sendmmsg", "i32", "i32", "p", "u32", "i32")


@inner_kernel
def receive_by_mmsg(fd: int, io: SocketIo, batch: Batch) -> int:
    """As `runtime.sockets.receive_datagrams`."""
    base = batch.ctypes.data
    count = 0
    errors = 0
    while count < len(batch):
        room = min(CHUNK, len(batch) - count)
        for k in range(room):
            record = base + (count + k) * RECORD_BYTES
            io.messages["name"][k] = record
            io.messages["name_length"][k] = ADDRESS_BYTES
            io.iovecs["base"][k] = record + DATA_OFFSET
            io.iovecs["length"][k] = RECEIVE_BYTES
        got = int(_recvmmsg(fd, io.messages.ctypes.data, room, 0, 0))
        if got < 0:
            error = note_error(io)
            if error in (ERRNO_AGAIN, ERRNO_WOULD_BLOCK):
                break
            if error != ERRNO_INTERRUPTED:  # an earlier send's ICMP answer: reported once, then the queue goes on
                io.state["num_receive_errors"][0] += 1
            errors += 1
            if errors > _MAX_ERRORS:
                break
            continue
        for k in range(got):
            length = int(io.messages["length"][k])
            batch["length"][count + k] = length
            batch["row"][count + k] = -1
            io.state["num_received_bytes"][0] += length
            clear_address_rest(batch["address"], count + k)
        count += got
        if got < room:
            break
    io.state["num_received"][0] += count
    return count


@inner_kernel
def send_by_mmsg(fd: int, io: SocketIo, batch: Batch, start: int, count: int) -> int:
    """As `runtime.sockets.send_datagrams`."""
    base = batch.ctypes.data
    addresses = batch["address"]
    at = start
    end = start + count
    sent = 0
    while at < end:
        num = min(CHUNK, end - at)
        for k in range(num):
            record = base + (at + k) * RECORD_BYTES
            io.messages["name"][k] = record
            io.messages["name_length"][k] = name_length(addresses[at + k, 0])
            io.iovecs["base"][k] = record + DATA_OFFSET
            io.iovecs["length"][k] = np.uint64(batch["length"][at + k])
        done = 0
        while done < num:
            went = int(_sendmmsg(fd, io.messages.ctypes.data + done * io.messages.itemsize, num - done, 0))
            if went >= 0:
                for k in range(done, done + went):
                    io.state["num_sent_bytes"][0] += int(batch["length"][at + k])
                done += went
                sent += went
                continue
            error = note_error(io)
            if error == ERRNO_INTERRUPTED:
                continue
            if error in (ERRNO_AGAIN, ERRNO_WOULD_BLOCK, ERRNO_NO_BUFFERS):
                io.state["num_send_blocked"][0] += end - at - done
                io.state["num_sent"][0] += sent
                return sent
            io.state["num_send_errors"][0] += 1  # this destination only: the others follow
            done += 1
        at += num
    io.state["num_sent"][0] += sent
    return sent
