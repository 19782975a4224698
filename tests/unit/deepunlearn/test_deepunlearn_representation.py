"""Representations: CKA and probe on cases that are known, and retrained models at the floor of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.unit.deepunlearn.deepunlearn_study import SEEDS, Files

from lethe.benchmarks.deepunlearn.jobs.representation import compare
from lethe.benchmarks.deepunlearn.representation import linear_cka, probe_accuracies, representation_scores, representation_table
from lethe.classifiers import ARCHITECTURES

SHAPES = {"mlp": (1, 8, 8), "tinycnn": (1, 8, 8)}


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_features_are_what_the_classifier_is_given(name: str) -> None:
    architecture = ARCHITECTURES.load(name)(5, SHAPES.get(name, (3, 32, 32)))
    stack = architecture.init([0, 1])
    images = torch.randn(2, 3, *architecture.image_shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        features, logits = architecture.features(stack, images), architecture.logits(stack, images)
    weight, bias = (stack.parameters[f"{architecture.classifier_name}.{part}"] for part in ("weight", "bias"))
    assert features.shape == (2, 3, weight.shape[2])
    assert torch.allclose(features @ weight.mT + bias[:, None], logits, atol=1e-5)


def test_cka_is_blind_to_rotation_and_scale_alone() -> None:
    generator = np.random.default_rng(0)
    x, other = generator.normal(size=(400, 6)), generator.normal(size=(400, 9))
    rotation, _ = np.linalg.qr(generator.normal(size=(6, 6)))
    assert linear_cka(x, 3 * x @ rotation + 1) == pytest.approx(1)
    assert linear_cka(x, other) < 0.1 and linear_cka(x, x * [10, 1, 1, 1, 1, 1]) < 0.7
    assert linear_cka(x, other) == pytest.approx(linear_cka(other, x))
    x_gram, other_gram = (
        (part - part.mean(0)) @ (part - part.mean(0)).T for part in (x, other)
    )  # the form of the paper, by kernels
    hsic = (x_gram * other_gram).sum() / np.sqrt((x_gram**2).sum() * (other_gram**2).sum())
    assert linear_cka(x, other) == pytest.approx(hsic)
    assert np.isnan(linear_cka(x, np.ones((400, 2)))) and np.isnan(linear_cka(x, np.full((400, 2), np.nan)))
    with pytest.raises(ValueError, match="400 and 399 samples"):
        linear_cka(x, other[1:])


def test_a_probe_finds_what_is_linear_and_no_more() -> None:
    generator = np.random.default_rng(0)
    labels = {part: generator.integers(0, 3, 300) for part in ("retain", "forget")}
    there = {part: 4 * np.eye(3, 8)[y] for part, y in labels.items()}
    noise = {part: generator.normal(size=(300, 8)) for part in labels}
    found = probe_accuracies({part: there[part] + noise[part] for part in labels}, labels)
    assert min(found.values()) > 0.95
    assert abs(probe_accuracies(noise, labels)["forget"] - 1 / 3) < 0.1
    noise["forget"][0, 0] = np.inf
    assert np.isnan(list(probe_accuracies(noise, labels).values())).all()


def test_runs_of_a_method_are_held_against_the_model_of_their_seed() -> None:
    generator = np.random.default_rng(0)
    labels = {"retain": generator.integers(0, 2, 40)}
    retrained, again = ({"retain": generator.normal(size=(2, 40, 5))} for _ in range(2))
    twice = {"retain": np.concatenate([retrained["retain"], retrained["retain"]])}
    scores = representation_scores(twice, labels, retrained, again, [7, 8], "ft")
    assert list(scores["seed"]) == [7, 8, 7, 8] and list(scores["unlearning_seed"]) == [0, 0, 1, 1]
    assert scores["cka"].to_numpy() == pytest.approx(1)
    reference = representation_scores(retrained, labels, retrained, again, [7, 8], "retrained")
    table = representation_table(pd.concat([scores, reference])).set_index("method")
    assert list(table["seeds"]) == [2, 2] and table.loc["ft", ["cka_excess", "probe_excess"]].abs().max() == 0


def test_retrained_models_are_at_the_floor_and_originals_are_not(study: Files, tmp_path: Path) -> None:
    scores, place = tmp_path / "scores.parquet", tmp_path / "table.csv"
    given = {"architecture": "mlp", "methods": ["new_head"], "seeds": SEEDS, "alpha": 0.05, "device": "cpu"}
    compare(study.data, **study.references, unlearned=[study.new_head], scores=scores, table=place, **given)
    table = pd.read_csv(place).set_index(["method", "part"])
    assert set(table.index.get_level_values("part")) == {"retain", "forget", "test", "forget_mislabelled"}
    assert table.loc["retrained", "cka"].to_numpy() == pytest.approx(1) and (table.loc["retrained", "cka_excess"] == 0).all()
    assert table.loc["retrained_again", "cka"].to_numpy() == pytest.approx(table.loc["retrained", "cka_again"].to_numpy())
    again = table.loc["retrained_again"]
    assert ((again["probe_excess_low"] <= 0.01) & (again["probe_excess_high"] >= -0.01)).all() and again[
        "cka_excess"
    ].isna().all()
    wrong = table.xs("forget_mislabelled", level="part")
    assert wrong.loc["original", "probe_excess_low"] > 0.2 and wrong.loc["original", "cka_excess_high"] < 0
    assert wrong.loc["new_head", "probe"] == wrong.loc["original", "probe"], "a new last layer leaves what is below it"
