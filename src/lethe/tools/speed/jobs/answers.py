"""Answer sets judged in one batched pass against a loop that classifies one image a call."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from torch import nn

from lethe.diffusion.metrics.run import load_classifier, load_scorer
from lethe.diffusion.pretraining.data import class_name
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.io.tables import write_json
from lethe.settings.bases import Evaluator
from lethe.settings.scoring import Scoring
from lethe.tools.speed.answer_loop import LoopJudge, bench_answers

TARGET = 20
SIZE = 32  # px, of the embedded world
SAME = 1e-5  # of a probability


def measure(
    tars: list[Path],
    indices: list[Path],
    receivers: Path,
    evaluators: list[Path],
    json: Path,
    task: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    threads: int,
) -> None:
    """Write how many times faster the batched pass is.

    Args:
        tars, indices: of answer sets.
        evaluators: a folder for each of `settings`, in its order; those that are classifiers judge.

    Raises:
        AssertionError: the two see another class in an image, or a probability differs.
    """
    asked = read_receivers(receivers)
    folders = dict(zip(settings, evaluators, strict=True))
    judges = {}
    for name, folder in folders.items():
        if settings[name].kind == "classifier":
            classes, _ = load_classifier(folder)
            own = [class_name(task, receiver.value(settings[name].attribute)) for receiver in asked]
            values = [label.removeprefix(f"{task}/") for label in classes]
            judges[settings[name].metric or name] = LoopJudge(
                partial(_model, folder), SIZE, values, [classes.index(label) for label in own]
            )

    make_scorer = partial(load_scorer, folders, settings, task, asked, scoring, "cpu", threads)
    with tempfile.TemporaryDirectory() as work:
        measured = bench_answers(list(zip(tars, indices, strict=True)), make_scorer, judges, Path(work))
    assert not measured["other_classes"], f"{measured['other_classes']} answers differ"
    assert measured["largest_difference"] <= SAME, f"a probability differs by {measured['largest_difference']}"
    result = {
        "value": measured["value"],
        "target": TARGET,
        "holds": measured["value"] >= TARGET,
        "how": f"{len(tars)} answer sets, every image and its JPEG copy, {len(judges)} judges: one file a call, as the reference does, against "
        "one batched pass from shard to table; same classes seen in every image; seconds of one thread, loop / batched",
        "measured": measured,
    }
    write_json(json, result)


def _model(folder: Path) -> nn.Module:
    return load_classifier(folder)[1]
