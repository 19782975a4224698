"""Search, kept hyper-parameters, and files to problems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
import torch

from lethe.classifiers.data.prepare import write_data
from lethe.classifiers.data.splits import fixed_split
from lethe.classifiers.data.tuning import tuning_rows
from lethe.classifiers.evaluation import score
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.found import Found
from lethe.classifiers.hyperparameters import shipped, write_study
from lethe.classifiers.methods.base import Blocks, Choice, Integers, LogUniform, Method, Standard, Uniform
from lethe.classifiers.methods.ft import FineTune
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.classifiers.search import Best, most_epochs, objectives, search, suggest
from lethe.execution.work import WorkFolder
from lethe.io.tables import CorruptFileError
from lethe.io.tensors import write_tensors
from lethe.settings.classifiers import BaseTraining, Search, Selection
from lethe.settings.errors import SettingsError

SEEDS = [0, 1]
FLOORS = {"norm_original": 0.1, "norm_retrained": 0.05, "norm_floor": 0.01}
SMALL = Search(trials=8, batch=4, population=4, finalists=2)
JUDGED = ["RA", "FA", "VA", "mia_val"]


class Shrink(Method[Standard]):
    """Scale the weights by the weight decay; break where the learning rate is in its upper half."""

    Config = Standard
    breaks_above = 1e-3

    def unlearn(self, problem: Problem, configs: Sequence[Standard]) -> Stack:
        stack = problem.original.clone()
        for m, config in enumerate(configs):
            factor = float("nan") if config.learning_rate > self.breaks_above else 1 - config.weight_decay
            for tensor in stack.parameters.values():
                tensor[m] *= factor
            self.took(config)
        return stack

    def took(self, config: Standard) -> None:
        """What a test puts here tells how long a run took."""


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class Broken(Shrink):
    breaks_above = 0.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.safetensors"
    sizes = write_data(path, "digits", Selection())
    assert sizes["test"] == 360 and sum(sizes.values()) == 1797
    return path


@pytest.fixture(scope="module")
def tuned(data: Path) -> tuple[Problem, Stack, Stack]:
    """Tuning models that differ from one another, and those of exact unlearning from two seeds."""
    experiment = Experiment.load(data, "mlp")
    training = BaseTraining(epochs=2)
    original = experiment.train(experiment.training_rows().expand(2, -1), SEEDS, training)
    retain, _ = experiment.tuning_rows(SEEDS)
    again = experiment.train(retain, [1000, 1001], training)
    return experiment.tuning_problem(original, SEEDS), experiment.train(retain, SEEDS, training), again


def searched(method: Method[Standard], tuned: tuple[Problem, Stack, Stack], **changes: object) -> tuple[Best, pd.DataFrame]:
    return search(method, *tuned, most_epochs=2, settings=SMALL.model_copy(update=changes))


def test_tuning_forget_sets_are_not_reported_and_differ() -> None:
    split = fixed_split(1000, 100)
    retain, forget = tuning_rows(split.retain, split.forget, [3, 4])
    assert forget.shape == (2, len(split.forget)) and set(forget[0]) != set(forget[1])
    for m in range(2):
        assert set(forget[m]) <= set(split.retain) and set(split.forget) <= set(retain[m])
        assert sorted([*retain[m], *forget[m]]) == sorted([*split.retain, *split.forget])
    alone = tuning_rows(split.retain, split.forget, [4])
    assert (alone[0][0] == retain[1]).all() and (alone[1][0] == forget[1]).all()


def test_exact_unlearning_is_at_zero_and_as_published_at_its_membership(tuned: tuple[Problem, Stack, Stack]) -> None:
    problem, retrained, _ = tuned
    reference = score(problem, retrained)[JUDGED].to_numpy()
    assert (objectives(problem, retrained, reference, "retrained") == np.zeros((2, 4))).all()
    found = objectives(problem, retrained, reference, "published")
    assert (found[:, :3] == 0).all() and found[:, 3] == pytest.approx(abs(2 * reference[:, 3] - 1))
    moved = objectives(problem, retrained, reference - [0.3, 0.0, 0.0, 0.1], "retrained")
    assert moved == pytest.approx(np.tile([0.1, 0, 0, 0.2], (2, 1)))


@pytest.mark.parametrize("objective", ["retrained", "published"])
def test_a_search_measures_what_it_is_compared_with(tuned: tuple[Problem, Stack, Stack], objective: str) -> None:
    problem, retrained, again = tuned
    best, trials = searched(Shrink(), tuned, objective=objective)
    reference = score(problem, retrained)[JUDGED].to_numpy()
    floor = np.linalg.norm(objectives(problem, again, reference, "retrained"), axis=1).mean()
    assert best.norm_floor == pytest.approx(floor) and floor > 0
    assert (best.norm_retrained == 0) is (objective == "retrained") and best.norm_original > 0
    assert (trials["norm"].dropna() >= 0).all()


@pytest.mark.parametrize("fast", ["max", "min"])
def test_among_finalists_within_the_floor_the_fastest_wins(
    tuned: tuple[Problem, Stack, Stack], monkeypatch: pytest.MonkeyPatch, fast: str
) -> None:
    """Weights hardly change, so all finalists are near the best; the largest weight decay is said to be the fastest, or the smallest."""
    problem, retrained, _ = tuned
    monkeypatch.setattr(Shrink, "breaks_above", 1.0)
    monkeypatch.setattr("lethe.classifiers.search.time.perf_counter", clock := Clock())
    monkeypatch.setattr(
        Shrink, "took", lambda _, config: clock.pass_by(1 - config.weight_decay if fast == "max" else config.weight_decay)
    )
    far = problem, retrained, problem.original.select([1, 0])  # another seed's model, trained on what is forgotten: a wide floor
    best, trials = searched(Shrink(), far)
    finalists = trials[trials["state"] == "complete"].sort_values("norm", kind="stable").groupby("model").head(2)
    assert best.tied == 4 and best.values["weight_decay"] == getattr(finalists["weight_decay"], fast)()
    alone, _ = searched(Shrink(), (problem, retrained, retrained))  # the same models again: no floor, only equal norms tie
    assert alone.tied < 4 and alone.norm <= best.norm


def test_the_sampler_learns_from_what_it_is_told(tuned: tuple[Problem, Stack, Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first generation the suggestions depend on the objectives; random search would not."""

    def size(unlearned: Stack) -> np.ndarray:
        return sum(tensor.abs().flatten(1).sum(1) for tensor in unlearned.parameters.values()).numpy()[:, None]

    monkeypatch.setattr(Shrink, "breaks_above", 1.0)
    drawn = []
    for sign in (1, -1):
        monkeypatch.setattr("lethe.classifiers.search.objectives", lambda _p, u, _r, _o, sign=sign: np.tile(sign * size(u), 4))
        drawn.append(searched(Shrink(), tuned, trials=12)[1]["weight_decay"].to_numpy())
    assert (drawn[0][:8] == drawn[1][:8]).all() and (drawn[0][8:] != drawn[1][8:]).any()


