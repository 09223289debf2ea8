"""What the architecture tests look at: the files that git tracks, and the parsed sources among them."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tracked_files() -> tuple[str, ...]:
    """Paths from the root, of the files that are in the repository and exist."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def tracked_sources(*folders: str) -> list[str]:
    """The Python files among them, in `folders` if given."""
    return [name for name in tracked_files() if name.endswith(".py") and (not folders or name.startswith(folders))]


@cache
def text(name: str) -> str:
    """The content of one file; bytes that are not text become replacement characters."""
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


@cache
def tree(name: str) -> ast.Module:
    """One source, parsed."""
    return ast.parse(text(name), name)
