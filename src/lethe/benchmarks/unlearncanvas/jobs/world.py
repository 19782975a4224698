"""What the gates of a world rest on: its colours, its autoencoder, its base under prefixes, cells that a base never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.probe import colour_kept, colour_probe
from lethe.core.device import resolve_device
from lethe.diffusion.generate import Request, generate
from lethe.diffusion.latents import encode_images
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.sources.drawing import seeded
from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.io.shards import ShardReader
from lethe.io.tables import write_json
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring

PREFIX = 3  # words in front of a prompt
PROBED = 40  # training images of a cell that the probe of colours is fitted to
DECODED = 10  # reference images of a cell that go through the autoencoder
BATCH = 128  # latents decoded at once


def measure_world(
    base: Path,
    receivers: Path,
    tar: Path,
    index: Path,
    reference_tar: Path,
    reference_index: Path,
    evaluators: list[Path],
    figures: Path,
    task: str,
    world: str,
    style: str,
    never_seen: Sequence[str],
    scoring: Scoring,
    settings: dict[str, Evaluator],
    generation: Generation,
    device: str,
    dtype: str,
    threads: int,
    held_out: Sequence[Path] = (),
) -> None:
    """Write what the gates of a task rest on.

    Args:
        held_out: a base trained without the cells ``never_seen`` (names of receivers), where there is one.
        tar, index: training images. reference_tar, reference_index: real images that nothing was trained on.
        evaluators: a folder for each of ``settings``, in its order: the judges.
        style: the attribute that the probe of colours is asked for.
    """
    asked, there = read_receivers(receivers), resolve_device(device)
    scorer = load_scorer(dict(zip(settings, evaluators, strict=True)), settings, task, asked, scoring, there, threads)
    place = {receiver.name: receiver.index for receiver in asked}
    train, shown = _images(tar, index, place, PROBED)
    real, cells = _images(reference_tar, reference_index, place, DECODED)
    values = np.array([receiver.value(style) for receiver in asked])

    pipe = load_pipeline(base, device=there, dtype=getattr(torch, dtype))
    decoded = _through(pipe, real, generation.size)
    error = ((decoded.astype(float) - real) / 127.5) ** 2
    prefixed = [f"{_words(asked, receiver)} {receiver.prompt}" for receiver in asked]
    drawn = _drawn(pipe, asked, prefixed, generation, world, task)
    found: dict[str, Any] = {
        "colour_probe": colour_probe(train, values[shown], real, values[cells]),
        "chance": 1 / len(set(values)),
        "colour_kept": colour_kept(real, decoded),
        "decoded_mse": {value: float(error[values[cells] == value].mean()) for value in dict.fromkeys(values)},
        "real": _judged(scorer, real, cells),
        "decoded": _judged(scorer, decoded, cells),
        "prefixed": _judged(scorer, *drawn),
    }
    if held_out:
        pipe = load_pipeline(held_out[0], device=there, dtype=getattr(torch, dtype))
        pictures, cells = _drawn(pipe, asked, [receiver.prompt for receiver in asked], generation, world, task)
        unseen = np.isin(cells, [place[name] for name in never_seen])
        found["never_seen"] = _judged(scorer, pictures[unseen], cells[unseen])
        found["seen"] = _judged(scorer, pictures[~unseen], cells[~unseen])
    write_json(figures, found)


def _images(tar: Path, index: Path, place: Mapping[str, int], most: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """At most so many images of every cell, the first in order, and the receiver that each shows."""
    with ShardReader(tar, index) as shard:
        rows = shard.table.groupby("entity", sort=False).head(most)
        images: NDArray[np.uint8] = np.stack([shard.read(member) for member in rows["member"]])
    return images, np.array([place[name] for name in rows["entity"]], dtype=np.int64)


@torch.inference_mode()
def _through(pipe: Pipeline, images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Images, encoded and decoded."""
    latents = encode_images(pipe.vae, images, size).to(pipe.unet.device, pipe.vae.dtype) / pipe.vae.config["scaling_factor"]
    pixels = torch.cat([pipe.vae.decode(part, return_dict=False)[0].float() for part in latents.split(BATCH)])
    found: NDArray[np.uint8] = ((pixels / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return found


def _words(receivers: Sequence[Receiver], receiver: Receiver) -> str:
    """Words of other prompts, drawn for this receiver."""
    known = sorted({word for other in receivers for word in other.prompt.strip(".").split()})
    return " ".join(seeded("prefix", receiver.name).choice(known, PREFIX))


def _drawn(
    pipe: Pipeline, receivers: Sequence[Receiver], prompts: Sequence[str], generation: Generation, world: str, task: str
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    requests = [
        Request(prompt, receiver.index, seed)
        for receiver, prompt in zip(receivers, prompts, strict=True)
        for seed in generation.seeds
    ]
    images = [image for _, image in generate(pipe, requests, generation, world=world, task=task)]
    return np.stack(images), np.array([request.receiver for request in requests])


def _judged(scorer: Scorer, images: NDArray[np.uint8], cells: NDArray[np.int64]) -> dict[str, float]:
    """Classifier -> share of images in which it sees what the cell shows."""
    numbers = np.arange(len(images))
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    table = scorer.score_baseline(ImageSet(pixels, cells, numbers, [""] * len(images))).table
    return {metric.about.name: float(table[metric.about.name].mean()) for metric in scorer.metrics}
