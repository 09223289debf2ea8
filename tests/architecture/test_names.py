"""What may not be in the repository: names that say nothing, unfinished work, places of one machine."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import text, tracked_files, tracked_sources

EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "stuff"}
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b|pragma: no " + "cover")
SKIPPED = re.compile(r"pytest\.(mark\.)?(skip|xfail|skipif|importorskip)\b")
MACHINE = re.compile("|".join(("/" + "root/", "/" + "home/", "/" + "work/", "/" + "opt/", "/" + "tmp/v")))
REGISTRIES = re.compile(
    "|".join((r"pypi\." + "org", "python" + "hosted", r"npmjs\." + "(org|com)", "--index" + "-url"))
)
BINARY = (".png", ".ico", ".bin")

TEXTS = [name for name in tracked_files() if not name.endswith(BINARY)]


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    for name in tracked_files():
        words = set(re.split(r"[/_.\-]", name.lower()))
        assert not words & EMPTY_NAMES, name


@pytest.mark.parametrize("name", TEXTS)
def test_no_file_names_a_registry_or_a_folder_of_one_machine(name: str) -> None:
    for pattern in (MACHINE, REGISTRIES):
        found = pattern.search(text(name))
        assert found is None, found


@pytest.mark.parametrize("name", tracked_sources())
def test_nothing_is_left_unfinished_or_out_of_the_measurement(name: str) -> None:
    found = UNFINISHED.search(text(name))
    assert found is None, found


@pytest.mark.parametrize("name", tracked_sources("tests/"))
def test_no_test_is_skipped(name: str) -> None:
    assert SKIPPED.search(text(name)) is None


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_dependency_has_an_exact_version_and_hashes(name: str) -> None:
    entries = re.split(r"\n(?=\S)", text(name).strip())[1:]
    assert len(entries) > 20
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9._-]+==[^\s;]+( ; [^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\\n)?)+", entry), (
            entry
        )


def test_the_locked_run_is_part_of_the_locked_test_environment() -> None:
    assert set(re.findall(r"^\S+==\S+", text("requirements.lock"), re.MULTILINE)) <= set(
        re.findall(r"^\S+==\S+", text("requirements-dev.lock"), re.MULTILINE)
    )
