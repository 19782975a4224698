"""U-LiRA: the split scheme, each variant against a slow transcription, null and planted data, and real digits."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score, roc_curve

from lethe.benchmarks.deepunlearn import ulira
from lethe.benchmarks.deepunlearn.gates import lira_gates
from lethe.benchmarks.deepunlearn.ulira_splits import lira_splits
from lethe.classifiers.confidence import confidence
from lethe.classifiers.data.digits import Digits
from lethe.classifiers.models.mlp import Mlp
from lethe.classifiers.models.stack import join
from lethe.classifiers.problem import train
from lethe.statistics.attacks import group_wins, true_positive_rates


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
    positives, negatives = ulira._targets(phi, forgotten, unseen, variant == ulira.DEFAULT, seed=0)
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
    assert found.accuracy == pytest.approx(np.mean((scores > 0) == labels)) and found.targets == len(labels)
    assert found.auc == pytest.approx(roc_auc_score(labels, scores))
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    assert found.tpr == pytest.approx(tpr[fpr <= 0.01].max())
    for x, y in zip(found.roc["fpr"], found.roc["tpr"], strict=True):
        assert y == pytest.approx(tpr[fpr <= x + 1e-9].max())


def test_bootstrap_is_over_splits():
    """Any draw of splits gives what evaluating the drawn splits gives, ties included."""
    g = np.random.default_rng(2)
    positives = [np.round(g.normal(0.5, 1, 30), 1) for _ in range(5)]
    negatives = [np.round(g.normal(0, 1, 30), 1) for _ in range(5)]
    drawn = [0, 0, 2, 4, 4]
    weights = np.bincount(drawn, minlength=5).astype(float)[None]
    labels = np.repeat([1, 0], 150)
    scores = np.concatenate([positives[i] for i in drawn] + [negatives[i] for i in drawn])
    wins = group_wins(positives, negatives)
    assert float((weights @ wins @ weights.T)[0, 0]) / 150**2 == pytest.approx(roc_auc_score(labels, scores))
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    for limit in (0.01, 0.1, 0.5):
        assert true_positive_rates(positives, negatives, weights, limit)[0] == pytest.approx(tpr[fpr <= limit].max())
    found = ulira._evaluate(positives, negatives, np.repeat(weights, 3, axis=0), 0.95, "x", 0.0)
    hits = np.mean((scores > 0) == labels)
    assert found.intervals["accuracy"] == pytest.approx((hits, hits))


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
    assert found.accuracy == np.mean(defined > 0.5) and found.targets == len(defined) and np.isnan(found.auc)
    assert found.undefined == pytest.approx(1 - len(defined) / forgotten.sum()) and found.roc.empty
    sure = ulira.attack(phi, np.ones_like(correct), forgotten, unseen, "published")
    assert np.isnan(sure.accuracy) and sure.undefined == 1 and sure.targets == 0


def test_null_data_is_half_and_covered():
    """Forgotten and unseen alike, with what the models of a split share: the leave-one-split-out null is at 0.5."""
    found = [ulira.attack(*world(24, 2, 400, seed, split=1.0), seed=seed, draws=300) for seed in range(60)]
    assert abs(np.mean([a.accuracy for a in found]) - 0.5) < 0.004 and abs(np.mean([a.auc for a in found]) - 0.5) < 0.006
    for name in ("accuracy", "auc"):
        covered = np.mean([a.intervals[name][0] <= 0.5 <= a.intervals[name][1] for a in found])
        assert covered >= 0.85  # 0.95 in expectation; 60 repetitions are below 0.85 once in a thousand


def test_in_sample_scores_are_wrong_on_null_data():
    found = [ulira.attack(*world(24, 2, 400, seed, split=1.0), "logit_insample", draws=50) for seed in range(5)]
    assert min(a.intervals["accuracy"][0] for a in found) > 0.52  # why it is not the default


def test_planted_separation_is_found():
    weak, strong = (ulira.attack(*world(24, 2, 400, 0, shift=shift)) for shift in (1.0, 4.0))
    # means known and sd 1, the best accuracy is Phi(shift / 2); ours have to be estimated from few observations
    assert 0.6 < weak.accuracy < norm.cdf(0.5) + 0.02 and weak.intervals["accuracy"][0] > 0.5
    assert 0.94 < strong.accuracy <= norm.cdf(2.0) + 0.01 and strong.auc > 0.98 and strong.tpr > 0.8
    down = ulira.attack(*world(24, 2, 400, 0, shift=-1.0))
    assert down.accuracy > 0.6  # a method that damages what it forgets leaks as well
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
    found = ulira.attack(phi, phi > 0, forgotten, unseen)
    assert found.accuracy > 0.72 and found.auc > 0.72  # 0.99 for four quiet samples, a coin for the noisy ones
    assert found.tpr > 0.4


def test_collapsed_models_have_a_documented_result():
    phi, correct, forgotten, unseen = world(6, 2, 60, 1)
    gone = ulira.attack(np.full_like(phi, np.nan), correct, forgotten, unseen)
    assert np.isnan(gone.accuracy) and gone.targets == 0 and gone.undefined == 1 and gone.roc.empty
    same = ulira.attack(np.full_like(phi, -2.19722), correct, forgotten, unseen)
    assert same.accuracy == 0.5 and same.auc == pytest.approx(0.5) and same.intervals["accuracy"] == (0.5, 0.5)
    phi[0, 0, :30] = np.inf
    partly = ulira.attack(phi, correct, forgotten, unseen)
    assert 0 < partly.undefined < 0.1 and 0.3 < partly.accuracy < 0.7


def test_errors_name_what_is_wrong():
    phi, correct, forgotten, unseen = world(4, 2, 60, 1)
    with pytest.raises(ValueError, match="did you mean 'published'"):
        ulira.attack(phi, correct, forgotten, unseen, "relesed")
    with pytest.raises(ValueError, match=r"not \(4, 2, 60\), \(4, 2, 60\), \(4, 2, 60\) and \(4, 2, 60\)"):
        ulira.attack(phi, correct, forgotten, forgotten)
    with pytest.raises(ValueError, match="both forgotten and unseen"):
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

    attacks = {"retrained": attacked(join(parts), forgets), "original": attacked(original, 1)}
    gates = lira_gates(attacks)
    assert [gate.holds for gate in gates] == [True, True], gates
    assert gates[1].value > 0.52 and set(gates[0].record()) == {"gate", "value", "target", "holds", "how"}
    swapped = lira_gates({"retrained": attacks["original"], "original": attacks["retrained"]})
    assert [gate.holds for gate in swapped] == [False, False]
    assert list(ulira.table(attacks)["method"]) == ["retrained", "original"]
    assert set(ulira.roc_table(attacks).columns) == {"method", "fpr", "tpr"}
