"""A training with checkpoints: its models, their interference, and a strip of their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lethe.benchmarks.icare.trajectory import most_harmed, rows_of, strip, trajectory_table
from lethe.core.device import resolve_device
from lethe.core.records import Fidelity
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.delta import Delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._training import checkpoints as kept_at
from lethe.diffusion.methods.base import UnlearnData
from lethe.diffusion.methods.prepared import read_prepared
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.metrics.confusion import draw_images
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.run import load_scorer, read_images
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.receivers import Emitter, chosen, read_emitters, read_receivers
from lethe.figures.style import save
from lethe.io.atomic import atomic_path
from lethe.io.tables import read_parquet, write_csv, write_json
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring

BASE = 0  # the epoch at which nothing has been trained


class Reached(NamedTuple):
    """What a training has reached after some epochs."""

    epoch: int
    delta: Delta


def look(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    prepared: Sequence[Path],
    off_tar: Path,
    off_index: Path,
    off: Path,
    off_embeddings: Path,
    evaluators: list[Path],
    lpips: list[Path],
    models: Path,
    table: Path,
    figure: Path,
    task: str,
    method: str,
    index: int,
    steps: dict[int, int],
    hyperparameters: dict[str, Any],
    seed: int,
    fidelity: Fidelity,
    generation: Generation,
    world: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    device: str,
    dtype: str,
    threads: int,
    decoder: Sequence[Path] = (),
) -> None:
    """Train a method on an emitter once more, and keep what it has reached after each epoch of ``steps``.

    Args:
        prepared: what the method prepared for the task and its record, if it prepares anything.
        off: scores of the base. models: a folder ``epoch_{epoch:03d}`` each.
        index: of the emitter. steps: epoch -> steps by then, rising; the last is the end.
        settings: of the evaluators, in their order.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    asked, forgotten, there = read_receivers(receivers), read_emitters(emitters), resolve_device(device)
    data = training_data(latents, asked, forgotten, fidelity)
    if prepared:
        data = replace(data, prepared=read_prepared(prepared[0], prepared[1], task=task, method=method, base=base).tensors)
    (target,) = chosen(forgotten, [index])
    trained = _train(base, METHODS.load(method)(**hyperparameters), target, data, steps, seed, there)
    digest = base_digest(base)
    with atomic_path(models) as part:
        for epoch, delta in trained:
            delta.save(part / f"epoch_{epoch:03d}/delta.safetensors", base=digest)
            record = {
                "method": method,
                "emitter": index,
                "epochs": epoch,
                "steps": steps[epoch],
                "base_sha256": digest,
                "seed": seed,
            }
            write_json(part / f"epoch_{epoch:03d}/record.json", record | {"hyperparameters": hyperparameters})

    pipe = load_pipeline(base, device=there, dtype=getattr(torch, dtype))
    places = {"world": world, "task": task}
    drawn = {epoch: draw_images(pipe, asked, generation.seeds, delta, generation, **places) for epoch, delta in trained}
    scorer = load_scorer(dict(zip(settings, evaluators, strict=True)), settings, task, asked, scoring, there, threads)
    base_images = read_images(off_tar, off_index, decoder=decoder_of(decoder, device))
    scorer.attach_baseline(base_images, Embeddings.load(off_embeddings))
    scores = {epoch: scorer.score_on(images).table for epoch, images in drawn.items()}
    write_csv(table, trajectory_table(read_parquet(off), scores, steps, index, len(asked)))

    shown = rows_of(index, most_harmed(scores[trained[-1].epoch], index), [receiver.name for receiver in asked])
    first = generation.seeds[0]
    pictures = {
        epoch: {receiver: _picture(images, receiver, first) for receiver in shown}
        for epoch, images in {BASE: base_images, **drawn}.items()
    }
    save(strip(pictures, shown, steps, first), figure)


def _train(
    base: Path, unlearner: Any, emitter: Emitter, data: UnlearnData, steps: dict[int, int], seed: int, device: str
) -> list[Reached]:
    """What the training has reached, epoch by epoch; the last is its result."""
    found: dict[int, Delta] = {}
    with kept_at(list(steps.values()), found.__setitem__):
        (result,) = unlearner.unlearn(load_pipeline(base, device=device), [emitter], data, seed=seed)
    if missing := [step for step in steps.values() if step not in found]:
        raise ValueError(
            f"the training has {result.record.get('steps')} steps, so none is step {missing[0]}; allowed: fewer steps"
        )
    *before, last = steps
    return [*(Reached(epoch, found[steps[epoch]]) for epoch in before), Reached(last, result.delta)]


def _picture(images: ImageSet, receiver: int, seed: int) -> Any:
    """(h, w, 3) uint8."""
    return images.images[images.rows[receiver, seed]].permute(1, 2, 0).numpy()
