"""Facts of source files: a hash of what a module computes, and which modules of the package it imports.

Snakemake sees edits of a script but not of a package that the script imports. Every rule therefore carries a hash of its code as a
parameter (``lethe.execution.code``), made of the facts here, which are found without running anything. What decides no result is no part
of a hash: comments, docstrings, layout, descriptions of settings, imports for type checkers, and the lines that register a name, since
what a job asks for by name is added by that name. So is what a class says of itself, where a job reads it
(``lethe.core.description``). What the contract suite holds a class to, its attribute ``contract``, is read by no job.
A module that only carries jobs out (logs, locks, progress) says so itself::

    DECIDES_NO_RESULT = "tells what a job does"

Its text does not count; what it imports still does.

Parsing the package costs two to four seconds, and every start of Snakemake needs it: ``recall`` keeps what each file gave.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lethe.core import description
from lethe.io.hashing import sha256_file
from lethe.io.tables import CorruptFileError, read_json, readable, write_json

DECIDES_NO_RESULT = "tells what the code of a job is"
MARK = "DECIDES_NO_RESULT"
PACKAGE = Path(__file__).parents[1]


class Facts(NamedTuple):
    """What a source file gives to a fingerprint.

    Attributes:
        digest: hash of its syntax tree without what decides no result; empty for a module that decides none.
        names: every dotted name that it imports from ``lethe``, sorted.
        registries: name of a registry that it makes -> registered name -> target, ``module:attribute``.
        descriptions: name of a ``Descriptions`` that it makes -> the registry, in the same module, and the keys that are read.
        about: class -> key -> text of what the class says of itself.
    """

    digest: str
    names: list[str]
    registries: dict[str, dict[str, str]]
    descriptions: dict[str, list[str]]
    about: dict[str, dict[str, str]]


FILES = (".py", ".ipynb")  # of code outside the package
NO_CODE = (description.ATTRIBUTE, "contract")  # attributes of classes
_recalled: dict[str, Facts] = {}  # by the SHA-256 of a file's bytes


def recall(path: str | Path) -> None:
    """Take from ``path`` (JSON) what earlier processes found in the package's files, read the others, and keep all there.

    Facts are bound to the bytes of a file, to what reads them and to the version of Python, so a recalled fingerprint is the one that
    parsing would give. A file that cannot be read as such is written anew.
    """
    by = [sys.version, *map(sha256_file, (__file__, description.__file__))]
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


def digest_of(digests: dict[str, str]) -> str:
    """Hex digest (16 characters) of modules and their digests; a module whose digest is empty decides no result."""
    lines = [f"{module}={digest}\n" for module, digest in sorted(digests.items()) if digest]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def closure(modules: Iterable[str]) -> set[str]:
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


def all_modules() -> list[str]:
    """Every module of the package, dotted and sorted."""
    files = [file.relative_to(PACKAGE).with_suffix("") for file in PACKAGE.rglob("*.py")]
    return sorted(".".join(("lethe", *file.parts)).removesuffix(".__init__") for file in files)


@cache
def facts_of(module: str) -> Facts:
    """Facts of a dotted module of the package, or of a script or a notebook, which a path ending in ``.py`` or ``.ipynb`` names.

    Raises:
        ModuleNotFoundError: for a module that has no file, naming it.
    """
    file = Path(module) if module.endswith(FILES) else _file(module)
    return _facts(sha256_file(file), file)


def _file(module: str) -> Path:
    stem = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (stem.with_suffix(".py"), stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise ModuleNotFoundError(f"no file for module '{module}' under {PACKAGE}")


@cache
def is_module(name: str) -> bool:
    """Whether a dotted name is a module of the package."""
    try:
        _file(name)
    except ModuleNotFoundError:
        return False
    return True


@cache
def _imports(module: str) -> frozenset[str]:
    return frozenset(name for name in facts_of(module).names if is_module(name))


def _facts(key: str, file: Path) -> Facts:
    """Those of ``file``, whose bytes have the SHA-256 ``key``."""
    if key not in _recalled:
        tree = ast.parse(_source(file), filename=str(file))
        registries, about = _take_registries(tree), _take_about(tree)
        tree = _Reduced().visit(tree)
        marked = any(MARK in _assigned(node) for node in tree.body)
        _recalled[key] = Facts(
            digest="" if marked else hashlib.sha256(ast.dump(tree).encode()).hexdigest(),
            names=_names(tree),
            registries=registries,
            descriptions={name: keys for node in tree.body if (keys := _keys_read(node)) for name in _assigned(node)},
            about=about,
        )
    return _recalled[key]


def _source(file: Path) -> str:
    """The code of a module or a script, or of all code cells of a notebook."""
    if file.suffix == ".py":
        return file.read_text("utf-8")
    lines = [
        line for cell in read_json(file)["cells"] if cell["cell_type"] == "code" for line in "".join(cell["source"]).splitlines()
    ]
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))  # commands of Jupyter are no Python


class _Reduced(ast.NodeTransformer):
    """A syntax tree without what decides no result."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """Nothing of a docstring, also of one below an attribute."""
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            return None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        """Of ``if TYPE_CHECKING`` only what is run."""
        self.generic_visit(node)
        return node.orelse if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A pydantic field without its description."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "Field":
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "description"]
        return node


def _registration(node: ast.stmt) -> tuple[str, str, str] | None:
    """Registry, name and target of a statement ``REGISTRY.register("name", "module:attribute")``; None for any other."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr != "register":
        return None
    words = [argument.value for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    if not isinstance(call.func.value, ast.Name) or len(words) != 2 or len(call.args) != 2 or call.keywords:
        return None
    return call.func.value.id, words[0], words[1]


def _take_registries(tree: ast.Module) -> dict[str, dict[str, str]]:
    """The registries that a module makes, with what its plain lines register; these lines are taken out of the tree."""
    made: dict[str, dict[str, str]] = {name: {} for node in tree.body if _makes_registry(node) for name in _assigned(node)}
    kept = []
    for statement in tree.body:
        found = _registration(statement)
        if found and found[0] in made:
            made[found[0]][found[1]] = found[2]
        else:
            kept.append(statement)
    tree.body = kept
    return made


def _take_about(tree: ast.Module) -> dict[str, dict[str, str]]:
    """What the classes of a module say of themselves; it is taken out of the tree, and so is what they are held to."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            if (said := description.about(node)) is not None:
                found[node.name] = {keyword.arg or "**": ast.unparse(keyword.value) for keyword in said.keywords}
            node.body = [part for part in node.body if not any(description.says(part, word) for word in NO_CODE)]
    return found


def _keys_read(node: ast.stmt) -> list[str]:
    """Registry and keys of a statement ``NAME = Descriptions(REGISTRY, "key", ...)``, also of a class derived from it; empty for any other."""
    call = getattr(node, "value", None)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not call.func.id.endswith("Descriptions"):
        return []
    registry, *keys = call.args
    return [ast.unparse(registry), *(str(ast.literal_eval(key)) for key in keys)]


def _makes_registry(node: ast.stmt) -> bool:
    value = getattr(node, "value", None)
    function = value.func if isinstance(value, ast.Call) else None
    function = function.value if isinstance(function, ast.Subscript) else function
    return isinstance(function, ast.Name) and function.id == "Registry"


def _assigned(node: ast.stmt) -> list[str]:
    """Names that a statement gives a value to."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _names(tree: ast.Module) -> list[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            # `from lethe.diffusion.methods import base` names a module, `from lethe.core.records import ModelId` a thing in one
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return sorted(name for name in found if name.split(".")[0] == "lethe")
