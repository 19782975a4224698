"""How a task samples in another way than its world: published samplers by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.unit.diffusion.test_generate import FAST, WORLD, ask

from lethe.diffusion.generate import generate
from lethe.settings.generation import PUBLISHED, SPM_NEGATIVE, Generation, OwnGeneration


def test_a_published_sampler_has_its_values_and_keys_beside_it_win() -> None:
    world = Generation(scheduler="ddim", steps=100, guidance=9.0, seeds=[1, 2])
    uce = OwnGeneration(like="uce_published").over(world)
    assert (uce.scheduler, uce.steps, uce.noise, uce.seeds) == ("lms", 100, "seed", [1, 2])
    spm = OwnGeneration(like="spm_published", steps=7).over(world)
    assert (spm.steps, spm.guidance, spm.negative_prompt) == (7, 7.5, SPM_NEGATIVE)
    assert OwnGeneration(like="seot_published").over(world).steps == 50
    for values in PUBLISHED.values():
        Generation.model_validate(values)
    assert OwnGeneration().over(world) == world


def drawn(pipe: Any, **changes: Any) -> np.ndarray:
    settings = dataclasses.replace(FAST, **changes)
    return np.stack([image for _, image in generate(pipe, ask(receivers=2, seeds=1), settings, **WORLD)]).astype(int)


def test_a_negative_prompt_and_common_noise_change_what_is_drawn(tiny_pipe: Any) -> None:
    """Without guidance prompts hardly count, so pictures of common noise are nearly alike, and others are not."""
    plain = drawn(tiny_pipe)
    assert np.abs(drawn(tiny_pipe, negative_prompt="a red dog") - plain).max() > 1
    assert np.array_equal(drawn(tiny_pipe, negative_prompt=""), plain)
    assert np.array_equal(drawn(tiny_pipe, guidance=1.0, negative_prompt="a red dog"), drawn(tiny_pipe, guidance=1.0))
    alike = drawn(tiny_pipe, guidance=1.0, noise="seed")
    apart = drawn(tiny_pipe, guidance=1.0)
    assert np.abs(alike[0] - alike[1]).mean() < 0.2 * np.abs(apart[0] - apart[1]).mean()


@pytest.mark.parametrize("value", ["uce", "fmn_published"])
def test_another_name_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="uce_published"):
        OwnGeneration(like=value)  # type: ignore[arg-type]
