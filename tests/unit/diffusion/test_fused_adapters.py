"""Fused adapters: the numbers of separate layers, of several models in one step, in few operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from functorch.compile import make_boxed_func
from tests.tiny_pipeline import shared_tiny_pipeline
from torch._dynamo.backends.common import aot_autograd

from lethe.core import compiler
from lethe.diffusion import curves
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._fused_adapters import shared_inputs
from lethe.diffusion.methods._lora_training import adapters, find_modules
from lethe.diffusion.methods._training import Borrowed, Rows, checkpoints
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.pipeline import load_pipeline
from lethe.settings.errors import SettingsError

TARGETS = ["*.to_q", "*.to_k", "*.to_v", "*.to_out.0", "*.ff.net.2"]  # with and without a bias
PARAMETERS: dict[str, Any] = {
    "rank": 3, "alpha": 4.0, "steps": 3, "forget_batch": 4, "retain_batch": 4, "learning_rate": 0.01, "target_modules": TARGETS
}  # fmt: skip
EMITTERS = [Emitter.of_one(index, name, name) for index, name in enumerate(("a dog", "a cat", "the lake"))]


@pytest.fixture(scope="module")
def pipe() -> Any:
    return load_pipeline(shared_tiny_pipeline())


@pytest.fixture(scope="module")
def exact() -> Any:
    """The pipeline in float64."""
    pipe = load_pipeline(shared_tiny_pipeline())
    for part in (pipe.unet, pipe.text_encoder):
        part.double()
    return pipe


@pytest.fixture(scope="module")
def data() -> UnlearnData:
    latents = torch.randn(9, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return UnlearnData(latents, torch.arange(9) % 3, {emitter.index: emitter.name for emitter in EMITTERS})


def train(pipe: Any, data: UnlearnData, method: str, emitters: Sequence[Emitter] = EMITTERS, **more: Any) -> list[Unlearned]:
    return list(METHODS.load(method)(**PARAMETERS | more).unlearn(pipe, emitters, data, seed=0))


def factors(results: Sequence[Unlearned]) -> list[torch.Tensor]:
    return [torch.cat([part.flatten() for pair in made.delta.factors.values() for part in pair]) for made in results]  # type: ignore[attr-defined]


def apart(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def rows_of(lent: Borrowed, count: int, seed: int, dtype: torch.dtype) -> Rows:
    rows, _ = lent.draw(torch.arange(9), count, torch.Generator().manual_seed(seed))
    return replace(rows, target=rows.target.to(dtype))


@pytest.mark.parametrize("micro_batch", [None, 3])
@pytest.mark.parametrize(("forget", "retain"), [(4, 4), (2, 4)])
@pytest.mark.parametrize("method", ["distil", "munba"])
def test_gradients_are_those_of_separate_layers(
    exact: Any, data: UnlearnData, method: str, forget: int, retain: int, micro_batch: int | None
) -> None:
    """Of two models in one pass: each has the gradient of a model alone, by peft, on its own rows. In float64."""
    more = {"forget_batch": forget, "retain_batch": retain, "micro_batch": micro_batch}
    unlearner, alone = (METHODS.load(method)(**PARAMETERS | more, fused=fused) for fused in (True, False))
    lent = Borrowed(exact, replace(data, latents=data.latents.double()))
    modules = find_modules(lent.unet, TARGETS)
    of = [
        (rows_of(lent, forget, 10 + model, torch.float64), rows_of(lent, retain, 20 + model, torch.float64)) for model in (0, 1)
    ]
    values = [torch.Generator().manual_seed(model) for model in (0, 1)]
    losses = 2 if method == "munba" and forget == retain and micro_batch is None else 1
    expected, numbers = [], []
    for model, rows in enumerate(of):
        with adapters(lent.unet, modules, alone.config, torch.Generator()) as placed:
            placed.values.data.copy_(0.3 * torch.randn(placed.values.shape, generator=values[model]))
            given = placed.values.detach().clone()
            step = alone._gradient if method == "distil" else alone.step_gradient
            (gradient,), found = step(lent, *rows, [placed.values])
        expected.append((given, gradient))
        numbers.append(found)
    with adapters(lent.unet, modules, unlearner.config, [torch.Generator()] * 2, losses=losses) as placed:
        placed.values.data.copy_(torch.stack([given for given, _ in expected]))
        both = (Rows.cat(*parts) for parts in zip(*of, strict=True))
        gradients, found = unlearner.gradients(lent, *both, placed)
        assert (placed.leaf is placed.values) == (losses == 1)
    for model, (_, gradient) in enumerate(expected):
        torch.testing.assert_close(gradients[model], gradient, rtol=1e-9, atol=1e-12)
        assert {key: float(value[model]) for key, value in found.items()} == pytest.approx(
            {key: float(value) for key, value in numbers[model].items()}, rel=1e-9
        )


@pytest.mark.parametrize("method", ["distil", "munba"])
def test_models_trained_together_are_those_trained_alone(exact: Any, data: UnlearnData, method: str) -> None:
    """The last group is smaller; records and curves are each model's own.

    In float64, since an optimiser makes a step of its own of a tiny gradient's rounding, which differs by processor.
    """
    data = replace(data, latents=data.latents.double())
    with curves.recorded() as recorded:
        alone = train(exact, data, method, fused=True)
        curves_alone = list(recorded)
        recorded.clear()
        together = train(exact, data, method, together=2)
    assert [made.emitter.index for made in together] == [0, 1, 2]
    for one, other in zip(factors(alone), factors(together), strict=True):
        assert apart(other, one) < 1e-10
    for own, curve in zip(curves_alone, recorded, strict=True):
        assert set(own) == set(curve)
        assert all(curve[key] == pytest.approx(own[key], rel=1e-4) for key in own)
    for one, other in zip(alone, together, strict=True):
        assert set(one.record) == set(other.record) and one.record["loss_retain_last"] == pytest.approx(
            other.record["loss_retain_last"], rel=1e-4
        )
    assert apart(*factors(together)[:2]) > 0.1


@pytest.mark.parametrize("method", ["distil", "munba"])
def test_fused_training_is_separate_training(exact: Any, data: UnlearnData, method: str) -> None:
    data = replace(data, latents=data.latents.double())
    for fused, separate in zip(
        factors(train(exact, data, method, fused=True)), factors(train(exact, data, method, fused=False)), strict=True
    ):
        assert apart(fused, separate) < 1e-10
    plain = factors(train(exact, data, method))
    assert all(torch.equal(a, b) for a, b in zip(plain, factors(train(exact, data, method, fused=False)), strict=True))


@pytest.mark.parametrize(("method", "precision"), [("distil", "bfloat16"), ("munba", "float32")])
def test_compiled_passes_are_the_same_and_are_compiled_once_for_all_emitters(
    pipe: Any, data: UnlearnData, method: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a compiler that writes no kernels: what is left is whether it reads the passes rightly."""
    graphs: list[str] = []

    def count(what: str) -> Any:
        return lambda graph, _: graphs.append(what) or make_boxed_func(graph)  # type: ignore[func-returns-value]

    backend = aot_autograd(fw_compiler=count("forward"), bw_compiler=count("backward"), inference_compiler=count("no gradient"))
    monkeypatch.setattr(compiler, "BACKEND", backend)
    torch._dynamo.reset()
    plain = factors(train(pipe, data, method, fused=True, precision=precision))
    compiled = factors(train(pipe, data, method, compile=True, precision=precision))
    assert all(torch.equal(a, b) for a, b in zip(plain, compiled, strict=True))
    # where the factors are laid out, and the UNet; the teacher is asked without a gradient
    assert sorted(graphs) == ["backward"] * 2 + ["forward"] * 2


