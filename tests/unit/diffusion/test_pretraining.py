"""The mini world's models at their smallest: a few steps on a few entities."""

from __future__ import annotations

import copy
import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tests.mini_folders import write_base, write_evaluator

from lethe.diffusion.pretraining import base as base_module
from lethe.diffusion.pretraining import train as train_module
from lethe.diffusion.pretraining.augment import random_affine, random_blur, random_light, random_noise
from lethe.diffusion.pretraining.backbone import build_backbone, embed, train_backbone
from lethe.diffusion.pretraining.base import build_scheduler, build_unet, sampling_weights, train_base
from lethe.diffusion.pretraining.clip import build_clip, clip_scores, train_clip
from lethe.diffusion.pretraining.data import TaskImages, held_out_mask, join
from lethe.diffusion.pretraining.judge import classify, train_judge
from lethe.diffusion.pretraining.quality import judge_accuracy, neighbour_accuracy, sample_images
from lethe.diffusion.pretraining.text import build_tokenizer, load_tokenizer, tokenize, tokenizer_json
from lethe.diffusion.pretraining.train import read_tasks
from lethe.diffusion.pretraining.vae import build_vae, decode_latents, encode_latents, reconstruction_error, train_vae
from lethe.diffusion.sources.base import SourceImage
from lethe.diffusion.sources.pack import pack_images, pack_source
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import (
    SETTINGS_OF,
    OptimizerSettings,
    PretrainingSettings,
    SamplingSettings,
    TokenizerSettings,
    Trained,
    VaeSettings,
    settings_sha256,
)

SMOKE = PretrainingSettings.smoke()
MIXER = SMOKE.judge.model_copy(update={"architecture": "convmixer", "channels": (8, 8)})
NAMES = ["red hound dog", "green hound dog", "blue cat"]
CAPTIONS = [f"An image of a {name}" for name in NAMES]


class Blocks:
    """Three entities: noisy squares of one colour each."""

    def entities(self):
        return [{"name": name, "dataset_n_original": 8, "popularity": 50.0 * index} for index, name in enumerate(NAMES)]

    def images(self, name):
        random = np.random.default_rng(NAMES.index(name))
        for number in range(8):
            pixels = random.integers(0, 60, (32, 32, 3), dtype=np.uint8)
            pixels[8:24, 8:24, NAMES.index(name)] += 180
            yield SourceImage(f"{number:04d}.png", pixels)

    def attribute_distance(self, first, second):
        return float("nan")


@pytest.fixture(scope="module")
def blocks(tmp_path_factory) -> TaskImages:
    folder = tmp_path_factory.mktemp("blocks")
    files = [folder / f"blocks.{suffix}" for suffix in ("tar", "parquet", "json")]
    pack_source(Blocks(), *files, folder / "distance.json")
    return read_tasks({"blocks": "thing"}, files)[0]


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(CAPTIONS, SMOKE.tokenizer)


@pytest.fixture(scope="module")
def vae(blocks):
    return train_vae(blocks.images, SMOKE.vae, seed=0)


@pytest.fixture(scope="module")
def base(blocks, vae, tokenizer):
    return _base(blocks, vae, tokenizer)


def _base(blocks, vae, tokenizer, seed=0, exclude=(), settings=SMOKE.base):
    latents = encode_latents(vae, blocks.images)
    weights = sampling_weights(blocks.popularity, settings.popularity_scale)
    return train_base(latents, blocks.labels, NAMES, CAPTIONS, weights, tokenizer, settings, seed, exclude)


def _equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True))


def test_settings_refuse_unknown_keys_and_hash_by_value():
    with pytest.raises(ValidationError):
        VaeSettings.model_validate({"chanels": 3})
    assert settings_sha256(PretrainingSettings()) == settings_sha256(PretrainingSettings())
    assert settings_sha256(PretrainingSettings()) != settings_sha256(SMOKE)


