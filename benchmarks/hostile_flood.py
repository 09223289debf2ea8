"""Floods a running server with hostile datagrams: none may be answered, memory stays, and all of them are counted.

    python benchmarks/hostile_flood.py --port 1337 --seconds 20          # beside: ./tools/load-test --clients 50

From several sockets of this machine it sends, at `--rate` datagrams a second (20,000; at most 50,000) for `--seconds`
(at most 120), an even mix of:

- random bytes of every size from 0 to 1,312;
- packets of every netcode type cut short, and packets longer than any of the protocol;
- connection requests with the right size, version, protocol id and expiry around forged private data;
- requests that really were granted (`POST /v1/login` for a few), with single bytes of the private data flipped;
- well-formed payload packets of no session, the same one again and again (replays);
- requests with a wrong protocol id, a wrong version, an expiry in the past.

No genuine request is sent whole, so nothing may be answered. It reads `GET /v1/zone` before and after and fails (exit
code 1) unless: its sockets received 0 bytes; the server's memory grew by at most 5 MB; and every datagram that the
server received beyond what its players sent was dropped under a reason: drops at the server rose by at least as many
as were sent, less what the operating system lost on the way (socket_overflow is a reason too). It prints what was sent
by kind, the rate reached, drops by reason, and memory.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from myriad.netcode.addresses import parse_endpoint, to_words
from myriad.netcode.packets import VERSION
from myriad.netcode.tokens import read_token
from myriad.runtime.login import FrontDoor
from myriad.runtime.socket_records import new_socket_io
from myriad.runtime.sockets import HAS_MMSG, send_datagrams
from myriad.wire.datagram import DATA_BYTES, Batch, new_batch

BATCH = 200
POOL = 4000
MAX_RATE = 50_000
MAX_SECONDS = 120
MEMORY_BYTES = 5_000_000
OWN_COUNTS = ("input_repeated", "input_late", "input_flood", "nack_rate", "whois_rate", "chat_rate", "send_blocked")
"""Drops that honest players cause, and that say nothing about datagrams."""


def request(protocol_id: int, expires_s: int, nonce: bytes, private: bytes, version: bytes = VERSION) -> bytes:
    head = b"\0" + version + protocol_id.to_bytes(8, "little") + expires_s.to_bytes(8, "little")
    return head + nonce + private


def kinds(rng: np.random.Generator, protocol_id: int, tokens: list[bytes]) -> dict[str, Callable[[], bytes]]:
    """What makes one datagram of each kind."""
    now = int(time.time())
    sealed = bytes([0x15, 7]) + rng.bytes(120)

    def cut() -> bytes:
        kind = int(rng.integers(0, 16)) | int(rng.integers(0, 10)) << 4
        return bytes([kind]) + rng.bytes(int(rng.integers(0, 40)))

    def flipped() -> bytes:
        token = read_token(tokens[int(rng.integers(0, len(tokens)))])
        private = bytearray(token.private_data)
        private[int(rng.integers(0, len(private)))] ^= int(rng.integers(1, 256))
        return request(protocol_id, token.expires_s, token.nonce, bytes(private))

    def wrong() -> bytes:
        return [
            request(protocol_id ^ 1, now + 30, rng.bytes(24), rng.bytes(1024)),
            request(protocol_id, now - 1, rng.bytes(24), rng.bytes(1024)),
            request(protocol_id, now + 30, rng.bytes(24), rng.bytes(1024), b"NETCODE 1.01\0"),
        ][int(rng.integers(0, 3))]

    return {
        "random bytes": lambda: rng.bytes(int(rng.integers(0, 1313))),
        "cut short": cut,
        "oversized": lambda: bytes([0x15]) + rng.bytes(int(rng.integers(1300, 1310))),
        "forged private data": lambda: request(protocol_id, now + 300, rng.bytes(24), rng.bytes(1024)),
        "granted, then damaged": flipped,
        "replayed payload": lambda: sealed,
        "wrong request": wrong,
    }


def make_pool(makers: dict[str, Callable[[], bytes]], target: np.ndarray) -> tuple[list[Batch], dict[str, int]]:
    """Ready batches of datagrams to `target` (raw address words), and how many of each kind are in a round."""
    names = list(makers)
    counts = dict.fromkeys(names, 0)
    batches = []
    for first in range(0, POOL, BATCH):
        batch = new_batch(BATCH)
        for k in range(BATCH):
            name = names[(first + k) % len(names)]
            raw = makers[name]()[:DATA_BYTES]
            batch["data"][k, : len(raw)] = np.frombuffer(raw, np.uint8)
            batch["length"][k] = len(raw)
            batch["address"][k] = target
            counts[name] += 1
        batches.append(batch)
    return batches, counts


class Flood:
    """Sockets that send and expect nothing."""

    def __init__(self, batches: list[Batch], family: int, number: int) -> None:
        self.batches = batches
        self.sockets = [socket.socket(family, socket.SOCK_DGRAM) for _ in range(number)]
        self.ios = [new_socket_io(use_mmsg=HAS_MMSG) for _ in range(number)]
        for end in self.sockets:
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.rounds = self.answered = self.answered_bytes = 0

    @property
    def num_sent(self) -> int:
        return sum(int(io.state["num_sent"][0]) for io in self.ios)

    def send(self) -> None:
        """One batch from the next socket."""
        which = self.rounds % len(self.sockets)
        batch = self.batches[self.rounds % len(self.batches)]
        send_datagrams(self.sockets[which].fileno(), self.ios[which], batch, 0, len(batch))
        self.rounds += 1

    def listen(self) -> None:
        """Counts what came back."""
        for end in self.sockets:
            while True:
                try:
                    data = end.recv(2048)
                except (BlockingIOError, ConnectionRefusedError):
                    break
                self.answered += 1
                self.answered_bytes += len(data)

    def run(self, rate: int, seconds: float) -> float:
        """Sends at `rate` for `seconds`; returns the time it took."""
        start = time.monotonic()
        while (passed := time.monotonic() - start) < seconds:
            if self.rounds * BATCH < rate * passed:
                self.send()
            else:
                time.sleep(0.002)
            if self.rounds % 50 == 0:
                self.listen()
        time.sleep(1.0)  # what is still on its way
        self.listen()
        return passed

    def close(self) -> None:
        for end in self.sockets:
            end.close()


def judge(before: dict[str, Any], after: dict[str, Any], flood: Flood) -> list[str]:
    """What is not as it must be, in words."""
    wrong = []
    grown = int(after["memory_bytes"]) - int(before["memory_bytes"])
    if flood.answered:
        wrong.append(f"the server answered {flood.answered} datagrams with {flood.answered_bytes} bytes")
    if grown > MEMORY_BYTES:
        wrong.append(f"memory grew by {grown / 1e6:.1f} MB")
    dropped = sum(drops_between(before, after).values())
    if dropped < flood.num_sent:
        wrong.append(f"{flood.num_sent - dropped} of {flood.num_sent} datagrams were not counted under any reason")
    return wrong


def drops_between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    """Datagrams dropped meanwhile, by reason."""
    gone = {name: int(after["drops"][name]) - int(before["drops"][name]) for name in after["drops"]}
    return {name: number for name, number in gone.items() if number and name not in OWN_COUNTS}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=1337, help="the zone's UDP port")
    parser.add_argument("--http-port", type=int, help="its front door (default: the same number)")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=20_000, help="datagrams a second")
    parser.add_argument("--sockets", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", help="also write the result to this file")
    options = parser.parse_args()
    if not (0 < options.rate <= MAX_RATE and 0 < options.seconds <= MAX_SECONDS and 0 < options.sockets <= 64):
        parser.error(f"at most {MAX_RATE} datagrams a second for {MAX_SECONDS} s from 64 sockets")
    door = FrontDoor(options.host, options.http_port or options.port)
    grants = [door.login(f"flood {k}") for k in range(4)]
    rng = np.random.default_rng(options.seed)
    makers = kinds(rng, grants[0].protocol_id, [grant.tokens[0] for grant in grants])
    target = to_words(parse_endpoint(f"{options.host}:{options.port}"))
    batches, counts = make_pool(makers, target)
    flood = Flood(batches, socket.AF_INET6 if ":" in options.host else socket.AF_INET, options.sockets)
    before = door.zone_status()
    seconds = flood.run(options.rate, options.seconds)
    after = door.zone_status()
    flood.close()
    wrong = judge(before, after, flood)
    share = flood.num_sent / POOL
    result = {
        "sent": flood.num_sent,
        "seconds": round(seconds, 2),
        "rate_hz": round(flood.num_sent / seconds),
        "sent_by_kind": {name: round(number * share) for name, number in counts.items()},
        "answered_datagrams": flood.answered,
        "answered_bytes": flood.answered_bytes,
        "drops": drops_between(before, after),
        "memory_bytes": [before["memory_bytes"], after["memory_bytes"]],
        "wrong": wrong,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
