"""The page of a profile in a browser: figures, zoom, search."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from myriad.runtime.profile.figures import Readings, figures_of
from myriad.runtime.profile.flame import flame_page
from myriad.runtime.profile.stacks import KERNEL, PHASE, PYTHON, Frame, Node
from tests.unit.runtime.profile.test_figures import probe, status
from tests.web.pages.chromium import quiet_page

SEND = Frame("send", "", PHASE)
PORT_SEND = Frame("UdpPort.send", "myriad/runtime/udp_port.py", PYTHON)


def samples() -> Node:
    root = Node(Frame("zone-1", "", PHASE))
    root.add([SEND, PORT_SEND, Frame("_send", "", KERNEL)], 60)
    root.add([SEND, PORT_SEND], 15)
    root.add([Frame("step", "", PHASE), Frame("<img src=x onerror=alert(1)>", "", KERNEL)], 25)
    return root


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    readings = Readings(status(0), status(20_000, 1_000_000), 10.0, probe(), 1_000_000_000)
    file = tmp_path / "profile.html"
    file.write_text(flame_page(figures_of("zone-1", readings, samples()), samples(), "zone-1, today"), encoding="utf-8")
    with quiet_page(browser) as opened:
        opened.goto(file.as_uri())
        yield opened


def box(page: Page, name: str) -> Any:
    return page.locator("#graph button", has_text=name)


def width(page: Page, name: str) -> float:
    return float(box(page, name).first.bounding_box()["width"])


def test_the_figures_are_on_the_page(page: Page) -> None:
    expect(page).to_have_title("zone-1, today")
    expect(page.locator("#work tr")).to_have_count(10)
    expect(page.locator("#work tr", has_text="datagrams given to")).to_contain_text("60.0 %")
    expect(page.locator("#figures")).to_contain_text("99.0 %")


def test_a_box_is_as_wide_as_its_share(page: Page) -> None:
    whole = width(page, "zone-1")
    assert width(page, "send 75") == pytest.approx(0.75 * whole, abs=1)
    assert width(page, "_send 60") == pytest.approx(0.60 * whole, abs=1)


def test_a_click_shows_a_function_alone_and_escape_everything(page: Page) -> None:
    whole = width(page, "zone-1")
    box(page, "UdpPort.send").click()
    assert width(page, "UdpPort.send") == whole
    assert width(page, "_send 60") == pytest.approx(0.8 * whole, abs=1)
    expect(box(page, "step")).to_have_count(0)
    expect(page.locator("#note")).to_contain_text("75 samples, 75.0 % of all")
    page.keyboard.press("Escape")
    expect(box(page, "step")).to_have_count(1)


def test_the_search_says_how_much_is_found(page: Page) -> None:
    page.fill("#search", "udp_port")
    expect(page.locator("#note")).to_contain_text("75.0 % of all samples are in")
    expect(page.locator("#graph .found")).to_have_count(1)


def test_it_is_dark_or_light(page: Page) -> None:
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#look")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_a_functions_name_is_never_markup(page: Page) -> None:
    expect(box(page, "<img src=x")).to_have_count(1)
    expect(page.locator("img")).to_have_count(0)