@pytest.fixture(scope="module")
def packed(tmp_path_factory) -> list[Path]:
    """The three files of a source and, for the parts that need them, a vocabulary and an autoencoder."""
    folder = tmp_path_factory.mktemp("packed")
    files = [folder / f"blocks.{suffix}" for suffix in ("tar", "parquet", "json")]
    pack_source(Blocks(), *files, folder / "distance.json")
    train_module.tokenizer_part(folder / "words.json", read_tasks({"blocks": "thing"}, files), SMOKE)
    train_module.vae_part(folder / "vae.safetensors", read_tasks({"blocks": "thing"}, files), SMOKE, 0)
    return [*files, folder / "words.json", folder / "vae.safetensors"]


@pytest.mark.parametrize("model", get_args(Trained))
def test_a_training_reads_its_own_part_of_the_settings_alone(model, packed, tmp_path):
    """A change of any other setting must train nothing anew, so nothing else may decide what is trained."""
    *files, words, vae = packed
    other = PretrainingSettings(bits=8, sampling=SamplingSettings(guidance=1.5)) if model == "base" else SMOKE
    whole = other.model_copy(update={name: getattr(SMOKE, name) for name in get_args(Trained)})
    written = []
    for number, settings in enumerate((whole, PretrainingSettings.model_validate(whole.part(model)))):
        weights, tasks = tmp_path / f"{number}.safetensors", read_tasks({"blocks": "thing"}, files)
        if model == "tokenizer":
            train_module.tokenizer_part(weights.with_suffix(".json"), tasks, settings)
        elif model == "vae":
            train_module.vae_part(weights, tasks, settings, 0)
        elif model == "base":
            train_module.base_part(weights, tasks, vae=vae, tokenizer=words, judges={}, settings=settings, seed=0)
        else:
            kind = next(kind for kind, part in SETTINGS_OF.items() if part == model)
            train_module.evaluator_part(weights, Evaluator(kind=kind), tasks, words, settings, 0)
        record = json.loads(weights.with_suffix(".json").read_text())
        written.append({key: value for key, value in record.items() if key != "wall_seconds"})
    assert written[0] == written[1]


def test_a_part_of_the_settings_changes_with_what_its_training_reads():
    plain, deeper = PretrainingSettings(), PretrainingSettings(vae=SMOKE.vae)
    assert deeper.part("base") != plain.part("base")  # a base is trained on latents of its autoencoder
    assert all(deeper.part(model) == plain.part(model) for model in ("judge", "clip", "backbone", "tokenizer"))
    longer = plain.over({"base": {"optimizer": {"steps": 7}}})
    assert longer.part("vae") == plain.part("vae")


def test_read_tasks_reads_every_image_in_order(blocks):
    assert blocks.images.shape == (24, 3, 32, 32) and blocks.images.dtype == torch.uint8
    assert blocks.labels.tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert blocks.popularity == [0, 50, 100]
    assert blocks.captions == CAPTIONS


def test_join_offsets_labels_and_qualifies_names(blocks):
    images, labels, classes, captions = join([blocks, blocks])
    assert len(images) == 48 and labels.max() == 5
    assert classes[3] == "blocks/red hound dog" and captions[3] == CAPTIONS[0]


def test_held_out_takes_every_nth_of_each_class(blocks):
    mask = held_out_mask(blocks.labels, 4)
    assert mask.nonzero().flatten().tolist() == [3, 7, 11, 15, 19, 23]


def test_tokenizer_round_trip(tokenizer, tmp_path):
    path = tmp_path / "tokenizer.json"
    ids = tokenize(tokenizer, [CAPTIONS[0], "an image of a unicorn", ""])
    path.write_text(tokenizer_json(tokenizer))
    loaded = load_tokenizer(path, SMOKE.tokenizer)
    assert torch.equal(tokenize(loaded, [CAPTIONS[0], "an image of a unicorn", ""]), ids)
    assert ids.shape == (3, SMOKE.tokenizer.max_length)
    assert tokenizer.decode(ids[0], skip_special_tokens=True) == "an image of a red hound dog"
    assert tokenizer.unk_token_id in ids[1].tolist()
    assert ids.max() == tokenizer.eos_token_id == len(tokenizer) - 1
    # What a call leaves in the tokenizer (its padding) is not in the file.
    assert tokenizer_json(tokenizer) == path.read_text() == tokenizer_json(loaded)


