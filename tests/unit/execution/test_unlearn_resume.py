"""A job that dies keeps every emitter it has finished: one trained emitter is one kept delta."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.core.records import ModelId
from lethe.diffusion.latents import write_latents
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.methods.distil import SPARE
from lethe.diffusion.methods.run import run_method, targets_of, training_data
from lethe.diffusion.testbed.receivers import chosen, of_entities
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_json

NAMES = ["dog", "cat", "lake"]
RECEIVERS, EMITTERS = of_entities([{"name": name} for name in NAMES], "thing")
MODELS = [ModelId("objects", index, "distil", 1) for index in range(3)]
PARAMETERS = {"rank": 2, "steps": 2, "forget_batch": 2, "retain_batch": 2, "target_modules": ["*.attn2.to_k"]}


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Indices of the emitters whose training was finished, in order; killed after ``trained.stop`` of them."""

    class Counted(list[int]):
        stop = 99

    done, unlearn = Counted(), SPARE.unlearn

    def counted(self: SPARE, pipe: Any, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        for result in unlearn(self, pipe, emitters, data, seed=seed):
            if len(done) == done.stop:
                raise KeyboardInterrupt
            done.append(result.emitter.index)
            yield result

    monkeypatch.setattr(SPARE, "unlearn", counted)
    return done


def run(folder: Path) -> WorkFolder:
    data = UnlearnData(
        torch.randn(9, 4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 3, dict(enumerate(NAMES))
    )
    work = WorkFolder(folder, key="the same")
    run_method(
        MODELS,
        EMITTERS,
        base=shared_tiny_pipeline(),
        data=data,
        hyperparameters=PARAMETERS,
        seed=0,
        device="cpu",
        work=work,
    )
    return work


def test_only_what_was_not_finished_is_trained_again(tmp_path: Path, trained: Any) -> None:
    trained.stop = 2
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed")
    assert trained == [0, 1]
    trained.stop = 99
    resumed = run(tmp_path / "killed")
    assert trained == [0, 1, 2]
    whole = run(tmp_path / "whole")
    for model in MODELS:
        name = targets_of(model)[0]
        assert resumed.path(name).read_bytes() == whole.path(name).read_bytes()


def test_records_bear_the_name_of_their_emitter(tmp_path: Path) -> None:
    """Prompt, caption and record of model 1 are those of the entity with index 1."""
    assert chosen(EMITTERS, [1]) == [Emitter.of_one(1, "a cat", "An image of a cat")]
    with pytest.raises(ValueError, match=r"emitters \[3\] do not exist; indices there: 0 to 2"):
        chosen(EMITTERS, [1, 3])
    file = tmp_path / "latents.safetensors"
    write_latents(file, torch.zeros(3, 4, 8, 8), torch.arange(3))
    captions = {0: "An image of a dog", 1: "An image of a cat", 2: "An image of a lake"}
    assert training_data(file, RECEIVERS, EMITTERS, "corrected").prompts == captions
    assert training_data(file, RECEIVERS, EMITTERS, "published").prompts == dict(enumerate(NAMES))  # raw labels
    work = run(tmp_path / "work")
    for model in MODELS:
        record = read_json(work.path(targets_of(model)[1]))
        assert record["model"] == model.name == f"objects_{model.index:03d}_distil_001"
        assert record["emitter"] == {
            "index": model.index,
            "name": f"a {NAMES[model.index]}",
            "prompt": captions[model.index],
        }


def test_a_method_that_mixes_up_its_emitters_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlearn = SPARE.unlearn
    monkeypatch.setattr(
        SPARE, "unlearn", lambda self, pipe, emitters, data, seed: unlearn(self, pipe, emitters[::-1], data, seed=seed)
    )
    with pytest.raises(ValueError, match=r"'distil' yielded emitter 2 where emitter 0 was due"):
        run(tmp_path)
    assert not list(tmp_path.glob("*.done.json"))
