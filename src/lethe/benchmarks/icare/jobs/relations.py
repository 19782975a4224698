"""Relations of statistics with attributes, and of statistics with each other."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.pair_rows import PairFile
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.benchmarks.icare.templates.sweeps import alignment_table, relation_table
from lethe.diffusion.testbed.attributes import related_attributes
from lethe.io.tables import read_json, write_csv
from lethe.settings.tasks import Task
from lethe.statistics.resampling import Inference


def relate(
    metadata: Path,
    pairs: Path,
    entities: Path,
    relations: Path,
    alignments: Path,
    methods: list[str],
    task: str,
    settings: Task,
    inference: Inference,
) -> None:
    """Write every relation of the statistics of a task.

    Args:
        entities: interference per entity.
        settings: of the task.
    """
    data = TaskData(task, read_json(metadata), settings.balance, PairFile(pairs), read_json(entities))
    attributes = related_attributes(data.metadata, settings.balance, settings.attributes)
    write_csv(relations, relation_table(data, methods, attributes, inference))
    write_csv(alignments, alignment_table(data, methods, inference))
