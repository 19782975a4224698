"""Stable Diffusion XL and bases that predict v: what is drawn is what diffusers draws, and one update of a method is that of its formula.

A transcription encodes prompts by diffusers' own ``encode_prompt`` and works on a deep copy of the UNet; of the package it takes the rows
that were drawn, nothing else.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from tests.tiny_pipeline import POOLED, TEXT_WIDTH, TEXT_WIDTH_2, TOKENS
from tests.unit.diffusion.dense import COUNTERPARTS, EMITTER, PROMPTS, Base, assert_same_update, run, updated
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from lethe.diffusion.delta import Delta, LoraDelta, NoneDelta
from lethe.diffusion.export import export_lora
from lethe.diffusion.generate import Request, Sampling, generate
from lethe.diffusion.methods import METHODS, NEEDS
from lethe.diffusion.methods._training import Borrowed, Rows
from lethe.diffusion.methods.base import UnlearnData
from lethe.diffusion.methods.distil import SPARE
from lethe.diffusion.methods.esd import ESD
from lethe.diffusion.methods.esd_noised import ESDNoised
from lethe.diffusion.methods.on_bases import check_method
from lethe.diffusion.methods.uce import UCE
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.parameterization import noise_of, target_of
from lethe.diffusion.pipeline import load_pipeline, make_scheduler
from lethe.diffusion.prompts import is_xl, read_prompts, unconditional

KINDS = ["v", "xl", "xl v"]
LR = 1e-3
KEPT = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2, 0)  # of both noise schedules
FAST = Sampling(scheduler="ddim", steps=4, guidance=7.5, batch_size=8, size=32)


def edit(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.fixture(scope="module")
def folders(tiny_folder: Path, tiny_xl_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Kind -> a base; of those that predict v the other values are the same."""
    own = tmp_path_factory.mktemp("kinds")
    found = {
        "v": shutil.copytree(tiny_folder, own / "v"),
        "xl": tiny_xl_folder,
        "xl v": shutil.copytree(tiny_xl_folder, own / "xl_v"),
    }
    for kind in ("v", "xl v"):
        edit(found[kind] / "scheduler/scheduler_config.json", prediction_type="v_prediction")
    return found