def test_what_cannot_be_compiled_is_refused() -> None:
    with pytest.raises(SettingsError, match="compile is true and fused false; passes are compiled with fused adapters alone"):
        METHODS.load("munba")(compile=True, fused=False)
    with pytest.raises(SettingsError, match="compile is true; allowed: false, since adapters of every emitter are elsewhere"):
        METHODS.load("distil_weight")(compile=True)
    with pytest.raises(SettingsError, match="compile True; allowed: null or false, 1, and false, as published"):
        METHODS.load("munba_published")(compile=True)


def test_a_curve_is_there_when_its_model_is_handed_over(pipe: Any, data: UnlearnData) -> None:
    with curves.recorded() as recorded:
        for number, _ in enumerate(METHODS.load("distil")(**PARAMETERS, together=3).unlearn(pipe, EMITTERS, data, seed=0)):
            assert len(recorded) == number + 1


def test_layers_come_back_after_an_error(pipe: Any) -> None:
    modules, config = find_modules(pipe.unet, TARGETS), METHODS.load("distil")(**PARAMETERS, fused=True).config
    before = dict(pipe.unet.named_modules())
    factors = {name: module.rescale_output_factor for name, module in before.items() if hasattr(module, "rescale_output_factor")}
    with pytest.raises(RuntimeError, match="stop"), adapters(pipe.unet, modules, config, torch.Generator()):
        assert {type(module).__name__ for name, module in pipe.unet.named_modules() if name in modules} == {"_Reader"}
        raise RuntimeError("stop")
    assert dict(pipe.unet.named_modules()) == before
    assert factors == {name: pipe.unet.get_submodule(name).rescale_output_factor for name in factors}
    assert not pipe.unet._forward_pre_hooks