def test_vae_gives_standardized_latents(vae, blocks):
    latents = encode_latents(vae, blocks.images)
    assert latents.shape == (24, 4, 8, 8)
    torch.testing.assert_close(latents.mean((0, 2, 3)), torch.zeros(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(4), atol=1e-2, rtol=0)
    drawn = decode_latents(vae, latents)
    assert drawn.shape == blocks.images.shape and drawn.dtype == torch.uint8


def test_standardizing_does_not_change_the_reconstruction(blocks):
    from lethe.diffusion.pretraining.vae import _standardize

    torch.manual_seed(0)
    plain = build_vae(SMOKE.vae).eval().requires_grad_(False)
    before = decode_latents(plain, encode_latents(plain, blocks.images)).float()
    _standardize(plain, encode_latents(plain, blocks.images))
    after = decode_latents(plain, encode_latents(plain, blocks.images)).float()
    assert (before - after).abs().max() <= 1


def test_vae_learns(blocks):
    short = SMOKE.vae.model_copy(update={"optimizer": OptimizerSettings(steps=20, batch_size=8, learning_rate=5e-3)})
    assert reconstruction_error(train_vae(blocks.images, short, seed=0), blocks.images) < 0.8 * reconstruction_error(
        train_vae(blocks.images, SMOKE.vae, seed=0), blocks.images
    )


def test_base_is_deterministic_and_finite(blocks, vae, tokenizer, base):
    text_encoder, unet = base
    again = _base(blocks, vae, tokenizer)
    assert _equal(text_encoder, again[0]) and _equal(unet, again[1])
    assert not _equal(unet, _base(blocks, vae, tokenizer, seed=1)[1])
    assert all(torch.isfinite(t).all() for t in unet.state_dict().values())


def test_base_loss_falls(blocks, vae, tokenizer, caplog, monkeypatch):
    from lethe.diffusion.pretraining import base as module

    trainers = []
    monkeypatch.setattr(module, "Trainer", lambda *args: trainers.append(_trainer(*args)) or trainers[-1])
    settings = SMOKE.base.model_copy(update={"optimizer": OptimizerSettings(steps=40, batch_size=16, learning_rate=5e-3)})
    _base(blocks, vae, tokenizer, settings=settings)
    losses = trainers[0].losses
    assert sum(losses[-10:]) < 0.97 * sum(losses[:10])


def _trainer(*args):
    from lethe.diffusion.pretraining.loop import Trainer

    return Trainer(*args)


def test_base_never_sees_the_excluded_entity(blocks, vae, tokenizer, base, monkeypatch):
    drawn = []
    true_multinomial = torch.multinomial

    def watch(weights, *args, **kwargs):
        chosen = true_multinomial(weights, *args, **kwargs)
        drawn.extend(blocks.labels[chosen].tolist())
        return chosen

    monkeypatch.setattr(torch, "multinomial", watch)
    settings = SMOKE.base.model_copy(update={"optimizer": OptimizerSettings(steps=4, batch_size=64, learning_rate=1e-3)})
    _base(blocks, vae, tokenizer, exclude=[NAMES[1]], settings=settings)
    assert set(drawn) == {0, 2}
    with pytest.raises(ValueError, match="did you mean 'blue cat'"):
        _base(blocks, vae, tokenizer, exclude=["blue bat"])


def test_excluding_keeps_the_initialisation(blocks, vae, tokenizer):
    still = SMOKE.base.model_copy(update={"optimizer": OptimizerSettings(steps=1, batch_size=4, learning_rate=1e-12)})
    full, without = (
        _base(blocks, vae, tokenizer, settings=still),
        _base(blocks, vae, tokenizer, exclude=[NAMES[1]], settings=still),
    )
    for a, b in zip(full[1].parameters(), without[1].parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-9, rtol=0)


def test_popularity_decides_how_often_an_entity_is_drawn(blocks, vae, tokenizer, monkeypatch):
    assert sampling_weights([0, 50, 100], 50.0).tolist() == [1, 2, 3]
    seen = []
    true_multinomial = torch.multinomial
    monkeypatch.setattr(torch, "multinomial", lambda weights, *a, **k: seen.append(weights) or true_multinomial(weights, *a, **k))
    _base(blocks, vae, tokenizer)
    per_entity = [seen[0][blocks.labels == label].sum().item() for label in range(3)]
    assert per_entity == pytest.approx([1, 2, 3])


def _pipeline(base, vae, tokenizer, sampler="ddim"):
    """Built by diffusers from the models themselves."""
    from diffusers import StableDiffusionPipeline

    text_encoder, unet = base
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=build_scheduler(SMOKE.base.noise, sampler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _said(config):
    """A configuration without where it was read and what wrote it."""
    return {key: value for key, value in dict(config).items() if not key.startswith("_") or key == "_class_name"}


def test_base_folder_holds_what_diffusers_itself_would_save(base, vae, tokenizer, tmp_path):
    from diffusers import DPMSolverMultistepScheduler, StableDiffusionPipeline

    parts, autoencoder = copy.deepcopy(base), copy.deepcopy(vae)
    ours = write_base(tmp_path, autoencoder, *parts, tokenizer, SMOKE)  # which rounds them
    _pipeline(parts, autoencoder, tokenizer).save_pretrained(tmp_path / "theirs")
    first, second = (StableDiffusionPipeline.from_pretrained(folder) for folder in (ours, tmp_path / "theirs"))
    for name in ("unet", "vae", "text_encoder"):
        assert _equal(getattr(first, name), getattr(second, name)), name
    for name in ("unet", "vae", "scheduler"):
        assert _said(getattr(first, name).config) == _said(getattr(second, name).config), name
    described = [pipeline.text_encoder.config.to_dict() for pipeline in (first, second)]
    assert _said(described[0]) == _said(described[1])
    assert _said(first.config) == _said(second.config)
    # made from the folder's scheduler, another has the same settings whichever of the two was read
    samplers = [DPMSolverMultistepScheduler.from_config(pipeline.scheduler.config).config for pipeline in (first, second)]
    known = inspect.signature(DPMSolverMultistepScheduler.__init__).parameters.keys() - {"self"}
    assert {key: samplers[0][key] for key in known} == {key: samplers[1][key] for key in known}
    words = [pipeline.tokenizer for pipeline in (first, second)]
    assert words[0].get_vocab() == words[1].get_vocab() and words[0].special_tokens_map == words[1].special_tokens_map
    assert torch.equal(tokenize(words[0], CAPTIONS), tokenize(tokenizer, CAPTIONS))
    first.set_progress_bar_config(disable=True)
    image = first(CAPTIONS[0], num_inference_steps=2, guidance_scale=3.0, output_type="np").images[0]
    assert image.shape == (32, 32, 3) and np.isfinite(image).all()


def test_folders_are_written_without_their_libraries():
    code = (
        "import sys, lethe.diffusion.pretraining.folders;"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'open_clip', 'timm') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("sampler", ["ddim", "dpm"])
def test_sampling_agrees_with_diffusers(base, vae, tokenizer, sampler):
    text_encoder, unet = base
    sampling = SMOKE.sampling.model_copy(update={"sampler": sampler, "steps": 4})
    ours = sample_images(vae, text_encoder, unet, tokenizer, CAPTIONS[:2], [5, 6], SMOKE.base.noise, sampling)
    pipeline = _pipeline(base, vae, tokenizer, sampler)
    start = torch.cat([torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(n)) for n in (5, 6)])
    theirs = pipeline(
        CAPTIONS[:2], latents=start, num_inference_steps=4, guidance_scale=sampling.guidance, output_type="np"
    ).images
    assert np.abs(ours.permute(0, 2, 3, 1).numpy() / 255 - theirs).max() < 0.02


def test_channels_are_checked_against_attention_flags():
    with pytest.raises(ValidationError, match="1 entries for 2 blocks"):
        SMOKE.base.unet.model_validate({**SMOKE.base.unet.model_dump(), "cross_attention": (True,)})
    assert build_unet(SMOKE.base.unet, 16).config.cross_attention_dim == 16


def test_clip_learns_and_loads_in_open_clip(blocks, tokenizer, tmp_path):
    import open_clip

    settings = SMOKE.clip.model_copy(
        update={"optimizer": OptimizerSettings(steps=120, batch_size=24, learning_rate=3e-3), "word_dropout": 0.0}
    )
    model = train_clip(blocks.images, blocks.labels, CAPTIONS, tokenizer, settings, seed=0)
    scores = clip_scores(model, blocks.images, CAPTIONS, tokenizer)
    assert (scores.argmax(1) == blocks.labels).double().mean() > 0.9
    write_evaluator(tmp_path, "clip", model, SMOKE.model_copy(update={"clip": settings}), tokenizer)
    loaded, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{tmp_path / 'clip'}")
    ids = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'clip'}")(CAPTIONS)
    assert torch.equal(ids, tokenize(tokenizer, CAPTIONS))
    with torch.no_grad():
        torch.testing.assert_close(loaded.eval().encode_text(ids), model.encode_text(ids))
    from PIL import Image

    pixels = preprocess(Image.fromarray(blocks.images[0].permute(1, 2, 0).numpy()))
    torch.testing.assert_close(pixels, blocks.images[0].float() / 127.5 - 1, atol=1e-5, rtol=0)


