"""Models to rows of scores. Apart from ``experiment``, so that jobs that only run models import neither scikit-learn nor pandas."""

from __future__ import annotations

import pandas as pd
from torch import Tensor

from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.scores import score_models


def score(problem: Problem, stack: Stack, test: Tensor | None = None, **names: str) -> pd.DataFrame:
    """Accuracies and attacks of models on their own samples, one row per model: see ``score_models``.

    Args:
        problem: whose retain, forget and validation samples are asked. stack: the models (M).
        test: (n,) rows of the test part, or None to leave it out.
        names: ``dataset``, ``architecture`` and ``method``, what the rows say they are.
    """
    parts = {"retain": problem.retain, "forget": problem.forget, "val": problem.val}
    if test is not None:
        parts["test"] = test.expand(len(stack), -1)
    logits = {name: problem.predict(stack, rows).cpu() for name, rows in parts.items()}
    labels = {name: problem.labels[rows].cpu() for name, rows in parts.items()}
    names = {"dataset": "", "architecture": "", "method": ""} | names
    return score_models(logits, labels, list(problem.seeds), **names)
