"""Pages of metrics, read back by Prometheus' own library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from myriad.core.metrics import Metric, rows_of


@dataclass(frozen=True)
class Page:
    """What a page says."""

    types: dict[str, str]
    """Kind by name, of every row that has a head."""
    values: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def __getitem__(self, key: str | tuple[str, Mapping[str, str]]) -> float:
        """`page["name"]`, `page["name", {"zone": "zone-1"}]`."""
        name, labels = (key, {}) if isinstance(key, str) else key
        return self.values[name, frozenset(labels.items())]

    def __contains__(self, name: object) -> bool:
        """Whether there is a sample of that name."""
        return any(found == name for found, _ in self.values)

    def labels_of(self, metric: Metric) -> list[frozenset[str]]:
        """The names of labels in each of the metric's samples."""
        name = f"{metric.name}_count" if metric.kind == "histogram" else metric.name
        return [frozenset(label for label, _ in labels) for found, labels in self.values if found == name]


def read_page(text: str) -> Page:
    """Raises ValueError for what Prometheus would not take, or if something is said twice."""
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE"))
    values = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            if key in values:
                raise ValueError(f"{key} is there twice")
            values[key] = sample.value
    return Page(types, values)


def check_page(kind: str, page: Page) -> None:
    """Only rows of the table, with their kinds and labels, and a head for each of them."""
    rows = rows_of(kind)
    assert page.types == {metric.name: metric.kind for metric in rows}
    for metric in rows:
        assert all(labels == frozenset(metric.labels) for labels in page.labels_of(metric)), metric.name


def silent_rows(kind: str, page: Page) -> set[str]:
    """Rows of the table without a single sample."""
    return {metric.name for metric in rows_of(kind) if not page.labels_of(metric)}
