"""Templates whose data have holes: what is left out is counted in the result and told in its figure, or the data are refused by name."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.icare.template_world import make_task, plain_task

from lethe.benchmarks.icare.entities import STATISTICS
from lethe.benchmarks.icare.templates.data import MissingDataError, TaskData
from lethe.benchmarks.icare.templates.iat import interaction
from lethe.benchmarks.icare.templates.pair_regression import permuted_p
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.figures.templates import TEMPLATES
from lethe.figures.templates.parameters import validate
from lethe.figures.templates.result import Result
from lethe.statistics.resampling import Inference

QUICK = Inference(permutations=99, bootstrap=50)
N = 12
GIVEN: dict[str, dict[str, Any]] = {
    "IAT": {"attribute_1": "gender", "attribute_2": "occupation_simplified"},
    "EFE": {},
    "MSAM": {"metric": "rmse", "similarities": ("clip",)},
    "MCI": {"metric": "rmse", "source": 0, "sink": 5},
}


@pytest.fixture(scope="module")
def people() -> TaskData:
    return make_task("people", N)


def compute(name: str, data: TaskData, **given: Any) -> tuple[Result, str]:
    """The result, and all words of its figure."""
    template = TEMPLATES.load(name)
    parameters = validate(template.parameters, {"task": data.task, "method": "uce"} | GIVEN[name] | given)
    result = template.compute(parameters, {data.task: data}, QUICK)
    json.dumps(result.record({}), allow_nan=False)
    figure = TEMPLATES.load(name).draw(result, parameters, {})
    words = figure.findobj(lambda artist: hasattr(artist, "get_text"))
    return result, "\n".join(text.get_text() for text in words)  # type: ignore[attr-defined]


def without(task: TaskData, attribute: str, *entities: int) -> TaskData:
    return replace(task, metadata=[dict(r) | ({attribute: None} if i in entities else {}) for i, r in enumerate(task.metadata)])


def without_pairs(task: TaskData, metric: str, *pairs: tuple[int, int]) -> TaskData:
    table = task.pairs.copy()  # type: ignore[union-attr]
    for emitter, receiver in pairs:
        found = (table["metric"] == metric) & (table["emitter"] == emitter) & (table["receiver"] == receiver)
        table.loc[found, "value"] = math.nan
    return replace(task, pairs=table)


def lose(embeddings: Embeddings, receiver: int, value: float) -> Embeddings:
    vectors = embeddings.embedding.copy()
    vectors[embeddings.receiver == receiver] = value
    return replace(embeddings, embedding=vectors)


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
@pytest.mark.parametrize("name", GIVEN)
def test_whole_data_leave_nothing_out(people: TaskData, name: str, fidelity: str) -> None:
    result, words = compute(name, people, fidelity=fidelity)
    assert "left_out" not in result.notes and "left out" not in words


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
def test_iat_counts_entities_without_a_label(people: TaskData, fidelity: str) -> None:
    holed = without(people, "gender", 3, 7)
    result, words = compute("IAT", holed, fidelity=fidelity)
    assert result.notes["left_out"] == {"entities without gender": 2}
    assert "left out: entities without gender (2)" in words


def test_iat_has_no_value_where_no_pair_is(people: TaskData) -> None:
    """One entity alone has gender X and occupation Artist: that cell holds the entity with itself only."""
    metadata = [
        dict(r) | {"gender": "X", "occupation_simplified": "Painter"} if i == 4 else r for i, r in enumerate(people.metadata)
    ]
    result, words = compute("IAT", replace(people, metadata=metadata))
    (empty,) = [row for row in result.rows if math.isnan(row["change"])]
    assert (empty["row"], empty["column"]) == ("X", "Painter")
    assert result.notes["left_out"] == {"cells without a pair": 1} and "left out: cells without a pair (1)" in words
    for found in result.findings:
        assert "1 of 12 values are missing and left out" in found.how
    cells = np.array([[r["change"] for r in result.rows if r["row"] == name] for name in ("F", "M", "X")])
    rows, columns = np.nonzero(np.isfinite(cells))
    design = np.concatenate([np.eye(3)[rows], np.eye(4)[columns]], axis=1)
    fitted = design @ np.linalg.lstsq(design, cells[rows, columns], rcond=None)[0]
    assert result.findings[0].value == pytest.approx(np.linalg.norm(cells[rows, columns] - fitted))
    assert result.findings[1].value == pytest.approx(np.nanmean(cells))


def test_interaction_of_an_additive_table_is_zero_with_and_without_holes() -> None:
    table = np.arange(3.0)[:, None] + np.array([0.0, 5.0, -2.0, 1.0])
    holed = table.copy()
    holed[1, 2] = math.nan
    assert interaction(table) == pytest.approx(0, abs=1e-12) and interaction(holed[None])[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("value", "model"), [(math.nan, None), (0.0, None), (math.nan, 5)])
def test_iat_refuses_entities_without_an_embedding(people: TaskData, value: float, model: int | None) -> None:
    if model is None:
        holed = replace(people, off=lose(people.off, 2, value))  # type: ignore[arg-type]
    else:
        holed = replace(people, on=dict(people.on) | {model: lose(people.on[model], 2, value)})
    place = "the base" if model is None else f"the model without {people.names[5]}"
    with pytest.raises(MissingDataError, match=f"people, {place}: no mean embedding of 1 \\({people.names[2]}\\)"):
        compute("IAT", holed)


def test_iat_refuses_an_attribute_that_nobody_has(people: TaskData) -> None:
    with pytest.raises(MissingDataError, match="no entity of people has 'gender'"):
        compute("IAT", without(people, "gender", *range(N)))


def test_efe_counts_emitters_without_a_ratio_or_a_difference(people: TaskData) -> None:
    column = STATISTICS["embedding_specificity_ratio"].column("uce", 0)
    entities = [dict(r) | ({column: None} if i in (1, 2) else {}) for i, r in enumerate(people.entities)]
    result, words = compute("EFE", without_pairs(replace(people, entities=entities), "clip_diff", (6, 6)))
    assert result.notes["left_out"] == {
        "emitters without embedding_specificity_ratio": 2,
        "emitters without forget_clip_diff": 1,
    }
    assert [f.n for f in result.findings] == [10, 9] and len(result.rows) == 10
    assert "left out: emitters without embedding specificity ratio (2), emitters without forget clip diff (1)" in words


def test_efe_counts_pairs_that_the_published_average_leaves_out(people: TaskData) -> None:
    result, _ = compute("EFE", without_pairs(people, "clip_diff", (6, 1), (6, 2)), fidelity="published")
    assert result.notes["left_out"] == {"pairs without clip_diff": 2}


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
@pytest.mark.parametrize("predictor", ["attribute_same", "attribute_value"])
@pytest.mark.parametrize("attribute", ["value", "occupation_simplified"])
def test_msam_leaves_out_entities_that_lack_a_predictor(people: TaskData, attribute: str, predictor: str, fidelity: str) -> None:
    """The same as a task without these entities; nothing is filled."""
    holed = replace(without(people, attribute, 11), balance=("value", "occupation_simplified"))
    given = {"attribute_same": False, "attribute_value": False} | {predictor: True}
    result, words = compute("MSAM", holed, fidelity=fidelity, **given)
    assert result.notes["left_out"] == {"entities without a predictor": 1}
    assert "left out: entities without a predictor (1)" in words
    table: pd.DataFrame = people.pairs  # type: ignore[assignment]
    smaller = replace(
        holed,
        metadata=holed.metadata[:11],
        pairs=table[(table["emitter"] < 11) & (table["receiver"] < 11)],
        entities=people.entities[:11],
        similarities={kind: values[:11, :11] for kind, values in people.similarities.items()},
    )
    expected, _ = compute("MSAM", smaller, fidelity=fidelity, **given)
    assert result.findings == expected.findings and result.rows == expected.rows


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
def test_msam_counts_pairs_without_a_value(people: TaskData, fidelity: str) -> None:
    metric = "rmse" if fidelity == "corrected" else "rmse_published"
    holed = without_pairs(people, metric, *((3, k) for k in range(N) if k != 3))
    result, words = compute("MSAM", holed, fidelity=fidelity)
    assert result.notes["left_out"] == {"pairs without rmse": 11} and "left out: pairs without rmse (11)" in words
    assert all(math.isfinite(row["x"]) for row in result.rows)


def test_msam_without_any_value_is_refused(people: TaskData) -> None:
    nothing = {("uce", "rmse"): np.where(np.eye(N, dtype=bool), 1.0, np.nan)}
    alone = plain_task("people", list(people.metadata), nothing, similarities=people.similarities)
    plain = {"attribute_same": False, "attribute_value": False, "forget_quality": False}
    for fidelity in ("corrected", "published"):
        name = {("uce", "rmse_published"): nothing["uce", "rmse"]} if fidelity == "published" else nothing
        alone = plain_task("people", list(people.metadata), name, similarities=people.similarities)
        with pytest.raises(MissingDataError, match="132 pairs without rmse"):
            compute("MSAM", alone, fidelity=fidelity, **plain)


@pytest.mark.parametrize("fidelity", ["corrected", "published"])
def test_the_cut_counts_pairs_without_a_value(people: TaskData, fidelity: str) -> None:
    name = "rmse" if fidelity == "corrected" else "rmse_published"
    result, words = compute("MCI", without_pairs(people, name, (3, 4), (4, 3)), fidelity=fidelity)
    assert result.notes["left_out"] == {"pairs without rmse": 2} and "left out: pairs without rmse (2)" in words


def test_p_of_a_prediction_with_holes_is_that_of_the_squared_error() -> None:
    rng = np.random.default_rng(0)
    folds = np.zeros(6, dtype=np.int64)
    actual = rng.normal(size=(6, 6))
    predicted = actual + 2.0 * rng.normal(size=(6, 6))
    used = ~np.eye(6, dtype=bool)
    used[0, 1:3] = used[4, 5] = False
    inference = Inference(permutations=4000, bootstrap=0)
    observed = ((actual - predicted)[used] ** 2).sum()
    drawn = []
    for _ in range(4000):
        order = rng.permutation(6)
        drawn.append(((actual - predicted[np.ix_(order, order)])[used] ** 2).sum())
    expected = np.mean(np.array(drawn) <= observed)
    assert 0.01 < expected < 0.9
    assert permuted_p(actual, predicted, used, folds, inference) == pytest.approx(expected, abs=0.03)
