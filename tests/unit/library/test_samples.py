"""Any classifier of PyTorch forgets samples, by any method, and stays as it was itself."""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy

import pytest
import torch
from torch import nn

import lethe
from lethe.library.samples import _architecture


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    layers = OrderedDict(conv=nn.Conv2d(1, 4, 3), norm=nn.BatchNorm2d(4), flat=nn.Flatten(), fc=nn.Linear(144, 3))
    return nn.Sequential(layers).eval()


IMAGES, LABELS = torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3


@pytest.mark.parametrize("method", ["ft", "euk", "scrub", "delete"])
def test_a_copy_forgets(network: nn.Module, method: str) -> None:
    before = deepcopy(network.state_dict())
    after = lethe.forget_samples(network, IMAGES, LABELS, forget=[0, 1, 2], method=method, validation=[30, 31, 32])
    assert all((network.state_dict()[name] == value).all() for name, value in before.items())
    assert not network.training and not after.training and all(p.requires_grad for p in after.parameters())
    assert (after(IMAGES) != network(IMAGES)).any() and after(IMAGES).isfinite().all()


class Scale(nn.Module):
    """A layer that does not say how it starts."""

    def __init__(self) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.ones(3))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.by


def test_a_bad_teacher_begins_from_nothing_and_never_from_what_was_trained(network: nn.Module) -> None:
    fresh = _architecture(network, IMAGES).init([1]).parameters
    assert (fresh["fc.weight"][0] != network.fc.weight).all() and (fresh["conv.weight"][0] != network.conv.weight).all()
    scaled = nn.Sequential(OrderedDict(network=network, scale=Scale()))
    assert lethe.forget_samples(scaled, IMAGES, LABELS, forget=[0], method="ft") is not scaled
    with pytest.raises(ValueError, match=r"'scale' \(Scale\) does not say how"):
        lethe.forget_samples(scaled, IMAGES, LABELS, forget=[0], method="bt")


def test_faults(network: nn.Module) -> None:
    for rows in ([], [0, 0], [40], range(40)):
        with pytest.raises(ValueError, match="forget_samples: "):
            lethe.forget_samples(network, IMAGES, LABELS, forget=rows)
    with pytest.raises(ValueError, match="'scrub' needs samples"):
        lethe.forget_samples(network, IMAGES, LABELS, forget=[0], method="scrub")
    with pytest.raises(ValueError, match="no linear layer"):
        lethe.forget_samples(nn.Flatten(), IMAGES, LABELS, forget=[0])
