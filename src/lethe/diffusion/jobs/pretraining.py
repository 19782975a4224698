"""The mini world's own models, trained from nothing, and the folder of shipped ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.device import resolve_device
from lethe.diffusion.curves import recorded, write_curve
from lethe.diffusion.pretraining.checkpoint import read_start
from lethe.diffusion.pretraining.data import class_name
from lethe.diffusion.pretraining.train import base_part, evaluator_part, read_tasks, tokenizer_part, vae_part
from lethe.diffusion.pretraining.vit import SIDE
from lethe.diffusion.testbed.receivers import chosen, read_emitters, read_receivers
from lethe.io.atomic import write_bytes
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import PretrainingSettings

JUDGES = "judges"  # the split that evaluators are trained on, of sources that have one


def train_tokenizer(sources: list[Path], record: Path, settings: PretrainingSettings, styles: dict[str, str]) -> None:
    """Build the vocabulary over the captions of some tasks."""
    tokenizer_part(record, read_tasks(styles, sources), settings)


def train_vae(
    sources: list[Path],
    weights: Path,
    record: Path,
    losses: Path,
    settings: PretrainingSettings,
    styles: dict[str, str],
    seed: int,
    start: Sequence[Path] = (),
) -> None:
    """Train the autoencoder of some tasks, from nothing or from the checkpoint ``start``; record and loss curve are written beside the weights."""
    with recorded() as curves:
        vae_part(weights, read_tasks(styles, sources), settings, seed, start[0] if start else None)
    write_curve(losses, curves, seed)


def train_evaluator(
    sources: list[Path],
    weights: Path,
    record: Path,
    losses: Path,
    described: Evaluator,
    settings: PretrainingSettings,
    styles: dict[str, str],
    seed: int,
    device: str,
    tokenizer: Path | None = None,
    start: Sequence[Path] = (),
) -> None:
    """Train an open_clip model, a backbone or a classifier; record and loss curve are written beside the weights.

    Args:
        device: where a classifier is trained. start: file of weights that it starts from.
        tokenizer: of an open_clip model; the others read no text.
    """
    classifier = described.kind == "classifier" and settings.judge.architecture == "vit"
    tasks = read_tasks(styles, sources, split=JUDGES, side=SIDE if classifier else None)
    first = read_start(start[0]) if start else None
    with recorded() as curves:
        evaluator_part(weights, described, tasks, tokenizer, settings, seed, first, resolve_device(device))
    write_curve(losses, curves, seed)


def train_base(
    sources: list[Path],
    vae: list[Path],
    tokenizer: Path,
    weights: Path,
    record: Path,
    losses: Path,
    settings: PretrainingSettings,
    styles: dict[str, str],
    seed: int,
    attributes: dict[str, str],
    judges: Sequence[Path] = (),
    exclude: Sequence[str] = (),
    receivers: Path | None = None,
    emitters: Path | None = None,
    task: str = "",
    index: int = 0,
) -> None:
    """Train a base, or the same without what an emitter covers: the reference by retraining.

    Args:
        judges: the parts that measure it, weights and record of each.
        attributes: name of a judge -> the attribute that it tells.
        exclude: classes (``task/name``) that the training never sees.
        receivers, emitters: of the task whose emitter is left out; None: nothing is.
        index: of that emitter.
    """
    left = list(exclude)
    if receivers and emitters:
        named, (left_out,) = read_receivers(receivers), chosen(read_emitters(emitters), [index])
        left += [class_name(task, named[receiver].name) for receiver in left_out.covers]
    with recorded() as curves:
        base_part(
            weights,
            read_tasks(styles, sources),
            vae=vae[0],
            tokenizer=tokenizer,
            judges={judge: attributes[judge.stem] for judge in judges if judge.suffix == ".safetensors"},
            settings=settings,
            seed=seed,
            exclude=left,
        )
    write_curve(losses, curves, seed)


def pack_assets(parts: list[Path], manifest: Path, folder: Path) -> None:
    """Copy trained checkpoints and their records to the folder of shipped ones; write what was copied."""
    for part in parts:
        write_bytes(folder / part.name, part.read_bytes())
    write_json(manifest, {part.name: sha256_file(part) for part in parts})
