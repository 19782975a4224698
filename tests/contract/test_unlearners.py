"""Every registered method of diffusion models passes one suite, on a tiny pipeline that was taught three classes of latents.

A new method is in the suite by its name; its own file says with which hyper-parameters, and which way it moves its emitter (``contract``).
Two methods that nobody registered stand for all new ones: the skeleton of ``lethe new method``, and negative guidance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline
from safetensors.torch import save_file
from tests.contract.negative_guidance import NegativeGuidance
from tests.tiny_pipeline import shared_tiny_pipeline
from torch.nn.functional import mse_loss

from lethe.core.methods import DIRECTIONS, RANDOM, RETRAINED, UNCHANGED, Contract
from lethe.diffusion.delta import Delta, Intervention, NoneDelta, applied, load_delta
from lethe.diffusion.interventions import Moment
from lethe.diffusion.methods import METHODS, NEEDS, PREPARED, ROLES, VARIANTS
from lethe.diffusion.methods._dense_training import DenseMethod, Student
from lethe.diffusion.methods._training import Borrowed
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import encode_prompts, load_pipeline
from lethe.diffusion.tokens import encode
from lethe.tools.new.skeletons.method import Skeleton

NAMES = ["zero", "dog", "lake"]
PROMPTS = {index: f"an image of a {name}" for index, name in enumerate(NAMES)}
EMITTERS = [Emitter.of_one(index, f"a {NAMES[index]}", PROMPTS[index]) for index in (0, 1)]
NAMED = 5  # position of the word that the prompts differ in, after the begin token
SEED = 5
SKELETON, NEGATIVE, NONE = "skeleton", "negative_guidance", ROLES.reference(UNCHANGED)
ALL = [*METHODS.names(), SKELETON, NEGATIVE]


def load(name: str) -> type[Method[Any]]:
    """The class of a method."""
    unregistered = {NEGATIVE: NegativeGuidance, SKELETON: Skeleton}
    return unregistered[name] if name in unregistered else METHODS.load(name)


def contract(name: str) -> Contract:
    """What the method is held to."""
    return load(name).contract


def role(name: str) -> str:
    return ROLES.role(name)


class World(NamedTuple):
    pipe: StableDiffusionPipeline
    data: UnlearnData
    weights: dict[int, Path]  # of the retrain reference
    state: dict[str, torch.Tensor]
    prepared: dict[str, dict[str, torch.Tensor]]  # by methods, for all emitters


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Three classes of latents, each a fixed pattern and a little noise, and a UNet trained on them for a few seconds."""
    torch.set_num_threads(1)
    pipe = load_pipeline(shared_tiny_pipeline())
    generator = torch.Generator().manual_seed(0)
    patterns = torch.randn(3, 4, 8, 8, generator=generator)
    entities = torch.arange(3).repeat_interleave(12)
    latents = 0.9 * patterns[entities] + 0.3 * torch.randn(36, 4, 8, 8, generator=generator)
    data = UnlearnData(latents, entities, PROMPTS)
    text = encode_prompts(pipe, [*PROMPTS.values(), ""]).clone()
    schedule = DDPMScheduler.from_config(pipe.scheduler.config)
    pipe.unet.requires_grad_(True)
    optimizer = torch.optim.Adam(pipe.unet.parameters(), lr=3e-3)
    for _ in range(150):
        rows = torch.randint(36, (16,), generator=generator)
        shown = torch.where(torch.rand(16, generator=generator) < 0.2, 3, entities[rows])
        noise = torch.randn(16, 4, 8, 8, generator=generator)
        timesteps = torch.randint(1000, (16,), generator=generator)
        noisy = schedule.add_noise(latents[rows], noise, timesteps)
        mse_loss(pipe.unet(noisy, timesteps, encoder_hidden_states=text[shown]).sample, noise).backward()
        optimizer.step()
        optimizer.zero_grad()
    pipe.unet.requires_grad_(False)
    state = snapshot(pipe)
    path = tmp_path_factory.mktemp("retrained") / "0.safetensors"
    # A perturbed base stands in for a retrained one: here only the plumbing is tested
    save_file({k: (v + 0.05 * torch.randn(v.shape, generator=generator)).contiguous() for k, v in state.items()}, path)
    return World(pipe, data, {0: path, 1: path}, state, {})


def snapshot(pipe: StableDiffusionPipeline) -> dict[str, torch.Tensor]:
    parts = {"unet": pipe.unet, "text_encoder": pipe.text_encoder}
    return {f"{part}.{key}": value.clone() for part, module in parts.items() for key, value in module.named_parameters()}


