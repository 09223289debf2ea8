"""Settings, drop reasons and metrics are documented as they are."""

from __future__ import annotations

import re

import pytest

from myriad.cli.documents import PAGES
from myriad.core.errors import DROP_REASONS
from tests.architecture.sources import ROOT, text, tracked_files, tracked_sources


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_link_to_a_file_leads_somewhere() -> None:
    for name in tracked_files():
        if name.endswith(".md"):
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text(name)):
                assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


def test_every_decision_tells_context_choice_evidence_and_when_to_look_again() -> None:
    pages = [name for name in tracked_files() if name.startswith("docs/decisions/")]
    assert pages
    for number, name in enumerate(sorted(pages), start=1):
        assert re.fullmatch(rf"docs/decisions/{number:04}-[a-z0-9-]+\.md", name), name
        for heading in ("Context", "Choice", "Rejected", "Evidence", "Look again"):
            assert f"\n## {heading}" in text(name), f"{name}: {heading}"


def test_every_drop_reason_is_counted_somewhere() -> None:
    sources = [name for name in tracked_sources("src/") if not name.endswith("core/errors.py")]
    counted = {found for name in sources for found in re.findall(r"\bDROP_([A-Z_]+)\b", text(name))}
    assert not {reason.name.upper() for reason in DROP_REASONS} - counted
