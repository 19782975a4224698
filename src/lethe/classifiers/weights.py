"""How many weights of a network a method can act on: those that no image reaches, and those that FF treats alike."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from torch import Tensor

from lethe.classifiers.methods.ff import LARGEST, LARGEST_OUT
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.training import cross_entropy, fixed_global_seed

NETWORKS, IMAGES, NOISE = 4, 8, 0.05


def unreached(architecture: Architecture) -> dict[str, Tensor]:
    """Which weights have a gradient that is structurally zero: parameter name -> (*shape) bool.

    Those with d CE / d theta of exactly 0 in four networks with random weights, on eight random images and labels each, in training
    mode. On maps of one pixel, for instance, a 3 x 3 kernel with padding sees an image at its centre alone. Worked out on the CPU in
    float64, whose convolutions are plain sums of products, so that what only sees padding sums zeros.
    """
    dead = {name: torch.ones_like(tensor, dtype=torch.bool) for name, tensor in architecture.template.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    for seed in range(NETWORKS):
        stack = _random(architecture.init([seed]), generator)
        images = torch.randn(1, IMAGES, *architecture.image_shape, generator=generator, dtype=torch.float64)
        labels = torch.randint(architecture.classes, (1, IMAGES), generator=generator)
        with fixed_global_seed(stack.device):
            loss = cross_entropy(architecture.logits(stack, images, train=True), labels)
        found = torch.autograd.grad(loss.sum(), list(stack.parameters.values()), materialize_grads=True)
        for name, gradient in zip(stack.parameters, found, strict=True):
            dead[name] &= gradient[0] == 0
    return dead


def _random(fresh: Stack, generator: torch.Generator) -> Stack:
    """In float64 with parameters that require gradients, moved a little: some start at 0, and hold back all gradients behind them."""
    parameters = {
        name: (tensor.double() + NOISE * torch.randn(tensor.shape, generator=generator, dtype=torch.float64)).requires_grad_(True)
        for name, tensor in fresh.parameters.items()
    }
    buffers = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in fresh.buffers.items()}
    return Stack(parameters, buffers)


def clamped(fisher: Mapping[str, Tensor], classes: int) -> dict[str, Tensor]:
    """Where FF's variance is at its bound and no longer depends on F: parameter name -> (*shape) bool.

    Args:
        fisher: F of one model, name -> (*shape).
        classes: number of classes; tensors with one row per class have a bound of their own.
    """
    return {name: 1 / (value + 1e-8) >= (LARGEST_OUT if len(value) == classes else LARGEST) for name, value in fisher.items()}


def shares(architecture: Architecture, masks: Mapping[str, Mapping[str, Tensor]]) -> pd.DataFrame:
    """Shares of the weights that masks hold.

    Args:
        masks: column -> parameter name -> (*shape) bool.

    Returns:
        ``kind, tensor, weights`` and a share in [0, 1] per mask. First a row for all weights, then one for those of each kind of layer
        (``tensor`` is ``all``), then one per tensor.
    """
    kinds: dict[str, list[str]] = {"all": list(architecture.kinds)}
    for name, kind in architecture.kinds.items():
        kinds.setdefault(kind, []).append(name)
    groups = [(group, "all", names) for group, names in kinds.items()]
    groups += [(kind, name, [name]) for name, kind in architecture.kinds.items()]
    sizes = {name: tensor.numel() for name, tensor in architecture.template.named_parameters()}
    rows = []
    for group, tensor, names in groups:
        weights = sum(sizes[name] for name in names)
        found = {column: sum(int(mask[name].sum()) for name in names) / weights for column, mask in masks.items()}
        rows.append({"kind": group, "tensor": tensor, "weights": weights} | found)
    return pd.DataFrame(rows)
