"""UDP sockets in batches: the kernels that move datagrams between a socket and batch arrays, and wait for them.

Responsible for: receiving and sending batches and waiting for a packet or a deadline, all without the GIL; choosing
between the platform's batch calls and one call per datagram.
Not here: opening sockets (`runtime/endpoints.py`), what the bytes mean (`netcode/`), when to send
(`runtime/zone_loop.py`).

Invariants: no kernel blocks except `wait`; a datagram that the socket does not take is dropped and counted, never kept
(a snapshot is latest-wins); one destination's error never stops the others.
"""

from __future__ import annotations

from myriad.core import native
from myriad.core.kernel import bare_kernel, inner_kernel
from myriad.runtime.single_sockets import receive_one_by_one, send_one_by_one
from myriad.runtime.socket_records import CLOCK, SocketIo, read_clock_ns
from myriad.wire.datagram import Batch

HAS_MMSG = native.available("recvmmsg") and native.available("sendmmsg")
"""True where the platform receives and sends many datagrams in one call."""

if HAS_MMSG:
    from myriad.runtime.mmsg_sockets import receive_by_mmsg as _receive_batch
    from myriad.runtime.mmsg_sockets import send_by_mmsg as _send_batch
else:
    _receive_batch = receive_one_by_one
    _send_batch = send_one_by_one

_POLL_IN = 1
SOCKET_READABLE = 1
WOKEN = 2

_poll = native.declare("poll", "i32", "p", "u64", "i32")
_HAS_PPOLL = native.available("ppoll")
_ppoll = native.declare("ppoll", "i32", "p", "u64", "p", "p") if _HAS_PPOLL else _poll


@inner_kernel
def _wait_to_the_nanosecond(io: SocketIo, timeout_ns: int) -> int:
    io.time["seconds"][0] = timeout_ns // 1_000_000_000
    io.time["nanoseconds"][0] = timeout_ns % 1_000_000_000
    return int(_ppoll(io.polls.ctypes.data, 2, io.time.ctypes.data, 0))


@inner_kernel
def _wait_to_the_millisecond(io: SocketIo, timeout_ns: int) -> int:
    return int(_poll(io.polls.ctypes.data, 2, (timeout_ns + 999_999) // 1_000_000))


_wait_once = _wait_to_the_nanosecond if _HAS_PPOLL else _wait_to_the_millisecond


@bare_kernel
def receive_datagrams(fd: int, io: SocketIo, batch: Batch) -> int:
    """Takes what waits in the non-blocking socket `fd`, at most len(batch) datagrams, and returns their number.

    Changes `batch` from its beginning: address (zero padded), length (0..1300; 1301 for anything longer), row -1, data.
    Counts in `io.state`.
    """
    if io.state["use_mmsg"][0] != 0:
        return int(_receive_batch(fd, io, batch))
    return int(receive_one_by_one(fd, io, batch))


@bare_kernel
def send_datagrams(fd: int, io: SocketIo, batch: Batch, start: int, count: int) -> int:
    """Sends `batch[start:start+count]` by the non-blocking socket `fd` and returns how many the socket took.

    A full socket buffer drops all that is left (`num_send_blocked`); a destination that the operating system refuses
    is skipped (`num_send_errors`). Lengths must be 0..DATA_BYTES. Changes only `io`.
    """
    if io.state["use_mmsg"][0] != 0:
        return int(_send_batch(fd, io, batch, start, count))
    return int(send_one_by_one(fd, io, batch, start, count))


@bare_kernel
def wait(fd: int, wake_fd: int, io: SocketIo, timeout_ns: int) -> int:
    """Sleeps until `fd` or `wake_fd` has something to read or `timeout_ns` (>= 0) have passed; -1 ignores a descriptor.

    Returns SOCKET_READABLE and WOKEN, added. It may return 0 early when a signal came. Notes the moment of waking in
    `io.state["woke_ns"]` (the clock of `clocks.py`), so that the wait for the GIL after it can be measured.
    """
    io.polls["fd"][0] = fd
    io.polls["fd"][1] = wake_fd
    io.polls["events"][0] = _POLL_IN
    io.polls["events"][1] = _POLL_IN
    io.polls["returned"][0] = 0
    io.polls["returned"][1] = 0
    ready = int(_wait_once(io, timeout_ns))
    found = 0
    if ready > 0:
        if io.polls["returned"][0] != 0:
            found += SOCKET_READABLE
        if io.polls["returned"][1] != 0:
            found += WOKEN
    io.state["woke_ns"][0] = read_clock_ns(io, CLOCK)
    return found
