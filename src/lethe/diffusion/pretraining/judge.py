"""The judge: a small classifier, independent of all other models, over the entities of all tasks."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional as F

from lethe.diffusion.layout import channels_last
from lethe.diffusion.pretraining.augment import random_affine, random_blur, random_light, random_noise
from lethe.diffusion.pretraining.loop import Trainer, check_images, to_unit
from lethe.diffusion.pretraining.vit import Vit
from lethe.settings.pretraining import JudgeSettings


class Judge(nn.Module):
    """Two convolutions per resolution, a maximum pool between, mean pool and a linear map.

    Args:
        classes: number of entities over all tasks.
        channels: per resolution.
        image_size: height and width of an image, px; divisible by two once per entry of ``channels``.
    """

    def __init__(self, classes: int, channels: tuple[int, ...], image_size: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for stage, out in enumerate(channels):
            if stage:
                layers.append(nn.MaxPool2d(2))
            for _ in range(2):
                layers += [nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
                width = out
        # A coarse grid keeps where things are; faces and digits differ by position more than by texture.
        self.features = nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten())
        self.head = nn.Linear(width * (image_size // 2 ** len(channels)) ** 2, classes)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, classes)`` of ``pixels`` in [-1, 1]."""
        return self.head(self.features(pixels))

    def embed(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``(N, classes)`` and the last maps, averaged over places, ``(N, channels)``, of ``pixels`` in [-1, 1]."""
        maps = self.features[:-1](pixels)
        return self.head(maps.flatten(1)), maps.mean((2, 3))


class Mixer(nn.Module):
    """A judge of another architecture: patches of four pixels, mixed by convolutions (timm's ConvMixer).

    Args:
        classes: number of classes.
        channels: width of each block, all the same.
    """

    def __init__(self, classes: int, channels: tuple[int, ...]) -> None:
        from timm.models.convmixer import ConvMixer  # seconds, which other judges are spared

        super().__init__()
        self.model = ConvMixer(channels[0], len(channels), kernel_size=5, patch_size=4, num_classes=classes)

    def features(self, pixels: torch.Tensor) -> torch.Tensor:
        """``(N, width)``: what the linear map at the end reads."""
        return self.model.forward_head(self.model.forward_features(pixels), pre_logits=True)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits ``(N, classes)`` of ``pixels`` in [-1, 1]."""
        return self.model(pixels)

    def embed(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits ``(N, classes)`` and ``features`` of ``pixels`` in [-1, 1]."""
        found = self.features(pixels)
        return self.model.head(found), found


AnyJudge = Judge | Mixer | Vit


def build_judge(classes: int, settings: JudgeSettings, image_size: int = 32) -> AnyJudge:
    """An untrained judge."""
    if settings.architecture == "vit":
        return Vit(classes, settings.channels)
    if settings.architecture == "convmixer":
        return channels_last(Mixer(classes, settings.channels))
    return channels_last(Judge(classes, settings.channels, image_size))


def train_judge(
    images: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    settings: JudgeSettings,
    seed: int,
    start: Mapping[str, torch.Tensor] | None = None,
    device: str = "cpu",
) -> AnyJudge:
    """Train on ``images`` (N, 3, H, W) uint8; every class is drawn equally often.

    Args:
        start: tensors that training starts from, by the names of the judge; those that are not among them are drawn.
        device: where it is trained; it is handed back on the CPU.

    Noise, blur, light and small moves keep the judge from resting on what a small autoencoder does not reproduce.
    """
    check_images(images)
    torch.manual_seed(seed)
    judge = build_judge(classes, settings, images.shape[-1]).train()
    if start:
        judge.load_state_dict(judge.state_dict() | dict(start))
    judge = judge.to(device)
    trainer = Trainer([judge], settings.optimizer, "judge")
    generator = torch.Generator().manual_seed(seed)
    weights = 1 / torch.bincount(labels, minlength=classes).clamp(min=1).double()[labels]
    for _ in trainer.steps():
        chosen = torch.multinomial(weights, settings.optimizer.batch_size, replacement=True, generator=generator)
        pixels = random_affine(to_unit(images[chosen]), generator, shift=0.08, zoom=(0.93, 1.07), turn=0.08)
        pixels = random_noise(random_light(random_blur(pixels, generator, 0.5), generator, 0.1, 0.1), generator, 0.12)
        pixels = pixels.contiguous(memory_format=torch.channels_last).to(device)
        trainer.update(F.cross_entropy(judge(pixels), labels[chosen].to(device), label_smoothing=settings.label_smoothing))
    return judge.cpu().eval().requires_grad_(False)


@torch.no_grad()
def classify(judge: nn.Module, images: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """The judge's class of each image, ``(N,)`` int64."""
    check_images(images)
    return torch.cat([judge(to_unit(part)).argmax(1) for part in images.split(batch_size)])
