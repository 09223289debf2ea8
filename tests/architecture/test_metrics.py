"""Dashboard, alert rules and documents speak of metrics and places that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from myriad.core.metrics import METRICS, Metric
from tests.architecture.sources import ROOT, text, tracked_files
from tools.dashboard import ROWS, dashboard

OWN = {"up"}
"""What Prometheus itself says of whom it asks."""
SCRAPED_LABELS = {"job", "instance"}
KNOWN = {metric.name: metric for metric in METRICS}
NAME = re.compile(r"\b(?:myriad|process)_[a-z0-9_]+|\bup\b")
SELECTOR = re.compile(r"\b((?:myriad|process)_[a-z0-9_]+|up)\{([^}]*)\}")
ALERT = re.compile(r"^      - alert: (\w+)\n(.*?)(?=^      - alert|^  - name|\Z)", re.MULTILINE | re.DOTALL)
SEVERITIES = {"critical", "warning"}


def metric_of(name: str) -> Metric | None:
    """The row of a name as queries write it; None for Prometheus' own. A histogram is asked for by its parts."""
    if name in OWN:
        return None
    if name in KNOWN:
        assert KNOWN[name].kind != "histogram", f"{name} has only _bucket, _sum and _count"
        return KNOWN[name]
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    assert base in KNOWN and KNOWN[base].kind == "histogram", name
    return KNOWN[base]


def check_expression(expression: str, legend: str = "") -> None:
    """Every name and label is of the table, counters are not shown as they are, and quantiles have their buckets."""
    metrics = [metric_of(name) for name in NAME.findall(expression)]
    assert metrics, expression
    known = {label for metric in metrics if metric is not None for label in metric.labels} | SCRAPED_LABELS | {"le"}
    for name, labels in SELECTOR.findall(expression):
        metric = metric_of(name)
        asked = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", labels))
        assert asked <= set(metric.labels if metric is not None else ()) | SCRAPED_LABELS, (expression, name)
    for labels in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in labels.split(",")} <= known, expression
    assert set(re.findall(r"\{\{\s*([a-z_]+)\s*\}\}", legend)) <= known, (expression, legend)
    for name in NAME.findall(expression):
        metric = metric_of(name)
        if metric is not None and metric.kind in ("counter", "histogram") and "starts_total" not in name:
            assert re.search(rf"(rate|increase)\({name}", expression), f"{name} only ever goes up: {expression}"
    assert ("histogram_quantile" in expression) == ("_bucket" in expression), expression


def queries() -> Iterator[tuple[str, str, str]]:
    for title, panels in ROWS.items():
        for panel in panels:
            for expression, legend in panel.queries:
                yield f"{title}: {panel.title}", expression, legend


def test_the_dashboard_is_what_the_tool_writes() -> None:
    written: dict[str, Any] = json.loads(text("ops/grafana/myriad.json"))
    assert written == dashboard(), "run `make docs`"


@pytest.mark.parametrize(("title", "expression", "legend"), list(queries()))
def test_a_panel_asks_for_metrics_of_the_table(title: str, expression: str, legend: str) -> None:
    check_expression(expression, legend)


def test_the_dashboard_has_one_source_a_zone_to_choose_and_a_row_for_each_part() -> None:
    board = dashboard()
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    assert variables["source"]["type"] == "datasource" and variables["source"]["query"] == "prometheus"
    assert variables["zone"]["multi"] and variables["zone"]["includeAll"]
    check_expression(re.sub(r"label_values\((\w+), (\w+)\)", r"sum by (\2) (\1)", variables["zone"]["definition"]))
    rows = [panel["title"] for panel in board["panels"] if panel["type"] == "row"]
    assert rows == ["World", "Zones", "Wire", "Store and ledger", "Gateway", "Relay"]


def test_panels_have_numbers_of_their_own_stand_beside_each_other_and_use_the_source() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        own = {(place["x"] + i, place["y"] + k) for i in range(place["w"]) for k in range(place["h"])}
        assert not own & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= own
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == panel["datasource"]["uid"] == "${source}"
    for panel in panels:
        assert len({target["refId"] for target in panel.get("targets", ())}) == len(panel.get("targets", ()))


def alerts() -> dict[str, dict[str, str]]:
    """Expression, severity, summary and runbook of each rule; the file is checked with promtool by hand."""
    found = {}
    for name, body in ALERT.findall(text("ops/prometheus/alerts.yml")):
        expression = re.search(r"expr: (?:>-\n)?(.*?)(?=\n        [a-z]+:)", body, re.DOTALL)
        assert expression is not None, name
        found[name] = {"expression": " ".join(expression[1].split())}
        for key in ("severity", "summary", "runbook"):
            value = re.search(rf"{key}: \"?([^}}\n]*?(?:\}}\}}[^\n]*?)*)\"?[}}]?\n", body)
            assert value is not None, f"{name} has no {key}"
            found[name][key] = value[1]
    return found


def test_there_is_a_rule_for_everything_that_must_not_go_unseen() -> None:
    names = " ".join(alerts())
    for what in (
        "LedgerUnbalanced",
        "ZoneDown",
        "TicksLate",
        "LadderHigh",
        "StoreLag",
        "LeaseNearExpiry",
        "RestartsFlapping",
        "LoginErrors",
        "QueueLong",
        "DropsSurge",
    ):
        assert f"Myriad{what}" in names


@pytest.mark.parametrize("name", alerts())
def test_a_rule_asks_for_metrics_of_the_table_and_says_what_and_how_bad(name: str) -> None:
    rule = alerts()[name]
    check_expression(rule["expression"], re.sub(r"\$labels\.", "", rule["summary"].replace("$value", "")))
    assert rule["severity"] in SEVERITIES
    assert rule["summary"]


@pytest.mark.parametrize("name", alerts())
def test_a_rule_names_the_section_that_says_what_to_do(name: str) -> None:
    page, _, anchor = alerts()[name]["runbook"].partition("#")
    assert anchor in anchors_of(page), name


def anchors_of(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_metric_that_a_page_speaks_of_is_in_the_table() -> None:
    others = {"myriad_server", "myriad_kernel_cache", "myriad_tick_hz", "myriad_settings"}
    for page in tracked_files():
        if page.endswith(".md"):
            for name in set(re.findall(r"`((?:myriad|process)_[a-z0-9_]+)(?:\{[^`]*\})?`", text(page))) - others:
                metric_of(re.sub(r"_$", "", name)) if name not in KNOWN else None
