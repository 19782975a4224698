"""The published convolutional network, torchvision's ResNet-18, and the same with a stem for small images."""

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

    On 1 x 1 maps a 3 x 3 kernel meets an image at its centre alone: 62 % of all weights have a gradient of exactly zero on
    32 x 32 images (docs/weights.md). ``ResNet18Cifar`` has none.
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
            raise ValueError(f"image_shape is {self.image_shape}; a ResNet-18 takes images of 3 channels")
        return resnet18(weights=None, num_classes=self.classes)

    def recipe(self) -> str:
        """As torchvision builds it."""
        return f"from torchvision.models import resnet18\nmodel = resnet18(weights=None, num_classes={self.classes})\n"


class ResNet18Cifar(ResNet18):
    """A ResNet-18 for small images: a stem of 3 x 3 with stride 1 and no max-pool, as He et al. (2016, arXiv 1512.03385, 4.2) use on CIFAR-10.

    11.2 million parameters. The last maps of a 32 x 32 image have 4 x 4 pixels, and a forward pass costs 15 times that of
    ``ResNet18``. It is no network of the paper.
    """

    about = ArchitectureDescription(
        constant=11_178_472, per_class=513, kept_per_pixel=1160, cpu=20.0, gpu=0.05
    )  # times: 15 ResNet18

    def build(self) -> nn.Module:
        """One model; see ``ResNet18.build``."""
        network = super().build()
        network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")  # as torchvision's other convolutions
        network.maxpool = nn.Identity()
        return network

    def recipe(self) -> str:
        """As torchvision builds it, with the other stem."""
        stem = "model.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)\nmodel.maxpool = nn.Identity()\n"
        return f"from torch import nn\n{super().recipe()}{stem}"
