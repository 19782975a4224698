"""What a method says of itself: read from its file as it is when imported, the same form in both families."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from lethe.classifiers.methods import METHODS as OF_CLASSIFIERS
from lethe.core.description import DescriptionError
from lethe.core.methods import NEEDS, REFERENCES, Contract, MethodRecord, Methods, read_record
from lethe.core.registry import Registry, UnknownNameError
from lethe.diffusion.methods import METHODS
from lethe.execution import fingerprint
from lethe.settings.hyperparameters import Hyperparameters

EVERY = [(family, name) for family in (METHODS, OF_CLASSIFIERS) for name in family]
each = pytest.mark.parametrize(("family", "name"), EVERY, ids=[name for _, name in EVERY])


@each
def test_what_is_read_is_what_is_imported(family: Methods[type], name: str) -> None:
    module, method = importlib.import_module(family.module_of(name)), family.load(name)
    assert family.describe(name) == module.METHOD and isinstance(module.CONTRACT, Contract)
    assert issubclass(method.Config, Hyperparameters) and method.__module__ == module.__name__


@each
def test_a_variant_as_published_belongs_to_a_method(family: Methods[type], name: str) -> None:
    """Such a variant is called after the method, and nothing else is."""
    record = family.describe(name)
    assert name == (f"{record.published_of}_published" if record.published_of else name.removesuffix("_published"))
    if record.published_of:
        assert record.published_of in family and family.describe(record.published_of).published_of == ""


@pytest.mark.parametrize("family", [METHODS, OF_CLASSIFIERS])
def test_no_two_methods_of_a_family_are_shown_alike(family: Methods[type]) -> None:
    records = [family.describe(name) for name in family]
    assert len({record.title for record in records}) == len(records)
    ours = [(record.colour, record.marker) for record in records if record.colour and not record.published_of]
    assert len(set(ours)) == len(ours)


def test_of_diffusion_models_there_is_one_reference_of_each_kind() -> None:
    roles = [METHODS.role(name) for name in METHODS if METHODS.role(name)]
    assert sorted(roles) == sorted(REFERENCES)
    assert [METHODS.role(METHODS.reference(role)) for role in REFERENCES] == list(REFERENCES)
    with pytest.raises(KeyError, match="no method is the reference 'unchanged'"):
        OF_CLASSIFIERS.reference("unchanged")


def test_the_code_of_a_job_knows_what_only_describes() -> None:
    own = {name for name, _ in inspect.getmembers(Methods, inspect.isfunction) if not hasattr(Registry, name)}
    assert own == set(fingerprint.DESCRIBES)


def test_asking_for_a_name_imports_no_torch() -> None:
    words = "import sys; from lethe.diffusion.methods import METHODS; assert METHODS.title('uce') == 'UCE'; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", words], check=True)


def test_what_is_no_method_is_shown_as_it_is() -> None:
    assert METHODS.title("a method of another version") == "a method of another version" and not METHODS.role("other")
    with pytest.raises(UnknownNameError, match="did you mean 'munba'"):
        METHODS.describe("mumba")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("METHODS = MethodRecord(title='X', paper='p')", r"no statement METHOD = MethodRecord\(title="),
        ("METHOD = MethodRecord(title=NAME, paper='p')", "METHOD.title is `NAME`"),
        ("METHOD = MethodRecord(title='X', papr='p')", "METHOD.papr is not known; allowed: .*did you mean 'paper'"),
        ("METHOD = MethodRecord(title='X')", "missing 1 required positional argument: 'paper'"),
        ("METHOD = MethodRecord(title='', paper='p')", "title is empty"),
        (
            "METHOD = MethodRecord(title='X', paper='p', needs=('convolution',))",
            "needs: 'convolution'; .*did you mean 'convolutions'",
        ),
        ("METHOD = MethodRecord(title='X', paper='p', reference='retrain')", "reference: 'retrain'; .*did you mean 'retrained'"),
    ],
)
def test_a_method_that_says_it_wrongly_is_named(tmp_path: Path, text: str, message: str) -> None:
    place = tmp_path / "x.py"
    place.write_text(f"import torch_is_not_imported\n{text}\n")
    with pytest.raises(DescriptionError, match=f"^{place}.*{message}"):
        read_record(place)


def test_every_need_is_somebodys() -> None:
    assert {need for family, name in EVERY for need in family.describe(name).needs} == set(NEEDS)
    assert MethodRecord(title="X", paper="p").needs == ()
