"""Real images, judged like generated ones."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.unlearncanvas.real import real_images
from lethe.core.device import resolve_device
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl, write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.scoring import Scoring


def judge_real(
    tar: Path,
    index: Path,
    training: Path,
    receivers: Path,
    evaluators: list[Path],
    scores: Path,
    embeddings: Path,
    task: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    size: int,
    device: str,
    threads: int,
) -> None:
    """Write scores and embeddings of the images of a source that no model was shown.

    Args:
        tar, index: shard of the source.
        training: the list of all training images.
        evaluators: a folder for each of `settings`, in its order.
        size: of an image in pixels.
    """
    asked = read_receivers(receivers)
    folders: dict[str, str | Path] = dict(zip(settings, evaluators, strict=True))
    scorer = load_scorer(folders, settings, task, asked, scoring, resolve_device(device), threads)
    shown = {record["file_name"] for record in read_jsonl(training)}
    with ShardReader(tar, index) as shard:
        found = scorer.score_baseline(real_images(shard, asked, shown, size))
    assert found.embeddings is not None, "images of cells have embeddings"
    write_parquet(scores, found.table)
    found.embeddings.save(embeddings)
