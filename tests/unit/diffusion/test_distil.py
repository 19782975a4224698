"""The machinery of the trained methods: adapters, rows, masks, clipping; and the files of hyper-parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from tests.tiny_pipeline import shared_tiny_pipeline

from lethe.diffusion.delta import applied
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._lora_training import LoraTrainingConfig, adapters, find_modules, low_rank_delta
from lethe.diffusion.methods._training import Borrowed, Rows, cycle, optimise
from lethe.diffusion.methods.base import Emitter, UnlearnData
from lethe.diffusion.methods.distil import SPARE
from lethe.diffusion.methods.distil_weight import top_masks
from lethe.diffusion.pipeline import encode_prompts, load_pipeline
from lethe.settings.errors import SettingsError
from lethe.settings.methods import load_method

CONFIG = LoraTrainingConfig(rank=3, alpha=6.0, steps=2, target_modules=["*.attn2.to_k", "conv_in", "*.resnets.0.conv1"])
FOLDER = Path(__file__).parents[3] / "config/methods/diffusion"


@pytest.fixture(scope="module")
def lent() -> Borrowed:
    pipe = load_pipeline(shared_tiny_pipeline())
    generator = torch.Generator().manual_seed(1)
    data = UnlearnData(torch.randn(8, 4, 8, 8, generator=generator), torch.arange(8) % 2, {0: "a dog", 1: "a cat"})
    borrowed = Borrowed(pipe, data)
    borrowed.pipe = pipe  # type: ignore[attr-defined]
    return borrowed


@pytest.mark.parametrize("masked", [False, True])
def test_delta_is_the_trained_adapter(lent: Borrowed, masked: bool) -> None:
    """Linear and convolution, with and without mask: the stored delta draws what the adapter drew (no lost scale)."""
    modules = find_modules(lent.unet, CONFIG.target_modules)
    generator = torch.Generator().manual_seed(0)
    masks = None
    if masked:
        weights = {name: lent.unet.get_submodule(name).weight for name in modules}
        masks = {name: torch.rand(weight.shape, generator=generator) < 0.3 for name, weight in weights.items()}
    rows, _ = lent.draw(torch.arange(8), 4, generator)
    with torch.no_grad():
        before = lent.predict(rows)
        with adapters(lent.unet, modules, CONFIG, generator, masks) as placed:
            torch.testing.assert_close(lent.predict(rows), before, rtol=0, atol=1e-6)  # B = 0
            for factor in placed.factors:
                factor.b.copy_(torch.randn(factor.b.shape, generator=generator))
            trained = lent.predict(rows)
            delta = low_rank_delta(placed, CONFIG.alpha / CONFIG.rank, masks)
        assert torch.equal(lent.predict(rows), before)
        with applied(lent.pipe, delta):  # type: ignore[attr-defined]
            torch.testing.assert_close(lent.predict(rows), trained, rtol=1e-4, atol=1e-4)
    assert float((trained - before).abs().max()) > 1e-2


def test_base_comes_back_after_an_error(lent: Borrowed) -> None:
    modules = list(lent.unet.named_modules())
    names = find_modules(lent.unet, CONFIG.target_modules)
    with pytest.raises(RuntimeError, match="stop"), adapters(lent.unet, names, CONFIG, torch.Generator()):
        raise RuntimeError("stop")
    assert list(lent.unet.named_modules()) == modules


def test_clipping_acts(lent: Borrowed) -> None:
    seen: list[float] = []

    def gradient(step: int, parameters: list[torch.Tensor]) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
        if step:  # what the last step left in .grad is what AdamW got
            seen.append(float(torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]).norm()))
        return [torch.ones_like(p) for p in parameters], {}

    with adapters(lent.unet, find_modules(lent.unet, ["conv_in"]), CONFIG, torch.Generator()) as placed:
        record = optimise([placed.values], CONFIG, gradient)
    assert seen == [pytest.approx(CONFIG.max_grad_norm, rel=1e-4)] and record["gradient_norm_last"] > CONFIG.max_grad_norm


def test_a_covered_row_is_taught_what_takes_its_own_place() -> None:
    """Receivers 0 and 1 are covered and overwritten by two texts, receiver 2 is not: the teacher sees its own prompt."""
    pipe = load_pipeline(shared_tiny_pipeline())
    data = UnlearnData(torch.zeros(3, 4, 8, 8), torch.arange(3), {0: "a dog", 1: "a cat", 2: "a lake"}, ("a photo", ""))
    lent = Borrowed(pipe, data)
    rows, shown = lent.draw(torch.arange(3), 12, torch.Generator().manual_seed(0))
    seen = lent.overwritten(rows, Emitter(0, "pets", (0, 1), ("a dog", "a cat"), {0: "", 1: "a photo"}))
    texts = encode_prompts(pipe, ["", "a photo", "a lake"])
    torch.testing.assert_close(lent.text(replace(rows, prompt=seen)), texts[shown])
    assert set(shown.tolist()) == {0, 1, 2}


@pytest.mark.parametrize(("forget", "retain"), [(1.0, 0.0), (0.0, 1.0), (0.3, 2.0)])
def test_fade_descends_towards_what_the_teacher_says(lent: Borrowed, forget: float, retain: float) -> None:
    """The gradient of w_f MSE(forget) + w_r MSE(retain), signs and weights included, each loss the mean over its own rows."""
    parameters = CONFIG.model_dump() | {"forget_weight": forget, "retain_weight": retain}
    generator = torch.Generator().manual_seed(5)
    to_forget, _ = lent.draw(torch.tensor([0, 2]), 2, generator)
    to_forget = lent.teach(to_forget, lent.overwritten(to_forget, Emitter.of_one(0, "a dog", "a dog")))
    to_keep = lent.teach(lent.draw(torch.tensor([1, 3]), 4, generator)[0])
    with adapters(lent.unet, find_modules(lent.unet, CONFIG.target_modules), CONFIG, generator) as placed:
        trained = [placed.values]
        for parameter in trained:
            parameter.data.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
        found, numbers = SPARE(**parameters)._gradient(lent, to_forget, to_keep, trained)
        losses = [(lent.predict(rows) - rows.target).square().mean() for rows in (to_forget, to_keep)]
        expected = torch.autograd.grad(forget * losses[0] + retain * losses[1], trained)
    found, expected = (torch.cat([part.flatten() for part in parts]) for parts in (found, expected))
    assert float((found - expected).norm() / expected.norm()) < 1e-3
    assert [float(numbers[f"loss_{kind}"]) for kind in ("forget", "retain")] == pytest.approx(
        torch.stack(losses).tolist(), rel=1e-3
    )


@pytest.mark.parametrize(("pools", "drawn"), [({}, [3 * 4, 3 * 2]), ({"forget_pool": 5, "retain_pool": 7}, [7, 5])])
def test_a_row_is_fresh_at_every_use_unless_pools_are_asked_for(
    lent: Borrowed, monkeypatch: pytest.MonkeyPatch, pools: dict[str, int], drawn: list[int]
) -> None:
    counts: list[int] = []
    draw = Borrowed.draw

    def counted(self: Borrowed, rows: torch.Tensor, count: int, generator: torch.Generator) -> tuple[Rows, torch.Tensor]:
        counts.append(count)
        return draw(self, rows, count, generator)

    monkeypatch.setattr(Borrowed, "draw", counted)
    method = SPARE(rank=2, steps=3, forget_batch=2, retain_batch=4, target_modules=["*.attn2.to_k"], **pools)
    emitter = Emitter.of_one(0, "a dog", "a dog")
    (result,) = method.unlearn(lent.pipe, [emitter], lent.data, seed=0)  # type: ignore[attr-defined]
    assert counts == drawn and result.record["steps"] == 3


def test_rows(lent: Borrowed) -> None:
    """The noised rows are what the schedule says, so a perfect predictor of the target has loss zero."""
    rows, shown = lent.draw(torch.tensor([2, 3]), 6, torch.Generator().manual_seed(3))
    assert set(shown.tolist()) <= {0, 1} and torch.equal(
        lent.text(rows),
        encode_prompts(lent.pipe, [lent.data.prompts[index] for index in shown.tolist()]),  # type: ignore[attr-defined]
    )
    torch.testing.assert_close(lent.scheduler.add_noise(rows.clean, rows.target, rows.timesteps), rows.noisy)
    other, _ = lent.draw(torch.tensor([0]), 6, torch.Generator().manual_seed(4))
    wrong = lent.renoise(rows, other)
    torch.testing.assert_close(lent.scheduler.add_noise(rows.clean, other.target, other.timesteps), wrong.noisy)
    assert torch.equal(wrong.timesteps, rows.timesteps) and torch.equal(wrong.target, rows.target)


def test_cycle_uses_rows_equally() -> None:
    order = cycle(5, 4, 10, torch.Generator().manual_seed(0))
    assert order.shape == (10, 4) and torch.equal(order.flatten().bincount(), torch.full((5,), 8))


def test_top_masks_are_global() -> None:
    masks = top_masks({"a": torch.tensor([9.0, 1.0]), "b": torch.tensor([8.0, 7.0]), "c": torch.tensor([0.0, 0.5])}, 0.5)
    assert {name: mask.tolist() for name, mask in masks.items()} == {"a": [True, False], "b": [True, True]}


def test_pattern_without_match(lent: Borrowed) -> None:
    with pytest.raises(ValueError, match=r"target_modules: '\*.to_x' matches none"):
        find_modules(lent.unet, ["*.to_x"])


@pytest.mark.parametrize("name", METHODS.names())
def test_method_files(name: str) -> None:
    """Every profile of a method can be run on every task, and one of them is mini's."""
    profiles = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())["settings"]
    assert "mini" in profiles
    for profile, values in profiles.items():
        for task in {"objects", "breeds", "scenes", "people", *values.get("tasks", {})}:
            METHODS.load(name)(**load_method(name, profile, task, FOLDER).parameters)


