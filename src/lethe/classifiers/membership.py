"""The population membership inference attack and indiscernibility.

The attacker sees one number per sample, its cross-entropy, and must tell forgotten from held-out samples. A model that forgot exactly
leaves it nothing better than a coin.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.model_selection import StratifiedShuffleSplit

FOLDS = 10
FOLD_SEED = 123  # the published code's random_state
SMALLEST = 5  # samples per class: below that a fold's test tenth cannot hold both classes

Vector = NDArray[np.float64]


def attack_accuracy(forget: NDArray[np.floating], held_out: NDArray[np.floating], seed: int = 0) -> float:
    """Mean accuracy over ten folds of a logistic regression that tells forgotten from held-out samples by their loss.

    Published code of arXiv 2410.01276 (``evaluate_mia_on_pointwise_losses``): both sets are shuffled and cut to the smaller size, then
    ``LogisticRegression()`` on the scalar loss, ``StratifiedShuffleSplit(10, random_state=123)`` with a tenth to test on, accuracy.
    Forgotten samples are class 0 and come first, as there: the folds depend on the order.

    Args:
        forget: (n,) cross-entropies of the forget set.
        held_out: (m,) of the validation or the test set.
        seed: of both shuffles.

    Returns:
        In [0, 1]; 0.5 is what guessing gives. NaN where a loss is not finite: a model that diverged has no membership to speak of, and a
        search over hyper-parameters must not stop at one.

    Raises:
        ValueError: for arrays that are not one-dimensional, or fewer than five samples in one.

    Examples:
        >>> forget, held_out = np.random.default_rng(0).exponential([[0.1], [1.0]], (2, 100))
        >>> round(attack_accuracy(forget, held_out, seed=0), 2)
        0.85
    """
    for name, losses in (("forget", forget), ("held_out", held_out)):
        if losses.ndim != 1 or len(losses) < SMALLEST:
            raise ValueError(f"{name} has shape {losses.shape}; a vector of at least {SMALLEST} losses is needed")
    if not (np.isfinite(forget).all() and np.isfinite(held_out).all()):
        return float("nan")
    generator = np.random.default_rng(seed)
    n = min(len(forget), len(held_out))
    out, gone = (generator.permutation(losses)[:n].astype(np.float64) for losses in (held_out, forget))
    x, y = np.concatenate([gone, out]), np.repeat([0.0, 1.0], n)
    scores = []
    for train, test in _folds(n):
        weight, bias = logistic_regression(x[train], y[train])
        scores.append(np.mean((weight * x[test] + bias > 0) == (y[test] > 0)))
    return float(np.mean(scores))


def logistic_regression(x: Vector, y: Vector) -> tuple[float, float]:
    """Slope and intercept of ``sklearn.linear_model.LogisticRegression()`` on one feature.

    The same objective (mean log loss + slope^2 / (2 n), i.e. C = 1) by the same optimiser with the same start and stopping rules. Those
    rules are loose: a solver that goes on to the optimum puts the threshold elsewhere and changes accuracies. Calling the optimiser
    directly saves the estimator's checks, which cost five times the fit.

    Args:
        x: (n,) finite. y: (n,) of 0 and 1, both present.

    Examples:
        >>> slope, bias = logistic_regression(np.array([0, 1, 2, 3.0]), np.array([0, 0, 1, 1.0]))
        >>> round(slope, 2), round(-bias / slope, 2)
        (0.96, 1.5)
    """
    n = len(x)

    def loss(point: Vector) -> tuple[float, Vector]:
        weight, bias = point
        z = weight * x + bias
        small = np.exp(-np.abs(z))  # one exponential serves the loss and its derivative; never overflows
        residual = np.where(z >= 0, 1.0, small) / (1.0 + small) - y
        value = (np.log1p(small) + np.maximum(z, 0.0)).sum() / n - (y @ z) / n + 0.5 / n * weight * weight
        return float(value), np.array([(residual @ x) / n + weight / n, residual.sum() / n])

    options = {"maxiter": 100, "maxls": 50, "gtol": 1e-4, "ftol": 64 * np.finfo(float).eps}
    weight, bias = minimize(loss, np.zeros(2), method="L-BFGS-B", jac=True, options=options).x
    return float(weight), float(bias)


@functools.lru_cache(maxsize=16)
def _folds(n: int) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test rows of the ten folds of n + n samples; they depend on n alone, and drawing them costs as much as a fit."""
    folds = StratifiedShuffleSplit(n_splits=FOLDS, test_size=0.1, random_state=FOLD_SEED)
    return list(folds.split(np.zeros((2 * n, 1)), np.repeat([0, 1], n)))


def indiscernibility(accuracy: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """1 - |accuracy - 0.5| / 0.5, elementwise: 1 where the attack guesses, 0 where it is always right (or always wrong).

    Args:
        accuracy: of an attack, in [0, 1]; NaN stays NaN.

    Examples:
        >>> indiscernibility(np.array([0.5, 0.75, 1.0]))
        array([1. , 0.5, 0. ])
    """
    return 1.0 - np.abs(np.asarray(accuracy, dtype=np.float64) - 0.5) / 0.5
