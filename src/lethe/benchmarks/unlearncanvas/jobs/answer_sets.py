"""Answer sets of others: judged as our own, and their accuracies without any model of ours."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.benchmarks.unlearncanvas.accuracy import Reporting, accuracy_table
from lethe.benchmarks.unlearncanvas.answer_sets import Pictures, decoded, models_of, pictures_of
from lethe.benchmarks.unlearncanvas.answers import BASE, answer_set
from lethe.benchmarks.unlearncanvas.concepts import Concept, canvas_of
from lethe.core.device import resolve_device
from lethe.core.progress import progress
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.tables import read_parquet, write_csv, write_parquet
from lethe.settings.bases import Evaluator
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference


def judge_pictures(
    folder: list[Path],
    receivers: Path,
    emitters: Path,
    evaluators: list[Path],
    answers: Path,
    others: str,
    task: str,
    scoring: Scoring,
    evaluator_settings: dict[str, Evaluator],
    settings: UnlearnCanvas,
    device: str,
    threads: int,
) -> None:
    """Write what every judge sees in the pictures of an answer set.

    Args:
        folder: of the pictures, one path.
        evaluators: a folder for each of ``evaluator_settings``, in its order.
        others: name of the answer set; ``base`` is that of the model that nothing was done to.
    """
    asked = read_receivers(receivers)
    canvas = canvas_of(asked, read_emitters(emitters), settings)
    told = {metric for judge in settings.judges for metric in (judge.style, judge.object)}
    judges = scoring.model_copy(update={"metrics": [metric for metric in scoring.metrics if metric in told]})
    folders: dict[str, str | Path] = dict(zip(evaluator_settings, evaluators, strict=True))
    scorer = load_scorer(folders, evaluator_settings, task, asked, judges, resolve_device(device), threads)
    models: list[tuple[Concept | None, Pictures]]
    models = [(None, pictures_of(folder[0], canvas))] if others == BASE else list(models_of(folder[0], canvas))
    prompts, parts = [receiver.prompt for receiver in asked], []
    for concept, pictures in progress(models, len(models), "model", f"answers {others}"):
        scores = pd.concat([scorer.score_baseline(images).table for images in decoded(pictures, prompts)], ignore_index=True)
        parts.append(answer_set(canvas, scores, settings.judges, others, 0, concept))
    write_parquet(answers, pd.concat(parts, ignore_index=True))


def tabulate(
    receivers: Path,
    emitters: Path,
    answers: list[Path],
    accuracy: Path,
    task: str,
    names: list[str],
    tuning: list[int],
    settings: UnlearnCanvas,
    inference: Inference,
) -> None:
    """Write UA, IRA and CRA of answer sets; of the base among them, if it is there, differences are taken."""
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    sets = dict(zip(names, map(read_parquet, answers), strict=True))
    retained = settings.retained.model_dump() if settings.retained else None
    write_csv(accuracy, accuracy_table(task, sets, canvas, Reporting(settings.protocols, retained, tuning, inference)))
