"""The published convolutional network: torchvision's ResNet-18."""

from __future__ import annotations

from torch import nn
from torchvision.models import resnet18

from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.description import ArchitectureDescription


class ResNet18(Architecture):
    """11.2 million parameters, random initialisation, ImageNet stem (7 x 7 stride 2, max-pool) also on 32 x 32 images, as published.

    That stem leaves 1 x 1 maps of a 32 x 32 image, which costs accuracy (about 0.87 on CIFAR-10) and lets batch normalisation
    raise on a training batch of one such image. The models run one after another: batch normalisation moves statistics.
    Its blocks for CF-k and EU-k are the four stages; stem and classifier are none.
    """

    about = ArchitectureDescription(constant=11_186_152, per_class=513, kept_per_pixel=114, cpu=1.3, gpu=0.012)
    block_names = ("layer1", "layer2", "layer3", "layer4")
    classifier_name = "fc"

    def build(self) -> nn.Module:
        """One model.

        Raises:
            ValueError: the images have not three channels.
        """
        if self.image_shape[0] != 3:
            raise ValueError(f"image_shape is {self.image_shape}; resnet18 takes images of 3 channels")
        return resnet18(weights=None, num_classes=self.classes)
