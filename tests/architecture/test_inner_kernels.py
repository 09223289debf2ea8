"""Inner kernels have no entry for Python: a call from plain Python would end the process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
KERNELS = {"kernel", "bare_kernel", "inner_kernel"}


def decorators(node: ast.AST) -> set[str]:
    found = getattr(node, "decorator_list", [])
    return {d.id for d in found if isinstance(d, ast.Name)}


def python_calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Calls in code that Python itself runs: everything but the bodies of kernels."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if decorators(node) & KERNELS:
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def test_plain_python_calls_no_inner_kernel() -> None:
    trees = {path: ast.parse(path.read_text()) for folder in ("src", "tests", "examples", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))}
    inner = {
        (".".join(path.relative_to(ROOT / "src").with_suffix("").parts), node.name)
        for path, tree in trees.items()
        if path.is_relative_to(ROOT / "src")
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "inner_kernel" in decorators(node)
    }
    wrong = []
    for path, tree in trees.items():
        here = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts) if path.is_relative_to(ROOT / "src") else ""
        known = {name: name for module, name in inner if module == here}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                known |= {a.asname or a.name: a.name for a in node.names if (node.module, a.name) in inner}
        wrong += [
            f"{path.relative_to(ROOT)}:{call.lineno} {call.func.id}"
            for call in python_calls(tree.body)
            if isinstance(call.func, ast.Name) and call.func.id in known
        ]
    assert inner and not wrong, "\n".join(wrong)