@pytest.fixture(scope="module", params=KINDS)
def on(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Base:
    """A random pipeline of a kind that listens to its prompts, and which receiver each of the rows shows."""
    torch.set_num_threads(1)
    pipe = load_pipeline(folders[request.param])
    with torch.no_grad():
        for name, parameter in pipe.unet.named_parameters():
            if ".attn2." in name or name.startswith("add_embedding"):
                parameter.mul_(4)  # else a prompt hardly matters
    latents = torch.randn(8, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    return Base(pipe, UnlearnData(latents, torch.tensor([1, 0, 2, 0, 2, 1, 0, 2]), PROMPTS, (PROMPTS[2], "a photo")))


class Draw(NamedTuple):
    """Which rows were noised, these rows, and the noise that the generator gave."""

    numbers: list[int]
    rows: Rows
    noise: Tensor


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Draw]:
    """Every draw of a method."""
    found: list[Draw] = []
    noised = Borrowed.noised

    def kept(lent: Borrowed, rows: Tensor, generator: torch.Generator) -> Rows:
        noise = torch.randn(len(rows), 4, 8, 8, generator=torch.Generator().set_state(generator.get_state()))
        found.append(Draw(rows.tolist(), noised(lent, rows, generator), noise))
        return found[-1].rows

    monkeypatch.setattr(Borrowed, "noised", kept)
    return found


def given(pipe: Any, prompts: list[str | None]) -> dict[str, Any]:
    """What the UNet is given for prompts, one for each row, by the pipeline's own ``encode_prompt``; None: what guidance leads away from."""
    if not is_xl(pipe):
        texts = [pipe.encode_prompt(prompt or "", "cpu", 1, False)[0] for prompt in prompts]
        return {"encoder_hidden_states": torch.cat(texts)}
    with torch.no_grad():
        of = [pipe.encode_prompt("a" if prompt is None else prompt, device="cpu", negative_prompt=None) for prompt in prompts]
    text, pooled = (
        torch.cat([o[place + 1] if prompt is None else o[place] for o, prompt in zip(of, prompts, strict=True)])
        for place in (0, 2)
    )
    sizes = torch.tensor([[32.0, 32.0, 0.0, 0.0, 32.0, 32.0]]).repeat(len(prompts), 1)
    return {"encoder_hidden_states": text, "added_cond_kwargs": {"text_embeds": pooled, "time_ids": sizes}}


def predicts_v(pipe: Any) -> bool:
    return str(pipe.scheduler.config.prediction_type) == "v_prediction"


# --- reading and drawing ----------------------------------------------------------------------------------------------


def test_prompts_are_read_as_diffusers_reads_them(folders: dict[str, Path]) -> None:
    pipe: Any = load_pipeline(folders["xl"])
    found = read_prompts(pipe, ["a dog", "an image of a seven"])
    for row, prompt in enumerate(["a dog", "an image of a seven"]):
        text, nothing, pooled, pooled_nothing = pipe.encode_prompt(prompt, device="cpu")
        assert torch.equal(found.states[row : row + 1], text) and torch.equal(found.pooled[row : row + 1], pooled)
        for own, stock in zip(unconditional(pipe), (nothing, pooled_nothing), strict=True):
            assert torch.equal(own, stock) and not own.any()
    assert found.states.shape == (2, TOKENS, TEXT_WIDTH + TEXT_WIDTH_2) and found.pooled.shape == (2, POOLED)
    assert unconditional(pipe, "a cat").states.any() and read_prompts(pipe, [""]).states.any()
    pipe.register_to_config(force_zeros_for_empty_prompt=False)
    assert torch.equal(unconditional(pipe).states, pipe.encode_prompt("a dog", device="cpu")[1])


def test_tokenizers_that_cut_otherwise_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    own = shutil.copytree(folders["xl"], tmp_path / "own")
    tokenizer = json.loads((own / "tokenizer_2/tokenizer.json").read_text())
    tokenizer["pre_tokenizer"] = {"type": "Split", "pattern": {"String": ","}, "behavior": "Isolated", "invert": False}
    (own / "tokenizer_2/tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ValueError, match=r"'a red dog' has 5 tokens for tokenizer and 3 for tokenizer_2"):
        read_prompts(load_pipeline(own), ["a red dog"])


def draw(pipe: Any, settings: Sampling, delta: Delta | None = None) -> np.ndarray:
    requests = [Request(prompt, place, 42, delta or NoneDelta()) for place, prompt in PROMPTS.items()]
    return np.stack([image for _, image in generate(pipe, requests, settings, world="mini", task="objects")])


def stock(pipe: Any, settings: Sampling) -> np.ndarray:
    """The same pictures by the pipeline's own call."""
    kept, pipe.scheduler = pipe.scheduler, make_scheduler(settings.scheduler, settings.steps, pipe)
    noise = torch.stack([initial_noise("mini", "objects", place, 42, (4, 8, 8)) for place in PROMPTS])
    sizes = {"height": 32, "width": 32, "num_inference_steps": settings.steps, "guidance_scale": settings.guidance}
    negative = [settings.negative_prompt] * len(PROMPTS) if settings.negative_prompt else None
    try:
        found = pipe(list(PROMPTS.values()), **sizes, negative_prompt=negative, latents=noise, output_type="np").images
    finally:
        pipe.scheduler = kept
    return (found * 255).round()


def apart(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.abs(a.astype(int) - b.astype(int)).max())


@pytest.mark.parametrize("scheduler", ["ddim", "pndm", "dpmsolver++", "lms"])
def test_pictures_are_those_of_the_stock_pipeline(on: Base, scheduler: str) -> None:
    settings = Sampling(scheduler=scheduler, steps=4, size=32)
    found = draw(on.pipe, settings)
    assert apart(found, stock(on.pipe, settings)) <= 1 and found.std() > 5


@pytest.mark.parametrize("change", [{"guidance": 1.0}, {"negative_prompt": "a red cat"}])
def test_without_guidance_and_with_a_negative_prompt(on: Base, change: dict[str, Any]) -> None:
    settings = Sampling(scheduler="ddim", steps=4, size=32, **change)
    found = draw(on.pipe, settings)
    assert apart(found, stock(on.pipe, settings)) <= 1 and apart(found, draw(on.pipe, FAST)) > 1


def test_in_half_precision_the_autoencoder_stays_as_it_says(folders: dict[str, Path], tmp_path: Path) -> None:
    own = shutil.copytree(folders["xl"], tmp_path / "own")
    half = load_pipeline(own, dtype=torch.float16)
    kinds = {
        name: {p.dtype for p in getattr(half, name).parameters()} for name in ("unet", "text_encoder", "text_encoder_2", "vae")
    }
    assert kinds.pop("vae") == {torch.float32} and set.union(*kinds.values()) == {torch.float16}
    assert load_pipeline(own, dtype=torch.bfloat16).vae.dtype == torch.bfloat16
    edit(own / "vae/config.json", force_upcast=False)
    assert load_pipeline(own, dtype=torch.float16).vae.dtype == torch.float16
    assert load_pipeline(folders["v"], dtype=torch.float16).vae.dtype == torch.float16  # as its stock pipeline


# --- v ------------------------------------------------------------------------------------------------------------------


def test_the_target_is_the_velocity_and_tells_the_noise(on: Base, drawn: list[Draw]) -> None:
    lent = Borrowed(on.pipe, on.data)
    rows = lent.noised(torch.arange(8), torch.Generator().manual_seed(3))
    noise, clean = drawn[0].noise.double(), on.data.latents.double()
    signal = KEPT[rows.timesteps].sqrt()[:, None, None, None]
    spread = (1 - KEPT[rows.timesteps]).sqrt()[:, None, None, None]
    torch.testing.assert_close(rows.noisy.double(), signal * clean + spread * noise, rtol=0, atol=1e-5)
    expected = signal * noise - spread * clean if predicts_v(on.pipe) else noise
    torch.testing.assert_close(rows.target.double(), expected, rtol=0, atol=1e-5)
    scheduler = make_scheduler("ddim", 5, on.pipe)
    torch.testing.assert_close(noise_of(scheduler, rows.target, rows.noisy, rows.timesteps), drawn[0].noise, rtol=0, atol=1e-5)


def test_a_base_that_predicts_the_noise_keeps_every_bit(tiny_pipe: Any) -> None:
    noise, clean, timesteps = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([1, 999])
    assert target_of(tiny_pipe.scheduler, clean, noise, timesteps) is noise
    assert noise_of(tiny_pipe.scheduler, noise, clean, timesteps) is noise


def test_at_the_end_of_a_schedule_without_signal_v_is_all_that_is_left(tiny_pipe: Any) -> None:
    from diffusers import DDIMScheduler

    zero: Any = DDIMScheduler.from_config(tiny_pipe.scheduler.config, prediction_type="v_prediction", rescale_betas_zero_snr=True)
    noise, clean, last = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([999, 999])
    torch.testing.assert_close(target_of(zero, clean, noise, last), -clean, rtol=0, atol=1e-4)
    torch.testing.assert_close(noise_of(zero, -clean, noise, last), noise, rtol=0, atol=1e-4)


# --- methods ------------------------------------------------------------------------------------------------------------


def negative_guidance(
    on: Base, prompts: list[str | None], latents: Tensor, timesteps: Tensor, eta: float
) -> Callable[[nn.Module], Tensor]:
    """MSE(theta(z, t, c), 0(z, t, "") - eta (0(z, t, c) - 0(z, t, ""))) in what the base predicts."""
    own, empty = given(on.pipe, prompts), given(on.pipe, [""] * len(prompts))
    with torch.no_grad():
        with_prompt, without = (on.pipe.unet(latents, timesteps, **text).sample for text in (own, empty))
    return lambda unet: mse_loss(unet(latents, timesteps, **own).sample, without - eta * (with_prompt - without))


def test_one_step_of_esd_on_noised_images(on: Base, drawn: list[Draw]) -> None:
    found = run(ESDNoised(steps=1, forget_batch=4, learning_rate=LR, negative_guidance=1.5), on)
    (one,) = drawn
    prompts: list[str | None] = [PROMPTS[receiver] for receiver in on.data.receivers[one.numbers].tolist()]
    loss = negative_guidance(on, prompts, one.rows.noisy, one.rows.timesteps, 1.5)
    assert_same_update(found, updated(on, lambda name: "attn2" in name, loss, LR), on)


def test_one_step_of_esd(on: Base, drawn: list[Draw], monkeypatch: pytest.MonkeyPatch) -> None:
    """The model itself draws z by DDIM from noise, led away from what guidance leads away from."""
    passes: list[tuple[Tensor, Tensor]] = []
    forward = on.pipe.unet.forward

    def spied(sample: Tensor, timestep: Tensor, **rest: Any) -> object:
        passes.append((sample.detach().clone(), timestep.clone()))
        return forward(sample, timestep, **rest)

    monkeypatch.setattr(on.pipe.unet, "forward", spied)
    found = run(ESD(steps=1, forget_batch=4, learning_rate=LR, sampling_steps=5, start_guidance=3.0), on, seed=12)
    monkeypatch.undo()
    (one,) = drawn
    latents, timesteps = passes[-1]
    part = int(timesteps[0]) // 200
    assert len(passes) == (4 - part) + 2 and part < 4, "this seed draws too little to test anything"
    prompts: list[str | None] = [PROMPTS[receiver] for receiver in on.data.receivers[one.numbers].tolist()]
    own, nothing = given(on.pipe, prompts), given(on.pipe, [None] * 4)
    z, grid = one.noise.double(), [801, 601, 401, 201, 1]  # steps_offset 1
    for here, there in zip(grid[: 4 - part], grid[1:], strict=False):
        with torch.no_grad():
            t = torch.full((4,), here)
            led, away = (on.pipe.unet(z.float(), t, **text).sample.double() for text in (own, nothing))
        said, signal, spread = away + 3.0 * (led - away), KEPT[here].sqrt(), (1 - KEPT[here]).sqrt()
        noise = signal * said + spread * z if predicts_v(on.pipe) else said
        clean = (signal * z - spread * said) if predicts_v(on.pipe) else (z - spread * said) / signal
        z = KEPT[there].sqrt() * clean + (1 - KEPT[there]).sqrt() * noise
    torch.testing.assert_close(latents, z.float(), rtol=1e-5, atol=2e-5)
    loss = negative_guidance(on, prompts, latents, timesteps, 1.0)
    assert_same_update(found, updated(on, lambda name: "attn2" in name, loss, LR), on)


def test_one_step_of_fade(on: Base, drawn: list[Draw], monkeypatch: pytest.MonkeyPatch) -> None:
    """w_f MSE(theta(z_f, c_f), 0(z_f, c*)) + w_r MSE(theta(z_r, c_r), 0(z_r, c_r)) in what the base predicts, W + (alpha / r) B A."""
    shown: list[tuple[Rows, Rows]] = []
    step = SPARE._gradient

    def seen(method: SPARE, lent: Borrowed, forget: Rows, retain: Rows, parameters: list[Tensor]) -> Any:
        shown.append((forget, retain))
        return step(method, lent, forget, retain, parameters)

    monkeypatch.setattr(SPARE, "_gradient", seen)
    settings = {"steps": 1, "forget_batch": 4, "retain_batch": 4, "learning_rate": LR, "weight_decay": 0.0, "max_grad_norm": None}
    found = run(SPARE(rank=4, alpha=8.0, forget_weight=0.5, target_modules=["*.attn2.to_k", "*.attn2.to_out.0"], **settings), on)
    assert isinstance(found.delta, LoraDelta)
    ((forget, retain),) = shown
    texts = [PROMPTS[0], PROMPTS[1], PROMPTS[2]]
    overwrite = {0: EMITTER.overwrite[0], 1: EMITTER.overwrite[1]}
    forgotten, kept = forget.prompt.tolist(), retain.prompt.tolist()
    assert set(forgotten) <= {0, 1} and set(kept) == {2}
    own = [given(on.pipe, [texts[place] for place in places]) for places in (forgotten, kept)]
    with torch.no_grad():
        taught = [
            on.pipe.unet(forget.noisy, forget.timesteps, **given(on.pipe, [overwrite[place] for place in forgotten])).sample,
            on.pipe.unet(retain.noisy, retain.timesteps, **own[1]).sample,
        ]
    unet = deepcopy(on.pipe.unet)
    a = {
        module.removeprefix("unet."): pair[0] for module, pair in found.delta.factors.items()
    }  # at the first step A has no gradient
    b = {module: torch.zeros(unet.get_submodule(module).weight.shape[0], 4, requires_grad=True) for module in a}
    optimizer = torch.optim.AdamW(b.values(), lr=LR, weight_decay=0.0)
    weights = {f"{module}.weight": unet.get_submodule(module).weight + 2.0 * b[module] @ a[module] for module in a}
    said = [
        torch.func.functional_call(unet, weights, (rows.noisy, rows.timesteps), text).sample
        for rows, text in zip((forget, retain), own, strict=True)
    ]
    (0.5 * mse_loss(said[0], taught[0]) + mse_loss(said[1], taught[1])).backward()
    clear = {module: factor.grad.abs() > 1e-6 for module, factor in b.items()}  # else Adam divides rounding by its epsilon
    optimizer.step()
    for module, factor in b.items():
        stored = found.delta.factors[f"unet.{module}"][1]
        assert clear[module].float().mean() > 0.8
        difference = (stored - 2.0 * factor.detach())[clear[module]].norm()
        assert float(difference) < 1e-5 * float((2.0 * factor.detach()).norm())


@pytest.mark.parametrize("tokens", ["last", "all"])
def test_uce_is_the_formula_in_float64(on: Base, tokens: str) -> None:
    """(lam W + e W g c^T + p W P P^T)(lam I + e c c^T + p P P^T)^-1, and its pictures are those of a pipeline with these weights."""
    e, p, lam = 3.0, 0.5, 0.5
    prompts = {index: f"an image of a {name}" for index, name in enumerate(("dog", "cat", "lake"))}
    data = UnlearnData(torch.zeros(0, 4, 8, 8), torch.zeros(0, dtype=torch.int64), prompts)
    method = UCE(tokens=tokens, preserve="guide", guide="a photo", erase_scale=e, preserve_scale=p, lamb=lam)
    emitter = EMITTER.of_one(0, "a dog", prompts[0])
    (result,) = method.unlearn(on.pipe, [emitter], data, seed=0)
    text, guide = ("a dog", "a photo") if tokens == "last" else (prompts[0], "a photo")
    concept, target = (given(on.pipe, [prompt])["encoder_hidden_states"][0].detach().double() for prompt in (text, guide))
    if tokens == "last":  # begin, a, dog, end: the last word; of the guide likewise
        concept, target = concept[2:3], target[2:3]
        held = target
    else:  # begin and four words are shared with the other prompts
        held = target
        concept, target = concept[5:], target[5:]
    edited = 0
    for name, weight, new in result.delta.new_weights(on.pipe):
        w = weight.detach().double()
        first = lam * w + e * w @ target.mT @ concept + p * w @ held.mT @ held
        second = lam * torch.eye(w.shape[1], dtype=w.dtype) + e * concept.mT @ concept + p * held.mT @ held
        expected = first @ torch.linalg.inv(second)
        assert float((new.double() - expected).norm() / expected.norm()) < 1e-5, name
        edited += 1
    assert edited == 2 * len([name for name, _ in on.pipe.unet.named_modules() if name.endswith("attn2")])
    from lethe.diffusion.delta import applied

    found = draw(on.pipe, FAST, result.delta)
    with applied(on.pipe, result.delta):
        assert apart(found, stock(on.pipe, FAST)) <= 1
    assert apart(found, draw(on.pipe, FAST)) > 1


@pytest.fixture(scope="module")
def untouched(folders: dict[str, Path]) -> dict[str, Base]:
    """Kind -> a base as it was written."""
    latents, receivers = (
        torch.randn(8, 4, 8, 8, generator=torch.Generator().manual_seed(2)),
        torch.tensor([1, 0, 2, 0, 2, 1, 0, 2]),
    )
    data = UnlearnData(latents, receivers, PROMPTS, (PROMPTS[2], "a photo"))
    return {kind: Base(load_pipeline(folders[kind]), data) for kind in ("xl", "v")}


def forgotten(name: str, on: Base) -> Delta:
    """What a method makes of a base in a few steps."""
    kind, few = METHODS.load(name), {"steps": 4, "loop_steps": 1, "inner_loops": 1, "sampling_steps": 3, "importance_rows": 2}
    settings = dict(kind.contract.small) | {key: value for key, value in few.items() if key in kind.Config.model_fields}
    method, data = kind(**settings), on.data
    if name == "sham":
        data = replace(data, deltas={COUNTERPARTS.index: forgotten("uce", on)})
    data = replace(data, prepared=method.prepare(on.pipe, data, seed=0))
    (found,) = method.unlearn(on.pipe, [COUNTERPARTS], data, seed=0)
    return found.delta


@pytest.mark.parametrize("kind", ["v", "xl"])
@pytest.mark.parametrize("name", [name for name in METHODS.names() if name != "retrain"])  # whose bases are trained here
def test_which_methods_know_which_bases(name: str, kind: str, folders: dict[str, Path], untouched: dict[str, Base]) -> None:
    """The list that a plan asks, held against the methods themselves: a few steps, and pictures."""
    on = untouched[kind]
    if (kind == "v" and NEEDS.needs(name, "noise")) or (kind == "xl" and not NEEDS.knows_xl(name)):
        with pytest.raises(ValueError, match=rf"'{name}' .*; methods for this base: "):
            check_method(name, folders[kind])
        if kind == "v":
            with pytest.raises(ValueError, match="prediction_type is 'v_prediction'"):
                forgotten(name, on)
        return
    check_method(name, folders[kind])
    before, after = draw(on.pipe, FAST), draw(on.pipe, FAST, forgotten(name, on))
    assert (apart(before, after) == 0) == (name == "none")


def test_a_lora_is_read_by_diffusers(folders: dict[str, Path], tmp_path: Path) -> None:
    from diffusers import StableDiffusionXLPipeline

    pipe = load_pipeline(folders["xl"])
    names = [name for name, _ in pipe.unet.named_modules() if name.endswith(("attn2.to_k", "attn1.to_q"))]
    generator = torch.Generator().manual_seed(0)
    factors = {}
    for name in names:
        out, width = pipe.unet.get_submodule(name).weight.shape
        factors[f"unet.{name}"] = (torch.randn(4, width, generator=generator), torch.randn(out, 4, generator=generator))
    export_lora(LoraDelta(factors), tmp_path / "pytorch_lora_weights.safetensors")
    plain: Any = StableDiffusionXLPipeline.from_pretrained(folders["xl"], add_watermarker=False)
    plain.load_lora_weights(tmp_path, weight_name="pytorch_lora_weights.safetensors")
    found = draw(pipe, FAST, LoraDelta(factors))
    assert apart(found, stock(plain, FAST)) <= 1 and apart(found, draw(pipe, FAST)) > 1