def make(name: str, world: World) -> Method[Any]:
    given = {"weights": world.weights} if role(name) == RETRAINED else {}  # which the workflow adds
    return load(name)(**contract(name).small, **given)


def given(name: str, world: World) -> UnlearnData:
    """The training split, with what the method prepares, and of the control of distance the deltas that it takes the distance from."""
    if name not in world.prepared:
        world.prepared[name] = make(name, world).prepare(world.pipe, world.data, seed=SEED)
    return replace(world.data, prepared=world.prepared[name], deltas=measured(name, world, EMITTERS))


def measured(name: str, world: World, emitters: list[Emitter], data: UnlearnData | None = None) -> dict[int, Delta]:
    if role(name) != RANDOM:
        return {}
    of = make(contract(name).small["of"], world)  # type: ignore[arg-type]
    return {found.emitter.index: found.delta for found in of.unlearn(world.pipe, emitters, data or world.data, seed=SEED)}


@pytest.fixture(scope="session", params=ALL)
def run(request: pytest.FixtureRequest, world: World) -> tuple[str, list[Unlearned]]:
    """Name and results of one method for both emitters."""
    return request.param, list(make(request.param, world).unlearn(world.pipe, EMITTERS, given(request.param, world), seed=SEED))


@pytest.mark.parametrize("name", METHODS.names())
def test_a_method_says_whether_words_are_enough(name: str, world: World) -> None:
    """Where a task has no pictures, those that need words alone run, and any other refuses before it trains."""
    without = replace(world.data, latents=world.data.latents[:0], receivers=world.data.receivers[:0])
    with_deltas = replace(without, deltas=measured(name, world, EMITTERS[:1], without))
    models = make(name, world).unlearn(world.pipe, EMITTERS[:1], with_deltas, seed=SEED)
    if NEEDS.needs(name, "words"):
        assert next(models).emitter == EMITTERS[0]
    else:
        with pytest.raises(ValueError, match="no forget rows"):
            next(models)


def test_a_method_says_whether_it_acts_while_a_picture_is_drawn(run: tuple[str, list[Unlearned]]) -> None:
    name, results = run
    acts = {isinstance(result.delta, Intervention) for result in results}
    assert name not in METHODS or acts == {NEEDS.needs(name, "sampling")}


class Move(NamedTuple):
    """Of the images and the prompt of a receiver: mean squared change of the predicted noise, and how far along the line from the base's own
    prediction to its prediction for another text it went (1: there).
    """

    change: float
    along: float


@torch.no_grad()
def predicted(world: World, delta: Delta, noisy: torch.Tensor, timesteps: torch.Tensor, prompts: list[str]) -> torch.Tensor:
    """The noise that a model predicts of rows with these prompts; one that acts while an image is made is asked at step 15 of 50."""
    if not isinstance(delta, Intervention):
        with applied(world.pipe, delta):
            text = encode(world.pipe, list(dict.fromkeys(prompts)))
            states = torch.stack([text[prompt].states for prompt in prompts])
            found: torch.Tensor = world.pipe.unet(noisy, timesteps, encoder_hidden_states=states).sample
            return found
    text = encode(world.pipe, list(dict.fromkeys(prompts)))
    rows = [text[prompt] for prompt in prompts]
    with delta.session(world.pipe, rows) as hook:
        states = torch.stack([delta.map_embeddings(row.states, row) for row in rows])
        read = hook.before(Moment(15, 50, timesteps), noisy, states) if hook else states
        return world.pipe.unet(noisy, timesteps, encoder_hidden_states=read).sample


def moves(world: World, delta: Delta, texts: dict[int, str]) -> list[Move]:
    """Of each receiver, along the line to its text in ``texts``, "" by default."""
    schedule = DDPMScheduler.from_config(world.pipe.scheduler.config)
    generator = torch.Generator().manual_seed(78)
    latents, receivers = world.data.latents, world.data.receivers
    noise, timesteps = torch.randn(latents.shape, generator=generator), torch.randint(400, 1000, (36,), generator=generator)
    noisy = schedule.add_noise(latents, noise, timesteps)

    def predict(delta: Delta, prompts: list[str]) -> torch.Tensor:
        return predicted(world, delta, noisy, timesteps, [prompts[index] for index in receivers.tolist()])

    own = list(PROMPTS.values())
    before, guide = predict(NoneDelta(), own), predict(NoneDelta(), [texts.get(index, "") for index in PROMPTS])
    change = predict(delta, own) - before
    way = guide - before
    rows = [receivers == index for index in PROMPTS]
    return [
        Move(float(change[r].square().mean()), float((change * way)[r].sum() / way[r].square().sum().clamp(min=1e-12)))
        for r in rows
    ]


