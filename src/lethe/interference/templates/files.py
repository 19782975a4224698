"""From a result to the finished files it reads, and from those files to data. Paths are relative to ``results/{world}``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from lethe.interference.templates.base import Template, emitters_of, methods_of, similarities_of, tasks_of
from lethe.interference.templates.data import TaskData
from lethe.interference.templates.parameters import Parameters
from lethe.io.tables import read_json, read_parquet
from lethe.metrics.embeddings import Embeddings
from lethe.records import ModelId
from lethe.testbed.similarity import from_records

Files = Mapping[str, Sequence[str]]
Models = Callable[[str, str], Iterable[ModelId]]
PER_TASK = {
    "metadata": "metadata_{task}_2_enriched_filtered.json",
    "pairs": "pairs_{task}.parquet",
    "entities": "interference_per_entity_{task}.json",
    "baseline": "scores/{task}_baseline.parquet",
    "off_embeddings": "scores/{task}_baseline_embeddings.npz",
}


def files_of(template: Template, parameters: Parameters, models: Models) -> dict[str, list[str]]:
    """Kind of file -> paths, in the order of the result's tasks.

    Args:
        template: the template.
        parameters: of the result.
        models: (task, method) -> the unlearned models that exist.
    """
    tasks = tasks_of(parameters)
    files = {kind: [PER_TASK[kind].format(task=task) for task in tasks] for kind in ("metadata", *template.tables)}
    if kinds := similarities_of(parameters):
        files["similarities"] = [f"similarity_{kind}_{task}.json" for task in tasks for kind in kinds]
    wanted = set(emitters_of(parameters)) if template.images or template.embeddings == "emitter" else None
    runs = [
        model.name
        for task in tasks
        for method in methods_of(parameters)
        for model in models(task, method)
        if wanted is None or model.index in wanted
    ]
    if template.embeddings:
        files["on_embeddings"] = [f"scores/{run}_embeddings.npz" for run in runs]
    if template.images:
        shards = [f"datasets/generated_{tasks[0]}_baseline", *(f"datasets/generated_{run}" for run in runs)]
        files |= {"tars": [f"{shard}.tar" for shard in shards], "indices": [f"{shard}.parquet" for shard in shards]}
    return files


def load_data(parameters: Parameters, files: Files, balance: Mapping[str, Sequence[str]]) -> dict[str, TaskData]:
    """Task -> data of the files of ``files_of``.

    Args:
        parameters: of the result.
        files: kind -> paths; kinds that are not there are not loaded.
        balance: task -> its two balanced attributes.
    """
    kinds, data = similarities_of(parameters), {}
    for place, task in enumerate(tasks_of(parameters)):
        similar = files.get("similarities", ())[place * len(kinds) : (place + 1) * len(kinds)]
        on = {ModelId.parse(Path(path).stem.removesuffix("_embeddings")).index: path for path in files.get("on_embeddings", ())}
        given = {kind: files[kind][place] for kind in PER_TASK if kind in files}
        data[task] = TaskData(
            task=task,
            metadata=read_json(given["metadata"]),
            balance=balance.get(task, ()),
            pairs=read_parquet(given["pairs"]) if "pairs" in given else None,
            entities=read_json(given["entities"]) if "entities" in given else (),
            similarities={kind: from_records(read_json(path))[1] for kind, path in zip(kinds, similar, strict=True)},
            baseline=read_parquet(given["baseline"]) if "baseline" in given else None,
            off=Embeddings.load(given["off_embeddings"]) if "off_embeddings" in given else None,
            on={emitter: Embeddings.load(path) for emitter, path in on.items()},
        )
    return data
