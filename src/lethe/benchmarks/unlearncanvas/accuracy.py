"""UA, IRA and CRA of every method, from its answer set: the one place where they are computed.

Every image is an image of a cell, so a quantity of a model and a seed is a weighted mean over cells (``protocols.weights``). Intervals draw
concepts and seeds. A difference to the base is taken of the same cells with the same seeds, which begin with the same noise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.answers import BASE, Seen, judges_of, right
from lethe.benchmarks.unlearncanvas.concepts import ATTRIBUTES, Canvas, Concept, other
from lethe.benchmarks.unlearncanvas.protocols import PROTOCOLS, QUANTITIES, Protocol, weights
from lethe.statistics.crossed import crossed_interval
from lethe.statistics.resampling import Inference
from lethe.statistics.spread import spread

Floats = NDArray[np.float64]
Retained = Mapping[str, Sequence[str]]


class Reporting(NamedTuple):
    """What is reported.

    Attributes:
        protocols: names of ``PROTOCOLS``; the first is that of tables with one.
        retained: ``style`` and ``object`` -> values, for a protocol that needs them.
        tuning: indices of concepts on which hyper-parameters were chosen: in no mean.
        inference: draws and level of intervals.
    """

    protocols: Sequence[str]
    retained: Retained | None = None
    tuning: Sequence[int] = ()
    inference: Inference = Inference()


def accuracies(
    found: Seen, canvas: Canvas, concepts: Sequence[Concept], protocol: Protocol, retained: Retained | None = None
) -> Floats:
    """UA, IRA and CRA of every concept and seed, (3, C, S), in [0, 1]; NaN where no image counts.

    Args:
        found: of models, one for each of ``concepts``, or of the base alone, which is then measured as if it were each of them.
        concepts: of one kind, style or object.
    """
    seeds = slice(0, 1) if protocol.one_seed else slice(None)
    values = []
    for concept in concepts:
        row = 0 if found.concepts[0] < 0 else int(np.flatnonzero(found.concepts == concept.index)[0])
        own, cross = found.of(concept.kind)[row][:, seeds], found.of(other(concept.kind))[row][:, seeds]
        of = weights(protocol, canvas, concept, retained)
        values.append([of.ua @ ~own, of.ira @ own, of.cra @ cross])
    return np.asarray(values, dtype=float).transpose(1, 0, 2)


def accuracy_table(task: str, answers: Mapping[str, pd.DataFrame], canvas: Canvas, reporting: Reporting) -> pd.DataFrame:
    """One row per method, kind of concept, protocol and judge.

    Args:
        answers: method -> its answer set, with ``BASE``; without it nothing is compared with the base.

    Returns:
        ``task, method, epochs, kind, protocol, judge, n`` (concepts measured), ``images`` (of one model that the protocol looks at), and for
        each of ``ua, ira, cra``: the mean over concepts, its interval ``_low, _high`` over concepts and seeds, ``_sd, _smallest, _largest``
        over concepts, ``_minus_base`` with ``_low, _high``, and ``_jpeg``, the mean on JPEG copies.
    """
    rows = []
    for judge in judges_of(next(iter(answers.values()))):
        sets = {
            method: {copies: right(table, len(canvas.styles), judge, copies) for copies in ("png", "jpeg")}
            for method, table in answers.items()
        }
        base = sets.get(BASE)
        for method, table in answers.items():
            of = sets[method]
            for kind in ATTRIBUTES:
                if not (measured := measured_concepts(of["png"], canvas, reporting, kind)):
                    continue
                for name in reporting.protocols:
                    protocol = PROTOCOLS[name]
                    png, jpeg, off = (
                        accuracies(found, canvas, measured, protocol, reporting.retained) if found else None
                        for found in (of["png"], of["jpeg"], base and base["png"])
                    )
                    assert png is not None and jpeg is not None
                    difference = np.full_like(png, np.nan) if off is None else png - off
                    row = {"task": task, "method": method, "epochs": int(table["epochs"].iloc[0]), "kind": kind}
                    row |= {
                        "protocol": name,
                        "judge": judge,
                        "n": len(measured),
                        "images": _looked_at(protocol, canvas, measured, reporting) * png.shape[2],
                    }
                    rows.append(row | _summary(png, difference, jpeg, reporting.inference))
    return pd.DataFrame(rows)


def measured_concepts(found: Seen, canvas: Canvas, reporting: Reporting, kind: str) -> list[Concept]:
    """The reported concepts of a kind that a method has models of; of the base all."""
    there = [concept for concept in canvas.reported(reporting.tuning) if concept.kind == kind]
    return there if found.concepts[0] < 0 else [concept for concept in there if concept.index in found.concepts]


def _looked_at(protocol: Protocol, canvas: Canvas, concepts: Sequence[Concept], reporting: Reporting) -> int:
    """Cells with a weight in any quantity, of the concept with most."""
    return max(
        int((np.nan_to_num(np.stack(weights(protocol, canvas, concept, reporting.retained))) > 0).any(axis=0).sum())
        for concept in concepts
    )


def _summary(values: Floats, difference: Floats, jpeg: Floats, inference: Inference) -> dict[str, float]:
    """Columns of each quantity, from (3, C, S) values, their differences to the base, and values on copies."""
    draws = (inference.bootstrap, inference.alpha, inference.seed)
    low, high = crossed_interval(values, *draws)
    difference_low, difference_high = crossed_interval(difference, *draws)
    row: dict[str, float] = {}
    for place, name in enumerate(QUANTITIES):
        of_concepts = values[place].mean(axis=1)
        row |= {name: of_concepts.mean(), f"{name}_low": low[place], f"{name}_high": high[place]}
        row |= spread(name, of_concepts)
        row |= {f"{name}_minus_base": difference[place].mean()}
        row |= {f"{name}_minus_base_low": difference_low[place], f"{name}_minus_base_high": difference_high[place]}
        row |= {f"{name}_jpeg": jpeg[place].mean()}
    return row


def concept_table(
    task: str, answers: Mapping[str, pd.DataFrame], canvas: Canvas, reporting: Reporting, retrained: Sequence[str] = ()
) -> pd.DataFrame:
    """One row per method and concept, tuning ones too, under the first protocol.

    Args:
        retrained: methods that are references by retraining; what they draw stands beside what each method draws.

    Returns:
        ``task, method, epochs, concept, name, kind, reported`` and for each judge j: ``ua_j, ira_j, cra_j``; ``other_on_target_j`` (share of
        images of the target in which the attribute that was not forgotten is right), ``guide_j`` (in which what takes the target's place is
        seen; NaN without one), the same two with ``_retrained`` (of the reference; NaN where there is none), ``photo_kept_j`` (share of the
        photos that do not show the target in which a photo is seen); ``constant`` (share of images of the target of one colour).
    """
    protocol = PROTOCOLS[reporting.protocols[0]]
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for judge in judges_of(answers[BASE]):
        for method, table in answers.items():
            found = right(table, len(canvas.styles), judge)
            drawn = _by_concept(table)
            for concept in canvas.concepts:
                if concept.kind == "pair" or (method != BASE and concept.index not in found.concepts):
                    continue
                row = rows.setdefault(
                    (method, concept.index),
                    {"task": task, "method": method, "epochs": int(table["epochs"].iloc[0]), "concept": concept.index},
                )
                row |= {"name": concept.name, "kind": concept.kind, "reported": concept.index not in reporting.tuning}
                values = accuracies(found, canvas, [concept], protocol, reporting.retained).mean(axis=2)[:, 0]
                row |= {f"{name}_{judge}": value for name, value in zip(QUANTITIES, values, strict=True)}
                row |= _on_target(drawn[-1 if method == BASE else concept.index], canvas, concept, judge)
    table = pd.DataFrame(list(rows.values()))
    told = [column for column in map(str, table) if column.startswith(("other_on_target_", "guide_"))]
    reference = table[table["method"].isin(list(retrained))].drop_duplicates("concept").set_index("concept")[told]
    return table.join(reference.add_suffix("_retrained"), on="concept")


def _by_concept(table: pd.DataFrame) -> dict[int, pd.DataFrame]:
    return {int(concept): table[table["concept"] == concept] for concept in table["concept"].unique()}


def _on_target(images: pd.DataFrame, canvas: Canvas, concept: Concept, judge: int) -> dict[str, float]:
    """What is drawn where the target was asked for, and of the photos that do not show it, in the images of one model."""
    target = images[images["cell"].isin(concept.covers)]
    spared = other(concept.kind)
    guides = guide_of(canvas, concept, concept.kind, target["cell"].to_numpy())
    photos = images[(images["style"] == canvas.photo) & ~images["cell"].isin(concept.covers)]
    guided = target[f"{concept.kind}_pred_{judge}"].to_numpy()[guides != ""] == guides[guides != ""]
    return {
        f"other_on_target_{judge}": float((target[f"{spared}_pred_{judge}"] == target[spared]).mean()),
        f"guide_{judge}": float(guided.mean()) if len(guided) else np.nan,
        f"photo_kept_{judge}": float((photos[f"style_pred_{judge}"] == canvas.photo).mean()) if len(photos) else np.nan,
        "constant": float(target["constant"].mean()),
    }


def guide_of(canvas: Canvas, concept: Concept, attribute: str, cells: NDArray[np.int64]) -> NDArray[np.str_]:
    """Of each of these covered cells the value of an attribute that takes the target's place; empty where none does."""
    values = canvas.values(attribute)
    places = {cell: str(values[guide]) if guide >= 0 else "" for cell, guide in zip(concept.covers, concept.guides, strict=True)}
    return np.array([places[int(cell)] for cell in cells], dtype=str)
