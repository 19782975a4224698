"""What must hold before the accuracies are believed: judges, base and references are what they are taken for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.accuracy import Floats, Reporting, accuracies, measured_concepts
from lethe.benchmarks.unlearncanvas.answers import BASE, TOLD, judges_of, right
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, other
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, weights
from lethe.core.gate import Gate

HELD_OUT, STYLE, OBJECT, WORST_CELL, AGREEMENT = 0.98, 0.98, 0.95, 0.6, 0.95
FORGOTTEN, KEPT = 0.9, 0.05  # of a retrained model: least UA, largest loss of IRA and CRA
CHANCE = 0.1  # how far from one fixed answer a model that draws nothing may be


class Roles(NamedTuple):
    """Methods that have a part in gates; empty where none is run.

    Attributes:
        unchanged: that change nothing. retrained: references by retraining. destroyed: controls whose models draw nothing.
    """

    unchanged: Sequence[str]
    retrained: Sequence[str]
    destroyed: Sequence[str]


def gate_judges(held_out: Mapping[str, float | None]) -> Gate:
    """Every judge knows real images that it was not trained on: judge -> accuracy, from the record of its training."""
    accuracies_ = np.array(list(held_out.values()), dtype=float)
    value = float(accuracies_.min(initial=np.inf))
    how = f"smallest accuracy on held-out real images of {', '.join(held_out)}"
    return Gate("canvas_judges_know_real_images", value, HELD_OUT, value >= HELD_OUT, how, accuracies_)


def base_gates(base: pd.DataFrame, canvas: Canvas) -> list[Gate]:
    """The base draws what it is asked for, by every judge, and in every cell."""
    found = [right(base, len(canvas.styles), judge) for judge in judges_of(base)]
    gates = [
        _draws("canvas_base_draws_style", [of.style.mean() for of in found], STYLE, "style", len(base)),
        _draws("canvas_base_draws_object", [of.object.mean() for of in found], OBJECT, "object", len(base)),
    ]
    cells = np.stack([of.of(attribute)[0].mean(axis=1) for of in found for attribute in ATTRIBUTES])
    worst = int(cells.min(axis=0).argmin())
    how = f"worst of {cells.shape[1]} cells, {canvas.styles[worst]} {canvas.objects[worst]}, by either attribute and any judge"
    gates.append(Gate("canvas_base_worst_cell", cells.min(), WORST_CELL, cells.min() >= WORST_CELL, how, cells))
    if len(found) > 1:
        numbers = judges_of(base)
        same = [(base[f"{a}_pred_1"] == base[f"{a}_pred_{number}"]).mean() for a in ATTRIBUTES for number in numbers[1:]]
        how = "smallest share of images of the base in which the first judge and another see the same style, or the same object"
        gates.append(Gate("canvas_judges_agree", min(same), AGREEMENT, min(same) >= AGREEMENT, how, same))
    return gates


def _draws(name: str, accuracies_: Sequence[float], least: float, attribute: str, images: int) -> Gate:
    how = f"smallest {attribute} accuracy of the base over {len(accuracies_)} judges, {images} images"
    return Gate(name, min(accuracies_), least, min(accuracies_) >= least, how, accuracies_)


def gate_unchanged(answers: Mapping[str, pd.DataFrame], method: str) -> Gate:
    """Images of a method that changes nothing are judged exactly as those of the base, to the last bit of every probability."""
    base, images = answers[BASE], answers[method]
    told = [f"{a}_{name}_{judge}" for judge in judges_of(base) for a in ATTRIBUTES for name in TOLD]
    joined = images.merge(base, on=["cell", "seed"], how="left", suffixes=("", "_base"))
    differs = np.any([(joined[column] != joined[f"{column}_base"]).to_numpy() for column in told], axis=0)
    how = f"images of {method} of {len(images)} in which a judge sees anything else than in the base's"
    return Gate("canvas_none_is_the_base", float(differs.sum()), 0.0, not differs.any(), how, differs)


def retrained_gates(answers: Mapping[str, pd.DataFrame], method: str, canvas: Canvas, reporting: Reporting) -> list[Gate]:
    """A model that never saw the target does not draw it, and draws the rest as the base does."""
    values, losses = [], []
    for of_method, of_base, _ in _measured(answers, method, canvas, reporting):
        values.append(of_method[0].mean())
        losses += [float((of_base[place] - of_method[place]).mean()) for place in (1, 2)]
    least, most = min(values, default=np.nan), max(losses, default=np.nan)
    how = f"smallest mean UA of {method} over kinds of concepts and judges"
    kept = f"largest loss of IRA or CRA of {method} against the base, over kinds of concepts and judges"
    return [
        Gate("canvas_retrained_forgets", least, FORGOTTEN, least >= FORGOTTEN, how, values),
        Gate("canvas_retrained_keeps", most, KEPT, most <= KEPT, kept, losses),
    ]


def gate_control(answers: Mapping[str, pd.DataFrame], method: str, canvas: Canvas, reporting: Reporting) -> Gate:
    """A model that draws nothing is judged as one fixed answer would be, which is right for one concept of those that a mean is over."""
    excess = []
    for values, _, kind in _measured(answers, method, canvas, reporting):
        concepts = measured_concepts(right(answers[method], len(canvas.styles)), canvas, reporting, kind)
        of = weights(PROTOCOLS[reporting.protocols[0]], canvas, concepts[0], reporting.retained)
        retained = [len(np.unique(canvas.values(a)[of_cells > 0])) for a, of_cells in ((kind, of.ira), (other(kind), of.cra))]
        ua, ira, cra = values.reshape(3, -1).mean(axis=1)
        excess += [1 - 1 / len(concepts) - ua, ira - 1 / retained[0], cra - 1 / retained[1]]
    value = max(excess, default=np.nan)
    how = f"furthest that UA of {method} is below, or IRA or CRA above, what one fixed answer gives"
    return Gate("canvas_control_is_chance", value, CHANCE, value <= CHANCE, how, excess)


def all_gates(
    answers: Mapping[str, pd.DataFrame], canvas: Canvas, reporting: Reporting, roles: Roles, held_out: Mapping[str, float | None]
) -> list[Gate]:
    """Every gate that can be judged: of the judges, the base and those references that are run."""
    gates = [gate_judges(held_out), *base_gates(answers[BASE], canvas)]
    gates += [gate_unchanged(answers, method) for method in roles.unchanged]
    for method in roles.retrained:
        gates += retrained_gates(answers, method, canvas, reporting)
    return gates + [gate_control(answers, method, canvas, reporting) for method in roles.destroyed]


def _measured(
    answers: Mapping[str, pd.DataFrame], method: str, canvas: Canvas, reporting: Reporting
) -> Iterator[tuple[Floats, Floats, str]]:
    """Of every judge and kind: values of the method and of the base, (3, C, S), under the first protocol, and the kind."""
    protocol = PROTOCOLS[reporting.protocols[0]]
    for judge in judges_of(answers[BASE]):
        of_method, of_base = (right(answers[name], len(canvas.styles), judge) for name in (method, BASE))
        for kind in ATTRIBUTES:
            if concepts := measured_concepts(of_method, canvas, reporting, kind):
                yield (
                    accuracies(of_method, canvas, concepts, protocol, reporting.retained),
                    accuracies(of_base, canvas, concepts, protocol, reporting.retained),
                    kind,
                )
