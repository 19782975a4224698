"""What `import lethe` offers: concepts and samples are forgotten, models stay as they were, faults are told at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.library_world import python_blocks, write_library_world

import lethe
from lethe.core.registry import UnknownNameError
from lethe.diffusion.exported import ExportError
from lethe.settings.errors import SettingsError


def pixels(model: lethe.Model, prompt: str) -> np.ndarray:
    return np.stack([np.asarray(picture) for picture in model.draw(prompt, seeds=[1, 2], steps=2)]).astype(int)


@pytest.fixture(scope="module")
def model(tiny_folder: Path) -> lethe.Model:
    return lethe.load(tiny_folder)


def test_importing_lethe_loads_no_torch() -> None:
    code = "import lethe, sys; assert 'forget' in dir(lethe); print('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
    with pytest.raises(AttributeError, match="'forgot'; it offers Model, forget"):
        lethe.forgot  # noqa: B018


def test_a_concept_is_forgotten_and_the_model_stays(model: lethe.Model, tmp_path: Path) -> None:
    before = pixels(model, "dog")
    unlearned = lethe.forget(model, "dog", keep=["cat"], instead="park")
    assert (pixels(unlearned, "dog") != before).any()
    assert (pixels(model, "dog") == before).all()
    saved = lethe.load(unlearned.save(tmp_path / "saved"))
    assert abs(pixels(saved, "dog") - pixels(unlearned, "dog")).max() <= 1, "weights were mapped, not embeddings"
    assert model.pipe.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last), "as it was loaded"
    with pytest.raises(FileExistsError, match="saved: holds something"):
        model.save(tmp_path / "saved")
    with pytest.raises(ValueError, match="has forgotten something already"):
        lethe.forget(unlearned, "cat", keep=["park"])


def test_a_prompt_begins_with_the_same_noise_beside_others_and_alone(model: lethe.Model) -> None:
    beside = model.draw(["cat", "dog"], seeds=[1, 2], steps=2)
    assert abs(np.stack([np.asarray(picture) for picture in beside[2:]]).astype(int) - pixels(model, "dog")).max() <= 1


def test_a_method_that_looks_at_pictures_is_given_some(model: lethe.Model) -> None:
    with pytest.raises(ValueError, match=r"'munba' looks at pictures; .*esd, .*uce"):
        lethe.forget(model, "dog", keep=["cat"], method="munba")
    pictures = {name: model.draw(name, seeds=[1, 2], steps=1) for name in ("dog", "cat")}
    done = lethe.forget(model, "dog", method="ca", keep=["cat"], instead="cat", pictures=pictures, steps=1)
    assert done.record["steps"] == 1
    with pytest.raises(ValueError, match="pictures of 'cat'; allowed: .*: dog, park"):
        lethe.forget(model, "dog", keep=["park"], method="ca", pictures=pictures)


def test_what_acts_while_a_picture_is_drawn_is_not_saved(model: lethe.Model, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="acts while a picture is drawn"):
        lethe.forget(model, "dog", keep=["cat"], method="seot").save(tmp_path / "saved")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"concept": "dogg"}, SettingsError, "concept: .*'dogg'.*did you mean 'dog'"),
        ({"prompt": "an imag of {concept}"}, SettingsError, "^prompt: .*'imag'"),
        ({"method": "ucee"}, UnknownNameError, "'ucee'.*did you mean 'uce'"),
        ({"lambda": 1}, SettingsError, "'lambda'.*did you mean 'lamb'"),
        ({"keep": ["dog"]}, ValueError, "'dog' is to be forgotten and to be kept"),
        ({"keep": []}, ValueError, r"keep is \[\]; allowed: a list of at least one"),
        ({"keep": "cat"}, ValueError, "keep is 'cat'"),
    ],
)
def test_a_fault_is_told_at_once(model: lethe.Model, given: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lethe.forget(model, **{"concept": "dog", "keep": ["cat"], **given})


def test_nothing_to_draw_is_a_fault(model: lethe.Model) -> None:
    with pytest.raises(ValueError, match="0 prompts and 1 seeds"):
        model.draw([])


def test_the_page_says_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_library_world(tmp_path))
    names: dict = {}
    for block in python_blocks("library.md"):
        exec(compile(block, "docs/library.md", "exec"), names)
    accuracy, network, cleaned = (names[name] for name in ("accuracy", "network", "cleaned"))
    assert accuracy(network, slice(0, 600)) == 1
    assert accuracy(cleaned, slice(0, 60)) < 0.1 < 0.95 < accuracy(cleaned, slice(60, 600))
    assert (np.asarray(names["before"][0]) != np.asarray(names["after"][0])).mean() > 0.3
    kept = (names["model"], names["unlearned"])
    one, other = (np.asarray(each.draw("An image of a one", steps=8, guidance=3)[0]).astype(int) for each in kept)
    assert abs(one - other).max() <= 8, "what the method was told to keep looks as before"
