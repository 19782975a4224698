"""Two convolutions and a linear layer: 1,898 parameters on 8 x 8 digits."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lethe.deepunlearn.models.base import Architecture
from lethe.deepunlearn.models.stack import Stack


class TinyCnn(Architecture):
    """conv 3x3 to 8 - ReLU - max-pool 2 - conv 3x3 stride 2 to 16 - ReLU - linear. No normalisation layer.

    Its blocks for CF-k and EU-k are conv1, conv2 and the linear layer.
    """

    block_names = ("conv1", "conv2", "fc")
    classifier_name = "fc"

    def build(self) -> nn.Module:
        """One model."""
        channels, height, width = self.image_shape
        if height % 4 or width % 4:
            raise ValueError(f"image_shape is {self.image_shape}; height and width must be multiples of 4")
        return nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(channels, 8, 3, padding=1),
                relu1=nn.ReLU(),
                pool=nn.MaxPool2d(2),
                conv2=nn.Conv2d(8, 16, 3, stride=2, padding=1),
                relu2=nn.ReLU(),
                flatten=nn.Flatten(),
                fc=nn.Linear(16 * (height // 4) * (width // 4), self.classes),
            )
        )

    def logits(self, stack: Stack, images: Tensor, train: bool = False) -> Tensor:
        """As convolutions with one group per model: models side by side on the channel axis."""
        p = stack.parameters
        models, batch = images.shape[:2]
        x = images.transpose(0, 1).flatten(1, 2)
        x = F.conv2d(x, p["conv1.weight"].flatten(0, 1), p["conv1.bias"].flatten(), padding=1, groups=models).relu()
        x = F.max_pool2d(x, 2)
        x = F.conv2d(x, p["conv2.weight"].flatten(0, 1), p["conv2.bias"].flatten(), stride=2, padding=1, groups=models).relu()
        x = x.reshape(batch, models, -1).transpose(0, 1)
        return torch.baddbmm(p["fc.bias"][:, None], x, p["fc.weight"].mT)