def test_backbone_loads_in_timm(blocks, tmp_path):
    import timm

    backbone = train_backbone(blocks.images, SMOKE.backbone, seed=0)
    write_evaluator(tmp_path, "backbone", backbone, SMOKE)
    loaded = timm.create_model(f"local-dir:{tmp_path / 'backbone'}", pretrained=True).eval()
    assert embed(backbone, blocks.images).shape == (24, SMOKE.backbone.width)
    torch.testing.assert_close(embed(loaded, blocks.images), embed(backbone, blocks.images))
    assert 0 <= neighbour_accuracy(backbone, blocks.images, blocks.labels, held_out_mask(blocks.labels, 4)) <= 1


def test_judge_learns_and_reports_per_class(blocks):
    settings = SMOKE.judge.model_copy(update={"optimizer": OptimizerSettings(steps=40, batch_size=16, learning_rate=1e-2)})
    judge = train_judge(blocks.images, blocks.labels, 3, settings, seed=0)
    accuracy = judge_accuracy(judge, blocks.images, blocks.labels, NAMES)
    assert accuracy.mean > 0.9 and set(accuracy.per_class) == set(NAMES)
    assert accuracy.worst == min(accuracy.per_class.values())
    # Asked for the wrong class of every image, it is always wrong.
    assert judge_accuracy(judge, blocks.images, (classify(judge, blocks.images) + 1) % 3, NAMES).mean == 0