class Outcome(NamedTuple):
    """Of emitter 0: denoising loss; squared distance to the base's prediction for ''; how far along the line from the base's own prediction
    to that one it went (1: there); change of predictions, its own and others'; attention to its name.
    """

    loss: float
    to_guide: float
    along: float
    change_forget: float
    change_retain: float
    attention: float


@contextmanager
def attention(pipe: StableDiffusionPipeline) -> Iterator[list[torch.Tensor]]:
    """Probabilities of cross-attention, (rows, pixels, tokens) averaged over heads, from what its layers are asked and their own weights."""
    found: list[torch.Tensor] = []

    def record(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...], named: dict[str, torch.Tensor]) -> None:
        queries, keys = layer.to_q(inputs[0]), layer.to_k(named["encoder_hidden_states"])
        queries, keys = (x.unflatten(2, (layer.heads, -1)).transpose(1, 2) for x in (queries, keys))
        found.append((queries @ keys.mT / queries.shape[-1] ** 0.5).softmax(dim=3).mean(dim=1))

    layers = [module for name, module in pipe.unet.named_modules() if name.endswith("attn2")]
    hooks = [layer.register_forward_pre_hook(record, with_kwargs=True) for layer in layers]
    yield found
    for hook in hooks:
        hook.remove()


def outcome(world: World, delta: Delta) -> Outcome:
    schedule = DDPMScheduler.from_config(world.pipe.scheduler.config)
    generator = torch.Generator().manual_seed(77)
    latents, entities = world.data.latents, world.data.receivers
    noise, timesteps = torch.randn(latents.shape, generator=generator), torch.randint(400, 1000, (36,), generator=generator)
    noisy = schedule.add_noise(latents, noise, timesteps)

    own = [PROMPTS[index] for index in entities.tolist()]
    before, guide = (predicted(world, NoneDelta(), noisy, timesteps, prompts) for prompts in (own, [""] * 36))
    with attention(world.pipe) as probabilities:
        after = predicted(world, delta, noisy, timesteps, own)
    layers = sum(name.endswith("attn2") for name, _ in world.pipe.unet.named_modules())
    read = probabilities[-layers:]  # of the last pass; what acts while an image is made may need others before it
    forget = entities == 0
    return Outcome(
        float((after - noise)[forget].square().mean()),
        float((after - guide)[forget].square().mean()),
        float(((after - before) * (guide - before))[forget].sum() / (guide - before)[forget].square().sum()),
        float((after - before)[forget].square().mean()),
        float((after - before)[~forget].square().mean()),
        float(torch.stack([layer[forget, :, NAMED].mean() for layer in read]).mean()),
    )


def test_every_direction_is_tried() -> None:
    """By a method that claims it; a direction that does not exist is refused where it is written."""
    assert {contract(name).direction for name in ALL} == set(DIRECTIONS)
    with pytest.raises(ValueError, match="direction: 'lost'; allowed: .*did you mean 'loss'"):
        Contract(small={}, direction="lost")


def test_results_and_records(run: tuple[str, list[Unlearned]]) -> None:
    name, results = run
    assert [result.emitter for result in results] == EMITTERS
    for result in results:
        assert result.record["seconds"] >= 0 and result.record["steps"] >= 0
        assert isinstance(result.delta, Intervention) == ("sampling" in load(name).about.needs), (
            "the plan relies on what it says of itself"
        )
        assert result.delta.kind == "none" if role(name) == UNCHANGED else any(t.any() for t in result.delta.tensors().values())


def test_deterministic_and_independent_of_the_others(run: tuple[str, list[Unlearned]], world: World) -> None:
    """Emitter 1 alone, by a fresh object, gives the bits it gave after emitter 0; the global generator does not matter."""
    name, results = run
    torch.manual_seed(123)
    (alone,) = make(name, world).unlearn(world.pipe, EMITTERS[1:], given(name, world), seed=SEED)
    assert alone.delta.digest == results[1].delta.digest


