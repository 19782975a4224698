"""The 51 published columns against an independent brute-force computation, and the columns without self."""

from __future__ import annotations

import math
import re
import time

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.entities import (
    PUBLISHED_STATISTICS,
    STATISTICS,
    entity_records,
    entity_statistics,
    join_records,
    specificity_ratio,
)
from lethe.benchmarks.icare.matrices import matrices
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.specs import spec_of

Q = ["brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff"]
HIGHER_IS_WORSE = {"brisque_diff", "rmse"}


def random_matrices(n: int, missing: tuple[int, ...] = (), seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    names = [*Q, "judge_diff", "nudenet_diff", "rmse_published", "ssim_published"]
    # Rounded, so that ties with the entity's own value occur ("strictly worse").
    result = {name: np.round(generator.normal(size=(n, n)), 1) for name in names}
    for matrix in result.values():
        matrix[list(missing)] = np.nan
    return result


def to_pairs(quantities: dict[str, np.ndarray], method: str = "uce", epochs: int = 0) -> pd.DataFrame:
    rows = [
        ("objects", method, epochs, e, r, name, matrix[e, r])
        for name, matrix in quantities.items()
        for e in range(len(matrix))
        for r in range(len(matrix))
        if not np.isnan(matrix[e]).all()
    ]
    return pd.DataFrame(rows, columns=["task", "method", "epochs", "emitter", "receiver", "metric", "value"])


def brute_force(files: dict[int, dict[int, dict[str, float]]], k: int) -> dict[str, float]:
    """The published definitions (Vision Unlearning 1.0.0, ``pipeline_07``), word for word, on dictionaries."""
    out: dict[str, float] = {}
    views = {"emitter": files.get(k, {}), "receiver": {e: content[k] for e, content in files.items()}}
    for side, view in views.items():
        for q in Q:
            values = {name: entry[q] for name, entry in view.items()}
            worse = (lambda a, b: a > b) if q in HIGHER_IS_WORSE else (lambda a, b: a < b)
            if values:
                out[f"{side}_worst_interfered_{q}"] = (max if q in HIGHER_IS_WORSE else min)(values.values())
                out[f"{side}_average_{q}"] = sum(values.values()) / len(values)
            if k in values:
                count = sum(worse(value, values[k]) for name, value in values.items() if name != k)
                out[f"{side}_number_of_interfered_worse_than_target_{q}"] = count
        if view:
            out[f"{side}_number_of_interfered_worse_than_zero_clip_diff"] = sum(entry["clip_diff"] < 0 for entry in view.values())
    for name in [name for name in out if name.startswith("emitter_")]:
        stem = name.removeprefix("emitter_")
        out[f"emitter_minus_receiver_{stem}"] = out[name] - out[f"receiver_{stem}"]
    if k in files:
        out["forget_clip_diff"] = files[k][k]["clip_diff"]
        others = [entry["clip_diff"] for name, entry in files[k].items() if name != k]
        out["retain_average_clip_diff"] = sum(others) / len(others)
    return out


def test_there_are_51_and_the_arrows_are_those_of_the_publication() -> None:
    assert len(PUBLISHED_STATISTICS) == 51 == len({s.slug for s in PUBLISHED_STATISTICS})
    columns = {s.column("uce", 0) for s in PUBLISHED_STATISTICS}
    for printed in (
        "metric_uce_0_emitter_worst_interfered_clip_diff (↑)",
        "metric_uce_0_receiver_average_rmse (↓)",
        "metric_uce_0_emitter_minus_receiver_worst_interfered_clip_diff (↓)",
        "metric_uce_0_emitter_minus_receiver_worst_interfered_ssim (↓)",
        "metric_uce_0_emitter_minus_receiver_worst_interfered_dino_diff (↑)",
        "metric_uce_0_emitter_minus_receiver_average_ssim (↑)",
        "metric_uce_0_receiver_number_of_interfered_worse_than_target_ssim (↓)",
        "metric_uce_0_emitter_number_of_interfered_worse_than_zero_clip_diff (↓)",
        "metric_uce_0_embedding_specificity_ratio (↑)",
        "metric_uce_0_forget_clip_diff (↓)",
        "metric_uce_0_retain_average_clip_diff (↑)",
    ):
        assert printed in columns
    assert STATISTICS["emitter_worst_interfered_clip_diff"].title == "Emitter worst interfered clip diff"
    # the look-up of the reference: exactly one column per slug, also with the others columns beside
    everything = [s.column("uce", 0) for s in STATISTICS.values()]
    for slug in STATISTICS:
        assert sum(bool(re.fullmatch(f"metric_uce_[^_]*_{slug} .*", column)) for column in everything) == 1
    for s in STATISTICS.values():
        if s.direction and "number_of" not in s.slug and (quantity := next((q for q in Q if s.slug.endswith(q)), None)):
            assert s.direction == spec_of(quantity).arrow or s.slug == "forget_clip_diff"


@pytest.mark.parametrize("missing", [(), (1, 4)])
@pytest.mark.parametrize("fidelity", ["corrected", "published"])
def test_columns_equal_brute_force(missing: tuple[int, ...], fidelity: str) -> None:
    n = 7
    quantities = random_matrices(n, missing)
    used = dict(quantities)
    if fidelity == "published":
        used |= {"rmse": quantities["rmse_published"], "ssim": quantities["ssim_published"]}
    files = {e: {r: {q: used[q][e, r] for q in Q} for r in range(n)} for e in range(n) if e not in missing}
    found = entity_statistics(matrices(to_pairs(quantities), n), None, fidelity)  # type: ignore[arg-type]
    published = {s.slug for s in PUBLISHED_STATISTICS}
    assert set(found) >= published and (set(found) == published) == (fidelity == "published")
    for k in range(n):
        expected = brute_force(files, k)
        for slug in published - {"embedding_specificity_ratio"}:
            assert found[slug][k] == pytest.approx(expected.get(slug, math.nan), abs=1e-12, nan_ok=True), slug


def test_others_columns_leave_the_entity_out() -> None:
    quantities = random_matrices(6)
    for name, matrix in quantities.items():
        np.fill_diagonal(matrix, 1000 if spec_of(name).arrow == "↓" else -1000)  # forgetting is the largest damage
    found = entity_statistics(quantities)
    assert (found["emitter_worst_interfered_rmse"] == 1000).all()
    for k in range(6):
        row, column = np.delete(quantities["rmse"][k], k), np.delete(quantities["judge_diff"][:, k], k)
        assert found["emitter_others_worst_interfered_rmse"][k] == row.max()
        assert found["emitter_others_average_rmse"][k] == pytest.approx(row.mean())
        assert found["receiver_others_worst_interfered_judge_diff"][k] == column.min()


def test_entities_can_be_renamed() -> None:
    quantities = random_matrices(8)
    order = np.random.default_rng(1).permutation(8)
    plain = entity_statistics(quantities)
    renamed = entity_statistics({name: matrix[np.ix_(order, order)] for name, matrix in quantities.items()})
    for slug in set(plain) - {"embedding_specificity_ratio"}:
        np.testing.assert_allclose(renamed[slug], plain[slug][order], atol=1e-12)


def test_records_keep_metadata_and_hold_null_for_nan() -> None:
    metadata = [{"name": f"entity {k}", "index": k, "is_unlearned": k != 1} for k in range(4)]
    pairs = pd.concat([to_pairs(random_matrices(4, (1,)), "uce", 0), to_pairs(random_matrices(4, (), 1), "munba", 5)])
    records = entity_records(metadata, pairs, {("uce", 0): np.array([2.0, np.nan, np.inf, 1.0])})
    assert records[1]["name"] == "entity 1" and records[1]["metric_uce_0_emitter_average_clip_diff (↑)"] is None
    assert records[1]["metric_munba_5_emitter_average_clip_diff (↑)"] is not None
    assert [r["metric_uce_0_embedding_specificity_ratio (↑)"] for r in records] == [2.0, None, None, 1.0]
    assert isinstance(records[0]["metric_uce_0_emitter_number_of_interfered_worse_than_zero_clip_diff (↓)"], int)
    published = entity_records(metadata, pairs, fidelity="published")
    assert sum(key.startswith("metric_uce_0_") for key in published[0]) == 51
    with pytest.raises(ValueError, match="index order"):
        entity_records(metadata[::-1], pairs)


def test_records_of_single_methods_join_to_those_of_all() -> None:
    metadata = [{"name": f"entity {k}", "index": k} for k in range(4)]
    uce, munba = to_pairs(random_matrices(4, (1,)), "uce", 0), to_pairs(random_matrices(4, (), 1), "munba", 5)
    whole = entity_records(metadata, pd.concat([uce, munba]))
    joined = join_records([entity_records(metadata, uce), entity_records(metadata, munba)])
    assert joined == whole
    with pytest.raises(ValueError, match="shorter"):
        join_records([entity_records(metadata, uce), entity_records(metadata[:3], to_pairs(random_matrices(3), "munba", 5))])


def test_specificity_ratio_by_hand() -> None:
    off = np.array([[1.0, 0], [0, 1], [1, 1]])
    on = Embeddings(np.array([0, 0, 1, 2]), np.arange(4), np.array([[0, 1], [0, 3], [0, 2], [1, 0]], np.float32))
    # d_self = 1 (orthogonal), d(1) = 0, d(2) = 1 - 1/sqrt 2
    assert specificity_ratio(on, off, 0) == pytest.approx(1 / ((1 - 1 / np.sqrt(2)) / 2))
    same = Embeddings(np.arange(3), np.zeros(3, int), off.astype(np.float32))
    assert math.isnan(specificity_ratio(same, off, 0))


@pytest.mark.parametrize("seed", range(3))
def test_specificity_ratio_equals_plain_python(seed: int) -> None:
    """d(x) = 1 - cos(mean on, mean off); own over mean of the others; the reference's definition with lists and loops."""
    generator = np.random.default_rng(seed)
    n, seeds, width = 5, 3, 4
    off = generator.normal(size=(n, width))
    values = generator.normal(size=(n * seeds, width)).astype(np.float32)
    on = Embeddings(np.repeat(np.arange(n), seeds), np.tile(np.arange(seeds), n), values)

    def distance(x: int) -> float:
        mean = [sum(float(values[x * seeds + s][d]) for s in range(seeds)) / seeds for d in range(width)]
        dot = sum(a * float(b) for a, b in zip(mean, off[x], strict=True))
        norms = math.sqrt(sum(a * a for a in mean)) * math.sqrt(sum(float(b) ** 2 for b in off[x]))
        return 1 - dot / norms

    for emitter in range(n):
        others = [distance(x) for x in range(n) if x != emitter]
        assert specificity_ratio(on, off, emitter) == pytest.approx(distance(emitter) / (sum(others) / len(others)))


@pytest.mark.parametrize("seed", range(3))
def test_published_records_equal_plain_python(seed: int) -> None:
    """All 51 columns as they are written, with an emitter that was not unlearned: names, values, null."""
    quantities = random_matrices(6, (2,), seed)
    ratios = np.random.default_rng(seed).random(6)
    pairs = to_pairs(quantities)
    records = entity_records([{"name": f"e{k}"} for k in range(6)], pairs, {("uce", 0): ratios}, "published")
    used = {q: quantities[{"rmse": "rmse_published", "ssim": "ssim_published"}.get(q, q)] for q in Q}
    files = {e: {r: {q: used[q][e, r] for q in Q} for r in range(6)} for e in range(6) if e != 2}
    for k, record in enumerate(records):
        expected = brute_force(files, k) | {"embedding_specificity_ratio": ratios[k]}
        columns = {s.slug: record[s.column("uce", 0)] for s in PUBLISHED_STATISTICS}
        assert len(columns) == 51
        for slug, value in columns.items():
            assert value == (pytest.approx(expected[slug], abs=1e-12) if slug in expected else None), slug


def test_bad_tables_are_named() -> None:
    pairs = to_pairs(random_matrices(3))
    with pytest.raises(ValueError, match="more than once"):
        matrices(pd.concat([pairs, pairs.head(1)]), 3)
    with pytest.raises(ValueError, match="outside 0..1"):
        matrices(pairs, 2)
    with pytest.raises(ValueError, match="one method"):
        matrices(pd.concat([pairs, pairs.assign(method="munba")]), 3)
    with pytest.raises(ValueError, match="need dino_diff"):
        entity_statistics({name: np.zeros((3, 3)) for name in Q[:-1]})


def test_paper_size_is_fast() -> None:
    """One method of 100 entities; the paper has nine of these."""
    n = 100
    emitter, receiver = (a.ravel() for a in np.meshgrid(np.arange(n), np.arange(n), indexing="ij"))
    values = np.random.default_rng(0).normal(size=(5, n * n))
    pairs = pd.concat(
        pd.DataFrame({"method": "uce", "epochs": 0, "emitter": emitter, "receiver": receiver, "metric": q, "value": v})
        for q, v in zip(Q, values, strict=True)
    )
    begin = time.process_time()
    entity_records([{"name": str(k)} for k in range(n)], pairs)
    assert time.process_time() - begin < 3
