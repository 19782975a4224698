"""What lies beside the page for one task: its first data, and a matrix per method and metric, which is fetched when it is looked at."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.benchmarks.icare.explorer.data import leaves, metric_data, script, similarity_label, task_data
from lethe.benchmarks.icare.explorer.grids import grid
from lethe.benchmarks.icare.explorer.rows import PICTURES
from lethe.benchmarks.icare.matrices import read_matrices
from lethe.benchmarks.icare.verdicts import VERDICTS
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures.tables import similarity_matrix
from lethe.io.atomic import atomic_path, write_text
from lethe.io.rows import distinct_rows
from lethe.io.tables import read_json
from lethe.settings.receivers import ALL

Floats = NDArray[np.float64]
OF_SIMILARITIES = 3  # decimals
MORE = 1  # decimals than are shown, so that means and the order of values are right


def write_task(
    folder: str | Path,
    pairs: str | Path,
    metadata: Sequence[Mapping[str, Any]],
    similarities: Mapping[str, str | Path],
    noise_floor: Mapping[str, Mapping[str, Any]],
    overview: Mapping[str, Any],
    methods: Sequence[str],
    seeds: Sequence[int],
    receivers: str = ALL,
    verdicts: pd.DataFrame | None = None,
    rows: Iterable[str | Path] = (),
) -> None:
    """Write ``data.js``, ``grids/`` and, last, ``overview.js`` into the folder of a task, whose name is that of the task.

    Of the matrices those of a few metrics are held at a time, see ``read_matrices``.

    Args:
        folder: of the task.
        pairs: the file ``pairs_{task}.parquet``.
        metadata: records of the filtered metadata, in index order.
        similarities: kind (``clip``, ``weights_uce``, ...) -> ``similarity_{kind}_{task}.json``.
        noise_floor: metric -> ``mean, low, high`` of ``noise_floor_{task}.json``; one without ends is left out.
        overview: what the page shows first, as plain data.
        methods: methods in the order of the page.
        seeds: of the pictures.
        receivers: which the models were asked for, in words; of others the page says that they were not.
        verdicts: the table ``verdicts_{task}.csv``, where there is one.
        rows: folders that ``write_row`` wrote; those with pictures are named to the page.

    Raises:
        ValueError: if pairs hold a pair twice, an entity that is not in ``metadata``, or no comparison; or if rows have pictures of
            several layouts.
    """
    folder, size = Path(folder), len(metadata)
    runs = distinct_rows([pairs], ["method", "epochs", "emitter"])
    models: dict[tuple[str, int], list[int]] = {}
    for method, epochs, emitter in runs.itertuples(index=False):
        if method in methods:
            models.setdefault((str(method), int(epochs)), []).append(int(emitter))
    names = [str(name) for name in distinct_rows([pairs], ["metric"])["metric"] if spec_of(str(name)).kind != "image"]
    if not models or not names:
        raise ValueError(f"{pairs}: no comparison of on and off images by one of {', '.join(methods)}")
    floors = {name: floor for name, floor in noise_floor.items() if floor["low"] is not None}
    metrics, kinds = [], []
    with atomic_path(folder / "grids") as part:
        for name, found in read_matrices(pairs, models, names, size):
            metrics.append(metric_data(name, list(found.values()), floors.get(name)))
            for (method, _), values in found.items():
                _write(part, folder.name, f"metrics/{name}/{method}", grid(values, metrics[-1]["decimals"] + MORE))
        for kind, file in similarities.items():
            alike = similarity_matrix(read_json(file), metadata)
            kinds.append({"name": kind, "label": similarity_label(kind), "order": leaves(alike)})
            _write(part, folder.name, f"similarities/{kind}", grid(alike, OF_SIMILARITIES))
        for method, places in (_places(verdicts, [name for name, _ in models], size) if verdicts is not None else {}).items():
            _write(part, folder.name, f"verdicts/{method}", grid(places, decimals=0))
    content = task_data(metadata, models, metrics, kinds, methods)
    content |= {
        "asked": "" if receivers == ALL else receivers,
        "seeds": list(seeds),
        "verdicts": None if verdicts is None else list(VERDICTS),
        "pictures": _pictures(rows),
    }
    write_text(folder / "data.js", script("task", folder.name, content))
    write_text(folder / "overview.js", script("overview", folder.name, overview))


def _write(part: Path, task: str, name: str, content: Mapping[str, Any]) -> None:
    write_text(part / f"{name}.js", script("grid", f"{task}/{name}", content))


def _places(table: pd.DataFrame, methods: Collection[str], size: int) -> dict[str, Floats]:
    """Method -> the verdict of every pair as a place among the words; NaN where there is none."""
    found = {}
    for method in methods:
        rows = table[table["method"] == method]
        found[method] = np.full((size, size), np.nan)
        found[method][rows["emitter"], rows["receiver"]] = rows["verdict"].map(VERDICTS.index)
    return found


def _pictures(rows: Iterable[str | Path]) -> dict[str, Any] | None:
    """The one layout of all pictures, and which rows have some; None where none has."""
    layouts = {Path(row).name: read_json(Path(row, PICTURES)) for row in rows if Path(row, PICTURES).exists()}
    if not layouts:
        return None
    first, *others = layouts
    if odd := [run for run in others if layouts[run] != layouts[first]]:
        raise ValueError(f"explorer: pictures of {odd[0]} are laid out as {layouts[odd[0]]}, of {first} as {layouts[first]}")
    return {**layouts[first], "runs": list(layouts)}
