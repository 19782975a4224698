"""How long the tables of the whole paper take: three tasks, three methods, 100 entities, five metrics, on synthetic pairs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.entities import entity_records
from lethe.benchmarks.icare.summary import similarity_table
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.sweeps import alignment_table, relation_table
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.statistics.resampling import Inference

TASKS, METHODS = ("people", "scenes", "breeds"), ("uce", "distil", "munba")
METRICS, SIMILARITIES = ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff"), ("clip", "attr", "dino", "act")
TABLE = "entities"  # what is no statistic
ATTRIBUTES = ("category", "group", "value")
# Templates and what they ask beside task, method and metric, or beside tasks and methods
OF_A_METHOD: dict[str, dict[str, Any]] = {
    "SRCD": {"attribute": "group", "sources": ("a", "b")},
    "MSAM": {"similarities": SIMILARITIES},
}
OF_ALL: dict[str, dict[str, Any]] = {
    "CSR": {},
    "MCME": {"statistic": "emitter_average_clip_diff"},
    "MSAGrid": {"metrics": METRICS, "similarities": SIMILARITIES},
    "MostSimilarMostInterferedGrid": {"metrics": METRICS, "similarities": SIMILARITIES},
}


@dataclass(frozen=True)
class Measured:
    """Seconds by kind of table, and how many rows of pairs and of results there were."""

    seconds: dict[str, float]
    pairs: int
    results: int


def synthetic_task(task: str, entities: int, seed: int) -> TaskData:
    """Pairs of every method and metric, and their published form, with random similarities and attributes."""
    generator = np.random.default_rng(seed)
    emitter, receiver = (index.ravel() for index in np.indices((entities, entities)))
    parts = []
    for method in METHODS:
        for metric in (*METRICS, "rmse_published", "ssim_published"):
            keys = {"task": task, "method": method, "epochs": 0, "emitter": emitter, "receiver": receiver, "metric": metric}
            parts.append(pd.DataFrame(keys | {"value": generator.normal(size=len(emitter))}))
    metadata = [
        {"name": f"entity {i}", "index": i, "category": "abcdefghijkl"[i % 12], "group": "ab"[i % 2]} for i in range(entities)
    ]
    for record, value in zip(metadata, generator.normal(size=entities).tolist(), strict=True):
        record["value"] = value
    similarities = {kind: generator.normal(size=(entities, entities)) for kind in SIMILARITIES}
    return TaskData(task, metadata, ATTRIBUTES[:2], pd.concat(parts, ignore_index=True), similarities=similarities)


def measure(inference: Inference, entities: int = 100) -> Measured:
    """Compute every table per entity, every relation, every alignment, every similarity test, and the figures over all tasks."""
    data = {task: synthetic_task(task, entities, place) for place, task in enumerate(TASKS)}
    seconds: dict[str, float] = {}
    results = 0

    def timed(name: str, begin: float, rows: int) -> None:
        nonlocal results
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - begin
        results += rows

    for task in data.values():
        assert isinstance(task.pairs, pd.DataFrame)
        begin = time.perf_counter()
        timed(TABLE, begin, len(entity_records(task.metadata, task.pairs)))
        begin = time.perf_counter()
        timed("similarities", begin, len(similarity_table(task.pairs, task.similarities, entities, inference)))
        begin = time.perf_counter()
        timed("relations", begin, len(relation_table(task, METHODS, ATTRIBUTES, inference)))
        begin = time.perf_counter()
        timed("alignments", begin, len(alignment_table(task, METHODS, inference)))
        for method in METHODS:
            for template, given in OF_A_METHOD.items():
                begin = time.perf_counter()
                asked = {"task": task.task, "method": method, "metric": "ssim", **given}
                timed(template, begin, _result(template, data, inference, asked))
    for template, given in OF_ALL.items():
        begin = time.perf_counter()
        timed(template, begin, _result(template, data, inference, {"tasks": TASKS, "methods": METHODS, **given}))
    rows = sum(3 * len(METRICS) * entities**2 for _ in TASKS)
    return Measured({name: round(value, 2) for name, value in seconds.items()}, rows, results)


def _result(template: str, data: dict[str, TaskData], inference: Inference, given: dict[str, Any]) -> int:
    found = TEMPLATES.load(template)
    return len(found.compute(validate(found.parameters, given), data, inference).rows)
