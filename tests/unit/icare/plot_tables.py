"""Synthetic published tables with a known truth: harm grows with similarity, `none` harms nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.figures.tables import similarity_matrix

NAMES = [
    "tarvin hound dog", "lesser tarvin dog", "ostrel hound dog", "ostrel shepherd dog", "marrowby setter dog",
    "fenwold setter dog", "brackel mastiff dog", "northern brackel dog", "dunmere bull dog", "Bram_Tolliver",
]  # fmt: skip
METHODS = ["none", "uce", "distil", "munba", "retrain"]
STRENGTH = {"none": 0.0, "uce": 0.6, "distil": 1.0, "munba": 1.6, "retrain": 0.3}
KINDS = ["clip", "attr", "dino", "act", "true"]


@dataclass
class Tables:
    """What a task publishes, as far as figures read it."""

    metadata: list[dict[str, Any]]
    similarity: dict[str, list[dict[str, Any]]]
    pairs: pd.DataFrame
    baseline: pd.DataFrame
    noise_floor: dict[str, dict[str, float]]

    def alike(self, kind: str) -> NDArray[np.float64]:
        """A kind of similarity as (N, N)."""
        return similarity_matrix(self.similarity[kind], self.metadata)


def make_tables(size: int = 10, seed: int = 0) -> Tables:
    """Tables of ``size`` entities; ``retrain`` has the emitter 3 only, and only ``true`` similarity is unknown in part."""
    rng = np.random.default_rng(seed)
    names = [NAMES[i] if i < len(NAMES) else f"entity number {i}" for i in range(size)]
    place = rng.normal(size=(size, 3))
    alike = np.exp(-np.linalg.norm(place[:, None] - place[None], axis=-1))
    metadata = [{"name": name, "index": i, "is_unlearned": True, "dataset_n_original": 50} for i, name in enumerate(names)]
    similarity = {}
    for number, kind in enumerate(KINDS):
        noise = rng.normal(scale=0.03 * (4 - number), size=(size, size))
        values = np.clip(alike + (noise + noise.T) * ~np.eye(size, dtype=bool), 0, 1)
        similarity[kind] = [{"emitter": a} | {b: float(values[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)]
    rows = []
    for method in METHODS:
        for i in [3] if method == "retrain" else range(size):
            for j in range(size):
                harm = STRENGTH[method] * (1.0 if i == j else 0.35 * alike[i, j])
                harm = max(0.0, harm + (rng.normal(scale=0.03) if method != "none" else 0.0))
                values = {
                    "clip_diff": -6 * harm,
                    "judge_diff": -min(0.82, harm),
                    "brisque_diff": 9 * harm,
                    "rmse": 0.3 * harm,
                }
                values |= {"ssim": 1 - 0.5 * harm, "dino_diff": 1 - 0.4 * harm}
                rows += [("breeds", method, 0, i, j, metric, value) for metric, value in values.items()]
    pairs = pd.DataFrame(rows, columns=["task", "method", "epochs", "emitter", "receiver", "metric", "value"])
    baseline = pd.DataFrame([{"receiver": j, "seed": s, "judge": 0.9} for j in range(size) for s in (42, 43)])
    floor = {metric: {"mean": 0.0, "low": -0.2, "high": 0.2} for metric in ("clip_diff", "judge_diff", "brisque_diff")}
    floor |= {"ssim": {"mean": 0.6, "low": 0.4, "high": 0.8}}
    return Tables(metadata, similarity, pairs, baseline, floor)