def test_a_trial_with_nan_is_recorded_and_the_study_goes_on(tuned: tuple[Problem, Stack, Stack]) -> None:
    best, trials = searched(Shrink(), tuned)
    assert len(trials) == 16 and set(trials["state"]) == {"complete", "failed"}
    failed = trials[trials["state"] == "failed"]
    assert (failed["learning_rate"] > Shrink.breaks_above).all() and failed["norm"].isna().all()
    assert best.values["learning_rate"] <= Shrink.breaks_above
    assert best.trials == 16 + 2 * len(SEEDS) * 2 and isinstance(best.values["batch_size"], int)


def test_published_protocol_takes_the_single_best_trial(tuned: tuple[Problem, Stack, Stack]) -> None:
    best, trials = searched(Shrink(), tuned, trials=6, batch=6, protocol="published")
    assert best.norm == pytest.approx(trials["norm"].min()) and best.trials == len(trials) == 12


def test_a_search_repeats_itself(tuned: tuple[Problem, Stack, Stack]) -> None:
    first, second = (searched(Shrink(), tuned)[1] for _ in range(2))
    assert first.equals(second)


def test_a_killed_search_goes_on_where_it_was(
    tuned: tuple[Problem, Stack, Stack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runs, unlearn = list[int](), FineTune.unlearn

    def counted(self: FineTune, problem: Problem, configs: Sequence[Standard]) -> Stack:
        if len(runs) == stop:
            raise KeyboardInterrupt
        runs.append(len(problem))
        return unlearn(self, problem, configs)

    def run(folder: str) -> tuple[Best, pd.DataFrame]:
        work = WorkFolder(tmp_path / folder, "a key")
        return search(FineTune(), *tuned, most_epochs=2, settings=SMALL, work=work)

    monkeypatch.setattr(FineTune, "unlearn", counted)
    stop = -1
    _, whole = run("whole")
    of_whole = len(runs)
    runs.clear()
    stop = of_whole // 2
    with pytest.raises(KeyboardInterrupt):
        run("killed")
    stop = -1
    _, resumed = run("killed")
    pd.testing.assert_frame_equal(resumed, whole)
    assert (
        0 < len(runs) - of_whole <= 4
    )  # the lot it was killed in, whose trials are grouped by batch size, or the timing of finalists


@pytest.mark.parametrize("protocol", ["held_out", "published"])
def test_a_search_without_a_finite_trial_says_so(
    tuned: tuple[Problem, Stack, Stack], protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    """And gives what it tried first, so that the other methods of the study are not lost."""
    best, table = searched(Broken(), tuned, trials=2, batch=2, protocol=protocol)
    assert best.norm is None and set(table["state"]) == {"failed"}
    assert best.values == {name: table[name][0] for name in best.values}
    assert "no trial of Broken gave finite scores, of 4" in caplog.text


def test_suggestions_stay_in_their_space() -> None:
    space = {
        "a": Uniform(0.2, 0.3),
        "b": LogUniform(1e-5, 1e-1),
        "c": Integers(1),
        "d": Integers(2, 4),
        "e": Choice((64, 128)),
        "f": Blocks(),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    values = [suggest(study.ask(), space, most_epochs=6, blocks=2) for _ in range(200)]
    assert all(0.2 <= v["a"] <= 0.3 and 1e-5 <= v["b"] <= 1e-1 for v in values)
    assert (
        {v["c"] for v in values} == set(range(1, 7))
        and {v["d"] for v in values} == {2, 3, 4}
        and {v["e"] for v in values} == {64, 128}
    )
    assert {v["f"] for v in values} == {1, 2}
    assert np.median([v["b"] for v in values]) < 1e-2  # log-uniform, not uniform


@pytest.mark.parametrize(("epochs", "most"), [(182, 37), (50, 10), (91, 19), (30, 6)])
def test_most_epochs_as_published(epochs: int, most: int) -> None:
    assert most_epochs(epochs) == most


def test_kept_hyperparameters_come_back(tmp_path: Path) -> None:
    norms = {"norm_retrained": 0.05, "norm_floor": 0.01}
    found = Found(values={"learning_rate": 0.01, "batch_size": 64}, norm=0.1, trials=9, seconds=1.5, **norms)
    study = {"dataset": "digits", "architecture": "mlp", "protocol": "held_out", "objective": "retrained", "seeds": [0], **FLOORS}
    write_study(tmp_path / "digits_mlp.yaml", study, {"ft": found})
    kept = shipped(tmp_path, "digits", "mlp")["ft"]
    assert kept == found and isinstance(kept.values["batch_size"], int)
    assert "      batch_size: {value: 64, source: search}\n" in (tmp_path / "digits_mlp.yaml").read_text()


def test_missing_and_malformed_hyperparameters_are_clear(tmp_path: Path) -> None:
    (tmp_path / "digits_mlp.yaml").write_text(
        "dataset: digits\narchitecture: mlp\nprotocol: held_out\nobjective: retrained\nseeds: [0]\n"
        "norm_original: 1\nnorm_retrained: 0\nnorm_floor: 0\n"
        "methods: {ft: {search: {norm: 1, trials: 2, seconds: 1}}}\n"
    )
    with pytest.raises(SettingsError, match="methods.ft.values: Field required"):
        shipped(tmp_path, "digits", "mlp")
    with pytest.raises(SettingsError, match=r"there are: digits_mlp; did you mean 'digits_mlp'\?.*searched"):
        shipped(tmp_path, "digits", "mpl")


def test_another_file_is_no_data_set(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x.safetensors", {"images": torch.zeros(1)}, {"format": "something"})
    with pytest.raises(CorruptFileError, match="header says format 'something'"):
        Experiment.load(tmp_path / "x.safetensors", "mlp")
