"""Training in parts, in bfloat16 and without waiting: the same gradients in less memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.diffusion import methods
from lethe.diffusion.methods import _lora_training
from lethe.diffusion.methods._lora_training import adapters, find_modules
from lethe.diffusion.methods._training import Borrowed, gradient_of, mean_share
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.munba import nash_weights
from lethe.diffusion.methods.munba_published import published_weights
from lethe.diffusion.pipeline import load_pipeline

PARAMETERS: dict[str, Any] = {
    "rank": 3,
    "alpha": 3.0,
    "steps": 2,
    "forget_batch": 4,
    "retain_batch": 4,
    "target_modules": ["*.attn2.to_k"],
}
METHODS = ["distil", "munba", "munba_published"]


@pytest.fixture(scope="module")
def pipe() -> Any:
    return load_pipeline(shared_tiny_pipeline())


@pytest.fixture(scope="module")
def data() -> UnlearnData:
    latents = torch.randn(8, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return UnlearnData(latents, torch.arange(8) % 2, {0: "a dog", 1: "a cat"})


@pytest.fixture(scope="module")
def exact(data: UnlearnData) -> tuple[Any, UnlearnData]:
    """The pipeline and the data in float64."""
    pipe = load_pipeline(shared_tiny_pipeline())
    for part in (pipe.unet, pipe.text_encoder):
        part.double()
    return pipe, replace(data, latents=data.latents.double())


def first_gradient(pipe: Any, data: UnlearnData, method: str, **more: Any) -> tuple[torch.Tensor, dict[str, float]]:
    """Gradient of a method's first step, with adapters that are not zero, and the numbers it records."""
    unlearner = methods.METHODS.load(method)(**PARAMETERS, **more)
    lent = Borrowed(pipe, data, unlearner.config.precision)
    generator = torch.Generator().manual_seed(3)
    forget, retain = (
        replace(rows, target=rows.target.to(data.latents.dtype))
        for rows, _ in (lent.draw(torch.tensor(of), 4, generator) for of in ([0, 2, 4, 6], [1, 3, 5, 7]))
    )
    with adapters(lent.unet, find_modules(lent.unet, PARAMETERS["target_modules"]), unlearner.config, generator) as placed:
        for factor in placed.factors:
            factor.b.copy_(0.3 * torch.randn(factor.b.shape, generator=generator))
        step = unlearner._gradient if method == "distil" else unlearner.step_gradient
        gradients, numbers = step(lent, forget, retain, [placed.values])
    return torch.cat([gradient.flatten() for gradient in gradients]), {key: float(value) for key, value in numbers.items()}


@pytest.mark.parametrize("micro_batch", [1, 3])
@pytest.mark.parametrize("method", METHODS)
def test_a_step_in_parts_has_the_same_gradient(exact: tuple[Any, UnlearnData], method: str, micro_batch: int) -> None:
    """With 3 a part holds forget and retain rows (distil), and the last one is smaller.

    In float64: the published weights divide by the cosine of two gradients, 0.004 here. Float32 would leave three or four digits,
    and how many depends on the processor; float64 leaves more than twelve.
    """
    whole, numbers = first_gradient(*exact, method)
    parts, of_parts = first_gradient(*exact, method, micro_batch=micro_batch)
    assert whole.dtype == torch.float64 and float(whole.norm()) > 0
    torch.testing.assert_close(parts, whole, rtol=1e-10, atol=1e-10 * float(whole.abs().max()))
    assert of_parts == pytest.approx(numbers, rel=1e-10)


@pytest.mark.parametrize("method", ["munba", "munba_published"])
def test_a_bargained_step_is_made_of_both_gradients(exact: tuple[Any, UnlearnData], method: str) -> None:
    """a_r g_r + a_f g_f, signs included: munba ascends the forget loss; munba_published descends both, its retain rows noised as the others."""
    pipe, data = exact
    unlearner = methods.METHODS.load(method)(**PARAMETERS, **({"forget_bound": 100.0} if method == "munba" else {}))
    lent, generator = Borrowed(pipe, data), torch.Generator().manual_seed(3)
    forget, retain = (
        replace(rows, target=rows.target.double())
        for rows, _ in (lent.draw(torch.tensor(of), 4, generator) for of in ([0, 2, 4, 6], [1, 3, 5, 7]))
    )
    with adapters(lent.unet, find_modules(lent.unet, PARAMETERS["target_modules"]), unlearner.config, generator) as placed:
        trained = [placed.values]
        for factor in placed.factors:
            factor.b.copy_(0.3 * torch.randn(factor.b.shape, generator=generator))
        found, numbers = unlearner.step_gradient(lent, forget, retain, trained)
        seen = retain if method == "munba" else lent.renoise(retain, forget)
        losses = [(lent.predict(rows) - rows.target).square().mean() for rows in (seen, forget)]
        g_r, g_f = (list(torch.autograd.grad(loss, trained)) for loss in losses)
    if method == "munba":
        g_f = [-g for g in g_f]
    a_r, a_f = (nash_weights(g_r, g_f) if method == "munba" else published_weights(g_r, g_f))[:2]
    for part, r, f in zip(found, g_r, g_f, strict=True):
        torch.testing.assert_close(part, a_r * r + a_f * f, rtol=1e-9, atol=1e-12)
    assert [float(numbers[f"loss_{kind}"]) for kind in ("retain", "forget")] == pytest.approx(torch.stack(losses).tolist())


