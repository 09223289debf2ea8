"""Files and functions stay small; a longer one says why.

Why it is long: a comment directly above the function (or in its docstring; for a file in the module's docstring) with
the word "long" in it.
"""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import text, tracked_sources, tree

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
SAYS_WHY = re.compile(r"\blong\b", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def num_lines(function: Function) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        assert docstring.end_lineno is not None
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def says_why(function: Function, lines: list[str]) -> bool:
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    above = []
    for line in reversed(lines[: first - 1]):
        if not line.strip().startswith("#"):
            break
        above.append(line)
    return SAYS_WHY.search("\n".join(above) + (ast.get_docstring(function) or "")) is not None


@pytest.mark.parametrize("name", tracked_sources())
def test_no_function_is_longer_than_60_lines_without_saying_why(name: str) -> None:
    lines = text(name).splitlines()
    functions = [node for node in ast.walk(tree(name)) if isinstance(node, Function)]
    too_long = [
        f"{f.name}: {num_lines(f)} lines"
        for f in functions
        if num_lines(f) > MAX_FUNCTION_LINES and not says_why(f, lines)
    ]
    assert not too_long


@pytest.mark.parametrize("name", tracked_sources())
def test_no_file_is_longer_than_400_lines_without_saying_why(name: str) -> None:
    if text(name).count("\n") > MAX_FILE_LINES:
        assert SAYS_WHY.search(ast.get_docstring(tree(name)) or ""), f"{text(name).count(chr(10))} lines"


@pytest.mark.parametrize("name", tracked_sources("src/"))
def test_every_module_opens_by_saying_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(tree(name))
