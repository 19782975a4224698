"""Scores of every picture: of the base, and of unlearned models beside the base."""

from __future__ import annotations

from pathlib import Path

from lethe.core.device import resolve_device
from lethe.core.progress import progress
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.run import load_scorer, read_images
from lethe.diffusion.metrics.scoring import Scorer
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.scoring import Scoring


def score_baseline(
    tar: Path,
    index: Path,
    receivers: Path,
    evaluators: list[Path],
    lpips: list[Path],
    scores: Path,
    seed_pairs: Path,
    embeddings: Path,
    task: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    device: str,
    threads: int,
) -> None:
    """Score the off images of a task and keep their embeddings.

    Args:
        evaluators: a folder for each of `settings`, in its order.
        lpips: files of `scoring.lpips_alex`, which the metric finds by itself; here so that a change of them is seen.
    """
    scorer = _scorer(task, receivers, evaluators, settings, scoring, device, threads)
    found = scorer.score_baseline(read_images(tar, index))
    write_parquet(scores, found.table)
    write_parquet(seed_pairs, scorer.score_seed_pairs())
    assert found.embeddings is not None, "images of entities are scored with the backbone"
    found.embeddings.save(embeddings)


def score(
    tars: list[Path],
    indices: list[Path],
    off_tar: Path,
    off_index: Path,
    off_embeddings: Path,
    receivers: Path,
    evaluators: list[Path],
    lpips: list[Path],
    scores: list[Path],
    embeddings: list[Path],
    models: list[str],
    task: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    device: str,
    threads: int,
    work: WorkFolder,
) -> None:
    """Score the on images of a batch of models, each against its off image.

    Args:
        tars, indices, scores, embeddings: one file per model.
        models: names of the models.
    """
    scorer = _scorer(task, receivers, evaluators, settings, scoring, device, threads)
    scorer.attach_baseline(read_images(off_tar, off_index), Embeddings.load(off_embeddings))
    targets: dict[str, str | Path] = {}
    shards = list(zip(models, tars, indices, scores, embeddings, strict=True))
    for model, tar, index, of_scores, of_embeddings in progress(shards, len(shards), "shard", f"score {task}"):
        names = (f"{model}.parquet", f"{model}_embeddings.npz")
        targets |= dict(zip(names, (of_scores, of_embeddings), strict=True))
        if not set(names) <= work.done:
            result = scorer.score_on(read_images(tar, index))

            def write(table_path: Path, embeddings_path: Path, result=result) -> None:  # type: ignore[no-untyped-def]
                write_parquet(table_path, result.table)
                result.embeddings.save(embeddings_path)

            work.finish(names, write)
    work.hand_over(targets)


def _scorer(
    task: str,
    receivers: Path,
    evaluators: list[Path],
    settings: dict[str, Evaluator],
    scoring: Scoring,
    device: str,
    threads: int,
) -> Scorer:
    folders: dict[str, str | Path] = dict(zip(settings, evaluators, strict=True))
    return load_scorer(folders, settings, task, read_receivers(receivers), scoring, resolve_device(device), threads)
