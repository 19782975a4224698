"""The tables per entity and the interference matrices of a task: Vision Unlearning 1.0.0's own functions against ours, without statistics.

Both begin with finished pairs on disk, each in its own form: a JSON file per emitter, and one parquet file. Both end with the table per
entity as JSON, and with every method's matrix of every metric at hand.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.entities import method_records
from lethe.benchmarks.icare.matrices import Matrix, by_method
from lethe.benchmarks.icare.pair_rows import read_pairs_of
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS
from lethe.io.rows import write_rows
from lethe.io.tables import read_json, write_json

EPOCHS = {
    "people": {"uce": 0, "distil": 400, "munba": 200},
    "scenes": {"uce": 0, "distil": 100, "munba": 100},
    "breeds": {"uce": 0, "distil": 100, "munba": 50},
}  # task -> method -> epochs of the paper
PACKAGES, ENTITIES, REPEATS = ".venv/reference", 100, 5
ASSETS = Path("assets")  # where the reference looks, below the folder that it runs in
NOT_MEASURED = "embedding_specificity_ratio"  # asks for embeddings


def compare(packages: Path, folder: Path) -> dict[str, Any]:
    """Processor seconds of both sides over all tasks, and how many values of the tables per entity are equal.

    Args:
        packages: the folder in which the reference's wheel is. folder: where files are written.

    Raises:
        FileNotFoundError: the reference is not in ``packages``.
    """
    if not (packages / "vision_unlearning").is_dir():
        raise FileNotFoundError(f"{packages}: no package 'vision_unlearning'; `make test-reference` installs it")
    write_pairs(folder)
    sys.path.append(str(packages.resolve()))  # behind all others: what is installed here comes first
    reference = importlib.import_module("vision_unlearning.benchmarks.I_care.pipeline_07_compute_interference_per_entity")
    templates = importlib.import_module("vision_unlearning.benchmarks.I_care.result_templates")
    theirs = {"entities": 0.0, "matrices": 0.0}
    with _quiet(), contextlib.chdir(folder):
        for task, epochs in EPOCHS.items():
            begin = time.process_time()
            reference.compute_for_task(
                task, list(epochs), list(epochs.values()), 0, ENTITIES, str(ASSETS / "datasets"), str(ASSETS)
            )
            theirs["entities"] += time.process_time() - begin
            begin = time.process_time()
            for method in epochs:
                for metric in PUBLISHED_KEYS:
                    asked = {"task": task, "unlearning_algorithm": method, "interference_pair": metric}
                    templates.ResultTemplateInterferenceMatrix(model="sd1.4", **asked)._compute_from_scratch()
            theirs["matrices"] += time.process_time() - begin
    tabulate(folder, next(iter(EPOCHS)))  # what is imported at the first call is no table
    runs = []
    for _ in range(REPEATS):
        begin = time.process_time()
        for task in EPOCHS:
            tabulate(folder, task)
        runs.append(time.process_time() - begin)
    ours = float(np.median(runs))
    equal, values = _equal(folder)
    return {
        "speed_up": round(sum(theirs.values()) / ours, 1),
        "entities_alone": round(theirs["entities"] / ours, 1),
        "reference_seconds": {name: round(seconds, 2) for name, seconds in theirs.items()},
        "seconds": round(ours, 4),
        "equal_values": equal,
        "values": values,
    }


def write_pairs(folder: Path, entities: int = ENTITIES, seed: int = 0) -> None:
    """Write the same random pairs of every task and method in both forms."""
    draw = np.random.default_rng(seed)
    names = [f"entity_{i:03d}" for i in range(entities)]
    (folder / ASSETS / "datasets").mkdir(parents=True)
    for task, methods in EPOCHS.items():
        records = [{"name": name, "index": i, "dataset_n_original": 200 - i} for i, name in enumerate(names)]
        write_json(folder / ASSETS / f"metadata_{task}_2_enriched_filtered.json", records)
        write_json(folder / ASSETS / f"datasets/embeddings_{task}_original.json", {"embeddings": []})
        with write_rows(folder / f"pairs_{task}.parquet", least=1 << 17) as append:
            for method, epochs in methods.items():
                for emitter in range(entities):
                    values = draw.normal(size=(entities, len(PUBLISHED_KEYS)))
                    content = {
                        name: dict(zip(PUBLISHED_KEYS, row, strict=True))
                        for name, row in zip(names, values.tolist(), strict=True)
                    }
                    file = folder / ASSETS / f"datasets/interferences_caused_by_{task}_{emitter}_{method}_{epochs}.json"
                    file.write_text(json.dumps(content, indent=4))
                    wide = pd.DataFrame(values, columns=list(PUBLISHED_KEYS.values())).rename_axis("receiver").reset_index()
                    keys: dict[str, Any] = {"task": task, "method": method, "epochs": epochs, "emitter": emitter}
                    append(wide.melt("receiver", var_name="metric").assign(**keys))


def tabulate(folder: Path, task: str) -> dict[str, dict[str, Matrix]]:
    """Write the table per entity of a task from its pairs; returns method -> metric -> matrix."""
    metadata = read_json(folder / ASSETS / f"metadata_{task}_2_enriched_filtered.json")
    found = list(by_method(read_pairs_of([folder / f"pairs_{task}.parquet"]), len(metadata)))
    of_all = [(*one, None) for one in found]  # every receiver was asked for
    write_json(folder / f"entities_{task}.json", method_records(metadata, of_all, fidelity="published"))
    return {method: matrices for method, _, matrices in found}


def _equal(folder: Path) -> tuple[int, int]:
    """How many values of both tables per entity are equal but for rounding, of how many."""
    equal = values = 0
    for task in EPOCHS:
        theirs = json.loads((folder / ASSETS / f"interference_per_entity_{task}.json").read_text())
        for their, our in zip(theirs, read_json(folder / f"entities_{task}.json"), strict=True):
            columns = [name for name in their if name.startswith("metric_") and NOT_MEASURED not in name]
            values += len(columns)
            equal += sum(bool(np.isclose(their[name], our[name], rtol=1e-9, atol=1e-12)) for name in columns)
    return equal, values


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the reference's lines of progress, which would count as its time."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
