"""The weights of the Nash solution, and those that were published."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lethe.diffusion.methods.munba import nash_weights
from lethe.diffusion.methods.munba_published import MUNBaPublishedConfig, published_weights


def pair(norm_r: float, norm_f: float, cos: float) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Two gradients of two parameters each with these norms and this cosine."""
    first = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64) * norm_r
    second = torch.tensor([cos, 0.0, math.sqrt(1 - cos**2)], dtype=torch.float64) * norm_f
    return [first[:1], first[1:]], [second[:1], second[1:]]


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.floats(-0.99, 0.999))
def test_nash_weights_solve_k_a_equals_one_over_a(norm_r: float, norm_f: float, cos: float) -> None:
    a_r, a_f, found = map(float, nash_weights(*pair(norm_r, norm_f, cos)))
    k12 = norm_r * norm_f * cos
    assert found == pytest.approx(cos, abs=1e-9)
    assert norm_r**2 * a_r + k12 * a_f == pytest.approx(1 / a_r, rel=1e-6)
    assert k12 * a_r + norm_f**2 * a_f == pytest.approx(1 / a_f, rel=1e-6)


def test_full_conflict_gives_a_vanishing_step() -> None:
    retain, forget = pair(2.0, 3.0, -1.0)
    a_r, a_f, _ = nash_weights(retain, forget)
    assert math.isfinite(a_r) and float(sum((a_r * r + a_f * f).norm() for r, f in zip(retain, forget, strict=True))) < 1e-9


def test_a_player_without_gradient_has_no_say() -> None:
    retain, _ = pair(2.0, 1.0, 0.0)
    nothing = [torch.zeros_like(x) for x in retain]
    assert tuple(map(float, nash_weights(retain, nothing))) == (0.5, 0.0, 0.0)
    assert tuple(map(float, nash_weights(nothing, retain))) == (0.0, 0.5, 0.0)
    assert tuple(map(float, published_weights(retain, nothing))) == (0.0, 0.0)


@pytest.mark.parametrize(("cos", "expected"), [(0.1, (1.456, -7.70)), (0.01, (1.418, -71.2)), (-0.1, (1.385, 6.63))])
def test_published_weights(cos: float, expected: tuple[float, float]) -> None:
    """The closed form of Vision Unlearning 1.0.0, ``GradientWeightingMethodMunba``."""
    retain, forget = pair(1.0, 1.0, cos)
    assert tuple(map(float, published_weights(retain, forget))) == pytest.approx(expected, rel=5e-3)
    k11, k22, k12 = 4.0, 9.0, 6.0 * cos
    a_r = math.sqrt((2 * k11 * k22 + k12 * math.sqrt(k11 * k22)) / (k11**2 * k22 - k11 * k12**2))
    a_f = (1 - k11 * a_r**2) / (k12 * a_r)
    assert tuple(map(float, published_weights(*pair(2.0, 3.0, cos)))) == pytest.approx((a_r, a_f))


def test_published_needs_equal_batches() -> None:
    with pytest.raises(ValueError, match="forget_batch 4 and retain_batch 8 must be equal"):
        MUNBaPublishedConfig(forget_batch=4, retain_batch=8)
