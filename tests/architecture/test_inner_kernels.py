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


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "src" else parts)


def test_plain_python_calls_no_inner_kernel() -> None:
    folders = ("src", "tests", "examples", "benchmarks")
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text()) for path in files}
    inner = {
        (module_of(path), node.name)
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and "inner_kernel" in decorators(node)
    }
    wrong = []
    for path, tree in trees.items():
        known = {name: name for module, name in inner if module == module_of(path)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                known |= {a.asname or a.name: a.name for a in node.names if (node.module, a.name) in inner}
        wrong += [
            f"{path.relative_to(ROOT)}:{call.lineno} {call.func.id}"
            for call in python_calls(tree.body)
            if isinstance(call.func, ast.Name) and call.func.id in known
        ]
    assert inner and not wrong, "\n".join(wrong)
