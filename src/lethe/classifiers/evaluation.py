"""Models to rows of scores. Apart from ``experiment``, so that jobs that only run models import neither scikit-learn nor pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
from torch import Tensor

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.scores import score_models


def score(
    problem: Problem, stack: Stack, test: Tensor | None = None, clean_labels: Tensor | None = None, **names: str
) -> pd.DataFrame:
    """Accuracies and attacks of models on their own samples, one row per model: see ``score_models``.

    Args:
        problem: whose retain, forget and validation samples are asked. stack: the models (M).
        test: (n,) rows of the test part, or None to leave it out.
        clean_labels: (N,) true labels of all samples, or None.
        names: ``dataset``, ``architecture`` and ``method``, what the rows say they are.
    """
    parts = {"retain": problem.retain, "forget": problem.forget, "val": problem.val}
    if test is not None:
        parts["test"] = test.expand(len(stack), -1)
    logits = {name: problem.predict(stack, rows).cpu() for name, rows in parts.items()}
    labels = {name: problem.labels[rows].cpu() for name, rows in parts.items()}
    clean = None if clean_labels is None else {name: clean_labels[rows].cpu() for name, rows in parts.items()}
    names = {"dataset": "", "architecture": "", "method": ""} | names
    return score_models(logits, labels, list(problem.seeds), clean=clean, **names)


def score_runs(experiment: Experiment, problem: Problem, stack: Stack, method: str) -> pd.DataFrame:
    """Scores of models of a study, also on the test part: the rows of ``score`` with ``unlearning_seed``, which run of the method it was.

    Args:
        problem: the I models before unlearning. stack: J x I models, run by run (``lethe.classifiers.runs``), J = 1 for references.
        method: what the rows say of it.
    """
    runs = len(stack) // len(problem)
    table = score(
        problem.select(list(range(len(problem))) * runs),
        stack,
        experiment.splits["test"],
        experiment.clean_labels,
        dataset=experiment.dataset,
        architecture=experiment.architecture_name,
        method=method,
    )
    table.insert(4, "unlearning_seed", np.repeat(np.arange(runs), len(problem)))
    return table
