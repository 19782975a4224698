"""The unlearning table of a task, the correlations with similarity, and the gates."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.benchmarks.icare.asked import say_asked
from lethe.benchmarks.icare.gates import unlearning_table
from lethe.benchmarks.icare.summary import all_gates, constant_models, similarity_table, untested
from lethe.core.gate import enforce
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.similarity import from_records
from lethe.io.gates import write_gates
from lethe.io.tables import read_json, read_parquet, write_csv
from lethe.settings.receivers import told
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference

log = logging.getLogger(__name__)


def summarise(
    metadata: Path,
    pairs: Path,
    off: Path,
    floor: Path,
    similarities: list[Path],
    table: Path,
    similarity: Path,
    gates: Path,
    kinds: list[str],
    task: str,
    settings: Task,
    inference: Inference,
    stop: list[str],
) -> None:
    """Write both tables and the gates; the log names what cannot be tested and the gates that do not hold.

    Args:
        off: scores of the off images.
        similarities: one file per kind.
        settings: of the task.
        stop: names of the gates that stop the run.

    Raises:
        GateError: one of these does not hold.
    """
    entities = len(read_metadata(metadata))
    tidy, baseline = read_parquet(pairs), read_parquet(off)
    matrices = {kind: from_records(read_json(path))[1] for kind, path in zip(kinds, similarities, strict=True)}
    unlearning = unlearning_table(
        tidy,
        baseline,
        entities,
        read_json(floor),
        exclude=settings.tuning_emitters,
        draws=inference.bootstrap,
        level=1 - inference.alpha,
        seed=inference.seed,
    )
    correlations = similarity_table(tidy, matrices, entities, inference)
    judged = all_gates(tidy, baseline, correlations, matrices, entities)
    write_csv(table, say_asked(unlearning, told(settings.receivers)))
    write_csv(similarity, say_asked(correlations, told(settings.receivers)))
    write_gates(gates, judged)
    for line in constant_models(tidy):
        log.warning(line)
    for line in untested(tidy, matrices, entities):
        log.info("not tested against similarity: %s", line)
    enforce(judged, stop, task)
