"""The page of a capacity file: complete in itself, and what comes from outside is text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import msgspec
import pytest

from myriad.bench.page import capacity_page, headline_rows
from myriad.bench.plans import Outcome
from myriad.bench.plots import bars, lines, number, stack
from tests.unit.bench.runs import capacity, run

VOID = {"meta", "rect", "line", "polyline"}


class Reader(HTMLParser):
    """Checks that elements are closed in order, and gathers texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.count: dict[str, int] = {}
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_is_whole_and_asks_nobody_for_anything() -> None:
    page = capacity_page(capacity(Outcome([run("few"), run("many")], run("many"))))
    reader = Reader(page)
    assert reader.open == ["html"]
    assert reader.count["svg"] >= 7
    assert "script" not in reader.count and "link" not in reader.count and "img" not in reader.count
    assert not re.search(r"""(src|href)=|url\(|@import""", page)
    assert "<!-- " not in page


def test_texts_of_the_file_are_shown_as_text() -> None:
    page = capacity_page(capacity(Outcome([run("<b>run"), run("x")], run("<b>run", connected=98))))
    assert "<everywhere>" not in page and "<note>" not in page and "<b>run" not in page
    texts = "".join(Reader(page).texts)
    assert "Players <everywhere> & nowhere." in texts and "a <note>" in texts and "<b>run" in texts


def test_the_verdict_and_every_ratio_come_first() -> None:
    rows = dict(headline_rows(capacity()))
    assert rows["verdict"] == "valid"
    assert "2.5 × floor" in rows["per client and snapshot"]
    assert "6.67 × naive" in rows["players per core"] and "2.67 × its sister" in rows["players per core"]
    fallen = capacity(Outcome([run(connected=98)], run(connected=98)))
    assert headline_rows(fallen)[0] == ("verdict", "not valid: 2 clients were not connected at the end")


def test_a_page_without_yardsticks_and_samples_is_a_page_too() -> None:
    empty = run()
    empty = msgspec.structs.replace(empty, samples=[])
    page = capacity_page(capacity(Outcome([empty], empty), naive=None, naive_aoi=None))
    assert Reader(page).open == ["html"]


def test_bars_are_as_long_as_their_values_and_leave_out_what_is_missing() -> None:
    drawn = bars([("a", 10.0), ("b", None), ("c", 5.0)], "µs")
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', drawn)]
    assert len(widths) == 2
    assert widths[0] == pytest.approx(2 * widths[1])
    assert ">b<" not in drawn


def test_parts_of_a_stack_fill_its_width() -> None:
    drawn = stack({"a": 1.0, "b": 3.0}, "cores")
    widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="26"', drawn)]
    assert sum(widths) == pytest.approx(640)
    assert widths[1] == pytest.approx(3 * widths[0])


def test_lines_stay_inside_their_axes() -> None:
    drawn = lines({"a": [(0.0, 0.0), (10.0, 3.3), (20.0, 1.0)]}, "cores", "s")
    (points,) = re.findall(r'points="([^"]+)"', drawn)
    for point in points.split():
        x, y = (float(value) for value in point.split(","))
        assert 56 <= x <= 628
        assert 14 <= y <= 194
    assert lines({"a": []}, "", "s") == ""
    assert "polyline" in lines({"a": [(0.0, 0.0)]}, "", "s"), "nothing but zeros is something"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0123, "0.0123"), (2.5, "2.5"), (19.987, "20"), (1234.5, "1,234"), (-3.14, "-3.14")]
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text
