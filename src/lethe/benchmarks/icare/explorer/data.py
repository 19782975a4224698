"""What the page holds of a task when it opens: entities, methods, metrics, similarities; and how data become scripts."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lethe.benchmarks.icare.figures.quantities import colour_scale, quantity
from lethe.benchmarks.icare.words import similarity_name
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics.specs import constant_columns, spec_of
from lethe.diffusion.metrics.words import words_of
from lethe.figures.colours import GREY, SEQUENTIAL, reverse
from lethe.figures.style import method_name
from lethe.figures.tables import off_diagonal

Floats = NDArray[np.float64]
BOOKKEEPING = ("index", "is_unlearned", "dataset_n_original")  # of the metadata: nothing about the entity
SHARES = 2  # decimals of a quantity without a noise floor, or with one of width 0, as shares have


def task_data(
    metadata: Sequence[Mapping[str, Any]],
    models: Mapping[tuple[str, int], Collection[int]],
    metrics: Sequence[Mapping[str, Any]],
    similarities: Sequence[Mapping[str, Any]],
    methods: Sequence[str],
) -> dict[str, Any]:
    """A task as plain data, without its matrices.

    Args:
        metadata: records of the filtered metadata, in index order, N of them.
        models: (method, epochs) -> emitters that have a model.
        metrics: see ``metric_data``.
        similarities: ``name``, ``label`` and ``order`` (the leaves of its clustering, or null) of each.
        methods: methods in the order of the page; those without models are left out.

    Returns:
        ``entities`` (records), ``attributes`` (those that entities can be ordered by), ``methods`` (with ``models``, their emitters),
        ``metrics``, ``similarities`` and ``missing``, the colour of a cell without a value.
    """
    found = {name: (epochs, emitters) for (name, epochs), emitters in models.items()}
    return {
        "entities": [dict(record) for record in metadata],
        "attributes": attributes(metadata),
        "methods": [
            {
                "name": name,
                "label": method_name(name),
                "reference": ROLES.role(name),
                "epochs": found[name][0],
                "models": sorted(found[name][1]),
            }
            for name in methods
            if name in found
        ],
        "metrics": list(metrics),
        "similarities": list(similarities),
        "missing": GREY,
    }


def seed_data(table: pd.DataFrame, entities: int, seeds: Sequence[int]) -> dict[str, Any]:
    """The numbers of every image of a model, or of the base.

    Args:
        table: ``receiver, seed`` and one column per metric; constants of metrics are left out.
        entities: N.
        seeds: of the images.

    Returns:
        ``seeds``, ``metrics`` (``name, label``) and ``values`` (N receivers, seeds, metrics).
    """
    names = [name for name in table.columns if name not in ("receiver", "seed", *constant_columns(table.columns))]
    values = np.full((entities, len(seeds), len(names)), np.nan)
    places = {seed: place for place, seed in enumerate(seeds)}
    values[table["receiver"].to_numpy(), table["seed"].map(places).to_numpy()] = table[names].to_numpy(float)
    return {"seeds": list(seeds), "metrics": [{"name": name, "label": label(name)} for name in names], "values": encoded(values)}


def label(metric: str) -> str:
    """A metric in words, unit included; one that scores single images says that it does."""
    if spec_of(metric).kind == "image":
        text, unit = words_of(metric)
        text = f"{text} of one image"
    else:
        text, unit = quantity(metric).label, quantity(metric).unit
    return f"{text} ({unit})" if unit else text


def attributes(metadata: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys by which entities can be ordered: those that tell some of them apart and are more than bookkeeping.

    >>> attributes([{"index": 0, "name": "a", "legs": 4, "ears": "long"}, {"index": 1, "name": "b", "legs": 4, "ears": "short"}])
    ['name', 'ears']
    """
    keys = [key for key in metadata[0] if key not in BOOKKEEPING]
    return [key for key in keys if len({str(record[key]) for record in metadata}) > 1]


def decimals(floor: Mapping[str, float] | None) -> int:
    """Digits after the point that the noise leaves: two digits of half the width of the noise floor.

    >>> decimals({"low": -1.68, "high": 1.71}), decimals({"low": 0.16, "high": 0.26}), decimals(None)
    (1, 3, 2)
    """
    half = (floor["high"] - floor["low"]) / 2 if floor else 0.0
    return max(0, 1 - math.floor(math.log10(half))) if half > 0 else SHARES


def leaves(alike: Floats) -> list[int] | None:
    """Order of the entities in which neighbours are most alike: leaves of average linkage, ordered optimally (Bar-Joseph et al. 2001).

    Args:
        alike: (N, N), higher = more similar; its two directions are averaged, its diagonal does not count.

    Returns:
        N indices, or None where a similarity is unknown.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    both = (alike + alike.T) / 2
    upper = both[np.triu_indices(len(both), 1)]
    if not upper.size or not np.isfinite(upper).all():
        return None
    distance = upper.max() - both
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]


def encoded(values: ArrayLike) -> str:
    """Little-endian float32, row by row, as base64."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()


def script(function: str, name: str, content: Mapping[str, Any]) -> str:
    """A JavaScript file that hands ``content`` to the page; a page that was opened by double click may load nothing else."""
    return f"lethe.{function}({json.dumps(name)}, {json.dumps(content, allow_nan=False, separators=(',', ':'))});\n"


def metric_data(name: str, values: Sequence[Floats], floor: Mapping[str, float] | None) -> dict[str, Any]:
    """A metric in words and colours; one scale for all methods.

    Args:
        values: a matrix (N, N) per method.
        floor: ``mean, low, high`` of its noise floor, where there is one.

    Returns:
        Among others ``decimals``, to which the noise rounds, and ``constant``: whether no model changes anything.
    """
    import matplotlib as mpl

    what = quantity(name)
    others = np.concatenate([off_diagonal(matrix) for matrix in values])
    scale = colour_scale(what, others)
    cmap = scale["cmap"] if what.difference else (SEQUENTIAL if what.higher_is_healthier else reverse(SEQUENTIAL))
    colours = mpl.colormaps[cmap](np.linspace(0, 1, 256), bytes=True)[:, :3]
    return {
        "name": name,
        "label": what.label,
        "unit": what.unit,
        "higher_is_healthier": what.higher_is_healthier,
        "unchanged": what.unchanged,
        "difference": what.difference,
        "low": scale["vmin"],
        "high": scale["vmax"],
        "colours": colours.tobytes().hex(),
        "decimals": decimals(floor),
        "constant": all(bool((matrix[np.isfinite(matrix)] == what.unchanged).all()) for matrix in values),
        "floor": {key: floor[key] for key in ("mean", "low", "high")} if floor else None,
    }


def similarity_label(kind: str) -> str:
    """``weights_uce`` -> ``Weight similarity (UCE)``."""
    family, _, method = kind.partition("_")
    return f"{similarity_name(family)} ({method_name(method)})" if method else similarity_name(family)
