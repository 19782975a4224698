"""Style transfer on paired data: how far an output is from the picture that it should be, and how much of the content it keeps.

UnlearnCanvas' appendix. Both losses are taken directly: the style loss between the output and its ground truth, which paired data have, and
the content loss between the output and the content picture. (The released script sends the output through one of the compared models first.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

IDENTITY, ORACLE = "identity", "oracle"
EPSILON = 1e-5  # of a variance, as in AdaIN's code

Levels = Sequence[Tensor]
"""Maps of one batch at several depths of a network, each ``(N, C, h, w)``."""
Features = Callable[[Tensor], Levels]
"""Pictures ``(N, 3, H, W)`` in [-1, 1] -> their maps."""


def mean_and_std(maps: Tensor) -> tuple[Tensor, Tensor]:
    """``(N, C, 1, 1)`` mean and deviation over places."""
    variance, mean = torch.var_mean(maps, (2, 3), keepdim=True, correction=0)
    return mean, (variance + EPSILON).sqrt()


def statistics_loss(output: Levels, truth: Levels) -> Tensor:
    """``(N,)`` squared differences of the mean and of the deviation of each channel, summed over levels (Huang and Belongie 2017, eq. 13)."""
    losses = []
    for one, other in zip(output, truth, strict=True):
        (mean, deviation), (wanted, spread) = mean_and_std(one), mean_and_std(other)
        losses.append(((mean - wanted) ** 2 + (deviation - spread) ** 2).mean((1, 2, 3)))
    return torch.stack(losses).sum(0)


def maps_loss(output: Levels, truth: Levels) -> Tensor:
    """``(N,)`` squared differences of the maps themselves, summed over levels: the ground truth is known place for place."""
    return torch.stack([((one - other) ** 2).mean((1, 2, 3)) for one, other in zip(output, truth, strict=True)]).sum(0)


def content_loss(output: Levels, content: Levels) -> Tensor:
    """``(N,)`` squared differences of the last two levels, each channel brought to mean 0 and deviation 1."""

    def normal(maps: Tensor) -> Tensor:
        mean, deviation = mean_and_std(maps)
        return (maps - mean) / deviation

    return maps_loss([normal(maps) for maps in output[-2:]], [normal(maps) for maps in content[-2:]])


# --- methods that are not trained ---


def adain(content: Tensor, reference: Tensor) -> Tensor:
    """The content's maps with the mean and deviation of each channel of the reference (Huang and Belongie 2017, arXiv 1703.06868)."""
    (mean, deviation), (wanted, spread) = mean_and_std(content), mean_and_std(reference)
    return (content - mean) / deviation * spread + wanted


def wct(content: Tensor, reference: Tensor) -> Tensor:
    """The content's maps with the mean and the covariance of channels of the reference (Li et al. 2017, arXiv 1705.08086)."""
    rows = []
    for own, other in zip(content.double(), reference.double(), strict=True):
        flat, target = own.flatten(1), other.flatten(1)
        mean, wanted = flat.mean(1, keepdim=True), target.mean(1, keepdim=True)
        whitened = _root(_covariance(flat - mean), -0.5) @ (flat - mean)
        rows.append((_root(_covariance(target - wanted), 0.5) @ whitened + wanted).reshape(own.shape))
    return torch.stack(rows).to(content.dtype)


def _covariance(centred: Tensor) -> Tensor:
    return centred @ centred.T / centred.shape[1] + EPSILON * torch.eye(len(centred), dtype=centred.dtype, device=centred.device)


def _root(matrix: Tensor, power: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values**power @ vectors.T


# --- the table ---


def transfer_table(task: str, keys: pd.DataFrame, losses: Mapping[str, Mapping[str, NDArray[Any]]]) -> pd.DataFrame:
    """One row per method, with the spread of each loss as published.

    Args:
        keys: of the pictures: ``style, object, content`` (number of the content picture). losses: method -> loss -> (n,).

    Returns:
        ``task, method, images``, and of each loss its mean and ``{loss}_sd_{styles,objects,contents}``, the deviation of its means by style, by
        object and by content picture.
    """
    rows = []
    for method, measured in losses.items():
        row: dict[str, Any] = {"task": task, "method": method, "images": len(keys)}
        for name, values in measured.items():
            series = pd.Series(np.asarray(values, dtype=np.float64), index=keys.index)
            row[name] = series.mean()
            for key in ("style", "object", "content"):
                row[f"{name}_sd_{key}s"] = series.groupby(keys[key]).mean().std(ddof=0)
        rows.append(row)
    return pd.DataFrame(rows)
