"""A fingerprint changes with the code that runs and with nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lethe.execution import fingerprint as module


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package ``lethe`` of three files: a imports b, c stands alone."""
    (tmp_path / "a.py").write_text("from lethe.b import f\n\ndef g():\n    '''Doc.'''\n    return f()\n")
    (tmp_path / "b.py").write_text("def f():\n    return 1\n")
    (tmp_path / "c.py").write_text("x = 1\n")
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    clear()
    return tmp_path


def clear() -> None:
    for cached in (module.facts_of, module._imports, module.is_module):
        cached.cache_clear()
    module._recalled.clear()


def hash_of(*modules: str) -> str:
    """Of modules and all that they import."""
    return module.digest_of({name: module.facts_of(name).digest for name in module.closure(modules)})


def changed(path: Path, old: str, new: str, *modules: str) -> bool:
    clear()
    before = hash_of(*modules)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    clear()
    return hash_of(*modules) != before


def test_an_edit_in_an_imported_module_counts(package: Path) -> None:
    assert changed(package / "b.py", "return 1", "return 2", "lethe.a")


def test_an_edit_elsewhere_does_not(package: Path) -> None:
    assert not changed(package / "c.py", "x = 1", "x = 2", "lethe.a")


@pytest.mark.parametrize(
    ("old", "new"), [("def g", "# why\ndef g"), ("'''Doc.'''", "'''Other.'''"), ("return f()", "return  f( )")]
)
def test_comments_docstrings_and_layout_do_not(package: Path, old: str, new: str) -> None:
    assert not changed(package / "a.py", old, new, "lethe.a")


SETTINGS = """from typing import TYPE_CHECKING
from pydantic import Field
if TYPE_CHECKING:
    from lethe.c import x
class Task:
    size: int = Field(3, ge=1, description="how large")
    '''What size means.'''
LIST = Registry[str]("thing")
LIST.register("one", "lethe.one:One")
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ('description="how large"', 'description="width"', False),
        (', description="how large"', "", False),
        ("Field(3", "Field(4", True),
        ("ge=1", "ge=2", True),
        ("lethe.c import x", "lethe.c import y", False),
        ("if TYPE_CHECKING:\n    from lethe.c import x\n", "", False),
        ("What size means", "Width and height", False),
        ('LIST.register("one", "lethe.one:One")', 'LIST.register("two", "lethe.two:Two")', False),
        ("LIST = Registry", "OTHERS = Registry", True),
    ],
)
def test_only_what_decides_a_result_counts(package: Path, old: str, new: str, counts: bool) -> None:
    (package / "a.py").write_text(SETTINGS)
    assert changed(package / "a.py", old, new, "lethe.a") is counts


def test_what_types_alone_need_is_not_imported(package: Path) -> None:
    (package / "a.py").write_text(SETTINGS)
    assert module.closure(["lethe.a"]) == {"lethe.a"}
    assert module.facts_of("lethe.a").registries == {"LIST": {"one": "lethe.one:One"}}


def test_a_module_may_say_that_it_decides_no_result(package: Path) -> None:
    """Its text does not count, what it imports does."""
    text = (package / "a.py").read_text()
    (package / "a.py").write_text(text.replace("\n\ndef", '\n\nDECIDES_NO_RESULT = "shows"\n\ndef', 1))
    assert not changed(package / "a.py", "return f()", "return 7", "lethe.a")
    assert changed(package / "b.py", "return 1", "return 2", "lethe.a")


def test_a_missing_module_is_named(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="lethe.nowhere"):
        hash_of("lethe.nowhere")


def test_what_was_read_is_recalled(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = hash_of("lethe.a")
    store = tmp_path / "kept" / "facts.json"
    module.recall(store)
    written = store.stat().st_mtime_ns

    clear()
    with monkeypatch.context() as patch:
        patch.setattr(module.ast, "parse", lambda *_, **__: pytest.fail("a file known by its bytes was parsed again"))
        module.recall(store)
        assert hash_of("lethe.a") == parsed
    assert store.stat().st_mtime_ns == written, "nothing new, nothing written"

    (package / "b.py").write_text("def f():\n    return 2\n")
    clear()
    module.recall(store)
    assert hash_of("lethe.a") != parsed
    assert len(json.loads(store.read_text())["files"]) == 3, "what no file gives any more is dropped"


@pytest.mark.parametrize("broken", ["", "[]", '{"by": null}', '{"by": ["x", "y"], "files": {}}', '{"files": 3}'])
def test_a_broken_or_foreign_store_is_written_anew(package: Path, tmp_path: Path, broken: str) -> None:
    parsed = hash_of("lethe.a")
    store = tmp_path / "facts.json"
    store.write_text(broken)
    clear()
    module.recall(store)
    assert hash_of("lethe.a") == parsed
    kept = json.loads(store.read_text())
    assert len(kept["files"]) == 3

    store.write_text(json.dumps(kept | {"files": {key: 3 for key in kept["files"]}}))
    clear()
    module.recall(store)
    assert json.loads(store.read_text()) == kept, "ours by its header, but no facts"


def test_each_method_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    clear()
    monkeypatch.undo()
    assert "lethe.diffusion.methods.munba" not in module.closure(["lethe.diffusion.methods.uce"])
    assert "lethe.diffusion.methods._lora_training" in module.closure(["lethe.diffusion.methods.munba"])
