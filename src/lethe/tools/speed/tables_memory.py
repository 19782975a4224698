"""How much memory and processor time the jobs of tables and figures of pairs take, each in a process of its own, on synthetic score files.

The jobs are those of the rules, called by the function and with the files that the rules name. Tests draw few permutations: they
decide time, and memory hardly.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lethe.benchmarks.icare.jobs import harm, interference, noise_floor, relations, summary, tables
from lethe.diffusion.testbed.similarity import to_records
from lethe.figures.jobs.figure import make_figure
from lethe.io.rows import ROWS, read_rows, write_rows
from lethe.io.tables import read_json, write_json
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference
from lethe.tools.speed.score_files import TASK, ScoreFiles, write_score_files

TESTS = Inference(permutations=99, bootstrap=99)
BATCH = 10  # emitters of a job that writes published files
METHODS = ("uce", "distil", "munba", "esd", "ca", "salun", "spm", "speed", "rece", "erasediff")
FIGURES = {
    "InterferenceMatrices": {"metric": "ssim", "similarity": "clip"},
    "InterferenceBySimilarity": {"metric": "ssim", "similarity": "clip"},
    "MethodComparison": {"metric": "clip_diff"},
}
"""Figures of all pairs of all methods; two more need a judge or pictures, which synthetic scores lack."""
CHILD = """
import json, sys
from pydantic import validate_call
from lethe.execution.run import TYPES, load_function
asked = json.load(sys.stdin)
validate_call(config=TYPES)(load_function(asked["function"]))(**asked["given"])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
"""


@dataclass(frozen=True)
class Used:
    """What a job used: processor seconds of all its threads, and the largest resident memory of its process in MB.

    The memory is what Linux calls ``VmHWM``. ``ru_maxrss`` would count what the parent had when the process began, too.
    """

    cpu_seconds: float
    peak_mb: int


def run_alone(function: Callable[..., None], **given: Any) -> Used:
    """Call a job's function in a process of its own.

    Args:
        function: of a module. given: its arguments.

    Raises:
        RuntimeError: it fails; holds what it said last.
    """
    name = f"{function.__module__}:{function.__name__}"
    with tempfile.TemporaryFile("w+") as asked, tempfile.TemporaryFile("w+") as said:
        json.dump({"function": name, "given": given}, asked, default=_plain)
        asked.seek(0)
        process = subprocess.Popen([sys.executable, "-c", CHILD], stdin=asked, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode:
        raise RuntimeError(f"{name} failed (exit {process.returncode}): {text[-2000:]}")
    return Used(
        round(usage.ru_utime + usage.ru_stime, 2), round(int(text.split()[-2]) * 1.024 / 1000)
    )  # the last line: VmHWM: n kB


def measure(entities: int, methods: int, folder: Path) -> dict[str, Used]:
    """Rule, or name of a figure -> what a job of it used; all files lie in ``folder`` and are removed with it.

    The job of one method is measured: those of the others read as much, and have its numbers under their own names.

    Args:
        entities: of the task, each of which is forgotten. methods: how many forget them, at most ten.
    """
    names = list(METHODS[:methods])
    return dict(_jobs(write_score_files(folder, entities, names[0]), names, entities, folder))


def _jobs(files: ScoreFiles, methods: list[str], entities: int, folder: Path) -> Iterator[tuple[str, Used]]:
    """Every job of the tables of the task, in the order in which they run."""
    batch = files.models[:BATCH]
    yield (
        "interference_of_emitters",
        run_alone(
            interference.write_emitters,
            metadata=files.metadata,
            off=files.off,
            on=files.on[:BATCH],
            files=[folder / f"emitters/{name}.json" for name in batch],
            models=batch,
            fidelity="corrected",
        ),
    )
    parts = {method: (folder / f"pairs_{method}.parquet", folder / f"entities_{method}.json") for method in methods}
    pairs, of_entities = parts[methods[0]]
    yield (
        "method_tables",
        run_alone(
            tables.tabulate_method,
            metadata=files.metadata,
            off=files.off,
            off_embeddings=files.off_embeddings,
            on=files.on,
            on_embeddings=files.on_embeddings,
            images=folder / "images.parquet",
            pairs=pairs,
            entities=of_entities,
            models=files.models,
            fidelity="corrected",
        ),
    )
    for method in methods[1:]:
        _rename(parts[methods[0]], parts[method], methods[0], method)
    yield (
        "task_tables",
        run_alone(
            tables.join_methods,
            pairs_of_methods=[pairs for pairs, _ in parts.values()],
            entities_of_methods=[entities for _, entities in parts.values()],
            pairs=folder / "pairs.parquet",
            entities=folder / "entities.json",
        ),
    )
    pairs, of_entities, floor = folder / "pairs.parquet", folder / "entities.json", folder / "floor.json"
    yield "noise_floor", run_alone(noise_floor.compute, off=files.off, seed_pairs=files.seed_pairs, floor=floor)
    table = folder / "harm.csv"
    given = {"exclude": [], "receivers": "all", "inference": asdict(TESTS)}
    yield "harm", run_alone(harm.count, pairs=pairs, floor=floor, table=table, **given)
    kinds, draw = ["clip", "attr", "dino", "act"], np.random.default_rng(0)
    for kind in kinds:
        alike = to_records([f"entity {i}" for i in range(entities)], draw.normal(size=(entities, entities)))
        write_json(folder / f"{kind}.json", alike)
    task = {"task": TASK, "settings": _task(entities).model_dump(), "inference": asdict(TESTS)}
    yield (
        "summary",
        run_alone(
            summary.summarise,
            metadata=files.metadata,
            pairs=pairs,
            off=files.off,
            floor=floor,
            similarities=[folder / f"{kind}.json" for kind in kinds],
            table=folder / "unlearning.csv",
            similarity=folder / "similarity.csv",
            gates=folder / "gates.json",
            kinds=kinds,
            stop=[],
            **task,
        ),
    )
    yield (
        "relations",
        run_alone(
            relations.relate,
            metadata=files.metadata,
            pairs=pairs,
            entities=of_entities,
            relations=folder / "relations.csv",
            alignments=folder / "alignments.csv",
            methods=methods,
            **task,
        ),
    )
    read: dict[str, list[Path]] = {
        "metadata": [files.metadata],
        "pairs": [pairs for pairs, _ in parts.values()],
        "noise_floor": [floor],
    }
    facts: dict[str, Any] = {"models": [], "balance": {}, "tuning": {}, "own_clip": False}
    for name, values in FIGURES.items():
        similar = {"similarities": [folder / f"{values['similarity']}.json"]} if "similarity" in values else {}
        outputs = [folder / f"figures/{name}.{suffix}" for suffix in ("json", "png")]
        asked: dict[str, Any] = {
            "figure": name,
            "values": {"task": TASK, "methods": methods, **values},
            "facts": facts,
            "inference": asdict(TESTS),
        }
        yield name, run_alone(make_figure, inputs={**read, **similar}, outputs=outputs, **asked)


def _rename(given: tuple[Path, Path], written: tuple[Path, Path], method: str, name: str) -> None:
    """The pairs and entities of one method as those of another."""
    rows = read_rows([given[0]]).assign(method=name)
    with write_rows(written[0]) as append:
        for start in range(0, len(rows), ROWS):
            append(rows[start : start + ROWS])
    records = read_json(given[1])
    old, new = f"metric_{method}_", f"metric_{name}_"
    write_json(written[1], [{key.replace(old, new): value for key, value in record.items()} for record in records])


def _task(entities: int) -> Task:
    return Task(source="toy", base="toy", prompt_style="thing", entities=entities, balance=("group", "size"))


def _plain(value: Any) -> str:
    if not isinstance(value, Path):
        raise TypeError(f"{value!r} is no argument of a job")
    return str(value)
