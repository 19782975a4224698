"""Score shards on disk: the evaluators' folders in, tables and embeddings out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics
from lethe.diffusion.pretraining.assets import load_asset
from lethe.diffusion.pretraining.judge import build_judge
from lethe.diffusion.pretraining.loop import to_unit
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json
from lethe.settings.pretraining import JudgeSettings
from lethe.settings.scoring import Scoring


def load_scorer(
    evaluators: Mapping[str, str | Path],
    task: str,
    metadata: Sequence[Mapping[str, Any]],
    scoring: Scoring,
    device: str,
    threads: int,
) -> Scorer:
    """The configured metrics with their models.

    Args:
        evaluators: role (``clip``, ``backbone``, ``judge``) -> local folder.
        task, metadata: whose entities the judge is asked about.
        scoring: which metrics.
        device: ``cpu`` or ``cuda``.
        threads: of the ONNX session.
    """
    judge, classes = _judge(Path(evaluators["judge"]), device) if "judge" in evaluators else (None, [])
    context = MetricContext(
        clip=str(evaluators.get("clip", "")),
        backbone=str(evaluators.get("backbone", "")),
        judge=judge,
        judge_classes=classes,
        entities=[f"{task}/{record['name']}" for record in metadata],
        nudenet_resolution=scoring.nudenet_resolution,
        nudenet_threshold=scoring.nudenet_threshold,
        lpips_alex=scoring.lpips_alex,
        device=device,
        threads=threads,
    )
    return Scorer(build_metrics(scoring.metrics, context), scoring.batch_size)


def load_judge(folder: str | Path, task: str, metadata: Sequence[Mapping[str, Any]], device: str = "cpu") -> JudgeAccuracy:
    """The judge of a folder, asked about the entities of a task."""
    judge, classes = _judge(Path(folder), device)
    return JudgeAccuracy(judge, classes, [f"{task}/{record['name']}" for record in metadata])


def read_images(tar: str | Path, index: str | Path) -> ImageSet:
    """The decoded images of a generated shard, every member checked against its hash."""
    with ShardReader(tar, index) as shard:
        table = shard.table
        return ImageSet.from_pngs(
            (shard.read_bytes(member) for member in shard.members), table["receiver"], table["seed"], list(table["prompt"])
        )


def _judge(folder: Path, device: str) -> tuple[Callable[[torch.Tensor], torch.Tensor], list[str]]:
    config = read_json(folder / "config.json")
    model = build_judge(len(config["classes"]), JudgeSettings.model_validate(config["settings"]))
    model.load_state_dict(load_asset(folder / "judge.safetensors").state_dict("judge"))
    model = model.eval().requires_grad_(False).to(device)
    return lambda images: model(to_unit(images.to(device))), config["classes"]
