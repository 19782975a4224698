"""Cross-attention fingerprints on a tiny pipeline: order, branches, batching and clean-up."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from tests.tiny_pipeline import LATENT, shared_tiny_pipeline

from lethe.diffusion.activations import act_fingerprints, cross_attention_means
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.pipeline import encode_prompts, load_pipeline, make_scheduler
from lethe.diffusion.testbed.names import prompt
from lethe.diffusion.testbed.similarity import act_published, act_similarity

PROMPTS = [prompt("thing", name) for name in ("seven", "eight", "red dog")]
SEEDS = [42, 43]


def noise(receiver: int, seed: int) -> torch.Tensor:
    return initial_noise("test", "objects", receiver, seed, LATENT)


@pytest.fixture(scope="module")
def pipe() -> Any:
    return load_pipeline(shared_tiny_pipeline())


@pytest.fixture(scope="module")
def fingerprints(pipe: Any) -> Callable[..., np.ndarray]:
    def make(prompts: list[str] = PROMPTS, steps: int = 2, scheduler: str = "ddim", **kwargs: Any) -> np.ndarray:
        return act_fingerprints(
            pipe,
            prompts,
            steps,
            kwargs.pop("seeds", SEEDS),
            kwargs.pop("noise_fn", noise),
            encode=encode_prompts,
            make_scheduler=lambda n: make_scheduler(scheduler, n, pipe),
            **kwargs,
        )

    return make


def test_one_step_by_hand(pipe: Any, fingerprints: Callable[..., np.ndarray]) -> None:
    """One step, one seed: the outputs of every attn2 on the initial noise, read off by an independent hook."""
    names = [name for name, _ in pipe.unet.named_modules() if name.endswith("attn2")]
    outputs: dict[str, torch.Tensor] = {}
    handles = [
        pipe.unet.get_submodule(name).register_forward_hook(partial(lambda n, m, i, o: outputs.update({n: o}), name))
        for name in names
    ]
    scheduler = make_scheduler("ddim", 1, pipe)
    with torch.no_grad():
        pipe.unet(noise(0, 7)[None], scheduler.timesteps[0], encode_prompts(pipe, PROMPTS[:1]))
    for handle in handles:
        handle.remove()
    expected = torch.cat([outputs[name][0].mean(dim=0) for name in names]).numpy()
    result = fingerprints(PROMPTS[:1], 1, seeds=[7])
    assert result.shape == (1, len(expected))
    assert result[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("scheduler", ["ddim", "pndm"])
def test_batching_does_not_matter(fingerprints: Callable[..., np.ndarray], scheduler: str, published: bool) -> None:
    together = fingerprints(scheduler=scheduler, published=published)
    apart = fingerprints(scheduler=scheduler, published=published, batch_size=1)
    assert together.dtype == np.float32
    assert together == pytest.approx(apart, abs=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-4  # two prompts differ by more than rounding


def test_seeds_are_averaged(fingerprints: Callable[..., np.ndarray]) -> None:
    single = [fingerprints(seeds=[seed]) for seed in SEEDS]
    assert fingerprints() == pytest.approx((single[0] + single[1]) / 2, abs=1e-6)


def test_equal_prompts_with_equal_noise_are_equal(fingerprints: Callable[..., np.ndarray]) -> None:
    prompts = [PROMPTS[0], PROMPTS[1], PROMPTS[0]]
    matrix = act_similarity(fingerprints(prompts, noise_fn=lambda receiver, seed: noise(0, seed)))
    assert matrix[0, 2] == pytest.approx(1)
    assert matrix[0, 1] < 0


def test_published_mixes_in_the_empty_prompt(fingerprints: Callable[..., np.ndarray]) -> None:
    """At one step the trajectory has not parted yet: the published vector is the mean of the two branches."""
    conditional, empty = fingerprints(steps=1), fingerprints([""] * 3, 1)
    assert fingerprints(steps=1, published=True) == pytest.approx((conditional + empty) / 2, abs=1e-5)
    published = act_published(fingerprints(published=True))
    centred = act_similarity(fingerprints())
    away = ~np.eye(3, dtype=bool)
    assert published[away].min() > centred[away].max()


def test_hooks_are_removed_also_after_an_error(pipe: Any, fingerprints: Callable[..., np.ndarray]) -> None:
    def hooks() -> int:
        return sum(len(module._forward_hooks) for module in pipe.unet.modules())

    before = hooks()
    fingerprints(steps=1)
    with pytest.raises(RuntimeError), cross_attention_means(pipe.unet):
        raise RuntimeError
    assert hooks() == before


def test_errors(pipe: Any, fingerprints: Callable[..., np.ndarray]) -> None:
    with pytest.raises(ValueError, match="0 prompts"):
        fingerprints([])
    with pytest.raises(ValueError, match="0 seeds"):
        fingerprints(seeds=[])
    with pytest.raises(ValueError, match="no cross-attention"), cross_attention_means(torch.nn.Linear(1, 1)):
        pass
    with pytest.raises(ValueError, match="prompt 'An image of an eight' are not finite"):
        fingerprints(noise_fn=lambda receiver, seed: noise(receiver, seed) * (float("nan") if receiver == 1 else 1))
