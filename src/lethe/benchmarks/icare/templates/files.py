"""From a result to the finished files it reads, and from those files to data. Paths are relative to ``results/{world}``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.benchmarks.icare.entities import join_records
from lethe.benchmarks.icare.figures.quantities import OFF
from lethe.benchmarks.icare.pair_rows import PairFile
from lethe.benchmarks.icare.parameters import emitters_of, methods_of, similarities_of, tasks_of
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.schema import read_metadata
from lethe.figures import pictures
from lethe.figures.tables import similarity_matrix
from lethe.figures.templates.base import Files, Pictures
from lethe.figures.templates.parameters import Parameters
from lethe.io.tables import read_json, read_parquet

if TYPE_CHECKING:
    from lethe.benchmarks.icare.templates.needs import Needs

Models = Callable[[str, str], Iterable[ModelId]]
PER_TASK = {
    "metadata": "metadata_{task}_2_enriched_filtered.json",
    "pairs": "pairs_{task}.parquet",
    "entities": "interference_per_entity_{task}.json",
    "noise_floor": "noise_floor_{task}.json",
    "baseline": "scores/{task}_baseline.parquet",
    "off_embeddings": "scores/{task}_baseline_embeddings.npz",
}
PER_METHOD = {"pairs": "by_method/pairs_{task}_{method}.parquet", "entities": "by_method/entities_{task}_{method}.json"}


def files_of(needs: Needs, parameters: Parameters, models: Models, by_method: bool = True) -> dict[str, list[str]]:
    """Kind of file -> paths, in the order of the result's tasks, of a task in the order of its methods.

    Args:
        needs: of the template.
        parameters: of the result.
        models: (task, method) -> the unlearned models that exist.
        by_method: whether tables of single methods exist, so that a result waits for its own methods only.
    """
    tasks, methods = tasks_of(parameters), methods_of(parameters)
    files = {}
    for kind in ("metadata", *needs.tables):
        if by_method and methods and kind in PER_METHOD:
            files[kind] = [PER_METHOD[kind].format(task=task, method=method) for task in tasks for method in methods]
        else:
            files[kind] = [PER_TASK[kind].format(task=task) for task in tasks]
    if kinds := similarities_of(parameters):
        files["similarities"] = [f"similarity_{kind}_{task}.json" for task in tasks for kind in kinds]
    runs = [model.name for model in models_of(needs, parameters, models)]
    if needs.embeddings:
        files["on_embeddings"] = [f"scores/{run}_embeddings.npz" for run in runs]
    if needs.images:
        shards = [f"datasets/generated_{tasks[0]}_baseline", *(f"datasets/generated_{run}" for run in runs)]
        files |= {"tars": [f"{shard}.tar" for shard in shards], "indices": [f"{shard}.parquet" for shard in shards]}
    return files


def models_of(needs: Needs, parameters: Parameters, models: Models) -> list[ModelId]:
    """The models whose embeddings or images a result reads, in the order of ``files_of``."""
    if not (needs.embeddings or needs.images):
        return []
    wanted = set(emitters_of(parameters)) if needs.images or needs.embeddings == "emitter" else None
    return [
        model
        for task in tasks_of(parameters)
        for method in methods_of(parameters)
        for model in models(task, method)
        if wanted is None or model.index in wanted
    ]


def load_data(
    parameters: Parameters,
    files: Files,
    models: Sequence[ModelId],
    balance: Mapping[str, Sequence[str]],
    tuning: Mapping[str, Sequence[int]],
) -> dict[str, TaskData]:
    """Task -> data of the files of ``files_of``.

    Args:
        parameters: of the result.
        files: kind -> paths; kinds that are not there are not loaded.
        models: of ``models_of``.
        balance: task -> its two balanced attributes.
        tuning: task -> emitters on which hyper-parameters were chosen.
    """
    kinds, tasks, data = similarities_of(parameters), tasks_of(parameters), {}
    on = (
        {model.index: path for model, path in zip(models, files["on_embeddings"], strict=True)}
        if "on_embeddings" in files
        else {}
    )
    for place, task in enumerate(tasks):
        given = {kind: _share(files[kind], place, len(tasks)) for kind in (*PER_TASK, "similarities") if kind in files}
        metadata = read_metadata(given["metadata"][0])
        similar = zip(kinds, given.get("similarities", ()), strict=True)
        data[task] = TaskData(
            task=task,
            metadata=metadata,
            balance=balance.get(task, ()),
            tuning=tuning.get(task, ()),
            pairs=PairFile(*given["pairs"]) if "pairs" in given else None,
            entities=join_records([read_json(path) for path in given.get("entities", ())]),
            noise_floor=read_json(given["noise_floor"][0]) if "noise_floor" in given else {},
            similarities={kind: similarity_matrix(read_json(path), metadata) for kind, path in similar},
            baseline=read_parquet(given["baseline"][0]) if "baseline" in given else None,
            off=Embeddings.load(given["off_embeddings"][0]) if "off_embeddings" in given else None,
            on={emitter: Embeddings.load(path) for emitter, path in on.items()},
        )
    return data


def read_pictures(rows: Iterable[Mapping[str, Any]], files: Files, models: Sequence[ModelId]) -> Pictures:
    """(row, member) -> picture of every ``row, member`` of a figure.

    Args:
        rows: ``row`` is ``off``, the base, or a method.
        files: ``tars`` and ``indices`` of the base and then of ``models``, which are of one emitter; ``decoder`` of latents.
    """
    names = [OFF, *(model.method for model in models)]
    return pictures.read_pictures(rows, zip(names, files["tars"], files["indices"], strict=True), files.get("decoder", ()))


def _share(paths: Sequence[Path], place: int, tasks: int) -> Sequence[Path]:
    """What belongs to one task of as many files for each, task after task."""
    each = len(paths) // tasks
    return paths[place * each : (place + 1) * each]
