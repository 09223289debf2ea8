"""Two browsers in a crowd: what the pages get in a zone with hundreds of players, on a bad network.

    python -m benchmarks.browser_crowd --clients 500 --seconds 60

Starts a world of one zone, fills it with the load test's players, opens the game in two headless Chromium pages as
`/?name=X&delay=100&loss=3&jitter=20`, and has both walk about: keys are held, and others every second or two. Prints
for each page its snapshots a second (over the window, and the least that the page itself ever showed, which is of the
last 1.5 s and so swings with each loss), corrections of the own avatar (every one of them), round trip, entities,
frames a second, seconds from opening the page to playing, and what the console complained of; and what the load test
says of itself, which goes on a little longer.

Everything shares one machine: Chromium draws without a graphics card, so on few cores frames are few, and the load test
may say that it was the bottleneck. Needs the tests' requirements and Debian's Chromium.

Fails (exit code 1) if a page gets fewer than `--least-hz` snapshots a second over the window, if the p99 of its
corrections is `--most-m` or more, or if it complains.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.processes.programs import ROOT, Program
from tests.web.pages.chromium import chromium

NETWORK = "delay=100&loss=3&jitter=20"
PLACE_M = (500.0, 500.0)
KEYS = ("w", "a", "s", "d", "wd", "sd", "wa", "sa")
STEP_S = 0.25
HOLD_S = (0.8, 2.0)
ENTER_MS = 60_000
GATHER_S = 180.0
WATCH = """() => {
  const { corrections: number } = myriad.stats();
  const seen = (window.seen = { corrections: [], frames: 0, number, walked: 0, at: myriad.world.self });
  const look = () => {
    const { corrections, correction_m } = myriad.stats();
    const { self } = myriad.world;
    seen.walked += Math.hypot(self.x - seen.at.x, self.y - seen.at.y);
    seen.at = self;
    seen.frames++;
    if (corrections !== seen.number) seen.corrections.push(correction_m);
    seen.number = corrections;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


class Visitor:
    """One page, and who walks about in it."""

    def __init__(self, browser: Browser, address: str, name: str, seed: int) -> None:
        self.name = name
        self.complaints: list[str] = []
        self.samples: list[dict[str, Any]] = []
        self._random = random.Random(seed)
        self._held = ""
        self._turn_s = 0.0
        self._sample_s = 0.0
        self._page: Page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        self._page.on("console", self._note)
        self._page.on("pageerror", lambda error: self.complaints.append(str(error)))
        began_s = time.monotonic()
        self._page.goto(f"http://{address}/?name={name}&spawn={PLACE_M[0]},{PLACE_M[1]}&{NETWORK}", timeout=ENTER_MS)
        self._page.wait_for_function("() => window.myriad?.stats().state === 'playing'", timeout=ENTER_MS)
        self.entered_s = time.monotonic() - began_s
        self._began_s = 0.0

    def begin(self) -> None:
        """The window begins."""
        self._began_s = time.monotonic()
        self._page.evaluate(WATCH)

    def step(self) -> None:
        """Now and then another way, and once a second a look."""
        now_s = time.monotonic()
        if now_s >= self._turn_s:
            self._turn_s = now_s + self._random.uniform(*HOLD_S)
            self._hold(self._random.choice(KEYS))
        if now_s >= self._sample_s:
            self._sample_s = now_s + 1.0
            self.samples.append(self._page.evaluate("() => myriad.stats()"))

    def end(self) -> dict[str, Any]:
        """What the window showed."""
        seen = self._page.evaluate("() => window.seen")
        seconds = time.monotonic() - self._began_s
        self._hold("")
        corrections = seen["corrections"] or [float("nan")]
        rates = [sample["snapshots_hz"] for sample in self.samples]
        p50, p99 = np.percentile(corrections, (50, 99))
        return {
            "snapshots_hz": float(np.mean(rates)),
            "snapshots_hz_min": min(rates),
            "corrections": len(seen["corrections"]),
            "correction_m_p50": float(p50),
            "correction_m_p99": float(p99),
            "correction_m_max": float(max(corrections)),
            "walked_m": seen["walked"],
            "rtt_ms": float(np.median([sample["rtt_ms"] for sample in self.samples])),
            "entities_p50": float(np.median([sample["entities"] for sample in self.samples])),
            "entities_max": max(sample["entities"] for sample in self.samples),
            "frames_hz": seen["frames"] / seconds,
            "entered_s": self.entered_s,
            "not_playing": sum(sample["state"] != "playing" for sample in self.samples),
            "complaints": self.complaints,
        }

    def leave(self) -> None:
        """Out of the world."""
        self._page.evaluate("() => myriad.world.leave()")
        self._page.context.close()

    def _hold(self, keys: str) -> None:
        for key in set(self._held) - set(keys):
            self._page.keyboard.up(key)
        for key in set(keys) - set(self._held):
            self._page.keyboard.down(key)
        self._held = keys

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


def fill(address: str, clients: int, seconds: float, result: Path) -> subprocess.Popen[bytes]:
    """The load test, all of whose players are in the world."""
    command = [str(ROOT / "tools" / "load-test"), "--world", f"http://{address}", "--clients", str(clients)]
    command += ["--seconds", str(seconds), "--warm-up-s", str(GATHER_S), "--json", str(result)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for_crowd(world: Program, load: subprocess.Popen[bytes], clients: int) -> None:
    """Until so many play. Exits with a sentence if they do not come."""
    until_s = time.monotonic() + GATHER_S
    while world.request("GET", "/v1/world")[1]["connected"] < clients:
        if load.poll() is not None or time.monotonic() > until_s:
            sys.exit("the load test's players do not come")
        time.sleep(0.5)


def measure(options: argparse.Namespace, world: Program, folder: str) -> dict[str, Any]:
    """Everything."""
    result = Path(folder) / "load.json"
    load = fill(world.address, options.clients, options.seconds + options.slack, result)
    try:
        wait_for_crowd(world, load, options.clients)
        with chromium() as browser:
            visitors = [Visitor(browser, world.address, name, k) for k, name in enumerate(("Ada", "Bran"))]
            time.sleep(options.settle)
            for visitor in visitors:
                visitor.begin()
            until_s = time.monotonic() + options.seconds
            while time.monotonic() < until_s:
                for visitor in visitors:
                    visitor.step()
                time.sleep(STEP_S)
            pages = {visitor.name: visitor.end() for visitor in visitors}
            for visitor in visitors:
                visitor.leave()
        code = load.wait(options.seconds + options.slack + GATHER_S)
    finally:
        if load.poll() is None:
            load.terminate()
            load.wait()
    crowd = json.loads(result.read_text()) if result.exists() else {}
    return {"clients": options.clients, "pages": pages, "load_test_exit": code, "load_test": crowd}


def show(found: dict[str, Any]) -> None:
    """For people."""
    pages = found["pages"]
    print(f"{found['clients']} load-test players and {len(pages)} pages with {NETWORK.replace('&', ', ')}")
    for row in next(iter(pages.values())):
        values = [page[row] for page in pages.values()]
        shown = "".join(f"{value:>14.3f}" if isinstance(value, float) else f"{value!s:>14}" for value in values)
        print(f"{row:20}{shown}")
    crowd = found["load_test"]
    print(f"the load test ended with {found['load_test_exit']}; valid: {crowd.get('valid')}")


def is_good(found: dict[str, Any], least_hz: float, most_m: float) -> bool:
    """Whether the pages got what they should."""
    return all(
        page["snapshots_hz"] >= least_hz
        and page["correction_m_p99"] < most_m
        and not page["complaints"]
        and not page["not_playing"]
        for page in found["pages"].values()
    )


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the window")
    parser.add_argument("--settle", type=float, default=3.0, help="seconds from entering to the window")
    parser.add_argument("--slack", type=float, default=30.0, help="so much longer the load test goes on")
    parser.add_argument("--npcs", type=int, default=200)
    parser.add_argument("--least-hz", type=float, default=18.0)
    parser.add_argument("--most-m", type=float, default=0.25)
    parser.add_argument("--json", default="", help="file for the result")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        flags = ("--zones", "1", "--npcs", str(options.npcs), "--port", "0", "--udp-port-base", "0", "--data", folder)
        with Program("myriad", "world", *flags) as world:
            world.until_ready()
            found = measure(options, world, folder)
    show(found)
    if options.json:
        Path(options.json).write_text(json.dumps(found, indent=1))
    return 0 if is_good(found, options.least_hz, options.most_m) else 1


if __name__ == "__main__":
    sys.exit(main())
