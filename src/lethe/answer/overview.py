"""What the explorer shows first of a task, a study or a canvas: findings, methods with intervals, worst pairs, checks, terms. Plain data."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.answer.contents import MAIN, Part, TaskTables, findings, method_rows
from lethe.answer.gates import checked, gate_rows
from lethe.benchmarks.deepunlearn.ulira import DEFAULT
from lethe.benchmarks.icare.harm import bounded, harmed_pairs, worst_pair
from lethe.benchmarks.icare.levels import BY_CHANCE, FORGOTTEN, KEPT
from lethe.benchmarks.unlearncanvas.findings import BASE, JUDGE, PROTOCOL, WHAT
from lethe.benchmarks.unlearncanvas.findings import FORGOTTEN as CANVAS_GONE
from lethe.benchmarks.unlearncanvas.findings import KEPT as CANVAS_KEPT
from lethe.classifiers.distance import REFERENCES, RETRAINED_AGAIN
from lethe.classifiers.distance import RETRAINED as RETRAINED_CLASSIFIER
from lethe.classifiers.methods import LOOKS as CLASSIFIER_LOOKS
from lethe.core.finding import percent
from lethe.core.gate import Gate
from lethe.diffusion.methods import LOOKS, ROLES
from lethe.tools.claims import Row, claims
from lethe.tools.speed.summary import value_text

TERMS_OF_ENTITIES = {
    "emitter": "the entity that a method was told to forget",
    "receiver": "the entity that is asked for afterwards. An emitter and another receiver are a pair.",
    "base": "the model before anything is forgotten",
    "off, on": "a picture of the base, and of the model that forgot. Prompt and seed are the same.",
    "noise floor": "the range of 95 % of the differences between two seeds of the base",
    "harmed": "a pair that lost more than the noise floor. Seeds alone put 2.5 % of the pairs there.",
    "judge": "a classifier that names what a picture shows",
    "retrained": "a model that was trained without the emitter: ideal forgetting",
}
TERMS_OF_STUDIES = {
    "forget set": "the samples that a method was told to forget",
    "retrained": "a classifier that was trained without the forget set: ideal forgetting",
    "original": "the classifier before anything is forgotten",
    "distance to retraining": "how far accuracies and a membership attack lie from those of the retrained classifier; 0: as far as told, the same",
    "attacker": "U-LiRA, which guesses from many models whether a sample was trained on and forgotten; 50 %: it cannot tell",
}
TERMS_OF_CANVASES = {
    "cell": "an object in a style, such as a dog in pencil",
    "gone (UA)": "share of pictures in which a judge no longer finds what was forgotten",
    "same kind kept (IRA)": "share of pictures in which it finds the other styles, if a style was forgotten; else the other objects",
    "other kind kept (CRA)": "share of pictures in which it finds the objects, if a style was forgotten; else the styles",
    "base": "the model before anything is forgotten",
}


def of_task(
    folder: Path,
    task: str,
    pairs: pd.DataFrame,
    floor: Mapping[str, Mapping[str, Any]],
    gates: Sequence[Gate],
    exclude: Collection[int] = (),
) -> dict[str, Any]:
    """The overview of a task of I-CARE.

    Args:
        folder: of the world, whose ``tables`` are read.
        pairs: tidy pairs. floor: of ``noise_floor``. gates: of the task.
        exclude: emitters that hyper-parameters were chosen on, not reported.

    Returns:
        ``findings``, ``table``, ``worst``, ``checks``, ``terms``: see the module's functions. Numbers that are not known are None.
    """
    columns = [
        _column("Still recognised", "share of pictures in which the judge knows the emitter; low is good", 1, FORGOTTEN, "low"),
        _column("Keeps the others", "share of the base's judge accuracy; high is good", 1, KEPT, "high"),
        _column("Pairs harmed", "share of pairs beyond the noise floor, by CLIP score; low is good", 1, BY_CHANCE, "low"),
    ]
    means = {LOOKS.title(name): LOOKS.means(name) for name in pairs["method"].unique()}
    rows = []
    tables = TaskTables.read(folder, task)
    for row in method_rows(task, tables):
        cells = [_share(*row.forgotten), _share(*row.kept), _share(*row.harmed)]
        cells[2]["text"] += f", {row.count} of {row.pairs}"
        rows.append(_row(row.title, means.get(row.title, ""), row.reference, cells))
    return {
        "findings": [asdict(finding) for finding in findings(folder, Part([task], [], {}), {task: tables})],
        "table": {"group": None, "columns": columns, "rows": rows},
        "worst": _worst(pairs, floor, exclude),
        "checks": _checks(checked(claims(folder, [task]), gate_rows(gates, task))),
        "terms": TERMS_OF_ENTITIES,
    }


def of_study(folder: Path, study: str, gates: Sequence[Gate]) -> dict[str, Any]:
    """The overview of an attacked study of Deep Unlearn, ``{dataset}_{architecture}``; see ``of_task``."""
    methods = pd.read_csv(folder / f"tables/deepunlearn_{study}.csv").set_index("method")
    lira = pd.read_csv(folder / f"tables/deepunlearn_lira_{study}.csv")
    attacked = lira[lira["variant"] == DEFAULT].set_index("method")
    said = {str(name): row for name, row in attacked.iterrows()}
    floor, chance = float(methods["gap"][RETRAINED_AGAIN]), float(attacked["accuracy"][RETRAINED_CLASSIFIER])
    columns = [
        _column(
            "Distance to retraining",
            "low is good; dashed: of a second retrained model",
            float(methods["gap_high"].max()),
            floor,
        ),
        _column("Attacker right", "low is good; dashed: about retrained models", 1, chance),
        _column("Right on test data", "accuracy; high is good; dashed: of retrained models", 1, _of(methods, "TA")),
        _column("Right on the forget set", "accuracy; dashed: of retrained models, to be met", 1, _of(methods, "FA")),
    ]
    rows = []
    for name, row in methods.sort_values("gap", kind="stable").iterrows():
        shares = [_share(*_interval(source, key)) for source, key in ((row, "TA"), (row, "FA"))]
        attack = said.get(str(name), pd.Series(dtype=float))
        cells = [_number(*_interval(row, "gap")), _share(*_interval(attack, "accuracy")), *shares]
        title = CLASSIFIER_LOOKS.title(str(name)).replace("_", " ")
        rows.append(_row(title, CLASSIFIER_LOOKS.means(str(name)), name in REFERENCES, cells))
    return {
        "findings": [asdict(finding) for finding in findings(folder, Part([], [study], {}), {})],
        "table": {"group": None, "columns": columns, "rows": rows},
        "worst": None,
        "checks": _checks(checked(claims(folder, [], [study]), gate_rows(gates, study))),
        "terms": TERMS_OF_STUDIES,
    }


def of_canvas(folder: Path, task: str, file: str, gates: Sequence[Gate], confusion: pd.DataFrame | None) -> dict[str, Any]:
    """The overview of UnlearnCanvas; see ``of_task``.

    Args:
        file: the table of accuracies, relative to ``folder``.
        confusion: what is drawn instead of what was forgotten, where that was computed; adds the column of the most frequent answer.
    """
    table = pd.read_csv(folder / file)
    table = table[(table["protocol"] == PROTOCOL) & (table["judge"] == JUDGE)]
    columns = [
        _column("Gone (UA)", f"high is good; dashed: {percent(CANVAS_GONE)}", 1, CANVAS_GONE, "high"),
        _column("Same kind kept (IRA)", f"high is good; dashed: {percent(CANVAS_KEPT)}", 1, CANVAS_KEPT, "high"),
        _column("Other kind kept (CRA)", f"high is good; dashed: {percent(CANVAS_KEPT)}", 1, CANVAS_KEPT, "high"),
    ]
    if confusion is not None:
        columns.append(_column("Drawn instead", "what the judge finds most often, as a share of the pictures", 1, None))
    rows = []
    for _, row in table.iterrows():
        method, kind = str(row["method"]), str(row["kind"])
        cells = [_share(*_interval(row, key)) for key in ("ua", "ira", "cra")]
        if confusion is not None:
            cells.append(_instead(confusion, method, kind))
        reference = method == BASE or ROLES.role(method) != ""
        named = _row(LOOKS.title(method), LOOKS.means(method), reference, cells)
        rows.append(named | {"group": f"{WHAT.get(kind, kind)} forgotten"})
    return {
        "findings": [asdict(finding) for finding in findings(folder, Part([], [], {task: file}), {})],
        "table": {"group": "forgotten", "columns": columns, "rows": rows},
        "worst": None,
        "checks": _checks(checked([], gate_rows(gates, task))),
        "terms": TERMS_OF_CANVASES,
    }


def _worst(pairs: pd.DataFrame, floor: Mapping[str, Mapping[str, Any]], exclude: Collection[int]) -> dict[str, Any] | None:
    """The harmed pair of every judged method that lost most CLIP score, the worst first, and methods that harm none."""
    if not bounded(floor, MAIN):
        return None
    found = harmed_pairs(pairs, floor, MAIN, exclude)
    shown, harmless = [], []
    for method, own in found[found["method"].map(ROLES.role) == ""].groupby("method", sort=False, observed=True):
        worst = worst_pair(own)
        if worst is None:
            harmless.append(LOOKS.title(str(method)))
            continue
        pair = {key: int(worst[key]) for key in ("emitter", "receiver")}
        shown.append({"method": str(method), **pair, "value": float(worst["value"]), "damage": float(worst["damage"])})
    return {"metric": MAIN, "pairs": sorted(shown, key=lambda pair: -pair["damage"]), "harmless": harmless}


def _checks(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Claims and gates as the page reads them."""
    return [
        {
            "verdict": row.verdict,
            "claim": row.claim,
            "target": row.target,
            "value": "\u2013" if row.value is None else value_text(row.value),
            "doubt": row.doubt,
            "how": row.how,
        }
        for row in rows
    ]


