"""Tables of all methods: accuracies, per concept, what is drawn instead, agreement of the judges."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracy_table, concept_table
from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import Canvas, canvas_of
from lethe.benchmarks.unlearncanvas.confusion import agreement_table, confusion_table
from lethe.core.records import ModelId
from lethe.diffusion.drift import EMPTY_PROMPT_DRIFT
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_json, read_parquet, write_csv
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference


def tabulate(
    receivers: Path,
    emitters: Path,
    base: Path,
    answers: list[Path],
    accuracy: Path,
    concepts: Path,
    confusion: Path,
    agreement: Path,
    task: str,
    methods: list[str],
    retrained: list[str],
    tuning: list[int],
    settings: UnlearnCanvas,
    inference: Inference,
    models: Sequence[str] = (),
    records: Sequence[Path] = (),
) -> None:
    """Write the four tables.

    Args:
        base, answers: answer sets, of the base and one per method.
        methods: names of the methods. retrained: those that are references by retraining.
        tuning: indices of concepts on which hyper-parameters were chosen.
        models: names of the models that are made here. records: of each of them.
    """
    canvas, sets, reporting = _read(receivers, emitters, [base, *answers], methods, tuning, settings, inference)
    write_csv(accuracy, accuracy_table(task, sets, canvas, reporting))
    of_concepts = concept_table(task, sets, canvas, reporting, retrained)
    write_csv(concepts, of_concepts.assign(**{EMPTY_PROMPT_DRIFT: _drifts(of_concepts, models, records)}))
    write_csv(confusion, confusion_table(task, sets, canvas, retrained))
    write_csv(agreement, agreement_table(task, sets))


def _drifts(table: pd.DataFrame, models: Sequence[str], records: Sequence[Path]) -> list[float]:
    """How far the model of each row moved the empty prompt; NaN where no record tells it."""
    told = {ModelId.parse(name): read_json(record) for name, record in zip(models, records, strict=True)}
    found = {(model.method, model.index): record.get(EMPTY_PROMPT_DRIFT, np.nan) for model, record in told.items()}
    return [found.get(key, np.nan) for key in zip(table["method"], table["concept"], strict=True)]


def tabulate_accuracy(
    receivers: Path,
    emitters: Path,
    base: Path,
    answers: list[Path],
    accuracy: Path,
    task: str,
    methods: list[str],
    tuning: list[int],
    settings: UnlearnCanvas,
    inference: Inference,
) -> None:
    """Write the first of these tables, of some methods; arguments as of ``tabulate``."""
    canvas, sets, reporting = _read(receivers, emitters, [base, *answers], methods, tuning, settings, inference)
    write_csv(accuracy, accuracy_table(task, sets, canvas, reporting))


def _read(
    receivers: Path,
    emitters: Path,
    answers: list[Path],
    methods: list[str],
    tuning: list[int],
    settings: UnlearnCanvas,
    inference: Inference,
) -> tuple[Canvas, dict[str, pd.DataFrame], Reporting]:
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    sets = dict(zip([BASE, *methods], map(read_parquet, answers), strict=True))
    retained = settings.retained.model_dump() if settings.retained else None
    return canvas, sets, Reporting(settings.protocols, retained, tuning, inference)
