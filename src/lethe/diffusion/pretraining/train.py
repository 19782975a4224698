"""Train one checkpoint of the mini world and write it with its provenance: what the training rules call."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from lethe.diffusion.pretraining.assets import images_sha256, load_asset, rounded, save_asset
from lethe.diffusion.pretraining.backbone import train_backbone
from lethe.diffusion.pretraining.base import sampling_weights, train_base
from lethe.diffusion.pretraining.clip import clip_scores, train_clip
from lethe.diffusion.pretraining.data import TaskImages, class_name, grouped, held_out_mask, join
from lethe.diffusion.pretraining.judge import build_judge, classify, train_judge
from lethe.diffusion.pretraining.quality import judge_accuracy, neighbour_accuracy, sample_images
from lethe.diffusion.pretraining.text import build_tokenizer, load_tokenizer, tokenizer_json
from lethe.diffusion.pretraining.vae import build_vae, encode_latents, reconstruction_error, train_vae
from lethe.diffusion.testbed.names import prompt_of
from lethe.io.atomic import write_text
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import SETTINGS_OF, JudgeSettings, PretrainingSettings, settings_sha256

QUALITY_SEEDS = 20  # images per entity on which a base is measured


def read_tasks(
    styles: Mapping[str, str], sources: Sequence[str | Path], split: str = "", side: int | None = None
) -> list[TaskImages]:
    """The images of every task of ``styles`` from the packed sources.

    Args:
        styles: task -> prompt style (``lethe.diffusion.testbed.names.prompt_of``), in the order of training.
        sources: paths of ``{task}.tar``, ``{task}.parquet``, ``{task}.json`` for each task, in any order.
        split: of a task whose images of a split are among them (``{task}_{split}.tar``), these.
        side: height and width that images are brought to, pixels, without a crop; None: as they are, all of one size.
    """
    files = {(Path(file).stem, Path(file).suffix): file for file in sources}
    return [_read_task(task, style, files, f"{task}_{split}", side) for task, style in styles.items()]


def _read_task(task: str, style: str, files: Mapping[tuple[str, str], str | Path], apart: str, side: int | None) -> TaskImages:
    records = read_json(files[task, ".json"])
    names = [str(record["name"]) for record in records]
    stem = apart if (apart, ".tar") in files else task
    with ShardReader(files[stem, ".tar"], files[stem, ".parquet"]) as shard:
        images = np.stack([_squared(shard.read(member), side) for member in shard.members])
        labels = [names.index(entity) for entity in shard.table["entity"]]
    return TaskImages(
        task=task,
        names=names,
        captions=[prompt_of(style, record) for record in records],
        popularity=[float(record.get("popularity", 0.0)) for record in records],
        records=records,
        images=torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        labels=torch.tensor(labels),
    )


def _squared(image: NDArray[np.uint8], side: int | None) -> NDArray[np.uint8]:
    return image if side is None else np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))


def tokenizer_part(record: str | Path, tasks: Sequence[TaskImages], settings: PretrainingSettings) -> None:
    """Write the vocabulary over the captions of all tasks."""
    captions = [caption for task in tasks for caption in task.captions]
    write_text(record, tokenizer_json(build_tokenizer(captions, settings.tokenizer)))


def vae_part(
    weights: str | Path, tasks: Sequence[TaskImages], settings: PretrainingSettings, seed: int, start: str | Path | None = None
) -> None:
    """Train and write the autoencoder shared by all tasks, from nothing or from the checkpoint ``start``."""
    images, *_ = join(tasks)
    begin = time.monotonic()
    first = load_asset(Path(start)) if start else None
    vae = train_vae(images, settings.vae, seed, first.state_dict("vae") if first else None)
    rounded(vae, settings.bits)
    quality = {task.task: reconstruction_error(vae, task.images[::7]) for task in tasks}
    provenance = _provenance(tasks, settings.vae, seed, settings.vae.optimizer.steps, begin)
    if first:
        provenance |= {"start_sha256": first.provenance["weights_sha256"]}
    save_asset(Path(weights), {"vae": vae}, provenance | {"reconstruction_mse": quality}, settings.bits)


def evaluator_part(
    weights: str | Path,
    evaluator: Evaluator,
    tasks: Sequence[TaskImages],
    tokenizer: str | Path | None,
    settings: PretrainingSettings,
    seed: int,
    start: Mapping[str, torch.Tensor] | None = None,
    device: str = "cpu",
) -> None:
    """Train and write an evaluator on four of five images, measured on the fifth; a classifier tells its attribute."""
    tasks = [grouped(task, evaluator.attribute) for task in tasks]
    images, labels, classes, captions = join(tasks)
    held_out = held_out_mask(labels, settings.judge.held_out)
    if not held_out.any():
        raise ValueError(
            f"no class has {settings.judge.held_out} images, so none is held out to measure the evaluator on; allowed: more images, "
            "or a smaller pretraining.judge.held_out"
        )
    begin = time.monotonic()
    part = SETTINGS_OF[evaluator.kind]
    own: Any = getattr(settings, part)
    quality: dict[str, Any]
    if evaluator.kind == "classifier":
        judge = rounded(train_judge(images[~held_out], labels[~held_out], len(classes), own, seed, start, device), settings.bits)
        right = (classify(judge, images[held_out]) == labels[held_out]).double()
        quality = {"held_out_accuracy": right.mean().item()}
        module: torch.nn.Module = judge
    elif evaluator.kind == "clip":
        if tokenizer is None:
            raise ValueError("an evaluator of kind clip needs a tokenizer")
        words = load_tokenizer(Path(tokenizer), settings.tokenizer)
        module = rounded(train_clip(images[~held_out], labels[~held_out], captions, words, own, seed), settings.bits)
        scores = clip_scores(module, images[held_out], captions, words)
        quality = {"held_out_caption_accuracy": (scores.argmax(1) == labels[held_out]).double().mean().item()}
    else:
        module = rounded(train_backbone(images[~held_out], own, seed), settings.bits)
        quality = {"held_out_neighbour_accuracy": neighbour_accuracy(module, images, labels, held_out)}
    provenance = _provenance(tasks, own, seed, own.optimizer.steps, begin)
    save_asset(Path(weights), {part: module}, provenance | {"classes": classes, "quality": quality}, settings.bits)


def base_part(
    weights: str | Path,
    tasks: Sequence[TaskImages],
    *,
    vae: str | Path,
    tokenizer: str | Path,
    judges: Mapping[str | Path, str],
    settings: PretrainingSettings,
    seed: int,
    exclude: Collection[str] = (),
) -> None:
    """Train and write a base, or without the entities ``exclude`` (``task/name``) its retrained reference; measure it with judges.

    Args:
        judges: checkpoint -> the attribute that it tells; ``name``: the entity.
    """
    words = load_tokenizer(Path(tokenizer), settings.tokenizer)
    autoencoder = build_vae(settings.vae)
    autoencoder.load_state_dict(load_asset(Path(vae)).state_dict("vae"))
    autoencoder.eval().requires_grad_(False)
    images, labels, names, captions = join(tasks)
    popularity = sampling_weights([value for task in tasks for value in task.popularity], settings.base.popularity_scale)
    begin = time.monotonic()
    latents = encode_latents(autoencoder, images)
    text_encoder, unet = train_base(latents, labels, names, captions, popularity, words, settings.base, seed, exclude)
    provenance = _provenance(tasks, settings.base, seed, settings.base.optimizer.steps, begin)
    rounded(text_encoder, settings.bits)
    rounded(unet, settings.bits)
    quality = _judged(judges, autoencoder, text_encoder, unet, words, tasks, settings) if judges else {}
    left_out = list(exclude)[0] if len(exclude) == 1 else list(exclude) or None
    provenance |= {"exclude": left_out, "quality": quality}
    save_asset(Path(weights), {"unet": unet, "text_encoder": text_encoder}, provenance, settings.bits)


def _judged(
    judges: Mapping[str | Path, str],
    autoencoder: Any,
    text_encoder: Any,
    unet: Any,
    words: Any,
    tasks: Sequence[TaskImages],
    settings: PretrainingSettings,
) -> dict[str, Any]:
    """How often judges see what a base was asked for: of the only one its figures, of several those of each under its name."""
    _, _, names, captions = join(tasks)
    asked = torch.arange(len(names)).repeat_interleave(QUALITY_SEEDS)
    drawn = sample_images(
        autoencoder,
        text_encoder,
        unet,
        words,
        [captions[i] for i in asked.tolist()],
        list(range(len(asked))),
        settings.base.noise,
        settings.sampling,
    )
    found = {Path(judge).stem: _seen(judge, attribute, drawn, asked, tasks) for judge, attribute in judges.items()}
    return found if len(found) > 1 else next(iter(found.values()))


def _seen(
    judge: str | Path, attribute: str, drawn: torch.Tensor, asked: torch.Tensor, tasks: Sequence[TaskImages]
) -> dict[str, Any]:
    asset = load_asset(Path(judge))
    classes = asset.provenance["classes"]
    model = build_judge(len(classes), JudgeSettings.model_validate(asset.provenance["settings"]))
    model.load_state_dict(asset.state_dict("judge"))
    told = [class_name(task.task, str(record[attribute])) for task in tasks for record in task.records]
    wanted = torch.tensor([classes.index(name) for name in told])[asked]
    accuracy = judge_accuracy(model.eval(), drawn, wanted, classes)
    return {"judge_mean": accuracy.mean, "judge_worst": accuracy.worst, "judge_per_entity": accuracy.per_class}


def _provenance(tasks: Sequence[TaskImages], settings: Any, seed: int, steps: int, begin: float) -> dict[str, Any]:
    return {
        "entities": [f"{task.task}/{name}" for task in tasks for name in task.names],
        "images_sha256": images_sha256(*join(tasks)[:2]),
        "settings": settings.model_dump(mode="json"),
        "settings_sha256": settings_sha256(settings),
        "seed": seed,
        "steps": steps,
        "wall_seconds": round(time.monotonic() - begin, 1),
        "threads": torch.get_num_threads(),
    }
