"""Scores of every picture: of the base, and of unlearned models beside the base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from lethe.core.device import resolve_device
from lethe.core.progress import progress
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.run import load_scorer, read_images, readers
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, Scores
from lethe.diffusion.overlap import overlapped
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.shards import ShardReader
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
    found = scorer.score_baseline(read_images(tar, index, readers(scorer.device, threads)))
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
    read = partial(read_images, threads=readers(scorer.device, threads))
    scorer.attach_baseline(read(off_tar, off_index), Embeddings.load(off_embeddings))
    names = {model: (f"{model}.parquet", f"{model}_embeddings.npz") for model in models}
    places = dict(zip(models, zip(tars, indices, strict=True), strict=True))
    twins = same_pictures(places)
    waiting = {model: twins[model] for model in models if not set(names[model]) <= work.done}
    needed = list(dict.fromkeys(waiting.values()))

    def scored(images: Iterable[tuple[str, ImageSet]]) -> None:
        for first, pictures in progress(images, len(needed), "shard", f"score {task}"):
            result = scorer.score_on(pictures)

            def write(table_path: Path, embeddings_path: Path, result: Scores = result) -> None:
                write_parquet(table_path, result.table)
                assert result.embeddings is not None, "as in score_baseline"
                result.embeddings.save(embeddings_path)

            for model, twin in waiting.items():
                if twin == first:
                    work.finish(names[model], write)

    ahead = 1 if scorer.device == "cuda" else 0  # on the CPU a job uses the threads it declares
    scored(overlapped(needed, lambda model: (model, *places[model]), lambda shard: (shard[0], read(*shard[1:])), ahead))
    targets = zip(scores, embeddings, strict=True)
    work.hand_over(
        {name: path for model, paths in zip(models, targets, strict=True) for name, path in zip(names[model], paths, strict=True)}
    )


def same_pictures(places: Mapping[str, tuple[Path, Path]]) -> dict[str, str]:
    """Model -> the first model with the same pictures, receivers, seeds and prompts: itself, unless it changes nothing (``none``).

    Args:
        places: model -> its shard's tar and index. The index holds the hash of every picture; that of a twin is checked.
    """
    first: dict[tuple[object, ...], str] = {}
    twins = {}
    for model, (tar, index) in places.items():
        with ShardReader(tar, index) as shard:
            key = tuple(shard.table[["sha256", "receiver", "seed", "prompt"]].itertuples(index=False, name=None))
            if key in first:
                for member in shard.members:
                    shard.read_bytes(member)
        twins[model] = first.setdefault(key, model)
    return twins


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