def test_base_untouched_and_one_by_one(run: tuple[str, list[Unlearned]], world: World) -> None:
    name, _ = run
    modules, random, grad = list(world.pipe.unet.named_modules()), torch.get_rng_state(), torch.is_grad_enabled()
    results = make(name, world).unlearn(world.pipe, EMITTERS, given(name, world), seed=SEED)
    assert isinstance(results, Iterator)
    assert next(results).emitter == EMITTERS[0]  # a job that is killed now keeps this one
    results.close()  # type: ignore[attr-defined]
    after = snapshot(world.pipe)
    assert list(after) == list(world.state) and all(torch.equal(after[key], world.state[key]) for key in after)
    assert list(world.pipe.unet.named_modules()) == modules and not hasattr(world.pipe.unet, "peft_config")
    assert not any(p.requires_grad or p.grad is not None for p in world.pipe.unet.parameters())
    assert torch.equal(torch.get_rng_state(), random) and torch.is_grad_enabled() == grad


def test_delta_round_trip(run: tuple[str, list[Unlearned]], world: World, tmp_path: Path) -> None:
    _, results = run
    results[0].delta.save(tmp_path / "delta.safetensors")
    read = load_delta(tmp_path / "delta.safetensors")
    assert read.digest == results[0].delta.digest
    assert outcome(world, read) == outcome(world, results[0].delta)


def test_direction(run: tuple[str, list[Unlearned]], world: World) -> None:
    """The emitter moves where the method says, against the no-op, and clearly more than the others."""
    name, results = run
    (nothing,) = make(NONE, world).unlearn(world.pipe, EMITTERS[:1], world.data, seed=SEED)
    before, after = outcome(world, nothing.delta), outcome(world, results[0].delta)
    print(f"{name}: {before} -> {after}")
    assert moved(contract(name).direction, before, after)
    if (
        contract(name).direction in ("guide", "loss", "away") and role(name) != RETRAINED
    ):  # its tiny weights are no real retraining
        assert after.change_retain < (0.5 if contract(name).holds_others else 1.0) * after.change_forget


def moved(direction: str, before: Outcome, after: Outcome) -> bool:
    """Whether the emitter moved as a direction says."""
    return {
        "nothing": after == before and after.change_forget == after.change_retain == 0,
        "change": after.change_forget > 0,
        "loss": after.loss > 1.1 * before.loss,
        "guide": after.to_guide < 0.7 * before.to_guide,
        "away": after.along > 0.5,
        "attention": after.attention < 0.5 * before.attention,
    }[direction]


def test_negative_guidance_passes_the_guide(world: World) -> None:
    """What erases by going beyond the guide does not end near it: no other direction says what it does."""
    before = outcome(world, next(make(NONE, world).unlearn(world.pipe, EMITTERS[:1], world.data, seed=SEED)).delta)
    after = outcome(world, next(make(NEGATIVE, world).unlearn(world.pipe, EMITTERS[:1], world.data, seed=SEED)).delta)
    assert after.along > 1.2 and moved("away", before, after) and not moved("guide", before, after)


@pytest.mark.parametrize("name", ALL)
def test_what_an_emitter_covers_changes_and_nothing_else(name: str, world: World) -> None:
    """Of three receivers an emitter covers two, each overwritten by a text of its own: both change, and the third far less if it is held."""
    texts = {0: "", 1: PROMPTS[2]}
    emitter = Emitter(0, "zero or dog", (0, 1), (PROMPTS[0], PROMPTS[1]), texts)
    data = replace(given(name, world), overwrites=tuple(texts.values()))
    (found,) = make(name, world).unlearn(world.pipe, [emitter], data, seed=SEED)
    first, second, other = moves(world, found.delta, texts)
    print(f"{name}: covered {first} and {second}, not covered {other}")
    held, direction = contract(name), contract(name).direction
    if role(name) == UNCHANGED:
        assert first.change == second.change == other.change == 0
        return
    assert min(first.change, second.change) > 0
    if direction == "guide":
        assert min(first.along, second.along) > 0.5
    if (
        direction in ("guide", "loss") and held.holds_others and role(name) != RETRAINED
    ):  # its tiny weights are no real retraining
        assert other.change < 0.5 * min(first.change, second.change)


DENSE = [name for name in ALL if issubclass(load(name), DenseMethod)]


