"""Every template against an independent computation on a small task with a known answer."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from tests.unit.icare.template_world import METHODS, make_task, plain_task

from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.pair_regression import entity_folds, entity_splits
from lethe.benchmarks.icare.templates.pareto import front
from lethe.diffusion.metrics.specs import spec_of
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.figures.templates.result import Finding, Result
from lethe.statistics.association import mantel
from lethe.statistics.resampling import Inference

QUICK = Inference(permutations=199, bootstrap=100)
ATTRIBUTES = [{"name": f"e{i}", "index": i, "kind": "ab"[i % 2], "size": float(i)} for i in range(8)]


@pytest.fixture(scope="module")
def people() -> TaskData:
    return make_task("people", 12)


def compute(name: str, data: TaskData, inference: Inference = QUICK, **given: Any) -> Result:
    template = TEMPLATES.load(name)
    keys = template.parameters.model_fields
    one = {"task": data.task} if "task" in keys else {"tasks": (data.task,)}
    result = template.compute(validate(template.parameters, one | given), {data.task: data}, inference)
    json.dumps(result.record({}), allow_nan=False)
    return result


def finding(result: Result, name: str, group: str = "") -> Finding:
    (found,) = [f for f in result.findings if f.name == name and f.group.endswith(group)]
    return found


def off(n: int) -> np.ndarray:
    return ~np.eye(n, dtype=bool)


def test_mma_equals_scipy(people: TaskData) -> None:
    pair = {"statistic_x": "emitter_average_clip_diff", "statistic_y": "receiver_average_brisque_diff"}
    given = {"methods": ("uce", "distil")} | pair
    x, y = (people.statistic("uce", slug) for slug in pair.values())
    found = compute("MMA", people, **given)
    assert finding(found, "spearman", "/uce").value == pytest.approx(stats.spearmanr(x, y).statistic)
    low, high = finding(found, "spearman", "/uce").low, finding(found, "spearman", "/uce").high
    assert low is not None and high is not None and -1 <= low < high <= 1
    p = [f.p for f in found.findings]
    assert [f.q for f in found.findings] == pytest.approx([min(2 * min(p), max(p)) if v == min(p) else v for v in p])
    old = compute("MMA", people, fidelity="published", **given)
    assert finding(old, "pearson", "/uce").p == pytest.approx(stats.pearsonr(x, y).pvalue)
    assert all(f.q is None for f in old.findings) and len(old.rows) == 24
    assert stats.permutation_test(
        (x,), lambda a: stats.spearmanr(a, y).statistic, permutation_type="pairings", n_resamples=999, rng=0
    ).pvalue == pytest.approx(finding(found, "spearman", "/uce").p, abs=0.08)


def test_msa_uses_damage_and_entities_not_pairs(people: TaskData) -> None:
    given = {"method": "distil", "metric": "ssim", "similarity": "true"}
    values, alike = people.matrix("distil", "ssim"), people.similarity("true")
    found = compute("MSA", people, **given).findings[0]
    assert found.value == pytest.approx(stats.spearmanr(1 - values[off(12)], alike[off(12)]).statistic)
    assert found.p == 1 / 200 == found.q and found.low is not None and found.low > 0.3  # planted
    old = compute("MSA", people, fidelity="published", **given)
    raw = people.matrix("distil", "ssim_published")[off(12)]
    assert finding(old, "pearson").value == pytest.approx(stats.pearsonr(alike[off(12)], raw).statistic)
    assert finding(old, "spearman").p == pytest.approx(stats.spearmanr(alike[off(12)], raw).pvalue)
    assert finding(old, "spearman").n == 132
    coloured = compute("MSA", people, colour="gender", **given)
    assert {row["series"] for row in coloured.rows} == {"F", "M"}


@pytest.mark.parametrize("name", ["MSAOne", "InterferenceBySimilarityRank"])
def test_one_emitter_against_its_receivers(people: TaskData, name: str) -> None:
    result = compute(name, people, method="uce", metric="rmse", similarity="dino", emitter=4, top=2)
    harm, alike = np.delete(people.matrix("uce", "rmse")[4], 4), np.delete(people.similarity("dino")[4], 4)
    assert finding(result, "damage_spearman").value == pytest.approx(stats.spearmanr(harm, alike).statistic)
    worst = np.delete(np.arange(12), 4)[np.argsort(-harm)[:2]]
    assert {row["label"] for row in result.rows if row["role"] == "most interfered"} == {people.names[i] for i in worst}
    if name != "MSAOne":
        assert [row["rank"] for row in result.rows] == list(range(1, 12))
        assert result.rows[0]["label"] == people.names[np.delete(np.arange(12), 4)[np.argmax(alike)]]
    old = compute(name, people, method="uce", metric="rmse", similarity="dino", emitter=4, fidelity="published")
    assert {f.name for f in old.findings} == ({"pearson", "spearman"} if name == "MSAOne" else {"spearman"})


def test_most_similar_most_interfered_by_hand() -> None:
    harm = np.array([[9.0, 3, 2, 1], [3, 9, 2, 1], [1, 2, 9, 3], [1, 2, 3, 9]])
    alike = np.array([[1, 0.9, 0.1, 0.2], [0.1, 1, 0.9, 0.2], [0.1, 0.2, 1, 0.9], [0.9, 0.2, 0.1, 1]])
    task = plain_task("t", [{"name": f"e{i}"} for i in range(4)], {("uce", "rmse"): harm}, similarities={"clip": alike})
    given = {"methods": ("uce",), "metrics": ("rmse",), "similarities": ("clip",)}
    for top, hits in ((1, 2), (2, 3), (3, 4)):  # of 0 -> 1 (first), 1 -> 2 (second), 2 -> 3 (first), 3 -> 0 (third)
        (row,) = compute("MostSimilarMostInterferedGrid", task, top=top, **given).rows
        assert (row["count"], row["denominator"], row["chance"]) == (hits, 4, top / 3)
    exact = np.mean([
        sum(harm[i, p[np.argmax(np.where(np.eye(4, dtype=bool), -1, alike)[q[i]])]] == 3 for i in range(4)) >= 2
        for p in itertools.permutations(range(4)) for q in [np.argsort(p)]
    ])  # fmt: skip
    many = Inference(permutations=4999, bootstrap=100)
    found = compute("MostSimilarMostInterferedGrid", task, many, **given).findings[0]
    assert found.p == pytest.approx(exact, abs=0.03)


def test_msam_splits_entities_and_finds_a_planted_line(people: TaskData) -> None:
    folds = entity_folds(12, 5, 0)
    for train, test in entity_splits(folds):
        seen = set(np.argwhere(train).ravel().tolist())
        asked = set(np.argwhere(test).ravel().tolist())
        assert seen and asked and not seen & asked and not (train | test)[np.eye(12, dtype=bool)].any()
    with pytest.raises(MissingDataError, match="six entities"):
        entity_folds(5, 5, 0)
    values = 2 * people.similarity("clip") - 3 * people.similarity("dino")
    task = plain_task(
        "people", list(people.metadata), {("uce", "rmse"): values}, similarities=people.similarities, balance=people.balance
    )
    plain = {"attribute_same": False, "attribute_value": False, "forget_quality": False}
    given = {"method": "uce", "metric": "rmse", "similarities": ("clip", "dino")} | plain
    found = compute("MSAM", task, **given)
    assert finding(found, "r2_test").value == pytest.approx(1) and finding(found, "r2_test").p < 0.02  # type: ignore[operator]
    noise = {("uce", "rmse"): np.random.default_rng(1).normal(size=(12, 12))}
    nothing = compute("MSAM", plain_task("people", list(people.metadata), noise, similarities=people.similarities), **given)
    assert finding(nothing, "r2_test").value < 0.2 and finding(nothing, "r2_test").p > 0.02  # type: ignore[operator]
    old = compute("MSAM", people, method="uce", metric="ssim", similarities=("clip",), fidelity="published", **plain)
    x, y = people.similarity("clip")[off(12)][:, None], people.matrix("uce", "ssim_published")[off(12)]
    a, b, c, d = train_test_split(x, y, test_size=0.3, random_state=42)
    assert finding(old, "r2_test").value == pytest.approx(LinearRegression().fit(a, c).score(b, d))
    full = compute("MSAM", people, method="uce", metric="ssim", similarities=("clip", "true"), baseline_quality=True)
    assert {"is_hpi_bin_same", "emitter baseline clip", "receiver occupation_simplified=Athlete"} <= set(full.notes["importance"])


def test_relations_equal_scipy_without_missing_values(people: TaskData) -> None:
    records = [dict(record) for record in people.metadata]
    records[3]["hpi"] = records[5]["gender"] = None
    data = TaskData("people", records, people.balance, people.pairs, people.entities)
    y = people.statistic("distil", "receiver_average_ssim")
    kept = np.delete(np.arange(12), 3)
    numeric = {"method": "distil", "statistic": "receiver_average_ssim", "attribute": "hpi"}
    hpi = np.array([records[i]["hpi"] for i in kept])
    srn = compute("SRN", data, **numeric)
    assert finding(srn, "spearman").value == pytest.approx(stats.spearmanr(hpi, y[kept]).statistic)
    assert finding(srn, "spearman").n == len(srn.rows) == 11
    old_y = people.statistic("distil", "receiver_average_ssim", "published")
    old = compute("SRN", data, fidelity="published", **numeric)
    assert finding(old, "pearson").p == pytest.approx(stats.pearsonr(hpi, old_y[kept]).pvalue)
    kept = np.delete(np.arange(12), 5)
    samples = [[y[i] for i in kept if records[i]["gender"] == gender] for gender in "FM"]
    src = compute("SRC", data, **numeric | {"attribute": "gender"})
    assert finding(src, "epsilon_squared").value == pytest.approx(stats.kruskal(*samples).statistic / 10)
    old = compute("SRC", data, fidelity="published", **numeric | {"attribute": "gender"})
    samples = [[old_y[i] for i in kept if records[i]["gender"] == gender] for gender in "FM"]
    assert finding(old, "anova").p == pytest.approx(stats.f_oneway(*samples).pvalue)
    for name, attribute, words in (
        ("SRN", "gender", "not a number"),
        ("SRC", "hpi", "is a number"),
        ("SRC", "hpi_bin", "needs 5"),
    ):
        with pytest.raises(MissingDataError, match=words):
            compute(name, data, **numeric | {"attribute": attribute})
    with pytest.raises(MissingDataError, match="did you mean 'gender'"):
        compute("SRC", data, **numeric | {"attribute": "gendr"})


def test_srcd_by_loops() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=(8, 8))
    values[::2, ::2] += 4  # entities of kind a harm each other
    task = plain_task("t", ATTRIBUTES, {("uce", "rmse"): values})
    result = compute("SRCD", task, method="uce", metric="rmse", attribute="kind", sources=("a", "b"), min_samples=2)
    at = [np.mean([values[i, j] for i in range(0, 8, 2) if i != j]) for j in range(8)]
    assert [row["y"] for row in result.rows if row["panel"] == "a"] == pytest.approx([*at[::2], *at[1::2]])
    effect = finding(result, "epsilon_squared", "a")
    assert effect.value == pytest.approx(stats.kruskal(at[::2], at[1::2]).statistic / 7)
    exact = []
    for chosen in itertools.combinations(range(8), 4):  # every way to give four entities the kind a
        got = [np.mean([values[i, j] for i in chosen if i != j]) for j in range(8)]
        other = [j for j in range(8) if j not in chosen]
        exact.append(stats.kruskal([got[j] for j in chosen], [got[j] for j in other]).statistic / 7)
    share = np.mean(np.array(exact) >= effect.value - 1e-9)  # type: ignore[operator]
    assert effect.p == pytest.approx(share, abs=0.06)
    assert finding(result, "difference", "a").value == pytest.approx(np.mean(at[::2]) - np.mean(at[1::2]))
    published = {("uce", "rmse_published"): values}
    old = compute(
        "SRCD", plain_task("t", ATTRIBUTES, published), method="uce", metric="rmse", attribute="kind", sources=("a",),
        min_samples=2, fidelity="published",
    )  # fmt: skip
    assert finding(old, "anova").p == pytest.approx(stats.f_oneway(at[::2], at[1::2]).pvalue)
    with pytest.raises(MissingDataError, match="has no category 'c'"):
        compute("SRCD", task, method="uce", metric="rmse", attribute="kind", sources=("c",), min_samples=2)


def test_csr_counts_what_the_family_leaves(people: TaskData) -> None:
    given = {"methods": tuple(METHODS), "attributes": ("gender", "birthyear"), "min_samples": 2}
    result = compute("CSR", people, **given)
    p, keys = [], []
    for method in METHODS:
        for attribute in ("gender", "birthyear"):
            for slug in (s for s in people.statistics(method) if "_others_" not in s):
                kind = "SRN" if attribute == "birthyear" else "SRC"
                y = people.statistic(method, slug)
                if np.ptp(y) == 0:
                    continue
                more = {} if kind == "SRN" else {"min_samples": 2}
                quick = Inference(permutations=199, bootstrap=0)
                p.append(compute(kind, people, quick, method=method, statistic=slug, attribute=attribute, **more).findings[0].p)
                keys.append(method)
    significant = stats.false_discovery_control(np.array(p)) < 0.05
    counts = {row["row"]: (row["count"], row["denominator"]) for row in result.rows}
    for method in METHODS:
        own = np.array([key == method for key in keys])
        assert counts[method] == (int(significant[own].sum()), int(own.sum()))
    assert result.notes["tests"] == len(p)
    old = compute("CSR", people, fidelity="published", **given)
    assert any(f.name == "chi_squared" for f in old.findings)
    by = compute("CSR", people, by="attribute", **given)
    assert {row["row"] for row in by.rows} == {"people: gender", "people: birthyear"}


def test_iat_by_loops(people: TaskData) -> None:
    given = {"method": "uce", "attribute_1": "gender", "attribute_2": "occupation_simplified"}
    result = compute("IAT", people, **given)
    old = compute("IAT", people, fidelity="published", **given)
    genders, occupations = people.attribute("gender"), people.attribute("occupation_simplified")

    def mean_cosine(embeddings: Any, row: str, column: str, self_pairs: bool) -> float:
        means = [embeddings.embedding[embeddings.receiver == k].astype(float).mean(axis=0) for k in range(12)]
        found = [
            float(means[i] @ means[j] / np.linalg.norm(means[i]) / np.linalg.norm(means[j]))
            for i in range(12) for j in range(12)
            if genders[i] == row and occupations[j] == column and (self_pairs or i != j)
        ]  # fmt: skip
        return float(np.mean(found))

    for self_pairs, found in ((False, result), (True, old)):
        for cell in found.rows[:3]:
            base = mean_cosine(people.off, cell["row"], cell["column"], self_pairs)
            models = [mean_cosine(people.on[e], cell["row"], cell["column"], self_pairs) for e in range(12)]
            assert cell["base"] == pytest.approx(base, abs=1e-6)
            assert cell["change"] == pytest.approx(base - np.mean(models), abs=1e-6)
    assert finding(old, "effect").value == pytest.approx(np.mean([abs(row["change"]) for row in old.rows]))


@pytest.mark.parametrize("metric", ["clip_diff", "ssim"])
def test_minimum_cut_equals_every_partition(metric: str) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(6, 6)) if metric == "clip_diff" else 1 - rng.random((6, 6))
    task = plain_task("t", [{"name": f"e{i}"} for i in range(6)], {("uce", metric): values, ("uce", "ssim_published"): values})
    weights = np.maximum(0, -values if metric == "clip_diff" else 1 - values)
    best = min(
        sum(weights[i, j] for i in range(6) for j in range(6) if i in near and j not in near)
        for size in range(5)
        for extra in itertools.combinations([1, 2, 3, 4], size)
        for near in [{0, *extra}]
    )
    result = compute("MCI", task, method="uce", metric=metric, source=0, sink=5)
    assert result.findings[0].value == pytest.approx(best)
    assert sum(row["value"] for row in result.rows if row["cut"]) == pytest.approx(best)
    for sink in range(1, 6):
        found = compute("MCI", task, method="uce", metric=metric, source=0, sink=sink)
        assert found.notes["direct_edge"] is bool(weights[0, sink] > 0)
    half = compute("MCI", task, method="uce", metric=metric, source=0, sink=5, quantile=0.5)
    assert len(half.rows) <= len(result.rows) / 2
    if metric == "ssim":  # the reference's weight max(0, -ssim) is zero: no edge, a cut of zero
        old = compute("MCI", task, method="uce", metric="ssim", source=0, sink=5, fidelity="published")
        assert old.findings[0].value == 0 and not old.rows


def test_names_of_a_large_minimum_cut_do_not_overlap() -> None:
    """Of a hundred entities some are named: source, sink, and those of the heaviest cut edges, where there is room."""
    task = make_task(n=100, methods=("uce",))
    result = compute("MCI", task, method="uce", metric="clip_diff", source=0, sink=8)
    template = TEMPLATES.load("MCI")
    asked = validate(template.parameters, dict(task="people", method="uce", metric="clip_diff", source=0, sink=8))
    figure = template.draw(result, asked, {})
    figure.draw_without_rendering()
    named = {text.get_text(): text.get_window_extent() for text in figure.axes[0].texts if text.get_text()}
    assert {task.names[0], task.names[8]} < set(named) and 10 < len(named) < 50
    boxes = list(named.values())
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert any(text.get_text().startswith(f"{len(named)} of 100 entities are named") for text in figure.texts)


def test_visual_summaries_choose_their_columns(people: TaskData) -> None:
    harm = np.delete(people.damage("uce", "brisque_diff")[2], 2)
    others = np.delete(np.arange(12), 2)
    ivs = compute("IVS", people, method="uce", metric="brisque_diff", emitter=2, seed=42)
    first = [row for row in ivs.rows if row["row"] == "off"]
    worst, best = others[np.argsort(-harm)[:4]], others[np.argsort(-harm)[-4:]]
    assert [row["label"] for row in first] == [people.names[i] for i in (2, *worst, *best)]
    assert first[1]["member"] == f"{worst[0]:03d}_42.png" and {row["row"] for row in ivs.rows} == {"off", "uce"}
    alike = np.delete(people.similarity("true")[2], 2)
    svs = compute("SimilarityVisualSummary", people, method="uce", similarity="true", emitter=2, seed=42)
    assert svs.rows[1]["label"] == people.names[others[np.argmax(alike)]]
    uvs = compute("UnlearningVisualSummary", people, methods=("uce", "munba"), emitter=2, seeds=(42, 43))
    assert [(row["row"], row["member"]) for row in uvs.rows[2:4]] == [("uce", "002_42.png"), ("uce", "002_43.png")]


def test_matrices_hold_every_cell(people: TaskData) -> None:
    result = compute("IM", people, method="munba", metric="rmse")
    values = people.matrix("munba", "rmse")
    assert {(row["emitter"], row["receiver"]): row["value"] for row in result.rows}[3, 7] == values[3, 7] and len(
        result.rows
    ) == 144
    assert finding(result, "mean_off_diagonal").value == pytest.approx(values[off(12)].mean())
    ordered = compute("SM", people, similarity="clip", order_by="gender")
    assert [name.split("(")[1] for name in ordered.notes["names"]] == ["F)"] * 6 + ["M)"] * 6
    assert compute("SM", people, similarity="weights", method="uce").rows[1]["value"] == people.similarities["weights_uce"][0, 1]


def test_method_comparison_is_paired(people: TaskData) -> None:
    slug = "emitter_others_average_ssim"
    result = compute("MCME", people, Inference(4999, 100), methods=("uce", "distil"), statistic=slug)
    difference = people.statistic("uce", slug) - people.statistic("distil", slug)
    found = finding(result, "difference")
    assert found.value == pytest.approx(difference.mean())
    signs = np.array(list(itertools.product([-1, 1], repeat=12)))
    exact = np.mean(np.abs(signs @ difference) >= abs(difference.sum()) - 1e-12)
    assert found.p == pytest.approx(exact, abs=0.01)
    assert finding(result, "mean", "/uce").value == pytest.approx(people.statistic("uce", slug).mean())
    assert (
        len(compute("MCME", people, methods=("uce", "distil"), statistic="forget_clip_diff", fidelity="published").findings) == 2
    )


def test_embedding_profile_equals_sklearn(people: TaskData) -> None:
    result = compute("EUP", people, method="uce", metric="ssim", emitter=5)
    means = [
        np.stack([e.embedding[e.receiver == k].astype(float).mean(axis=0) for k in range(12)]) for e in (people.off, people.on[5])
    ]
    pca = PCA(2).fit(means[0])
    for axis, place in (("x", 0), ("y", 1)):
        ours = np.array([row[f"on_{axis}"] for row in result.rows])
        theirs = pca.transform(means[1])[:, place]
        np.testing.assert_allclose(ours, theirs * np.sign(ours[0] * theirs[0]), atol=1e-6)
    moved = np.linalg.norm(means[1] - means[0], axis=1)
    assert [row["displacement"] for row in result.rows] == pytest.approx(moved)
    assert moved.argmax() == 5 and result.findings[0].p == pytest.approx(1 / 12)  # planted: it moves most


def test_forgetting_efficiency_uses_the_own_clip_diff(people: TaskData) -> None:
    ratio = people.statistic("uce", "embedding_specificity_ratio")
    for fidelity, slug in (("corrected", "forget_clip_diff"), ("published", "emitter_average_clip_diff")):
        result = compute("EFE", people, method="uce", fidelity=fidelity)
        assert finding(result, "share_above_1").value == np.mean(ratio > 1)
        expected = stats.spearmanr(ratio, people.statistic("uce", slug)).statistic
        assert finding(result, "spearman").value == pytest.approx(expected)
        assert [row["y"] for row in result.rows] == sorted(ratio, reverse=True)


def test_the_grid_of_alignments_averages_single_ones(people: TaskData) -> None:
    metrics, kinds = ("clip_diff", "brisque_diff"), ("attr", "weights")
    given = {"methods": ("uce", "distil"), "metrics": metrics, "similarities": kinds}
    result = compute("MSAGrid", people, **given)
    for method in ("uce", "distil"):
        rho = []
        for metric in metrics:
            for kind in kinds:
                alike = people.similarity(f"weights_{method}" if kind == "weights" else kind)
                rho.append(
                    mantel(np.asarray(spec_of(metric).damage(people.matrix(method, metric))), alike, permutations=9).correlation
                )
        assert finding(result, "mean_damage_spearman", method).value == pytest.approx(np.mean(rho))
    cells = compute("MSAGrid", people, by="metric", **given).rows
    assert {(row["row"], row["column"], row["denominator"]) for row in cells} == {(k, m, 2) for k in kinds for m in metrics}
    old = compute("MSAGrid", people, fidelity="published", **given | {"similarities": ("attr",)})
    r = [stats.pearsonr(people.matrix("uce", m)[off(12)], people.similarity("attr")[off(12)]).statistic for m in metrics]
    assert finding(old, "mean_abs_pearson", "uce").value == pytest.approx(np.mean(np.abs(r)))


def test_pareto_front_equals_loops(people: TaskData) -> None:
    result = compute("Pareto", people, method="munba")
    points = [(row["x"], row["y"]) for row in result.rows]
    for row, (x, y) in zip(result.rows, points, strict=True):
        beaten = any(a <= x and b >= y and (a < x or b > y) for a, b in points)
        assert row["front"] == (not beaten)


def test_pareto_front_of_points_that_agree_in_one_axis() -> None:
    """Of two equal in one the better in the other stays; of two equal in both, both."""
    forget, retain = np.array([1.0, 1.0, 2.0, 0.5, 0.5]), np.array([3.0, 2.0, 3.0, 1.0, 1.0])
    assert front(forget, retain).tolist() == [True, False, False, True, True]


def test_what_is_missing_is_named(people: TaskData) -> None:
    with pytest.raises(MissingDataError, match="no pairs of 'uec'.*did you mean 'uce'"):
        compute("IM", people, method="uec", metric="rmse")
    holes = plain_task(
        "t", [{"name": f"e{i}"} for i in range(4)], {("uce", "rmse"): np.eye(4)}, similarities={"true": np.full((4, 4), np.nan)}
    )
    with pytest.raises(MissingDataError, match="not known for every two entities"):
        compute("MSA", holes, method="uce", metric="rmse", similarity="true")