def test_overrides_per_task() -> None:
    assert load_method("munba", "paper", "scenes", FOLDER).parameters["learning_rate"] == 1.5e-4


EPOCHS = {  # in published names of files: of mini, then of paper under breeds, scenes, people
    "distil": (4, 100, 100, 400),
    "distil_module": (4, 100, 100, 400),
    "distil_weight": (4, 100, 100, 400),
    "munba": (7, 50, 100, 200),
    "munba_published": (7, 50, 100, 200),
}


@pytest.mark.parametrize("name", ["none", "uce", "retrain", *EPOCHS])
def test_epochs_follow_from_what_a_method_does(name: str) -> None:
    """Those of the published names, and the steps per epoch are not handed on."""
    mini, *paper = EPOCHS.get(name, (0, 0, 0, 0))
    assert {load_method(name, "mini", task, FOLDER).epochs for task in ("objects", "breeds", "scenes", "people")} == {mini}
    assert [load_method(name, "paper", task, FOLDER).epochs for task in ("breeds", "scenes", "people")] == paper
    assert "steps_per_epoch" not in load_method(name, "paper", "people", FOLDER).parameters


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 3}, "epochs follow from steps and steps_per_epoch"),
        ({"steps": 3}, "steps is given alone"),
        ({"steps_per_epoch": 3}, "steps_per_epoch is given alone"),
        ({"steps": 3, "steps_per_epoch": 0}, "steps_per_epoch is 0; allowed: whole numbers from 1 on"),
        ({"steps": 2001, "steps_per_epoch": 2}, "2001 steps are 1001 epochs of 2; allowed: 0 to 999"),
    ],
)
def test_epochs_that_cannot_be(tmp_path: Path, given: dict[str, int], message: str) -> None:
    values = ", ".join(f"{key}: {{value: {value}, source: s}}" for key, value in given.items())
    (tmp_path / "x.yaml").write_text(f"{{name: x, settings: {{mini: {{defaults: {{{values}}}}}}}}}")
    with pytest.raises(SettingsError, match=message):
        load_method("x", "mini", "people", tmp_path)


def test_method_file_errors(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'distil'"):
        load_method("distill", "mini", "people", FOLDER)
    with pytest.raises(SettingsError, match="no settings for 'papr'.*did you mean 'paper'"):
        load_method("uce", "papr", "people", FOLDER)
    (tmp_path / "x.yaml").write_text(
        "{name: x, settings: {mini: {defaults: {rank: {value: 1, source: s}}, tasks: {people: {rnk: {value: 2, source: s}}}}}}"
    )
    with pytest.raises(SettingsError, match="tasks.people.rnk has no default.*did you mean 'rank'"):
        load_method("x", "mini", "people", tmp_path)
