"""The published transformer: TinyViT with 11 million parameters."""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn

from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.description import ArchitectureDescription
from lethe.classifiers.models.stack import Stack


class TinyVit(Architecture):
    """timm's ``tiny_vit_11m_224``, random initialisation, drop-path rate 0.1.

    Widths 64, 128, 256, 448; depths 2, 2, 6, 2; windows 7, 7, 14, 7. The first stage is convolutional. The network has no fixed image
    size: at 32 x 32 its maps of 4, 2 and 1 pixels are padded to whole windows, as in the published code. Its blocks for CF-k and EU-k
    are the three attention stages. Its batch normalisation raises on a training batch of one 32 x 32 image.
    """

    about = ArchitectureDescription(constant=11_041_090, per_class=449, kept=4_200_000, kept_per_pixel=475, cpu=20.0, gpu=0.04)
    block_names = ("stages.1", "stages.2", "stages.3")
    classifier_name = "head.fc"

    def build(self) -> nn.Module:
        """One model."""
        return timm.create_model(
            "tiny_vit_11m_224",
            pretrained=False,
            num_classes=self.classes,
            in_chans=self.image_shape[0],
            drop_path_rate=0.1,
        )

    def recipe(self) -> str:
        """As timm builds it; drop-paths are no weights, and an evaluated model has none."""
        chosen = f'"tiny_vit_11m_224", pretrained=False, num_classes={self.classes}, in_chans={self.image_shape[0]}'
        return f"import timm\nmodel = timm.create_model({chosen})\n"

    def logits(self, stack: Stack, images: Tensor, train: bool = False) -> Tensor:
        """One model after another, or all together, each with the same random drop-paths.

        The drop-paths of a call follow from torch's global generator, which a call in training mode advances by one number: seed it to
        repeat a run. That they are shared keeps a model independent of its neighbours; in the published code all models have
        them in common too, since every run starts from one seed.
        """
        seed = int(torch.randint(2**62, ())) if train else 0
        devices = [images.device] if images.device.type == "cuda" else []
        # Each model enters the default by itself, since that calls train(), which empties timm's cache of attention biases:
        # in evaluation mode a model would otherwise get those of the one before it.
        whole = len(stack) == 1 or (train and self._together)
        rows = []
        for part in [slice(None)] if whole else [slice(m, m + 1) for m in range(len(stack))]:
            with torch.random.fork_rng(devices=devices, enabled=train):
                if train:
                    torch.manual_seed(seed)
                rows.append(super().logits(stack if whole else stack.part(part), images[part], train))
        return torch.cat(rows)