@pytest.mark.parametrize("train", ["vae", "clip", "backbone", "judge", "convmixer"])
def test_trainings_are_deterministic(train, blocks, tokenizer):
    runs = {
        "vae": lambda: train_vae(blocks.images, SMOKE.vae, 3),
        "clip": lambda: train_clip(blocks.images, blocks.labels, CAPTIONS, tokenizer, SMOKE.clip, 3),
        "backbone": lambda: train_backbone(blocks.images, SMOKE.backbone, 3),
        "judge": lambda: train_judge(blocks.images, blocks.labels, 3, SMOKE.judge, 3),
        "convmixer": lambda: train_judge(blocks.images, blocks.labels, 3, MIXER, 3),
    }
    assert _equal(runs[train](), runs[train]())


def test_an_autoencoder_starts_from_given_weights(blocks, vae):
    settings = SMOKE.vae.model_copy(update={"optimizer": SMOKE.vae.optimizer.model_copy(update={"learning_rate": 1e-9})})
    started, fresh = train_vae(blocks.images, settings, 5, vae.state_dict()), train_vae(blocks.images, settings, 5)
    name = "decoder.conv_in.weight"  # latents are standardized in the 1x1 convolutions alone
    before, *after = (model.state_dict()[name] for model in (vae, started, fresh))
    assert torch.allclose(after[0], before, atol=1e-6) and not torch.allclose(after[1], before, atol=1e-3)


