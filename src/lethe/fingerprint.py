"""A hash of the code that a rule uses, so that an edit in the package reaches the results.

Snakemake sees edits of a script but not of a package that the script imports. Every rule therefore carries
``fingerprint(modules...)`` as a parameter: a hash over the syntax trees of these modules and of every ``lethe`` module they
import, found without running them. Comments, docstrings and formatting do not count; a changed value does.

Parsing the package costs two to four seconds, and every start of Snakemake needs it: ``recall`` keeps what each file gave.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lethe.io.hashing import sha256_file
from lethe.io.tables import CorruptFileError, read_json, readable, write_json

PACKAGE = Path(__file__).parent


class Facts(NamedTuple):
    """What a source file gives to a fingerprint: the hash of its syntax tree, and every dotted name it imports from ``lethe``."""

    digest: str
    names: list[str]


_recalled: dict[str, Facts] = {}  # by the SHA-256 of a file's bytes


def recall(path: str | Path) -> None:
    """Take from ``path`` (JSON) what earlier processes found in the package's files, read the others, and keep all there.

    Facts are bound to the bytes of a file, to this module and to the version of Python, so a recalled fingerprint is the one that
    parsing would give. A file that cannot be read as such is written anew.
    """
    by = [sys.version, sha256_file(__file__)]
    try:
        kept = read_json(path)
        with readable(path, "facts of source files"):
            known = {key: Facts(*facts) for key, facts in kept["files"].items()} if kept["by"] == by else {}
    except (FileNotFoundError, CorruptFileError):
        known = {}
    _recalled.update(known)
    keys = {sha256_file(file): file for file in sorted(PACKAGE.rglob("*.py"))}
    found = {key: _facts(key, file) for key, file in keys.items()}
    if found != known:
        write_json(path, {"by": by, "files": found}, indent=None)


@cache
def fingerprint(*modules: str) -> str:
    """Hex digest (16 characters) of the code behind dotted ``modules`` and all ``lethe`` modules they import.

    Raises:
        ModuleNotFoundError: for a module that has no file, naming it.
    """
    digest = hashlib.sha256()
    for module in sorted(closure(modules)):
        digest.update(f"{module}={_module_facts(module).digest}\n".encode())
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
def _module_facts(module: str) -> Facts:
    file = _file(module)
    return _facts(sha256_file(file), file)


@cache
def _imports(module: str) -> frozenset[str]:
    return frozenset(name for name in _module_facts(module).names if _is_module(name))


def _facts(key: str, file: Path) -> Facts:
    """Those of ``file``, whose bytes have the SHA-256 ``key``."""
    if key not in _recalled:
        tree = ast.parse(file.read_text(), filename=str(file))
        _recalled[key] = Facts(names=_names(tree), digest=_digest(tree))
    return _recalled[key]


def _names(tree: ast.Module) -> list[str]:
    found: set[str] = set()
    for node in _run(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            # `from lethe.unlearners import base` names a module, `from lethe.records import ModelId` a thing in one
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(name for name in found if name.split(".")[0] == "lethe")


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below one that are run, so none under ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield child
            yield from _run(child)


def _digest(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                node.body = body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()
