"""A perceptron with one hidden layer: 4,810 parameters on 8 x 8 digits."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from lethe.classifiers.models.base import Architecture, recipe_of_layers
from lethe.classifiers.models.description import ArchitectureDescription
from lethe.classifiers.models.stack import Stack


class Mlp(Architecture):
    """Pixels - 64 ReLU - classes. Its blocks for CF-k and EU-k are its two layers."""

    about = ArchitectureDescription(constant=64, per_class=65, per_value=64, kept_per_pixel=4, at_once=64, cpu=0.006, gpu=0.002)
    block_names = ("fc1", "fc")
    classifier_name = "fc"
    at_once = 64  # more spill the cache
    width = 64

    def build(self) -> nn.Module:
        """One model."""
        channels, height, width = self.image_shape
        return nn.Sequential(
            OrderedDict(
                flatten=nn.Flatten(),
                fc1=nn.Linear(channels * height * width, self.width),
                relu=nn.ReLU(),
                fc=nn.Linear(self.width, self.classes),
            )
        )

    def logits(self, stack: Stack, images: Tensor, train: bool = False) -> Tensor:
        """As batched matrix products."""
        p = stack.parameters
        return torch.baddbmm(p["fc.bias"][:, None], self.features(stack, images), p["fc.weight"].mT)

    def features(self, stack: Stack, images: Tensor) -> Tensor:
        """The hidden layer, (M, B, 64)."""
        p = stack.parameters
        return torch.baddbmm(p["fc1.bias"][:, None], images.flatten(2), p["fc1.weight"].mT).relu()

    def recipe(self) -> str:
        """Plain PyTorch."""
        return recipe_of_layers(self.template)
