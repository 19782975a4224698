"""What handles tensors says so: no ``Any`` beside a tensor in a signature, and mypy reads torch's own types."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

import lethe

PACKAGE = Path(lethe.__file__).parent
REPOSITORY = PACKAGE.parents[1]
TENSORS = {
    "Tensor",
    "Stack",
    "Problem",
    "Parameter",
    "Module",
    "Pipeline",
    "StableDiffusionPipeline",
    "UNet2DConditionModel",
    "AutoencoderKL",
}
FOLLOWED = ("torch", "diffusers", "numpy", "pandas", "matplotlib", "safetensors")  # libraries whose types mypy must read

# Where `Any` beside a tensor says no more than is known: plain data of a record or a configuration, by name, holds any value;
# a method of classifiers is handled whatever its hyper-parameters are.
ALLOWED = ("dict[str, Any]", "Mapping[str, Any]", "Method[Any]")


def names(node: ast.AST) -> Iterator[str]:
    """Every name of an annotation, also of one in quotes."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield from names(ast.parse(part.value, mode="eval"))


def annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    """Of all parameters and of what is returned."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    found = [parameter.annotation for parameter in parameters if parameter] + [function.returns]
    return [annotation for annotation in found if annotation]


def untyped(source: str) -> list[str]:
    """Functions of a module whose signature has a tensor and an ``Any`` that might be one, and other names of ``Any``."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            signature = annotations(node)
            if not TENSORS & {name for annotation in signature for name in names(annotation)}:
                continue
            for annotation in signature:
                text = ast.unparse(annotation)
                for allowed in ALLOWED:
                    text = text.replace(allowed, "object")
                if "Any" in names(ast.parse(text, mode="eval")):
                    found.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Name) and node.value.id == "Any":
            found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize(
    "signature",
    [
        "def f(x: Tensor, y: Any) -> None: ...",
        "def f(x: torch.Tensor) -> list[Any]: ...",
        "def f(x: 'Tensor', *rest: Any) -> None: ...",
        "def f(pipe: Pipeline, y: tuple[Any, ...]) -> None: ...",
        "def f(x: Stack, y: Callable[[Any], None]) -> None: ...",
        "Pipeline: TypeAlias = Any",
    ],
)
def test_an_any_beside_a_tensor_is_found(signature: str) -> None:
    assert untyped(signature)


@pytest.mark.parametrize("signature", ["def f(x: Tensor, record: dict[str, Any]) -> None: ...", "def f(x: Any) -> int: ..."])
def test_plain_data_beside_a_tensor_may_hold_anything(signature: str) -> None:
    assert not untyped(signature)


def test_no_signature_with_a_tensor_has_an_any() -> None:
    found = {f"{path.relative_to(PACKAGE)}:{name}" for path in PACKAGE.rglob("*.py") for name in untyped(path.read_text())}
    assert not found


def test_mypy_reads_the_types_of_what_brings_them() -> None:
    """A library that is skipped or ignored is ``Any`` wherever it is named."""
    mypy = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["mypy"]
    assert "ignore_missing_imports" not in mypy and mypy.get("follow_imports", "normal") == "normal"
    for override in mypy["overrides"]:
        for library in FOLLOWED:
            assert not any(fnmatch(f"{library}.x", pattern) for pattern in override["module"]), (library, override)


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
