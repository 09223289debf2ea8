"""How fast a running world answers those who watch it, and what its processes cost meanwhile and when nobody looks.

    make world          # and, beside it, players; then:
    python -m benchmarks.ops_answers --url http://127.0.0.1:8080 --times 100

Asks for the page `/ops`, for what that page asks again and again, for the gateway's `/metrics` and each host's, one
request at a time in a fixed rhythm (open loop: an answer that is late does not put off the questions after it, they are
counted from when they were due). Prints ms by path. Then nobody looks for `--idle` seconds, and the CPU time of each
process over the last `--seconds` of that is printed in cores: with players in the world a host's is mostly theirs.

Runs on the world's machine, which alone is told where its processes are. Fails (exit code 1) if a path's p95 is above
`--most-ms`, or an answer is not 200.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

POLLED = ("/v1/ops/world", "/v1/ops/history", "/v1/ops/events")
"""What `/ops` asks for; of the history and the events it asks for less, once it has them."""
PATIENCE_S = 10.0


class Question(NamedTuple):
    """What is asked of whom."""

    address: str
    path: str


class Answers(NamedTuple):
    """ms from when a question was due to its whole answer, and how many of them were not 200."""

    ms: list[float]
    failed: int

    def row(self) -> dict[str, float]:
        """What is printed of it."""
        p50, p95 = np.percentile(self.ms, (50, 95))
        return {"p50_ms": float(p50), "p95_ms": float(p95), "max_ms": max(self.ms), "failed": self.failed}


def ask(question: Question, token: str) -> tuple[int, bytes]:
    """Status, 0 without an answer, and body, over a connection of its own, as a scraper's or a page's first is."""
    connection = http.client.HTTPConnection(question.address, timeout=PATIENCE_S)
    try:
        connection.request("GET", question.path, headers={"authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return 0, b""
    finally:
        connection.close()


def ask_all(questions: Iterable[Question], times: int, every_s: float, token: str) -> dict[Question, Answers]:
    """`times` rounds of all questions, one question every `every_s`."""
    order = list(questions)
    found = {question: Answers([], 0) for question in order}
    due_s = time.monotonic()
    for _ in range(times):
        for question in order:
            due_s += every_s
            time.sleep(max(due_s - time.monotonic(), 0.0))
            status, _ = ask(question, token)
            known = found[question]
            known.ms.append((time.monotonic() - due_s) * 1e3)
            found[question] = known._replace(failed=known.failed + (status != 200))
    return found


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def shares(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Cores that each process takes over so long."""
    began_s = time.monotonic()
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    passed_s = time.monotonic() - began_s
    return {name: (cpu_s(pid) - before[name]) / passed_s for name, pid in pids.items()}


def told(address: str, path: str, token: str) -> Any:
    """The JSON at a path. Exits with a sentence if there is none."""
    status, body = ask(Question(address, path), token)
    if status != 200:
        sys.exit(f"{address}{path} answers {status}: {body.decode(errors='replace')[:200]}")
    return json.loads(body)


def processes(address: str, token: str) -> dict[str, int]:
    """Process ids by name."""
    fleet = told(address, "/v1/fleet", token)
    named = {name: fleet[name]["pid"] for name in ("gateway", "relay") if fleet.get(name)}
    named |= {host["name"]: host["pid"] for host in fleet["hosts"]}
    return {name: pid for name, pid in named.items() if pid}


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the gateway")
    parser.add_argument("--times", type=int, default=100, help="questions for each path")
    parser.add_argument("--every-ms", type=float, default=100.0, help="from one question to the next")
    parser.add_argument("--idle", type=float, default=15.0, help="how long nobody looks before CPU time is counted")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long CPU time is counted; 0: not at all")
    parser.add_argument("--most-ms", type=float, default=50.0)
    parser.add_argument("--token", default="", help="the world's ops_token, if it has one")
    parser.add_argument("--json", default="", help="file for the result")
    options = parser.parse_args()
    address = urlsplit(options.url).netloc
    targets = [target for group in told(address, "/v1/targets", options.token) for target in group["targets"]]
    questions = [Question(address, path) for path in ("/ops", *POLLED, "/metrics")]
    questions += [Question(target, "/metrics") for target in targets]
    players = told(address, "/v1/world", options.token)["connected"]
    rows = {
        f"{question.address}{question.path}": answers.row()
        for question, answers in ask_all(questions, options.times, options.every_ms / 1e3, options.token).items()
    }
    print(f"{players} players connected; {options.times} answers of each, in ms")
    print(f"{'':44}{'p50':>9}{'p95':>9}{'max':>9}{'failed':>8}")
    for name, row in rows.items():
        print(f"{name:44}{row['p50_ms']:9.2f}{row['p95_ms']:9.2f}{row['max_ms']:9.2f}{row['failed']:8}")
    cores = {}
    if options.seconds:
        pids = processes(address, options.token)
        time.sleep(options.idle)
        cores = shares(pids, options.seconds)
        print("cores while nobody looks: " + ", ".join(f"{name} {share:.4f}" for name, share in cores.items()))
    if options.json:
        Path(options.json).write_text(json.dumps({"players": players, "answers": rows, "idle_cores": cores}, indent=1))
    good = all(row["p95_ms"] <= options.most_ms and not row["failed"] for row in rows.values())
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
