"""What the README tells to do is what the project does."""

from __future__ import annotations

import re

from tests.architecture.sources import ROOT, text

README = text("README.md")
COMMANDS = [
    line.split("#")[0].strip() for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines()
]


def test_continuous_integration_runs_the_readme_s_test_command_last() -> None:
    lines = [line for line in text(".ci/run").splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "make test" and "make test" in COMMANDS


def test_the_commands_of_the_readme_are_there() -> None:
    assert "make world" in COMMANDS
    assert "make server PORT=1337 ZONE=zone-1" in COMMANDS
    assert "./tools/load-test --clients 500 --host 127.0.0.1 --port 1337" in COMMANDS
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    for command in COMMANDS:
        first, *rest = command.split()
        assert (
            (first == "make" and rest[0] in targets)
            or (ROOT / first).exists()
            or first.startswith((".venv", "git", "cd"))
        ), command


def test_the_readme_shows_the_example_as_it_is() -> None:
    code = text("examples/walk_and_fight.py").split("\n\n", 1)[1]
    assert f"```python\n{code}```" in README


def test_the_pages_for_newcomers_name_files_that_exist() -> None:
    folders = [ROOT, ROOT / "src", ROOT / "src" / "myriad", ROOT / "docs"]
    for page in ("README.md", "docs/architecture.md", "docs/glossary.md"):
        for quoted in re.findall(r"`([\w.-]+/[\w./-]*)(?:: [\w.]+)?`", text(page)):
            assert any((folder / quoted).exists() for folder in folders), f"{page}: {quoted}"
