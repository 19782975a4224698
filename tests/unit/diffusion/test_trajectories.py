"""A training that hands over what it has reached computes what it computes without."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, base

from lethe.diffusion.delta import Delta
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._training import OptimiserConfig, checkpoints, optimise

STEPS = 3


@pytest.fixture(scope="module", name="on")
def tiny() -> Base:
    return base()


def written(delta: Delta, path: Path) -> bytes:
    delta.save(path, base="0" * 64)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["distil", "munba", "esd", "fmn", "hirm", "spm"])  # one for each place that trains
def test_the_last_checkpoint_is_the_model_without_checkpoints(on: Base, name: str, tmp_path: Path) -> None:
    method = METHODS.load(name)
    small = {key: value for key, value in method.contract.small.items() if not key.endswith("_pool")}

    def trained() -> Delta:
        (result,) = method(**small | {"steps": STEPS}).unlearn(on.pipe, [EMITTER], on.data, seed=5)
        return result.delta

    alone = written(trained(), tmp_path / "alone")
    found: dict[int, Delta] = {}
    with checkpoints([1, STEPS], found.__setitem__):
        beside = written(trained(), tmp_path / "beside")
    assert list(found) == [1, STEPS]
    assert alone == beside == written(found[STEPS], tmp_path / "last")
    assert written(found[1], tmp_path / "first") != alone, "what was reached is kept as it was, not as it became"
    assert written(trained(), tmp_path / "after") == alone and list(found) == [1, STEPS], "afterwards nobody is told any more"


def test_a_training_that_cannot_tell_what_it_reached_is_refused() -> None:
    parameter = torch.zeros(2, requires_grad=True)
    with checkpoints([1], lambda step, delta: None), pytest.raises(ValueError, match="does not tell what it has `reached`"):
        optimise([parameter], OptimiserConfig(steps=1), lambda step, parameters: ([torch.ones(2)], {}))