@pytest.mark.parametrize("name", DENSE)
def test_masked_weights_keep_their_bits(name: str, world: World) -> None:
    """The mask leaves out what it says, and the delta changes nothing there."""
    method = make(name, world)
    lent = Borrowed(world.pipe, world.data)
    mask = method.mask(lent, EMITTERS[0], SEED)  # type: ignore[attr-defined]
    (found,) = method.unlearn(world.pipe, EMITTERS[:1], given(name, world), seed=SEED)
    trained = {f"unet.{key}" for key in Student(lent, method.config.trainable).names}  # type: ignore[attr-defined]
    assert set(found.delta.tensors()) <= trained
    for key, open_ in (mask or {}).items():
        changed = found.delta.tensors().get(f"unet.{key}", world.state[f"unet.{key}"]) != world.state[f"unet.{key}"]
        assert not changed[~open_].any()
    if mask:
        share = sum(int(open_.sum()) for open_ in mask.values()) / sum(open_.numel() for open_ in mask.values())
        assert 0 < share < 1


@pytest.mark.parametrize("name", [name for name in DENSE if not VARIANTS.published_of(name)])
def test_every_forget_image_is_used_equally_often(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one use: a method may go through them for several purposes, and the last pass of each may end early. It may look at none."""
    data = given(name, world)
    uses = torch.zeros(36, dtype=torch.int64)
    noised = Borrowed.noised

    def counted(lent: Borrowed, rows: torch.Tensor, generator: torch.Generator) -> Any:
        uses.index_add_(0, rows, torch.ones_like(rows))
        return noised(lent, rows, generator)

    monkeypatch.setattr(Borrowed, "noised", counted)
    method = make(name, world)
    steps, batch = method.config.steps, method.config.forget_batch  # type: ignore[attr-defined]
    assert steps * batch % 12 == 0, "the contract's settings should be whole passes over the 12 forget images"
    next(method.unlearn(world.pipe, EMITTERS[:1], data, seed=SEED))
    assert len(set(uses[:12].tolist())) == 1 and (uses[0] >= steps * batch / 12 or uses[0] == 0)
    kept = uses[12:]
    assert kept.max() - kept.min() <= 1


@pytest.mark.parametrize("name", METHODS.names())
def test_what_is_prepared(name: str, world: World) -> None:
    """A method that prepares something says so, and the other way round; twice gives the same bits, whatever the global generator."""
    found = given(name, world).prepared
    assert bool(found) == bool(PREPARED.prepares(name))
    torch.manual_seed(123)
    again = make(name, world).prepare(world.pipe, world.data, seed=SEED)
    assert list(again) == list(found) and all(torch.equal(again[key], found[key]) for key in again)
    after = snapshot(world.pipe)
    assert all(torch.equal(after[key], world.state[key]) for key in after)


@pytest.mark.parametrize("name", ALL)
def test_config(name: str, world: World) -> None:
    method = make(name, world)
    config = method.config  # type: ignore[attr-defined]
    assert type(config).model_validate(config.model_dump()) == config
    field = next(iter(type(config).model_fields), None)
    wrong = f"{field}s" if field else "steps"
    with pytest.raises(ValueError, match=f"unknown hyper-parameter '{wrong}'.*{f'did you mean .{field}' if field else 'none'}"):
        load(name)(**{wrong: 1})


@pytest.mark.parametrize("name", ALL)
def test_docstring_names_the_source(name: str) -> None:
    text = load(name).__doc__ or ""
    assert "arXiv" in text or "Source:" in text


@pytest.mark.parametrize("name", ALL)
def test_missing_data_names_the_emitter(name: str, world: World) -> None:
    stranger = Emitter.of_one(7, "a purple cow", "an image of a purple cow")
    with pytest.raises(ValueError, match=r"emitter 7 \('a purple cow'\) has no prompt"):
        next(make(name, world).unlearn(world.pipe, [stranger], given(name, world), seed=SEED))
    if role(name) in (RETRAINED, RANDOM):  # it has weights, or a distance, of some emitters only
        return
    with_prompt = replace(given(name, world), prompts={**PROMPTS, 7: stranger.texts[0]})
    try:
        found = next(make(name, world).unlearn(world.pipe, [stranger], with_prompt, seed=SEED))
    except ValueError as error:
        assert re.search(r"emitter 7 \('a purple cow'\) has no forget rows", str(error))
    else:  # then the method may look at no image
        blind = replace(with_prompt, latents=torch.zeros_like(with_prompt.latents))
        again = next(make(name, world).unlearn(world.pipe, [stranger], blind, seed=SEED))
        assert again.delta.digest == found.delta.digest
