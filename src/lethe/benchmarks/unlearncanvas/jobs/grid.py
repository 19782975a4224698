"""A grid of hyper-parameters of one method, tried on the concepts that are never reported."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.accuracy import accuracies
from lethe.benchmarks.unlearncanvas.answers import right
from lethe.benchmarks.unlearncanvas.concepts import Concept
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, QUANTITIES
from lethe.benchmarks.unlearncanvas.studio import CanvasStudio, CanvasStudioSettings
from lethe.core.progress import brief, log
from lethe.core.records import Fidelity
from lethe.diffusion.delta import Delta
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.pixels import NotFiniteError
from lethe.diffusion.testbed.receivers import chosen
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_json, write_csv, write_json

PROTOCOL = "default"  # the first of the reported tables: images of the target do not count in CRA
TABLE = "table.csv"


def try_points(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    evaluators: list[Path],
    table: Path,
    task: str,
    method: str,
    points: list[dict[str, Any]],
    kept: dict[str, Any],
    tuning: Sequence[int],
    settings: CanvasStudioSettings,
    seed: int,
    fidelity: Fidelity,
    threads: int,
    work: WorkFolder,
) -> None:
    """Forget every tuning concept at every point, draw all cells, and measure UA, IRA and CRA; what is finished survives a killed job.

    A method that prepares something does so at every point, since it may depend on the point.

    Args:
        points: hyper-parameters that are varied. kept: all others.
        tuning: indices of the concepts.
        evaluators: the classifiers of ``settings``, which has one judge and seeds that are not reported.
    """
    unlearners = [METHODS.load(method)(**kept, **point) for point in points]  # all are checked before the first is run
    studio = CanvasStudio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    data = training_data(latents, studio.receivers, studio.emitters, fidelity)
    rows = []
    for number, (point, unlearner) in enumerate(zip(points, unlearners, strict=True)):
        parameters = json.dumps(point)
        names = {index: f"{number:02d}_{index:03d}.json" for index in tuning}
        waiting = [index for index in tuning if names[index] not in work.done]
        prepared = replace(data, prepared=unlearner.prepare(studio.pipe, data, seed=seed)) if waiting else data
        for result in unlearner.unlearn(studio.pipe, chosen(studio.emitters, waiting), prepared, seed=seed):
            concept = studio.canvas.concepts[result.emitter.index]
            try:
                measured = _measured(studio, result.delta, names[concept.index], concept)
            except NotFiniteError as error:
                log.warning("%s, point %d, concept %d: %s", method, number, concept.index, error)
                measured = dict.fromkeys(QUANTITIES)
            row = {"task": task, "method": method, "point": number, "parameters": parameters, "concept": concept.index}
            row |= {"name": concept.name, "kind": concept.kind, **measured, "seconds": result.record["seconds"]}
            work.finish(names[concept.index], partial(write_json, data=row))
            log.info("%s %s: %s: %s", method, parameters, concept.name, brief(measured))
        rows += [read_json(work.path(name)) for name in names.values()]
    work.finish(TABLE, partial(write_csv, table=pd.DataFrame(rows)))
    work.hand_over({TABLE: table})


def _measured(studio: CanvasStudio, delta: Delta, run: str, concept: Concept) -> dict[str, float | None]:
    """UA, IRA and CRA of one model, over all seeds."""
    canvas, cells = studio.canvas, range(len(studio.receivers))
    answers = studio.answers(delta, cells, studio.settings.seeds, run, "", concept)
    values = accuracies(right(answers, len(cells)), canvas, [concept], PROTOCOLS[PROTOCOL]).mean(axis=2)[:, 0]
    return {name: float(value) for name, value in zip(QUANTITIES, values, strict=True)}
