"""What a study uses of a data set: wrong labels, a smaller training set, fresh draws, and forget sets that are not random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lethe.classifiers.data.digits import Digits
from lethe.classifiers.data.forget_sets import of_class, of_subclass, ranked
from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.data.selection import limited, noisy
from lethe.classifiers.data.splits import fixed_split
from lethe.classifiers.data.stored import read_data
from lethe.classifiers.data.tuning import tuning_rows
from lethe.classifiers.evaluation import score
from lethe.classifiers.experiment import Experiment
from lethe.settings.classifiers import BaseTraining, Selection
from lethe.settings.deepunlearn import DeepUnlearn

STUDY = Selection(train_size=600, label_noise=0.2, forget_share=0.2)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "data.safetensors"
    write_data(path, "digits", STUDY)
    return path


def test_a_share_of_the_labels_is_another_class_in_every_part(study: Path) -> None:
    _, provider, tensors = read_data(study)
    labels, clean = tensors["labels"], tensors["clean_labels"]
    assert int((labels != clean).sum()) == round(0.2 * 1797) and labels.unique().tolist() == list(range(10))
    assert torch.equal(clean, torch.from_numpy(provider.load(None).labels))
    for part in ("retain", "forget", "val", "test"):
        share = float((labels != clean)[tensors[part]].float().mean())
        assert 0.1 < share < 0.3, part


def test_wrong_labels_are_uniform_over_the_other_classes() -> None:
    clean = np.repeat(np.arange(5), 4000)
    changed = noisy(clean, 0.5, 5)
    counts = np.bincount((changed - clean)[changed != clean] % 5, minlength=5)
    assert counts[0] == 0 and abs(counts[1:] - 2500).max() < 5 * np.sqrt(2500)  # five standard deviations
    assert not np.array_equal(changed, noisy(clean, 0.5, 5, draw=1))


def test_sizes_of_the_embedded_study(study: Path) -> None:
    _, _, tensors = read_data(study)
    assert [len(tensors[part]) for part in ("retain", "forget", "val", "test")] == [480, 120, 216, 360]


def test_a_fresh_draw_leaves_validation_and_test_as_they_are() -> None:
    first, other = (fixed_split(1437, 360, train_size=600, forget_share=0.2, draw=draw) for draw in (0, 1))
    assert np.array_equal(first.val, other.val) and np.array_equal(first.test, other.test)
    assert set(first.forget) != set(other.forget) and set(first.retain) | set(first.forget) != set(other.retain) | set(
        other.forget
    )


def test_original_models_know_the_wrong_labels_by_heart_and_retrained_ones_do_not(study: Path) -> None:
    experiment = Experiment.load(study, "mlp")
    seeds, training = [0, 1, 2], BaseTraining()
    problem = experiment.problem(experiment.train(experiment.training_rows().expand(3, -1), seeds, training), seeds)
    retrained = experiment.train(experiment.splits["retain"].expand(3, -1), seeds, training)
    original, retrained_scores = (
        score(problem, stack, experiment.splits["test"]).mean(numeric_only=True) for stack in (problem.original, retrained)
    )
    assert original["FA"] > 0.95 and retrained_scores["FA"] < 0.75
    assert original["mia_test"] > 0.6 and abs(retrained_scores["mia_test"] - 0.5) < 0.1
    wrong = experiment.splits["forget"][(experiment.labels != experiment.clean_labels)[experiment.splits["forget"]]]
    right = {
        name: float((problem.predict(stack, wrong).argmax(-1) == experiment.labels[wrong]).float().mean())
        for name, stack in (("original", problem.original), ("retrained", retrained))
    }
    assert right["original"] > 0.9 and right["retrained"] < 0.1


def test_a_limit_draws_images_of_both_parts() -> None:
    data = limited(Digits().load(None), 300)
    assert (len(data.images), data.test) == (600, 300) and set(data.labels.tolist()) == set(range(10))
    assert len(limited(Digits().load(None), 10_000).images) == 1797


def test_the_largest_scores_are_forgotten_and_what_has_none_is_not() -> None:
    scores = np.array([0.0, 5.0, np.nan, 3.0, 4.0])
    assert ranked(np.array([4, 2, 0, 3]), scores, 0.5).tolist() == [4, 3]
    with pytest.raises(ValueError, match="3 of 4 training samples have a score; 4"):
        ranked(np.array([4, 2, 0, 3]), scores, 0.99)


def test_a_class_and_its_smallest_cluster() -> None:
    data = Digits().load(None)
    train = np.arange(1200)
    whole = of_class(train, data.labels, 8)
    part = of_subclass(train, data.labels, data.images, 8)
    assert (data.labels[whole] == 8).all() and set(part) < set(whole) and 0 < len(part) <= len(whole) // 3
    with pytest.raises(ValueError, match="0 of 1200 training samples are of class 10"):
        of_class(train, data.labels, 10)


def test_a_class_is_forgotten_whole(tmp_path: Path) -> None:
    write_data(tmp_path / "data.safetensors", "eights", Selection(provider="digits", forget_set="class", forget_class=8))
    name, _, tensors = read_data(tmp_path / "data.safetensors")
    assert (
        name == "eights"
        and (tensors["labels"][tensors["forget"]] == 8).all()
        and not (tensors["labels"][tensors["retain"]] == 8).any()
    )


def test_a_forget_set_too_small_to_be_attacked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="data set tiny: the forget set has 3 samples; membership attacks need at least 5"):
        write_data(tmp_path / "data.safetensors", "tiny", Selection(provider="digits", train_size=600, forget_share=0.005))


def test_what_is_tuned_on_is_disjoint_also_where_most_is_forgotten() -> None:
    retain, forget = np.arange(100), np.arange(100, 400)
    kept, chosen = tuning_rows(retain, forget, [1, 2])
    assert kept.shape == (2, 350) and chosen.shape == (2, 50)
    for row, gone in zip(kept, chosen, strict=True):
        assert set(row) | set(gone) == set(range(400)) and set(gone) <= set(retain) and not set(row) & set(gone)


def test_a_ranked_forget_set_needs_its_scores(tmp_path: Path) -> None:
    selection = Selection(provider="digits", forget_set="memorised", scored_on="digits", forget_share=0.05)
    with pytest.raises(ValueError, match="forget_set memorised needs a score for each of 1797 images, not 0"):
        write_data(tmp_path / "data.safetensors", "digits_memorised", selection)
    scores = np.arange(1797.0)
    write_data(tmp_path / "data.safetensors", "digits_memorised", selection, scores=scores)
    _, _, tensors = read_data(tmp_path / "data.safetensors")
    assert tensors["forget"].min() > tensors["retain"].max()


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"forget_set": "class"}, "forget_class is None with forget_set class"),
        ({"forget_class": 3}, "forget_class is 3 with forget_set random"),
        ({"forget_set": "memorised"}, "scored_on is '' with forget_set memorised"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Selection.model_validate(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_noise": 0.1}, "label_noise is 0.1 here and 0.2 there"),
        ({"provider": "mnist"}, "holds images of another data set"),
        ({"scored_on": "digit"}, "did you mean 'digits'"),
        ({}, "lira.digits.limit leaves images without a score"),
    ],
)
def test_models_that_choose_a_forget_set_saw_the_same_images(change: dict[str, object], message: str) -> None:
    memorised = {"provider": "digits", "label_noise": 0.2, "forget_set": "memorised", "scored_on": "digits"} | change
    digits = {"train_size": 600, "label_noise": 0.2, "forget_share": 0.2}
    with pytest.raises(ValidationError, match=message):
        DeepUnlearn.model_validate({"datasets": {"digits": digits, "memorised": memorised}})
