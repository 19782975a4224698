"""Scores of every picture: of the base, and of unlearned models beside the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from lethe.core.device import resolve_device
from lethe.core.progress import progress
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.metrics import with_published
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.run import load_scorer, read_images, readers
from lethe.diffusion.metrics.scoring import Scorer
from lethe.diffusion.overlap import overlapped
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.shards import ShardReader
from lethe.io.tables import CorruptFileError, read_parquet, write_parquet
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
    apart: Sequence[str] = (),
    scored_apart: Sequence[Path] = (),
    decoder: Sequence[Path] = (),
) -> None:
    """Score the off images of a task and keep their embeddings.

    Args:
        apart: metrics of `scoring` that another job has computed; they are read from the file of `scored_apart`.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
        evaluators: a folder for each of `settings`, in its order.
        lpips: files of `scoring.lpips_alex`, which the metric finds by itself; here so that a change of them is seen.
    """
    scorer = _scorer(task, receivers, evaluators, settings, _without(scoring, apart), device, threads)
    found = scorer.score_baseline(read_images(tar, index, readers(scorer.device, threads), decoder_of(decoder, device)))
    write_parquet(scores, joined(found.table, *scored_apart, order=scoring.metrics))
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
    apart: Sequence[str] = (),
    scored_apart: Sequence[Path] = (),
    decoder: Sequence[Path] = (),
) -> None:
    """Score the on images of a batch of models, each against its off image.

    Args:
        tars, indices, scores, embeddings: one file per model.
        apart: metrics of `scoring` that another job has computed; they are read from `scored_apart`, one file per model.
        decoder: as of ``score_baseline``.
        models: names of the models.
    """
    scorer = _scorer(task, receivers, evaluators, settings, _without(scoring, apart), device, threads)
    others = {model: [file] for model, file in zip(models, scored_apart, strict=True)} if apart else {}
    read = partial(read_images, threads=readers(scorer.device, threads), decoder=decoder_of(decoder, device))
    scorer.attach_baseline(read(off_tar, off_index), Embeddings.load(off_embeddings))
    names = {model: (f"{model}.parquet", f"{model}_embeddings.npz") for model in models}
    places = dict(zip(models, zip(tars, indices, strict=True), strict=True))
    twins = same_pictures(places)
    waiting = [model for model in models if not set(names[model]) <= work.done]
    needed = list(dict.fromkeys(twins[model] for model in waiting))
    ahead = 1 if scorer.device == "cuda" else 0  # on the CPU a job uses the threads it declares
    shards = overlapped(needed, lambda model: (model, *places[model]), lambda shard: (shard[0], read(*shard[1:])), ahead)
    for first, pictures in progress(shards, len(needed), "shard", f"score {task}"):
        result = scorer.score_on(pictures)
        for model in waiting:
            if twins[model] == first:
                table = joined(result.table, *others.get(model, []), order=scoring.metrics)
                work.finish(names[model], partial(_write, table, result.embeddings))
    targets = zip(scores, embeddings, strict=True)
    work.hand_over(
        {name: path for model, paths in zip(models, targets, strict=True) for name, path in zip(names[model], paths, strict=True)}
    )


def score_apart(
    tars: list[Path],
    indices: list[Path],
    receivers: Path,
    scores: list[Path],
    models: list[str],
    task: str,
    scoring: Scoring,
    apart: list[str],
    threads: int,
    work: WorkFolder,
) -> None:
    """Score images by the metrics that no GPU computes, so that the job that holds one need not.

    Args:
        tars, indices, scores: one file per model; of the base alone, too.
        models: names of the models.
        apart: those metrics.
    """
    scorer = _scorer(task, receivers, [], {}, scoring.model_copy(update={"metrics": apart}), "cpu", threads)
    for model, tar, index in zip(models, tars, indices, strict=True):
        name = f"{model}.parquet"
        if name not in work.done:
            table = scorer.score_baseline(read_images(tar, index, threads)).table
            work.finish(name, partial(write_parquet, table=table))
    work.hand_over({f"{model}.parquet": path for model, path in zip(models, scores, strict=True)})


def joined(table: pd.DataFrame, *apart: Path, order: Sequence[str]) -> pd.DataFrame:
    """Scores with those of ``score_apart``, columns as if one job had computed all.

    Args:
        table: of a pass without these metrics.
        apart: the file with them, if there is one.
        order: the metrics as they are configured.
    """
    if not apart:
        return table
    keys = ["receiver", "seed", CONSTANT]
    whole = table.merge(read_parquet(apart[0]), on=keys, validate="one_to_one")
    if len(whole) != len(table):
        raise CorruptFileError(f"{apart[0]}: {len(whole)} of {len(table)} pictures have scores; run again")
    metrics = [name for name in with_published(order) if name in whole]
    return whole[[*keys, *metrics, *(name for name in whole if name not in (*keys, *metrics))]]


def _write(table: pd.DataFrame, embeddings: Embeddings | None, to_table: Path, to_embeddings: Path) -> None:
    write_parquet(to_table, table)
    assert embeddings is not None, "images of entities are scored with the backbone"
    embeddings.save(to_embeddings)


def _without(scoring: Scoring, apart: Sequence[str]) -> Scoring:
    return scoring.model_copy(update={"metrics": [name for name in scoring.metrics if name not in apart]})


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
    there = resolve_device(device)
    # On a GPU metrics of the processor are here only where pictures are kept as latents; then they may use every core of the job
    return load_scorer(folders, settings, task, read_receivers(receivers), scoring, there, readers(there, threads))