def test_no_part_is_larger_than_asked(pipe: Any, data: UnlearnData) -> None:
    seen: list[int] = []
    handle = pipe.unet.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    try:
        first_gradient(pipe, data, "distil", micro_batch=3)
    finally:
        handle.remove()
    assert seen == [3, 3, 2]


def test_parts_of_a_mean() -> None:
    x = torch.arange(6.0, requires_grad=True)
    target = torch.ones(6)
    (whole,) = torch.autograd.grad(torch.nn.functional.mse_loss(x, target), [x])
    for micro_batch in (None, 1, 4, 6, 9):
        (parts,) = gradient_of(lambda rows: mean_share(x[rows], target[rows], 6), 6, micro_batch, [x])
        torch.testing.assert_close(parts, whole)


@pytest.mark.parametrize("method", ["distil", "munba"])  # the published weights nearly diverge: munba_published stays in float32
def test_bfloat16_gives_nearly_the_same_gradient_in_float32(pipe: Any, data: UnlearnData, method: str) -> None:
    exact, _ = first_gradient(pipe, data, method)
    rough, _ = first_gradient(pipe, data, method, precision="bfloat16", fused=False)
    assert rough.dtype == torch.float32 and not torch.equal(rough, exact)
    assert float(torch.nn.functional.cosine_similarity(exact, rough, dim=0)) > 0.99


@pytest.mark.parametrize("method", ["distil", "distil_weight"])
def test_frozen_weights_cast_once_are_those_cast_at_every_pass(
    pipe: Any, data: UnlearnData, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlearner = methods.METHODS.load(method)(**PARAMETERS, precision="bfloat16", fused=False)
    cast: list[int] = []

    def trained() -> torch.Tensor:
        types = {parameter.dtype for parameter in pipe.unet.parameters()}
        (made,) = unlearner.unlearn(pipe, [Emitter.of_one(0, "a dog", "a dog")], data, seed=0)
        assert {parameter.dtype for parameter in pipe.unet.parameters()} == types == {torch.float32}
        return torch.cat([factor.flatten() for pair in made.delta.factors.values() for factor in pair])

    once = trained()
    monkeypatch.setattr(_lora_training, "_frozen", lambda unet, apart: cast.append(len(apart)) or [])
    assert torch.equal(once, trained()) and len(cast) == 1


def test_the_vector_holds_the_factors(pipe: Any) -> None:
    """One tensor is trained; its gradient holds that of every factor, in their order."""
    config = methods.METHODS.load("distil")(**PARAMETERS).config
    modules = find_modules(pipe.unet, ["*.attn2.to_k", "*.attn2.to_v"])
    with adapters(pipe.unet, modules, config, torch.Generator().manual_seed(0)) as placed:
        assert placed.leaf is placed.values and [factor.module for factor in placed.factors] == modules
        given = [part.flatten() for factor in placed.factors for part in (factor.a, factor.b)]
        assert torch.equal(torch.cat(given), placed.values.detach())
        assert placed.values.is_leaf and placed.values.numel() > 0


def test_bfloat16_is_deterministic_and_leaves_the_base(pipe: Any, data: UnlearnData) -> None:
    before = [p.clone() for p in pipe.unet.parameters()]
    unlearner = methods.METHODS.load("distil")(**PARAMETERS, precision="bfloat16", micro_batch=3)
    emitter = [Emitter.of_one(0, "a dog", "a dog")]
    one, two = (next(iter(unlearner.unlearn(pipe, emitter, data, seed=0))).delta for _ in range(2))
    assert one.digest == two.digest
    assert {tensor.dtype for tensor in one.tensors().values()} == {torch.float32}
    assert all(torch.equal(a, b) for a, b in zip(before, pipe.unet.parameters(), strict=True))
