"""What every training here shares: the optimizer, its schedule, an average of the weights and the report of progress."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from lethe.core.progress import progress
from lethe.diffusion import curves
from lethe.settings.pretraining import OptimizerSettings


class Trainer:
    """AdamW with a linear warm-up and a cosine decay, and clipped gradients.

    Args:
        modules: what is trained; their trainable parameters in order.
        settings: steps, batch size, learning rate.
        title: the name under which progress is reported.
        constant: no decay.
    """

    def __init__(self, modules: Iterable[nn.Module], settings: OptimizerSettings, title: str, constant: bool = False) -> None:
        self.settings, self.title, self.constant = settings, title, constant
        self.parameters = [parameter for module in modules for parameter in module.parameters() if parameter.requires_grad]
        # One-dimensional parameters are norms and biases; pulling them to zero only hurts.
        groups = [
            {"params": [p for p in self.parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
            {"params": [p for p in self.parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, self._rate)
        self.losses: list[float] = []
        self.rates: list[float] = []  # learning rate of each step

    def _rate(self, step: int) -> float:
        warmup = max(1, round(self.settings.warmup * self.settings.steps))
        if step < warmup:
            return (step + 1) / warmup
        if self.constant:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, self.settings.steps - warmup)))

    def steps(self) -> Iterator[int]:
        """Count the steps; show images per second and the time left, on a terminal and in the log. At the end the curve is recorded."""
        images = self.settings.batch_size
        steps = progress(range(self.settings.steps), self.settings.steps * images, "image", self.title, images, self._recent)
        yield from steps
        curves.record({"learning_rate": self.rates, "loss": self.losses})

    def _recent(self) -> str:
        recent = self.losses[-100:]
        return f"loss {sum(recent) / len(recent):.4f}"

    def update(self, loss: torch.Tensor) -> None:
        """One optimizer step; a loss that is not finite is an error."""
        self.update_in_parts([loss])

    def update_in_parts(self, losses: Iterable[torch.Tensor]) -> None:
        """One optimizer step on a sum of losses, each of which is freed before the next is taken."""
        total = 0.0
        for loss in losses:
            value = loss.item()
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{self.title}: loss {value} at step {len(self.losses)} (learning rate {self.settings.learning_rate})"
                )
            total += value
            loss.backward()
        self.losses.append(total)
        self.rates.append(float(self.schedule.get_last_lr()[0]))
        nn.utils.clip_grad_norm_(self.parameters, self.settings.gradient_clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad(set_to_none=True)


class Average:
    """Exponential moving average of parameters, quick to adapt at first."""

    def __init__(self, parameters: list[nn.Parameter], decay: float) -> None:
        self.parameters, self.decay, self.updates = parameters, decay, 0
        self.mean = [p.detach().clone() for p in parameters]

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.mean, [p.detach() for p in self.parameters], 1 - decay)

    @torch.no_grad()
    def store(self) -> None:
        """Write the average into the parameters."""
        for parameter, mean in zip(self.parameters, self.mean, strict=True):
            parameter.copy_(mean)


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """uint8 ``(N, 3, H, W)`` to float in [-1, 1], channels last."""
    return (images.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def check_images(images: torch.Tensor) -> None:
    """Refuse anything but uint8 ``(N, 3, H, W)``."""
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3 or not len(images):
        raise ValueError(f"images are {images.dtype} {tuple(images.shape)}; expected uint8 (N, 3, H, W) with N > 0")
