"""Implicit association test: does unlearning change which groups of entities the images associate?

B[i, j] is the mean cosine between the mean embeddings of the entities in group i of one attribute and in group j of another, in
the base and in every unlearned model; dB = B_base - B_unlearned, averaged over models. Corrected: an entity is not compared with
itself; a change that is the same everywhere is no association, so the statistic is the norm of what row and column effects leave
of dB, tested by permuting both attributes together over the entities; intervals of the cells draw models. ``published``:
self pairs included, statistic the norm of the plain mean, tested by flipping the sign of whole models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lethe.benchmarks.icare.figures.association import draw
from lethe.benchmarks.icare.parameters import MethodParameters
from lethe.benchmarks.icare.templates.base import TaskTemplate
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.core.missing import counted, mean, told
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.figures.templates.result import Finding, Result, with_q
from lethe.io.wording import some_of
from lethe.statistics.resampling import Inference, blocks, extreme, multiplicities, p_value, percentile_interval, random_orders

Floats = NDArray[np.float64]


class ImplicitAssociationTest(MethodParameters):
    """Association of two categorical attributes in the images."""

    attribute_1: str = Field(description="categorical attribute of the rows")
    attribute_2: str = Field(description="categorical attribute of the columns")


def cosines(embeddings: Embeddings, task: TaskData, model: str) -> Floats:
    """(N, N) cosine of the mean embeddings of the entities asked for; one that is missing or zero is a ``MissingDataError``."""
    means = embeddings.mean_per_receiver(task.size)
    length = np.linalg.norm(means, axis=1, keepdims=True)
    if lost := [name for name, found in zip(task.names, length[:, 0], strict=True) if not (np.isfinite(found) and found > 0)]:
        raise MissingDataError(f"{task.task}, {model}: no mean embedding of {some_of(lost)}")
    unit = means / length
    return np.asarray(unit @ unit.T)


def indicator(labels: Sequence[str | None], names: Sequence[str]) -> Floats:
    """(n, groups) membership."""
    return np.array([[float(label == name) for name in names] for label in labels])


def association(similarity: Floats, rows: Floats, columns: Floats, self_pairs: bool) -> Floats:
    """(..., groups, groups) mean similarity between groups; similarity (..., n, n), memberships (..., n, groups)."""
    used = np.ones(similarity.shape[-2:]) if self_pairs else 1.0 - np.eye(similarity.shape[-1])
    turned = np.swapaxes(rows, -1, -2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((turned @ (similarity * used) @ columns) / (turned @ used @ columns))


def interaction(change: Floats) -> Floats:
    """Frobenius norm of (..., groups, groups) without row and column effects; cells without a pair (NaN in all) do not count.

    The effects are least squares: means where every cell has a pair.
    """
    flat = change.reshape(*change.shape[:-2], -1)
    used = np.isfinite(flat).reshape(-1, flat.shape[-1]).all(axis=0)
    if used.all():
        centred = change - change.mean(-1, keepdims=True) - change.mean(-2, keepdims=True) + change.mean((-2, -1), keepdims=True)
        return np.asarray(np.sqrt((centred**2).sum(axis=(-2, -1))))
    row, column = (place.ravel()[used] for place in np.indices(change.shape[-2:]))
    design = np.concatenate([np.eye(change.shape[-2])[row], np.eye(change.shape[-1])[column]], axis=1)
    rest = flat[..., used] @ (np.eye(len(design)) - design @ np.linalg.pinv(design))
    return np.asarray(np.linalg.norm(rest, axis=-1))


def compute(parameters: ImplicitAssociationTest, data: Mapping[str, TaskData], inference: Inference) -> Result:
    """Rows: ``row``, ``column`` (groups), ``base``, ``unlearned``, ``change``, ``low``, ``high`` (of the change)."""
    task, old = data[parameters.task], parameters.fidelity == "published"
    if task.off is None or not task.on:
        raise MissingDataError(f"{task.task}: there are no embeddings of '{parameters.method}'")
    labels = [task.categories(name) for name in (parameters.attribute_1, parameters.attribute_2)]
    names = [sorted({label for label in found if label is not None}) for found in labels]
    attributes = (parameters.attribute_1, parameters.attribute_2)
    for attribute, known in zip(attributes, names, strict=True):
        if not known:
            raise MissingDataError(f"no entity of {task.task} has '{attribute}'")
    a, b = (indicator(found, known) for found, known in zip(labels, names, strict=True))
    base = cosines(task.off, task, "the base")
    sessions = np.stack([cosines(task.on[e], task, f"the model without {task.names[e]}") for e in sorted(task.on)])
    base_groups, groups = association(base, a, b, old), association(sessions, a, b, old)
    change = base_groups - groups
    of_cells = change.mean(axis=0)
    empty = int(np.isnan(of_cells).sum())
    if empty == of_cells.size:
        raise MissingDataError(f"{task.task}: no two entities have both '{attributes[0]}' and '{attributes[1]}'")
    weights = multiplicities(len(change), inference.bootstrap, inference.seed)
    low, high = percentile_interval(np.tensordot(weights, change, axes=1) / len(change), inference.alpha)
    if old:
        how, p = "mean |mean dB|, signs of whole models flipped", _flips(change, inference)
        findings = [Finding("effect", float(np.mean(np.abs(of_cells))), len(change), how, p=p)]
    else:
        lost = told(empty, of_cells.size)
        findings = [_relabelled(base - sessions.mean(axis=0), a, b, len(change), inference, lost)]
        how = f"mean of dB over cells: drift that all groups share, not association{lost}"
        findings.append(Finding("mean_change", mean(of_cells), len(change), how))
    rows = tuple(
        {
            "row": r,
            "column": c,
            "base": base_groups[i, j],
            "unlearned": float(groups.mean(axis=0)[i, j]),
            "change": of_cells[i, j],
        }
        | {"low": low[i, j], "high": high[i, j]}
        for i, r in enumerate(names[0])
        for j, c in enumerate(names[1])
    )
    axes = {"x": ("attribute", parameters.attribute_2), "y": ("attribute", parameters.attribute_1)}
    unlabelled = {f"entities without {name}": found.count(None) for name, found in zip(attributes, labels, strict=True)}
    notes = {"models": len(change)} | counted(unlabelled | {"cells without a pair": empty})
    return Result(tuple(findings) if old else with_q(findings), rows, axes, notes)


def _relabelled(difference: Floats, a: Floats, b: Floats, models: int, inference: Inference, lost: str) -> Finding:
    observed, count = interaction(association(difference, a, b, False))[None], np.zeros(1, np.int64)
    orders = random_orders(len(a), inference.permutations, inference.seed)
    for block in blocks(len(orders), len(a) * (a.shape[1] + b.shape[1]) * 4):
        drawn = interaction(association(difference, a[orders[block]], b[orders[block]], False))
        count += extreme(observed, drawn[:, None], "greater")
    how = f"norm of the double-centred mean change over {models} models; both attributes permuted together over entities{lost}"
    return Finding("interaction", float(observed[0]), len(a), how, p=float(p_value(count, inference.permutations)[0]))


def _flips(change: Floats, inference: Inference) -> float:
    flat = change.reshape(len(change), -1)
    signs = np.random.default_rng(inference.seed).choice([-1.0, 1.0], size=(inference.permutations, len(flat)))
    observed, drawn = np.linalg.norm(flat.mean(axis=0)[None], axis=1), np.linalg.norm(signs @ flat / len(flat), axis=1)
    return float(p_value(extreme(observed, drawn[:, None], "greater"), inference.permutations)[0])


TEMPLATE = TaskTemplate(
    "IAT", "ImplicitAssociationTest", ImplicitAssociationTest, compute, draw, ("off_embeddings",), embeddings="all"
)
