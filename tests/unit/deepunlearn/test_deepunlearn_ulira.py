"""U-LiRA: the split scheme, each variant against a slow transcription, null and planted data, and real digits."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from lethe.benchmarks.deepunlearn import ulira
from lethe.benchmarks.deepunlearn.coverage import World, measure
from lethe.benchmarks.deepunlearn.gates import lira_gates
from lethe.benchmarks.deepunlearn.jobs.coverage import cover
from lethe.benchmarks.deepunlearn.jobs.lira_scores import attack_models
from lethe.benchmarks.deepunlearn.lira import read_methods, write_outputs
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.benchmarks.deepunlearn.ulira_tables import attack_table, pairs_table, retained_table, roc_table, samples_table
from lethe.classifiers.confidence import confidence
from lethe.classifiers.data.digits import Digits
from lethe.classifiers.models.mlp import Mlp
from lethe.classifiers.models.stack import gather
from lethe.classifiers.problem import train
from lethe.io.gates import read_gates
from lethe.io.tables import read_json, read_parquet
from lethe.settings.classifiers import Lira


def test_splits_are_the_published_ones():
    found = lira_splits(50000, splits=3, forgets=2)
    assert (found.train.shape, found.unseen.shape) == ((3, 23750), (3, 23750))
    assert (found.retain.shape, found.forget.shape, found.val.shape) == ((3, 2, 21375), (3, 2, 2375), (2500,))
    order = np.random.default_rng(123).permutation(np.arange(50000))
    half = np.random.default_rng(2).permutation(order[:-2500])
    part = np.random.default_rng(1).permutation(half[:23750])
    assert np.array_equal(found.val, order[-2500:])
    assert np.array_equal(found.train[2], half[:23750]) and np.array_equal(found.unseen[2], half[23750:])
    assert np.array_equal(found.retain[2, 1], part[:21375]) and np.array_equal(found.forget[2, 1], part[21375:])


def test_splits_of_digits_and_their_masks():
    found = lira_splits(1797, splits=4, forgets=3)
    assert [found.val.size, found.train.shape[1], found.unseen.shape[1]] == [89, 854, 854]
    assert [found.retain.shape[2], found.forget.shape[2]] == [769, 85]
    forgotten, unseen = found.forgotten(), found.never_seen()
    for s in range(4):
        everything = np.concatenate([found.train[s], found.unseen[s], found.val])
        assert np.array_equal(np.sort(everything), np.arange(1797))
        assert np.array_equal(np.flatnonzero(unseen[s]), np.sort(found.unseen[s]))
        for k in range(3):
            assert np.array_equal(np.flatnonzero(forgotten[s, k]), np.sort(found.forget[s, k]))
            assert set(found.retain[s, k]) | set(found.forget[s, k]) == set(found.train[s])
    with pytest.raises(ValueError, match="empty: val"):
        lira_splits(10)


def test_confidence():
    logits = np.array([[[0.0, np.log(3)], [500.0, 0.0], [0.0, 900.0]]])
    phi, correct = confidence(torch.tensor(logits), torch.tensor([1, 0, 0]))
    assert phi.dtype == np.float32 and np.allclose(phi, [[np.log(0.75 / 0.25), 30, -30]])
    assert correct.tolist() == [[True, True, False]]
    g = np.random.default_rng(0)
    z, y = g.normal(0, 2, (2, 3, 40, 5)), g.integers(5, size=40)
    p = np.take_along_axis(torch.softmax(torch.tensor(z), -1).numpy(), np.broadcast_to(y, (2, 3, 40))[..., None], -1)[..., 0]
    assert np.allclose(confidence(z, y)[0], np.log(p) - np.log(1 - p), atol=1e-5)
    z[0, 0, 0, 2] = np.nan
    phi, correct = confidence(z, np.full(40, 2))
    assert np.isnan(phi[0, 0, 0]) and not correct[0, 0, 0] and np.isfinite(phi).sum() == phi.size - 1


def world(splits, forgets, n, seed, shift=0.0, sample=1.0, split=0.0):
    """phi = a sample's mean + noise (+ what a split's models share per sample) + ``shift`` where forgotten."""
    found = lira_splits(n, splits=splits, forgets=forgets)
    forgotten, unseen = found.forgotten(), found.never_seen()
    g = np.random.default_rng(seed)
    phi = g.normal(3, sample, n) + split * g.normal(size=(splits, 1, n)) + g.normal(size=forgotten.shape) + shift * forgotten
    return phi.astype(np.float32), phi > 2, forgotten, unseen


def slow_fit(phi, forgotten, unseen, s, leave_out):
    """Per kind and sample (mean, variance, number of observations), and the pooled variance, by loops."""
    splits, forgets, n = phi.shape
    out = []
    for kind in range(2):
        means, squares, freedom = {}, 0.0, 0
        for j in range(n):
            seen = [
                float(phi[t, k, j])
                for t in range(splits)
                for k in range(forgets)
                if not (leave_out and t == s) and (unseen[t, j] if kind else forgotten[t, k, j])
            ]
            if seen:
                means[j] = (np.mean(seen), np.var(seen) * len(seen) / max(1, len(seen) - 1), len(seen))
                squares += np.var(seen) * len(seen)
                freedom += len(seen) - 1
        out.append((means, squares / freedom))
    return out


@pytest.mark.parametrize("enough", [64, 2])  # with 64 no sample has a variance of its own here, with 2 some have
@pytest.mark.parametrize("variant", ["logit_leave_one_split_out", "logit_insample"])
def test_scores_against_a_slow_transcription(variant, enough, monkeypatch):
    monkeypatch.setattr(ulira, "OWN_SPREAD", enough)
    kinds_of_counts = set()
    phi, correct, forgotten, unseen = world(6, 2, 60, 1, shift=0.5)
    targets = ulira._targets(phi, forgotten, unseen, variant == ulira.DEFAULT, seed=0)
    positives, negatives = (
        [scores[places // 60 == s] for s in range(6)]
        for scores, places in ((targets.positives, targets.of_positives), (targets.negatives, targets.of_negatives))
    )
    for s in range(6):
        (mean_f, var_f), (mean_n, var_n) = slow_fit(phi, forgotten, unseen, s, variant == ulira.DEFAULT)
        both = sorted(set(mean_f) & set(mean_n))

        def ratio(k, j, s=s, f=mean_f, n=mean_n, vf=var_f, vn=var_n):
            own = f[j][2] >= enough, n[j][2] >= enough
            kinds_of_counts.add((own, f[j][2] == enough))
            vf, vn = (f[j][1], n[j][1]) if all(own) else (vf, vn)
            return norm.logpdf(phi[s, k, j], f[j][0], vf**0.5) - norm.logpdf(phi[s, k, j], n[j][0], vn**0.5)

        expected = [ratio(k, j) for k in range(2) for j in both if forgotten[s, k, j]]
        assert np.allclose(positives[s], expected, rtol=1e-6, atol=1e-8) and len(negatives[s]) == len(expected)
        allowed = np.array([ratio(k, j) for k in range(2) for j in both if unseen[s, j]])
        assert all(np.abs(allowed - value).min() < 1e-6 for value in negatives[s])
    if enough == 2:  # both, one and exactly as many as are needed
        assert {own for own, _ in kinds_of_counts} >= {(True, True), (False, True)} and ((True, True), True) in kinds_of_counts
    found = ulira.attack(phi, correct, forgotten, unseen, variant)
    labels = np.repeat([1, 0], sum(map(len, positives)))
    scores = np.concatenate([*positives, *negatives])
    value = {name: estimate.value for name, estimate in found.estimates.items()}
    assert value["accuracy"] == pytest.approx(np.mean((scores > 0) == labels)) and found.targets == len(labels)
    assert value["auc"] == pytest.approx(roc_auc_score(labels, scores))
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert value["tpr"] == pytest.approx(tpr[fpr <= 0.01].max()) and value["tpr_0.1"] == pytest.approx(tpr[fpr <= 0.001].max())
    for x, y in zip(found.roc["fpr"], found.roc["tpr"], strict=True):
        assert y == pytest.approx(tpr[fpr <= x + 1e-9].max())


def slow_published(correct, forgotten, unseen):
    """The published step 7, observation by observation."""
    splits, forgets, n = correct.shape
    out = np.full(correct.shape, np.nan)
    for j in range(n):
        hit = [(s, k) for s in range(splits) for k in range(forgets) if forgotten[s, k, j]]
        never = [correct[s, k, j] for s in range(splits) if unseen[s, j] for k in range(forgets)]
        if not hit or not never:
            continue
        f = [correct[s, k, j] for s, k in hit]
        for s, k in hit:
            with np.errstate(invalid="ignore"):
                a, b = (norm.pdf(float(correct[s, k, j]), np.mean(v), np.std(v)) for v in (f, never))
                out[s, k, j] = a / (a + b)
    return out


def test_published_against_a_slow_transcription():
    phi, correct, forgotten, unseen = world(8, 3, 80, 3, sample=2.0)
    slow, fast = slow_published(correct, forgotten, unseen), ulira.published_scores(correct, forgotten, unseen)
    assert np.allclose(slow, fast, equal_nan=True)
    assert np.isnan(fast[forgotten]).any() and np.isfinite(fast[forgotten]).any()  # both cases are in the data
    found = ulira.attack(phi, correct, forgotten, unseen, "published")
    defined = slow[np.isfinite(slow)]
    assert found.estimates["accuracy"].value == np.mean(defined > 0.5) and found.targets == len(defined)
    assert all(np.isnan(found.estimates[name].value) for name in ("auc", "tpr", "tpr_0.1"))
    influence = np.where(np.isfinite(slow), (slow > 0.5) - np.mean(defined > 0.5), 0).sum(1) / len(defined)
    assert np.allclose(found.estimates["accuracy"].influence, influence)
    assert found.undefined == pytest.approx(1 - len(defined) / forgotten.sum()) and found.roc.empty
    sure = ulira.attack(phi, np.ones_like(correct), forgotten, unseen, "published")
    assert np.isnan(sure.estimates["accuracy"].value) and sure.undefined == 1 and sure.targets == 0


# 300 sets of null data, and as many whose samples leak: a coverage of 95 % lies in .92 to .98 but for once in a hundred
@pytest.mark.parametrize("leaking", [{}, {"uneven": 0.6, "shift": 2.0}], ids=["null", "leaking"])
def test_intervals_hold_the_truth(leaking):
    found = measure(World(300, splits=32, **leaking), 300)
    for name in ("accuracy", "auc", "tpr"):
        assert 0.92 <= found.coverage[name] <= (0.99 if name == "tpr" else 0.98), found.record()
        assert name == "tpr" or found.reported[name] == pytest.approx(found.sd[name], rel=0.15)
    assert found.coverage["tpr_0.1"] >= 0.9  # two of 1,800 lie above the threshold: the interval is exact, and of few steps
    assert (found.alarms == 1) if leaking else (found.alarms < 0.2), "few splits: many alarms are of an accuracy 0.02 off"
    assert abs(found.truth["accuracy"] - 0.5) < 0.001 or leaking
    again = measure(World(300, splits=32, **leaking), 2), measure(World(300, splits=32, **leaking), 2)
    assert again[0] == again[1]


def test_coverage_is_written_and_printed(tmp_path, caplog):
    with caplog.at_level("INFO", logger="lethe"):
        cover(tmp_path / "coverage.json", sets=4)
    found = read_json(tmp_path / "coverage.json")
    assert {"value", "target", "holds", "how", "measured"} <= set(found) and len(found["measured"]) == 6
    assert [row["world"]["n"] for row in found["measured"]] == [500, 1797] * 3
    assert "gate fails" in caplog.text


def by_hand(attack, name):
    """V of an attack, cell by cell."""
    cells = attack.estimates[name].influence
    rows = sum(sum(row) ** 2 for row in cells.tolist())
    columns = sum(sum(column) ** 2 for column in cells.T.tolist())
    return max(rows + columns - sum(x * x for row in cells.tolist() for x in row), rows, columns)


def test_pairs_are_compared_target_by_target():
    truth = world(24, 2, 400, 0, shift=1.0, split=0.5)
    phi, correct, forgotten, unseen = truth
    noisy = phi + np.random.default_rng(1).normal(0, 0.05, phi.shape).astype(np.float32)
    attacks = {"a": ulira.attack(*truth), "b": ulira.attack(noisy, correct, forgotten, unseen)}
    attacks |= {"c": ulira.attack(*world(24, 2, 400, 2, split=0.5)), "again": attacks["a"]}
    table = pairs_table(attacks)
    assert len(table) == 4 * 6 and list(table.columns)[:4] == ["statistic", "method", "other", "difference"]
    rows = table[table["statistic"] == "accuracy"].set_index(["method", "other"])
    near, far, same = rows.loc[("a", "b")], rows.loc[("a", "c")], rows.loc[("a", "again")]
    alone = attacks["a"].estimates["accuracy"]
    assert near["high"] - near["low"] < 0.5 * 2 * alone.half_width()  # what both share cancels
    assert far["low"] > 0 and far["differs"] and not same["differs"] and same["p"] == 1 and same["difference"] == 0
    assert far["difference"] == pytest.approx(alone.value - attacks["c"].estimates["accuracy"].value)
    assert (table["q"] >= table["p"] - 1e-12).all()
    assert alone.variance == pytest.approx(by_hand(attacks["a"], "accuracy"))


def test_retained_samples_are_attacked_against_unseen_ones():
    phi, correct, forgotten, unseen = world(16, 2, 200, 0)
    splits = lira_splits(200, 16, 2)
    kept = splits.retained()
    assert not (kept & forgotten).any() and (kept | forgotten | unseen[:, None])[:, :, splits.train[0]][0].all()
    exposed = phi + np.float32(2) * kept
    table = retained_table({"original": (phi, correct), "ft": (exposed, correct)}, splits, "original").set_index("method")
    assert abs(table.loc["original", "accuracy"] - 0.5) < 0.05 and table.loc["original", "accuracy_change"] == 0
    assert table.loc["ft", "accuracy_change_low"] > 0.1 and table.loc["ft", "tpr_0.1_change"] > 0
    assert table.loc["ft", "accuracy"] - table.loc["original", "accuracy"] == pytest.approx(table.loc["ft", "accuracy_change"])


def test_every_sample_has_a_row_per_method():
    splits = lira_splits(60, 6, 2)
    forgotten, unseen = splits.forgotten(), splits.never_seen()
    phi, correct, *_ = world(6, 2, 60, 1)
    phi = phi + np.float32(3) * (forgotten | splits.retained())
    outputs = {"original": (phi, correct), "ft": (phi - np.float32(3) * forgotten, correct)}
    attacks = {name: ulira.attack(*models, forgotten, unseen) for name, models in outputs.items()}
    table = samples_table(outputs, attacks, splits, "original")
    assert len(table) == 120 and table["decisions"].sum() == 2 * attacks["ft"].targets
    number = int(np.flatnonzero(forgotten.any((0, 1)) & unseen.any(0))[0])
    row = table[(table["method"] == "ft") & (table["sample"] == number)].iloc[0]
    said = outputs["ft"][0][:, :, number]
    assert (
        row["phi_forgotten"] == pytest.approx(said[forgotten[:, :, number]].mean())
        and row["forgotten"] == forgotten[..., number].sum()
    )
    assert row["phi_unseen"] == pytest.approx(said[unseen[:, number]].mean()) and row["unseen"] == 2 * unseen[:, number].sum()
    assert row["memorised"] == pytest.approx(
        phi[:, 0, number][~unseen[:, number]].mean() - phi[:, 0, number][unseen[:, number]].mean()
    )
    right = table["right"] * table["decisions"]
    accuracy = right[table["method"] == "ft"].sum() / attacks["ft"].targets
    assert accuracy == pytest.approx(attacks["ft"].estimates["accuracy"].value)
    held_out = table[table["sample"] == splits.val[0]]
    assert (held_out["decisions"] == 0).all() and held_out[["phi_unseen", "right", "memorised"]].isna().all(axis=None)


def test_in_sample_scores_are_wrong_on_null_data():
    found = [ulira.attack(*world(24, 2, 400, seed, split=1.0), "logit_insample") for seed in range(5)]
    assert min(a.estimates["accuracy"].interval()[0] for a in found) > 0.52  # why it is not the default


def test_planted_separation_is_found():
    weak, strong = (ulira.attack(*world(24, 2, 400, 0, shift=shift)) for shift in (1.0, 4.0))
    # means known and sd 1, the best accuracy is Phi(shift / 2); ours have to be estimated from few observations
    assert 0.6 < weak.record()["accuracy"] < norm.cdf(0.5) + 0.02 and weak.record()["accuracy_low"] > 0.5
    row = strong.record()
    assert 0.94 < row["accuracy"] <= norm.cdf(2.0) + 0.01 and row["auc"] > 0.98 and row["tpr"] > 0.8 and row["tpr_0.1"] > 0.5
    assert 1 <= row["width_factor"] < 3
    down = ulira.attack(*world(24, 2, 400, 0, shift=-1.0)).record()
    assert down["accuracy"] > 0.6  # a method that damages what it forgets leaks as well
    again = ulira.attack(*world(24, 2, 400, 0, shift=1.0))
    assert again.record() == weak.record() and ulira.attack(*world(24, 2, 400, 0, shift=1.0), seed=1).record() != weak.record()


def test_own_spread_from_64_observations():
    """A sample's own variance is used when both fits are large: noise that differs by sample then does not hide a shift."""
    splits, forgets, n = 70, 4, 8
    g = np.random.default_rng(5)
    half = np.tile([True, False], (splits, n // 2))
    unseen = half ^ (np.arange(splits)[:, None] % 2 == 1)
    forgotten = np.repeat(~unseen[:, None], forgets, axis=1)
    spread = np.repeat([0.01, 10.0], n // 2)
    phi = (spread * g.normal(size=forgotten.shape) + 0.05 * forgotten).astype(np.float32)
    found = ulira.attack(phi, phi > 0, forgotten, unseen).record()
    assert found["accuracy"] > 0.72 and found["auc"] > 0.72  # 0.99 for four quiet samples, a coin for the noisy ones
    assert found["tpr"] > 0.4


def test_collapsed_models_have_a_documented_result():
    phi, correct, forgotten, unseen = world(6, 2, 60, 1)
    gone = ulira.attack(np.full_like(phi, np.nan), correct, forgotten, unseen)
    assert np.isnan([*gone.record().values()][1:13]).all() and gone.targets == 0 and gone.undefined == 1 and gone.roc.empty
    same = ulira.attack(np.full_like(phi, -2.19722), correct, forgotten, unseen)
    assert same.record()["auc"] == pytest.approx(0.5)
    assert [same.record()[name] for name in ("accuracy", "accuracy_low", "accuracy_high")] == [0.5, 0.5, 0.5]
    phi[0, 0, :30] = np.inf
    partly = ulira.attack(phi, correct, forgotten, unseen)
    assert 0 < partly.undefined < 0.1 and 0.3 < partly.estimates["accuracy"].value < 0.7


def test_every_method_is_attacked_in_every_variant(tmp_path):
    generator = np.random.default_rng(0)
    methods, outputs, said = ["original", "retrained", "ft"], {}, []
    for method in methods:
        phi, correct = generator.normal(size=(4, 2, 60)).astype(np.float32), generator.random((4, 2, 60)) < 0.5
        outputs[method] = phi, correct
        for block, part in enumerate((slice(0, 3), slice(3, 4))):
            said.append(tmp_path / f"{method}_{block}.safetensors")
            write_outputs(said[-1], phi[part], correct[part])
    names = {"table": "csv", "pairs": "csv", "retained": "csv", "by_sample": "parquet", "roc": "parquet", "gates": "json"}
    files = {name: tmp_path / f"{name}.{ending}" for name, ending in names.items()}
    attack_models(said, **files, methods=methods, lira=Lira(splits=4, forget_sets=2), alpha=0.1, seed=3)
    table = pd.read_csv(files["table"])
    assert list(table["variant"].unique()) == ["logit_leave_one_split_out", "logit_insample", "published"] and len(table) == 9
    splits = lira_splits(60, splits=4, forgets=2)
    alone = ulira.attack(*outputs["ft"], splits.forgotten(), splits.never_seen(), "logit_insample", seed=3).record(level=0.9)
    row = table[(table["method"] == "ft") & (table["variant"] == "logit_insample")].iloc[0]
    assert all(row[name] == pytest.approx(value, rel=1e-5) for name, value in alone.items() if name != "variant")
    assert len(pd.read_csv(files["pairs"])) == 4 * 3 and len(pd.read_csv(files["retained"])) == 3
    assert len(read_parquet(files["by_sample"])) == 3 * 60 and set(read_parquet(files["roc"])["method"]) == set(methods)
    assert [gate.gate for gate in read_gates(files["gates"])] == ["ulira_retrained_is_null", "ulira_original_leaks"]
    with pytest.raises(ValueError, match="5 files for 3 methods"):
        read_methods(said[:5], methods)


def test_errors_name_what_is_wrong():
    phi, correct, forgotten, unseen = world(4, 2, 60, 1)
    with pytest.raises(ValueError, match="did you mean 'published'"):
        ulira.attack(phi, correct, forgotten, unseen, "relesed")
    with pytest.raises(ValueError, match=r"not \(4, 2, 60\), \(4, 2, 60\), \(4, 2, 60\) and \(4, 2, 60\)"):
        ulira.attack(phi, correct, forgotten, forgotten)
    with pytest.raises(ValueError, match="both member and unseen"):
        ulira.attack(phi, correct, forgotten, unseen | True)
    with pytest.raises(ValueError, match="at least two splits"):
        ulira.attack(phi[:1], correct[:1], forgotten[:1], unseen[:1])


def test_digits_retrained_is_null_and_original_leaks():
    """The gates on real models, at a quarter of the published number of splits and K = 2."""
    provider = Digits()
    data = provider.load()
    images, labels = provider.to_input(data.images), torch.from_numpy(data.labels)
    splits, forgets = 16, 2
    found = lira_splits(len(labels), splits, forgets)
    architecture = Mlp(provider.classes, provider.image_shape)
    recipe = {"epochs": 20, "batch_size": 64, "learning_rate": 0.05}
    start = architecture.init([0] * splits)
    original = train(architecture, start, images, labels, torch.from_numpy(found.train), **recipe)
    parts = [
        train(architecture, start, images, labels, torch.from_numpy(found.retain[:, k].copy()), **recipe) for k in range(forgets)
    ]

    def attacked(stack, shape):
        with torch.inference_mode():
            logits = architecture.logits(stack, images.expand(len(stack), *images.shape)).numpy()
        models = np.broadcast_to(logits.reshape(shape, splits, *logits.shape[1:]), (forgets, splits, *logits.shape[1:]))
        phi, correct = confidence(models.swapaxes(0, 1), data.labels)
        return ulira.attack(phi, correct, found.forgotten(), found.never_seen())

    retrained = gather(((range(k * splits, (k + 1) * splits), part) for k, part in enumerate(parts)), forgets * splits)
    attacks = {"retrained": attacked(retrained, forgets), "original": attacked(original, 1)}
    gates = lira_gates(attacks)
    assert [gate.holds for gate in gates] == [True, True], gates
    assert (
        gates[1].value > 0.02 and gates[1].target == 0 and set(gates[0].record()) == {"gate", "value", "target", "holds", "how"}
    )
    swapped = lira_gates({"retrained": attacks["original"], "original": attacks["retrained"]})
    assert [gate.holds for gate in swapped] == [False, False]
    table = attack_table(attacks).set_index("method")
    assert list(table.index) == ["retrained", "original"] and (table["width_factor"] >= 1).all()
    curves = roc_table(attacks)
    banded = curves.dropna()
    assert list(curves.columns) == ["method", "fpr", "tpr", "low", "high"] and len(banded) == 2 * 24
    assert ((banded["low"] <= banded["tpr"]) & (banded["tpr"] <= banded["high"])).all()
