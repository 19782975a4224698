"""Nothing reads a value from the device between the first and the last step of a batch, or within a training step.

Run on torch's ``meta`` device, whose tensors have shapes and no values: whatever a GPU would have to be waited for is an error.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.diffusion.delta import NoneDelta, TextMapDelta
from lethe.diffusion.generate import Request, Sampling, _Sampler
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._dense_training import Student
from lethe.diffusion.methods._lora_training import adapters, find_modules
from lethe.diffusion.methods._training import Borrowed
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.pipeline import load_pipeline


@pytest.fixture(scope="module")
def valueless() -> Any:
    pipe = load_pipeline(shared_tiny_pipeline())
    for module in (pipe.unet, pipe.text_encoder):
        module.to("meta")
    return pipe


def test_the_device_has_no_values(valueless: Any) -> None:
    """The tests below prove nothing unless reading fails."""
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):
        float(next(valueless.unet.parameters()).sum())


@pytest.mark.parametrize("scheduler", ["ddim", "pndm", "dpmsolver++", "lms"])
def test_sampling_waits_for_no_step(valueless: Any, scheduler: str) -> None:
    settings = Sampling(scheduler=scheduler, steps=4, batch_size=3, size=32)
    batch = [Request("a dog", 0, 1, NoneDelta()), Request("the lake", 1, 1, TextMapDelta(torch.ones(1, 32), torch.ones(1, 32)))]
    drawn = _Sampler(valueless, settings, "mini", "objects").draw(batch, 3)
    assert drawn.values.shape == (3, 4, 8, 8) and drawn.values.device.type == "meta"


@pytest.mark.parametrize("micro_batch", [None, 3])
@pytest.mark.parametrize("method", ["distil", "munba", "munba_published"])
def test_a_training_step_waits_for_nothing(valueless: Any, method: str, micro_batch: int | None) -> None:
    unlearner = METHODS.load(method)(
        rank=2, target_modules=["*.attn2.to_k"], micro_batch=micro_batch, forget_batch=4, retain_batch=4
    )
    data = UnlearnData(torch.randn(8, 4, 8, 8), torch.arange(8) % 2, {0: "a dog", 1: "a cat"})
    lent = Borrowed(valueless, data)
    generator = torch.Generator().manual_seed(0)
    modules = find_modules(lent.unet, unlearner.config.target_modules)
    with adapters(lent.unet, modules, unlearner.config, generator) as placed:
        parameters = [placed.values]
        forget, _ = lent.draw(torch.arange(0, 8, 2), 4, generator)
        retain, _ = lent.draw(torch.arange(1, 8, 2), 4, generator)
        step = unlearner._gradient if method == "distil" else unlearner.step_gradient
        gradients, numbers = step(lent, forget, lent.teach(retain), parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        norm = unlearner.config.clip(parameters)
        torch.optim.AdamW(parameters, foreach=True).step()
    assert {value.device.type for value in (*numbers.values(), norm)} == {"meta"}


@pytest.mark.parametrize("method", ["distil", "munba"])
def test_a_fused_training_step_waits_for_nothing(valueless: Any, method: str) -> None:
    unlearner = METHODS.load(method)(rank=2, target_modules=["*.attn2.to_k", "*.attn1.to_q"], together=2)
    lent = Borrowed(valueless, UnlearnData(torch.randn(8, 4, 8, 8), torch.arange(8) % 2, {0: "a dog", 1: "a cat"}))
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    modules = find_modules(lent.unet, unlearner.config.target_modules)
    with adapters(lent.unet, modules, unlearner.config, generators, losses={"distil": 1, "munba": 2}[method]) as placed:
        forget, retain = (lent.draw_all([(torch.arange(first, 8, 2), 4, one) for one in generators]) for first in (0, 1))
        placed.values.grad, numbers = unlearner.gradients(lent, forget, retain, placed)
        norms = unlearner.config.clip_each([placed.values])
        torch.optim.AdamW([placed.values], foreach=True).step()
    assert norms.shape == (2,) and {value.device.type for value in (*numbers.values(), norms)} == {"meta"}


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("esd", {"sampling_steps": 3}),
        ("esd_noised", {"micro_batch": 3}),
        ("ca", {"anchors": "forget"}),
        ("ca", {"target": "base"}),
        ("salun", {"retain_batch": 3, "micro_batch": 2}),
        ("salun_published", {}),
        ("erasediff", {"loop_steps": 1, "inner_loops": 1}),
        ("erasediff_published", {"loop_steps": 1, "inner_loops": 1}),
        ("scissorhands", {"project_every": 1}),
        ("scissorhands_published", {}),
        ("sa", {"surrogates": "others"}),
    ],
)
def test_a_step_of_whole_parameters_waits_for_nothing(valueless: Any, method: str, options: dict[str, Any]) -> None:
    prompts = {0: "a dog", 1: "a cat"}
    prepared = {name: torch.zeros(parameter.shape) for name, parameter in valueless.unet.named_parameters()}
    lent = Borrowed(valueless, UnlearnData(torch.randn(8, 4, 8, 8), torch.arange(8) % 2, prompts, ("a cat",), prepared))
    unlearner = METHODS.load(method)(steps=2, forget_batch=4, **options)
    student = Student(lent, unlearner.config.trainable)
    for gradients, numbers in unlearner.gradients(student, Emitter.of_one(0, "dog", "a dog", "a cat"), 0):
        assert [g.shape for g in gradients] == [p.shape for p in student.parameters]
        assert all(number.device.type == "meta" for number in numbers.values())
