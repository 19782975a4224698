"""An image classifier forgets samples that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from lethe.classifiers.methods import METHODS, NEEDS
from lethe.classifiers.methods.base import run
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack
from lethe.classifiers.problem import Problem
from lethe.settings.hyperparameters import configure


def forget_samples(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    forget: Sequence[int],
    *,
    method: str = "ft",
    validation: Sequence[int] = (),
    seed: int = 0,
    **hyperparameters: object,
) -> nn.Module:
    """Make a trained classifier forget some of its training samples.

    Args:
        network: any module of PyTorch that gives logits ``(B, classes)``; it stays as it is.
        images: ``(N, ...)`` float32, as the network takes them: what it was trained on, and the samples of ``validation``.
        labels: ``(N,)`` int64. forget: rows of ``images`` to be forgotten; all others are kept.
        method: ``ft`` (fine-tuning) by default; ``lethe.classifiers.methods.METHODS`` lists all.
        validation: rows that the network was not trained on, for methods that ask for such.
        seed: of the method's random numbers. hyperparameters: of the method, by name; ``config/methods/classifiers`` has tuned ones.

    Returns:
        A copy of the network, after it forgot.

    Raises:
        UnknownNameError: no such method; names the nearest.
        SettingsError: a hyper-parameter that the method does not take.
        ValueError: rows that do not fit, a method without the validation samples it needs, or a network that cannot start anew.

    Examples:
        >>> import lethe
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
        >>> images, labels = torch.randn(64, 4), torch.arange(64) % 2
        >>> after = lethe.forget_samples(network, images, labels, forget=[0, 1, 2, 3], method="ft", num_epochs=1)
        >>> after(images).shape
        torch.Size([64, 2])
    """
    kind = METHODS.load(method)
    unlearner = kind()
    config = configure(unlearner, kind.Config, hyperparameters)
    if NEEDS.needs(method, "validation") and not len(validation):
        raise ValueError(
            f"forget_samples: the method '{method}' needs samples that the network was not trained on; give `validation`"
        )
    retain = _retained(len(images), forget, validation)
    architecture = _architecture(network, images)
    original = Stack(
        {name: value.detach()[None].clone() for name, value in sorted(network.named_parameters())},
        {name: value.detach()[None].clone() for name, value in sorted(network.named_buffers())},
    )
    kept, lost, held = (torch.as_tensor(list(part), device=images.device)[None].long() for part in (retain, forget, validation))
    found = run(unlearner, Problem(architecture, original, images, labels, kept, lost, held, seeds=[seed]), [config])
    after = deepcopy(network)
    state = after.state_dict(keep_vars=True)
    with torch.no_grad():
        for name, tensor in (*found.parameters.items(), *found.buffers.items()):
            state[name].copy_(tensor[0])
    return after


def _retained(samples: int, forget: Sequence[int], validation: Sequence[int]) -> list[int]:
    """The rows that are neither forgotten nor held out."""
    rows = np.array([*forget, *validation], dtype=np.int64)
    if len(set(rows.tolist())) != len(rows) or not np.isin(rows, np.arange(samples)).all():
        raise ValueError(f"forget_samples: rows of `forget` and `validation` must be different, and within 0..{samples - 1}")
    retain = sorted(set(range(samples)) - set(rows.tolist()))
    if not len(forget) or not retain:
        raise ValueError(
            f"forget_samples: {len(forget)} samples to forget and {len(retain)} to keep; allowed: at least one of each"
        )
    return retain


def _architecture(network: nn.Module, images: Tensor) -> Architecture:
    """A network as an architecture: its parts with parameters are the blocks, the last linear layer gives the logits."""
    parts = tuple(name for name, part in network.named_children() if any(True for _ in part.parameters()))
    layers = [name for name, part in network.named_modules() if isinstance(part, nn.Linear) and name]
    if not layers:
        raise ValueError(f"forget_samples: {type(network).__name__} has no linear layer; allowed: a classifier that ends in one")
    with torch.no_grad():
        classes = deepcopy(network).eval()(images[:1]).shape[-1]

    class Given(Architecture):
        """The network that was given."""

        block_names, classifier_name = parts, layers[-1]

        def build(self) -> nn.Module:
            fresh = deepcopy(network).requires_grad_(True)
            for part in fresh.modules():
                if callable(reset := getattr(part, "reset_parameters", None)):
                    reset()
            return fresh

        def init(self, seeds: Sequence[int]) -> Stack:
            for name, part in network.named_modules():
                if any(True for _ in part.parameters(recurse=False)) and not hasattr(part, "reset_parameters"):
                    raise ValueError(
                        f"forget_samples: this method starts layers anew, and '{name}' ({type(part).__name__}) does not say how; "
                        "allowed: modules with `reset_parameters`"
                    )
            return super().init(seeds)

    return Given(int(classes), tuple(images.shape[1:]))  # type: ignore[arg-type]  # no method reads the shape of a sample
