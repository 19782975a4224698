"""What a method says of itself: read from its file as it is when imported, the same form in both families."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from lethe.classifiers.methods import METHODS as OF_CLASSIFIERS
from lethe.core.description import description_of, module_file
from lethe.core.methods import NEEDS, REFERENCES, Contract, MethodDescription, MethodDescriptions
from lethe.core.registry import Registry, UnknownNameError
from lethe.diffusion.methods import LOOKS, METHODS, ROLES, VARIANTS
from lethe.diffusion.methods import NEEDS as NEEDED
from lethe.settings.hyperparameters import Hyperparameters

Family = Registry[type]
EVERY = [(family, name) for family in (METHODS, OF_CLASSIFIERS) for name in family]
each = pytest.mark.parametrize(("family", "name"), EVERY, ids=[name for _, name in EVERY])


def described(family: Family, name: str) -> MethodDescription:
    return MethodDescription(**description_of(family.target_of(name)))


@each
def test_what_is_read_is_what_is_imported(family: Family, name: str) -> None:
    method = family.load(name)
    assert described(family, name) == vars(method)["about"] and isinstance(method.contract, Contract)
    assert issubclass(method.Config, Hyperparameters) and method.__module__ == family.module_of(name)


@each
def test_a_variant_as_published_belongs_to_a_method(family: Family, name: str) -> None:
    """Such a variant is called after the method, and nothing else is; nothing else may be held to what another method is."""
    of = described(family, name).published_of
    assert name == (f"{of}_published" if of else name.removesuffix("_published"))
    assert "contract" in vars(family.load(name)) or family.load(name).contract is family.load(of).contract
    if of:
        assert of in family and described(family, of).published_of == ""


@each
def test_no_method_computes_with_what_it_says(family: Family, name: str) -> None:
    """It is no code of the method's models, so these would not be made again."""
    tree = ast.parse(module_file(family.module_of(name)).read_text("utf-8"))
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not read & {"about", "contract"}


@pytest.mark.parametrize("family", [METHODS, OF_CLASSIFIERS])
def test_no_two_methods_of_a_family_are_shown_alike(family: Family) -> None:
    found = [described(family, name) for name in family]
    assert len({about.title for about in found}) == len(found)
    ours = [(about.colour, about.marker) for about in found if about.colour and not about.published_of]
    assert len(set(ours)) == len(ours)


def test_of_diffusion_models_there_is_one_reference_of_each_kind() -> None:
    roles = [ROLES.role(name) for name in METHODS if ROLES.role(name)]
    assert sorted(roles) == sorted(REFERENCES)
    assert [ROLES.role(ROLES.reference(role)) for role in REFERENCES] == list(REFERENCES)
    with pytest.raises(KeyError, match="no method is the reference 'unchanged'"):
        MethodDescriptions(OF_CLASSIFIERS, "reference").reference("unchanged")


def test_variants_are_found_by_their_methods() -> None:
    assert VARIANTS.published(["uce", "munba", "munba_published", "other"]) == {"munba": "munba_published"}


def test_asking_for_a_name_imports_no_torch() -> None:
    words = "import sys; from lethe.diffusion.methods import LOOKS; assert LOOKS.title('uce') == 'UCE'; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", words], check=True)


def test_what_is_no_method_is_shown_as_it_is() -> None:
    assert LOOKS.title("a method of another version") == "a method of another version" and not ROLES.role("other")
    with pytest.raises(UnknownNameError, match="did you mean 'munba'"):
        NEEDED.needs("mumba", "noise")


def test_every_need_is_somebodys() -> None:
    assert {need for family, name in EVERY for need in described(family, name).needs} == set(NEEDS)
    assert MethodDescription(title="X", paper="p").needs == ()
