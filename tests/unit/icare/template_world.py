"""A synthetic task with planted truth, as templates read it: damage grows with similarity, groups differ, targets move most."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.templates.data import TaskData
from lethe.diffusion.metrics.embeddings import Embeddings

METHODS = {"uce": 0.6, "distil": 1.0, "munba": 1.4}
OCCUPATIONS, GENDERS, BINS = ("Artist", "Athlete", "Politician"), ("F", "M"), ("Q0_25", "Q25_50", "Q50_75", "Q75_100")
KINDS = ("clip", "attr", "dino", "act", "true")


def to_pairs(task: str, matrices: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    """(method, metric) -> (N, N) as the tidy table; rows of NaN are left out."""
    parts = []
    for (method, metric), values in matrices.items():
        emitter, receiver = np.nonzero(np.isfinite(values))
        frame = {"task": task, "method": method, "epochs": 0, "emitter": emitter, "receiver": receiver, "metric": metric}
        parts.append(pd.DataFrame(frame | {"value": values[emitter, receiver]}))
    return pd.concat(parts, ignore_index=True)


def plain_task(task: str, metadata: list[dict], matrices: dict[tuple[str, str], np.ndarray], **more: object) -> TaskData:
    """Only what a test gives."""
    return TaskData(task=task, metadata=metadata, pairs=to_pairs(task, matrices), **more)  # type: ignore[arg-type]


def make_task(task: str = "people", n: int = 10, seed: int = 0, methods: tuple[str, ...] = tuple(METHODS)) -> TaskData:
    """A whole task. ``distil`` harms most what is most alike; Athletes move others most; hpi rises with what is received."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 3
    place = rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[group]
    alike = np.exp(-np.linalg.norm(place[:, None] - place[None], axis=-1) / 2)
    metadata = []
    for i in range(n):
        record = {
            "name": f"{['Ilse', 'Orla', 'Bram', 'Tove', 'Edda'][i % 5]}_{['Marrow', 'Vess', 'Tolliver', 'Quill'][i % 4]}_{i}"
        }
        record |= {"index": i, "is_unlearned": True, "dataset_n_original": 40 + i, "occupation_simplified": OCCUPATIONS[group[i]]}
        record |= {"gender": GENDERS[i // 2 % 2], "hpi_bin": BINS[i * 4 // n], "hpi": 50 + 3.0 * i, "birthyear": 1930 + 7 * i}
        record |= {"group": ("hound", "mastiff")[i % 2], "sports": bool(i % 2), "natural": bool(i // 2 % 2), "value": i}
        record |= {"parity": ("even", "odd")[i % 2], "curvature": ("curved", "mixed", "straight")[group[i]]}
        metadata.append(record)
    matrices: dict[tuple[str, str], np.ndarray] = {}
    for method, strength in ((m, METHODS[m]) for m in methods):
        harm = strength * (0.35 * alike + 0.1 * np.arange(n)[None, :] / n + 0.02 * rng.gamma(1.0, size=(n, n)))
        harm[np.arange(n), np.arange(n)] = strength * (1 + 0.2 * rng.random(n))
        values = {"clip_diff": -6 * harm, "brisque_diff": 9 * harm + rng.normal(size=(n, n)), "rmse": 0.2 * harm}
        values |= {"ssim": 1 - 0.4 * harm, "dino_diff": 1 - 0.5 * harm, "judge_diff": -np.minimum(0.9, harm)}
        values |= {"rmse_published": 0.2 * harm * 255 / 4095, "ssim_published": 1 - 0.03 * harm}
        matrices |= {(method, metric): value for metric, value in values.items()}
    similarities = {}
    for number, kind in enumerate((*KINDS, *(f"weights_{m}" for m in methods))):
        noise = rng.normal(scale=0.02 * (1 + number), size=(n, n)) * (kind != "true")
        values_of = alike + (noise + noise.T) * ~np.eye(n, dtype=bool)
        similarities[kind] = 100 * values_of if kind == "clip" else values_of
    off_mean = np.concatenate([place, rng.normal(size=(n, 5))], axis=1)
    seeds = np.tile(np.arange(2), n)
    receivers = np.repeat(np.arange(n), 2)

    def embedded(means: np.ndarray) -> Embeddings:
        noisy = means[receivers] + rng.normal(scale=0.05, size=(2 * n, means.shape[1]))
        return Embeddings(receivers, seeds, noisy.astype(np.float32))

    on = {}
    for emitter in range(n):
        moved = off_mean + 0.4 * rng.normal(size=off_mean.shape) * alike[emitter][:, None]
        moved[emitter] += 3 * rng.normal(size=off_mean.shape[1])
        on[emitter] = embedded(moved)
    ratios = {m: rng.gamma(4.0, 0.6 * METHODS[m], size=n) for m in methods}
    column = STATISTICS["embedding_specificity_ratio"]
    entities = [record | {column.column(m, 0): float(ratios[m][i]) for m in methods} for i, record in enumerate(metadata)]
    baseline = pd.DataFrame({"receiver": receivers, "seed": seeds, "clip": 25 + rng.normal(size=2 * n)})
    balance = {"breeds": ("group", "gender"), "scenes": ("sports", "natural"), "objects": ("parity", "curvature")}
    return TaskData(
        task=task,
        metadata=metadata,
        balance=balance.get(task, ("occupation_simplified", "hpi_bin")),
        pairs=to_pairs(task, matrices),
        entities=entities,
        similarities=similarities,
        baseline=baseline,
        off=embedded(off_mean),
        on=on,
    )
