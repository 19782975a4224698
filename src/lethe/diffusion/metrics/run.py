"""Score shards on disk: the evaluators' folders in, tables and embeddings out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from lethe.diffusion.metrics.base import Classifier, MetricContext
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics, decode, stacked
from lethe.diffusion.metrics.zero_shot import zero_shot_classifier
from lethe.diffusion.pretraining.assets import load_asset
from lethe.diffusion.pretraining.data import class_name
from lethe.diffusion.pretraining.judge import AnyJudge, build_judge
from lethe.diffusion.pretraining.loop import to_unit
from lethe.diffusion.pretraining.prediction import for_prediction
from lethe.diffusion.testbed.receivers import Receiver
from lethe.io.shards import Decoder, ShardReader
from lethe.io.tables import read_json
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import JudgeSettings
from lethe.settings.scoring import Scoring

PART = 50  # images that a classifier sees at once: what a layer makes of more does not stay in the processor's caches


def load_scorer(
    evaluators: Mapping[str, str | Path],
    settings: Mapping[str, Evaluator],
    task: str,
    receivers: Sequence[Receiver],
    scoring: Scoring,
    device: str,
    threads: int,
) -> Scorer:
    """The configured metrics with their models.

    Args:
        evaluators: name -> local folder; of a zero-shot classifier that of the clip that it is.
        settings: name -> its settings: kind, attribute, metric.
        task, receivers: what the classifiers are asked about.
        scoring: which metrics.
        device: ``cpu`` or ``cuda``.
        threads: on the CPU how many parts of a batch are scored at once, each with one thread; on a GPU threads of the ONNX session.
    """
    at_once, of_session = (threads, 1) if device == "cpu" else (1, threads)
    folders = {settings[name].kind: str(folder) for name, folder in evaluators.items()}  # of clip and backbone there is one each
    asked = {settings[name].metric or name: name for name in evaluators if settings[name].classifies}
    context = MetricContext(
        clip=folders.get("clip", ""),
        backbone=folders.get("backbone", ""),
        classifiers={
            metric: zero_shot_classifier(evaluators[name], receivers, device)
            if settings[name].kind == "zero_shot"
            else _classifier(evaluators[name], task, receivers, settings[name].attribute, device, settings[name].features)
            for metric, name in asked.items()
            if metric in scoring.metrics
        },
        nudenet_resolution=scoring.nudenet_resolution,
        nudenet_threshold=scoring.nudenet_threshold,
        lpips_alex=scoring.lpips_alex,
        device=device,
        threads=of_session,
    )
    cells = any(receiver.attributes for receiver in receivers)  # of these it is told what is drawn instead
    return Scorer(build_metrics(scoring.metrics, context), scoring.batch_size, cells, device, at_once)


def load_judge(folder: str | Path, task: str, receivers: Sequence[Receiver], device: str = "cpu") -> JudgeAccuracy:
    """The judge of a folder, asked about the receivers of a task."""
    return JudgeAccuracy(_classifier(folder, task, receivers, "name", device))


def load_classifier(folder: str | Path) -> tuple[list[str], AnyJudge]:
    """The classes of a classifier's folder, and the classifier as it was trained."""
    folder = Path(folder)
    config = read_json(folder / "config.json")
    model = build_judge(len(config["classes"]), JudgeSettings.model_validate(config["settings"]))
    model.load_state_dict(load_asset(folder / "judge.safetensors").state_dict("judge"))
    return config["classes"], model.eval().requires_grad_(False)


def read_images(tar: str | Path, index: str | Path, threads: int = 1, decoder: Decoder | None = None) -> ImageSet:
    """The decoded images of a generated shard, every member checked against its hash.

    Args:
        tar, index: of the shard.
        threads: how many PNGs are decoded at once; 1 is the calling thread.
        decoder: of latents, where the shard may hold them.
    """
    with ShardReader(tar, index, decoder) as shard:
        table, members = shard.table, shard.members
        if shard.holds_latents:
            pictures = shard.pictures()
            images = stacked(lambda place: next(pictures), len(members), 1)
        else:
            images = stacked(lambda place: decode(shard.read_bytes(members[place])), len(members), threads)
    return ImageSet(images, table["receiver"].to_numpy(), table["seed"].to_numpy(), list(table["prompt"]))


def readers(device: str, threads: int) -> int:
    """How many threads decode pictures: on a GPU all that the job may use, else the ``threads`` of its rule.

    Examples:
        >>> readers("cpu", 2)
        2
    """
    return len(os.sched_getaffinity(0)) if device == "cuda" else threads


def _classifier(
    folder: str | Path, task: str, receivers: Sequence[Receiver], attribute: str, device: str, features: bool = False
) -> Classifier:
    classes, trained = load_classifier(folder)
    model = for_prediction(trained).to(device)
    values = [receiver.value(attribute) for receiver in receivers]
    class_of = [value if value in classes else class_name(task, value) for value in values]  # a published one knows no task

    def logits(images: torch.Tensor) -> torch.Tensor:
        return torch.cat([model(to_unit(part.to(device))) for part in images.split(PART)])

    def embed(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = [model.embed(to_unit(part.to(device))) for part in images.split(PART)]
        return torch.cat([logits for logits, _ in found]), torch.cat([kept for _, kept in found])

    return Classifier(logits, classes, class_of, embed if features else None)