def _instead(confusion: pd.DataFrame, method: str, kind: str) -> dict[str, Any]:
    """What a judge finds most often where a concept of this kind was forgotten by this method; the mean share over concepts."""
    rows = confusion[
        (confusion["method"] == method)
        & (confusion["kind"] == kind)
        & (confusion["attribute"] == kind)
        & (confusion["judge"] == JUDGE)
    ]
    if rows.empty:
        return _share(math.nan, math.nan, math.nan)
    shares = rows.groupby("drawn")["share"].sum() / rows["concept"].nunique()
    return _share(float(shares.max()), math.nan, math.nan) | {"text": f"{shares.idxmax()}, {percent(float(shares.max()))}"}


def _column(label: str, hint: str, high: float, target: float | None, better: str = "") -> dict[str, Any]:
    """A column: its line goes from 0 to ``high``; where ``better`` is ``low`` or ``high``, the page says which values miss the target."""
    return {"label": label, "hint": hint, "high": high, "target": target, "better": better}


def _row(name: str, means: str, reference: bool, cells: list[dict[str, Any]]) -> dict[str, Any]:
    """A method; ``means`` says what its name stands for."""
    return {"name": name, "means": means, "reference": reference, "cells": cells}


def _share(value: float, low: float, high: float) -> dict[str, Any]:
    return _cell(percent(value, low, high), value, low, high)


def _number(value: float, low: float, high: float) -> dict[str, Any]:
    between = "" if math.isnan(low) or low == high else f" [{low:.3f}, {high:.3f}]"
    return _cell("not known" if math.isnan(value) else f"{value:.3f}{between}", value, low, high)


def _cell(text: str, *numbers: float) -> dict[str, Any]:
    value, low, high = (None if math.isnan(number) else number for number in numbers)
    return {"text": text, "value": value, "low": low, "high": high}


def _interval(row: pd.Series, key: str) -> tuple[float, float, float]:
    value, low, high = (float(row.get(name, math.nan)) for name in (key, f"{key}_low", f"{key}_high"))
    return value, low, high


def _of(methods: pd.DataFrame, key: str) -> float:
    return float(methods[key][RETRAINED_CLASSIFIER])