def test_bfloat16_is_no_rougher_than_separate_layers(pipe: Any, data: UnlearnData) -> None:
    """Both against float32, on factors that are not zero."""
    unlearners = [
        METHODS.load("distil")(**PARAMETERS, precision=precision, fused=fused)
        for precision, fused in (("float32", False), ("bfloat16", False), ("bfloat16", None))
    ]
    found = []
    for unlearner in unlearners:
        lent = Borrowed(pipe, data, unlearner.config.precision)
        forget, retain = rows_of(lent, 4, 1, torch.float32), rows_of(lent, 4, 2, torch.float32)
        with adapters(lent.unet, find_modules(lent.unet, TARGETS), unlearner.config, torch.Generator()) as placed:
            placed.values.data.copy_(
                0.3 * torch.randn(placed.values.numel(), generator=torch.Generator().manual_seed(4)).view_as(placed.values)
            )
            if unlearner.config.fuses(pipe.unet, TARGETS[:0]) and placed.values.ndim == 2:
                found.append(unlearner.gradients(lent, forget, retain, placed)[0][0])
            else:
                found.append(unlearner._gradient(lent, forget, retain, [placed.values])[0][0])
    exact, separate, fused = found
    assert fused.dtype == torch.float32 and not torch.equal(fused, separate)
    assert apart(fused, exact) < 1.2 * apart(separate, exact)


def test_which_layers_read_one_input(pipe: Any) -> None:
    groups = shared_inputs(pipe.unet, find_modules(pipe.unet, TARGETS))
    of_a_block = [[name.split("transformer_blocks.0.")[1] for name in group] for group in groups[:6]]
    assert of_a_block == [
        ["attn1.to_q", "attn1.to_k", "attn1.to_v"], ["attn1.to_out.0"], ["attn2.to_q"], ["attn2.to_k", "attn2.to_v"],
        ["attn2.to_out.0"], ["ff.net.2"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        ("distil", {"together": 2, "fused": False}, "together is 2 and fused false"),
        ("distil_module", {"together": 2}, "together is 2; allowed: 1"),
        ("munba_published", {"fused": True}, "as published"),
        ("munba_published", {"together": 2}, "as published"),
    ],
)
def test_what_cannot_be_fused_is_refused(method: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        METHODS.load(method)(**settings)


def test_what_cannot_be_fused_is_refused_when_it_is_trained(pipe: Any, data: UnlearnData) -> None:
    with pytest.raises(ValueError, match="'conv_in' is no linear layer"):
        train(pipe, data, "distil", target_modules=["conv_in"], fused=True)
    assert train(pipe, data, "distil", EMITTERS[:1], target_modules=["conv_in"], precision="bfloat16", steps=1)
    with pytest.raises(ValueError, match="adapters with a mask cannot be fused"):
        train(pipe, data, "distil_weight", fused=True)
    with pytest.raises(ValueError, match="set together to 1"), checkpoints([1], lambda step, delta: None):
        train(pipe, data, "munba", together=2)


def test_checkpoints_of_a_fused_training(pipe: Any, data: UnlearnData) -> None:
    kept: dict[int, str] = {}
    with checkpoints([1, 3], lambda step, delta: kept.update({step: delta.digest})):
        (made,) = train(pipe, data, "distil", EMITTERS[:1], fused=True)
    assert list(kept) == [1, 3] and kept[3] == made.delta.digest != kept[1]
