"""A grid of hyper-parameters of one method, tried on the concepts that are never reported."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lethe.benchmarks.unlearncanvas.accuracy import accuracies
from lethe.benchmarks.unlearncanvas.answers import answer_set, right
from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept, canvas_of
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, QUANTITIES
from lethe.core.device import resolve_device
from lethe.core.records import Fidelity
from lethe.diffusion.generate import Request, generate
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.pixels import NotFiniteError
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import chosen, read_emitters, read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_json, write_csv, write_json
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas

PROTOCOL = "default"  # the first of the reported tables: images of the target do not count in CRA
TABLE = "table.csv"
log = logging.getLogger(__name__)


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
    judge: Judge,
    settings: UnlearnCanvas,
    scoring: Scoring,
    evaluator_settings: dict[str, Evaluator],
    generation: Generation,
    world: str,
    seed: int,
    device: str,
    dtype: str,
    fidelity: Fidelity,
    threads: int,
    work: WorkFolder,
) -> None:
    """Forget every tuning concept at every point, draw all cells, and measure UA, IRA and CRA; what is finished survives a killed job.

    A method that prepares something does so at every point, since it may depend on the point.

    Args:
        points: hyper-parameters that are varied. kept: all others.
        tuning: indices of the concepts.
        judge: who judges; `evaluators` are its two classifiers, as `evaluator_settings` describes them.
        generation: of the images, with seeds of their own.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    there, canvas = resolve_device(device), canvas_of(asked, forgotten, settings)
    data = training_data(latents, asked, forgotten, fidelity)
    unlearners = [METHODS.load(method)(**kept, **point) for point in points]  # all are checked before the first is run
    folders: dict[str, str | Path] = dict(zip(evaluator_settings, evaluators, strict=True))
    scorer = load_scorer(folders, evaluator_settings, task, asked, scoring, there, threads)
    pipe = load_pipeline(base, device=there)
    drawing = load_pipeline(base, device=there, dtype=getattr(torch, dtype))
    rows = []
    for number, (point, unlearner) in enumerate(zip(points, unlearners, strict=True)):
        parameters = json.dumps(point)
        names = {index: f"{number:02d}_{index:03d}.json" for index in tuning}
        waiting = [index for index in tuning if names[index] not in work.done]
        prepared = replace(data, prepared=unlearner.prepare(pipe, data, seed=seed)) if waiting else data
        for result in unlearner.unlearn(pipe, chosen(forgotten, waiting), prepared, seed=seed):
            concept = canvas.concepts[result.emitter.index]
            requests = [
                Request(r.prompt, r.index, s, result.delta, names[concept.index]) for r in asked for s in generation.seeds
            ]
            try:
                images = [image for _, image in generate(drawing, requests, generation, world=world, task=task)]
                measured = _measured(scorer, requests, np.stack(images), canvas, concept, judge)
            except NotFiniteError as error:
                log.warning("%s, point %d, concept %d: %s", method, number, concept.index, error)
                measured = dict.fromkeys(QUANTITIES)
            row = {"task": task, "method": method, "point": number, "parameters": parameters, "concept": concept.index}
            row |= {"name": concept.name, "kind": concept.kind, **measured, "seconds": result.record["seconds"]}
            work.finish(names[concept.index], partial(write_json, data=row))
            log.info("%s %s: %s: %s", method, parameters, concept.name, measured)
        rows += [read_json(work.path(name)) for name in names.values()]
    work.finish(TABLE, partial(write_csv, table=pd.DataFrame(rows)))
    work.hand_over({TABLE: table})


def _measured(
    scorer: Scorer, requests: Sequence[Request], images: np.ndarray, canvas: Canvas, concept: Concept, judge: Judge
) -> dict[str, float | None]:
    """UA, IRA and CRA of one model, over all seeds."""
    keys = np.array([(request.receiver, request.seed) for request in requests])
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    scores = scorer.score_baseline(ImageSet(pixels, keys[:, 0], keys[:, 1], [request.prompt for request in requests])).table
    answers = answer_set(canvas, scores, [judge], "", concept=concept)
    values = accuracies(right(answers, len(canvas.styles)), canvas, [concept], PROTOCOLS[PROTOCOL]).mean(axis=2)[:, 0]
    return {name: float(value) for name, value in zip(QUANTITIES, values, strict=True)}