def test_words_in_front_are_those_that_the_training_sees(blocks, vae, tokenizer, monkeypatch):
    seen = []
    drawn = base_module.with_fillers
    monkeypatch.setattr(base_module, "with_fillers", lambda ids, n, words, g: seen.append(words) or drawn(ids, n, words, g))
    settings = SMOKE.base.model_copy(update={"filler_words": 2})
    _base(blocks, vae, tokenizer, exclude=[NAMES[2]], settings=settings)
    known = {tokenizer.convert_ids_to_tokens(int(word)) for word in seen[0]}
    assert {"red", "hound", "image"} <= known and not known & {"blue", "cat", "<|endoftext|>"}


def test_images_of_a_split_are_read_where_there_are_some(blocks, tmp_path):
    files = [tmp_path / f"blocks.{suffix}" for suffix in ("tar", "parquet", "json")]
    pack_source(Blocks(), *files, tmp_path / "distance.json")
    apart = [tmp_path / f"blocks_judges.{suffix}" for suffix in ("tar", "parquet")]
    pack_images(NAMES, lambda name: list(Blocks().images(name))[:2], *apart)
    assert len(read_tasks({"blocks": "thing"}, [*files, *apart])[0].images) == 24
    assert len(read_tasks({"blocks": "thing"}, [*files, *apart], split="judges")[0].images) == 6


def test_augmentation_keeps_shape_and_is_deterministic(blocks):
    pixels = blocks.images.float() / 127.5 - 1
    for distort in (
        lambda g: random_affine(pixels, g, 0.1, (0.9, 1.1), 0.1),
        lambda g: random_blur(pixels, g, 0.5),
        lambda g: random_noise(pixels, g, 0.1),
        lambda g: random_light(pixels, g, 0.1, 0.1, 0.1),
    ):
        first, second = (distort(torch.Generator().manual_seed(1)) for _ in range(2))
        assert first.shape == pixels.shape and torch.equal(first, second) and not torch.equal(first, pixels)
    identity = random_affine(pixels, torch.Generator().manual_seed(1), 0.0, (1.0, 1.0))
    torch.testing.assert_close(identity, pixels, atol=1e-5, rtol=0)


def test_images_of_the_wrong_type_are_refused(blocks):
    with pytest.raises(ValueError, match="expected uint8"):
        train_vae(blocks.images.float(), SMOKE.vae, 0)


def test_tokenizer_settings_need_room_for_a_word():
    with pytest.raises(ValidationError):
        TokenizerSettings(max_length=2)


def test_clip_text_is_the_only_large_table(tokenizer):
    embeddings = build_clip(SMOKE.clip, tokenizer).token_embedding.weight
    assert len(embeddings) == len(tokenizer)


def test_backbone_gives_one_vector_per_image(blocks):
    assert build_backbone(SMOKE.backbone).eval()(torch.zeros(2, 3, 32, 32)).shape == (2, SMOKE.backbone.width)


def test_every_nonempty_task_needs_images(blocks):
    with pytest.raises(ValueError, match="no image of blue cat"):
        TaskImages("blocks", NAMES, CAPTIONS, [0, 0, 0], blocks.images[:16], blocks.labels[:16])
