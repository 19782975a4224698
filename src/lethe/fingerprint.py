"""A hash of the code that a rule uses, so that an edit in the package reaches the results.

Snakemake sees edits of a script but not of a package that the script imports. Every rule therefore carries
``fingerprint(modules...)`` as a parameter: a hash over the syntax trees of these modules and of every ``lethe`` module they
import, found without running them. Comments, docstrings and formatting do not count; a changed value does.
"""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def fingerprint(*modules: str) -> str:
    """Hex digest (16 characters) of the code behind dotted ``modules`` and all ``lethe`` modules they import.

    Raises:
        ModuleNotFoundError: for a module that has no file, naming it.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(modules)):
        digest.update(f"{module}={_digest(module)}\n".encode())
    return digest.hexdigest()[:16]


def closure(modules: tuple[str, ...] | list[str]) -> set[str]:
    """``modules`` and every ``lethe`` module reachable from them through import statements."""
    seen: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        waiting.extend(_imports(module))
    return seen


def _file(module: str) -> Path:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise ModuleNotFoundError(f"no file for module '{module}' under {PACKAGE}")


def _is_module(name: str) -> bool:
    try:
        _file(name)
    except ModuleNotFoundError:
        return False
    return True


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_file(module).read_text(), filename=str(_file(module)))


@cache
def _imports(module: str) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            # `from lethe.unlearners import base` names a module, `from lethe.records import ModelId` a thing in one
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in found if name.split(".")[0] == "lethe" and _is_module(name))


@cache
def _digest(module: str) -> str:
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                node.body = body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
