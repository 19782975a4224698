"""Many images of many models from one resident pipeline.

The stock pipeline call takes one text transformation and one noise generator per batch. Here every row of a batch has its own
noise (``lethe.diffusion.noise``) and its own map of the text embeddings, so models that differ in that map only (``none``,
``text_map``) share batches and the unmodified UNet. Models with other weights are applied one after another and taken back.

Batches have one shape within a job, filled up by repeating their last row where needed. The shape follows from the images per
model and ``batch_size``, never from how many models a job holds: a resumed job, the baseline and a no-op model all give the
same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor

from lethe.diffusion.delta import Delta, NoneDelta, applied
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.pipeline import encode_prompts, make_scheduler
from lethe.runtime import progress

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline

DECODE_PIXELS = 8 * 512 * 512  # pixels decoded at once: at 512 px the VAE needs over 1 GB per image in float32


class SamplingLike(Protocol):
    """How images are drawn; ``Sampling`` or the settings of the same fields."""

    @property
    def scheduler(self) -> str:
        """Name of the sampler."""

    @property
    def steps(self) -> int:
        """Sampling steps."""

    @property
    def guidance(self) -> float:
        """Classifier-free guidance scale."""

    @property
    def batch_size(self) -> int:
        """Most images per UNet call."""

    @property
    def size(self) -> int:
        """Pixels of a side."""


@dataclass(frozen=True)
class Sampling:
    """How images are drawn.

    Attributes:
        scheduler: ``ddim``, ``pndm`` or ``dpmsolver++``.
        steps: sampling steps.
        guidance: classifier-free guidance scale (Ho and Salimans 2022); at 1.0 the unconditional pass is left out.
        batch_size: most images per UNet call (the call sees twice as many rows under guidance).
        size: height and width in pixels, a multiple of the VAE factor.
    """

    scheduler: str = "pndm"
    steps: int = 50
    guidance: float = 7.5
    batch_size: int = 25
    size: int = 512


@dataclass(frozen=True)
class Request:
    """One wanted image: of which model, of what, from which noise."""

    prompt: str
    receiver: int
    seed: int
    delta: Delta = field(default_factory=NoneDelta)

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Requests of equal key have equal images."""
        return self.delta.digest, self.prompt, self.receiver, self.seed


Key = tuple[str, str, int, int]


def batch_shape(requests: Sequence[Request], batch_size: int) -> int:
    """Rows per batch: the images of the largest model in as few batches as ``batch_size`` allows, evenly filled."""
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
    most = max(Counter(digest for digest, *_ in {request.key for request in requests}).values())
    return -(-most // -(-most // batch_size))


def plan(requests: Sequence[Request], shape: int) -> list[list[Request]]:
    """Distinct requests in batches of at most ``shape``.

    Models without weight edits share batches in order of appearance; every other model has batches of its own.
    """
    groups: dict[str, dict[Key, Request]] = {}
    for request in requests:
        delta = request.delta
        groups.setdefault(delta.digest if delta.edits_weights else "", {}).setdefault(request.key, request)
    batches = []
    for group in groups.values():
        rows = list(group.values())
        batches += [rows[i : i + shape] for i in range(0, len(rows), shape)]
    return batches


def generate(
    pipe: Pipeline,
    requests: Sequence[Request],
    settings: SamplingLike,
    *,
    world: str,
    task: str,
    what: str = "generate",
    shape: int | None = None,
) -> Iterator[tuple[Request, np.ndarray]]:
    """Yield ``(request, image)`` in the order of ``requests``; image uint8 (size, size, 3).

    Distinct requests are drawn once: ten no-op models cost one. The same request gives the same bits at an equal batch shape
    and differs by at most 1/255 at another one. The pipeline's weights are as before when the iterator ends or is closed.

    Args:
        pipe: from ``load_pipeline``; CPU float32, or CUDA in float16 or float32. Latents stay float32 throughout.
        requests: whole models, so that the batch shape does not depend on what a resumed job has left to do.
        settings: how images are drawn.
        world, task: part of the identity of the initial noise.
        what: title of the progress line.
        shape: rows per batch instead of ``batch_shape``; worth setting where many models have few images each.

    Raises:
        ValueError: if ``size`` is no multiple of the VAE factor or a model draws NaN.
    """
    if not requests:
        return
    sampler = _Sampler(pipe, settings, world, task)
    rows = shape or batch_shape(requests, settings.batch_size)
    images = _images(sampler, requests, rows)
    yield from progress(images, total=len(requests), unit="image", what=what)


def _images(sampler: _Sampler, requests: Sequence[Request], shape: int) -> Iterator[tuple[Request, np.ndarray]]:
    batch_of = {request.key: batch for batch in plan(requests, shape) for request in batch}
    wanted = Counter(request.key for request in requests)  # an image is dropped after its last use
    ready: dict[Key, np.ndarray] = {}
    current = ""
    with ExitStack() as stack:
        for request in requests:
            key = request.key
            if key not in ready:
                batch = batch_of[key]
                digest = batch[0].delta.digest if batch[0].delta.edits_weights else ""
                if digest != current:
                    stack.close()
                    if digest:
                        stack.enter_context(applied(sampler.pipe, batch[0].delta))
                    current = digest
                drawn = sampler.draw(batch, shape)
                ready.update(zip((row.key for row in batch), drawn, strict=True))
            wanted[key] -= 1
            yield request, ready[key] if wanted[key] else ready.pop(key)


class _Sampler:
    """Draws batches; keeps one embedding per distinct prompt."""

    def __init__(self, pipe: Pipeline, settings: SamplingLike, world: str, task: str) -> None:
        self.pipe, self.settings, self.world, self.task = pipe, settings, world, task
        factor = pipe.vae_scale_factor
        if settings.size < factor or settings.size % factor:
            raise ValueError(f"size is {settings.size}; it must be a multiple of the VAE factor {factor}")
        side = settings.size // factor
        self.latent = (int(pipe.unet.config.in_channels), side, side)
        self._embeddings: dict[tuple[str, str], Tensor] = {}

    def embedding(self, delta: Delta, prompt: str) -> Tensor:
        """(tokens, width) of a prompt, encoded by the text encoder of ``delta`` and mapped by it."""
        key = (delta.digest if delta.edits_text else "", prompt)
        if key not in self._embeddings:
            self._embeddings[key] = encode_prompts(self.pipe, [prompt])[0]
        return delta.map_embeddings(self._embeddings[key])

    @torch.inference_mode()
    def draw(self, batch: Sequence[Request], shape: int) -> np.ndarray:
        """uint8 (len(batch), size, size, 3), computed in ``shape`` rows."""
        pipe, settings = self.pipe, self.settings
        padded = [*batch, *[batch[-1]] * (shape - len(batch))]
        guided = settings.guidance > 1.0
        text = [self.embedding(row.delta, row.prompt) for row in padded]
        if guided:
            text = [self.embedding(row.delta, "") for row in padded] + text
        embeddings = torch.stack(text)
        noise = torch.stack([initial_noise(self.world, self.task, r.receiver, r.seed, self.latent) for r in padded])
        scheduler = make_scheduler(settings.scheduler, settings.steps, pipe)
        latents = noise.to(pipe.unet.device) * scheduler.init_noise_sigma
        for step in scheduler.timesteps:
            scaled = scheduler.scale_model_input(latents, step).to(embeddings.dtype)
            scaled = (torch.cat([scaled, scaled]) if guided else scaled).contiguous(memory_format=torch.channels_last)
            predicted = pipe.unet(scaled, step, encoder_hidden_states=embeddings, return_dict=False)[0].float()
            if guided:
                unconditional, conditional = predicted.chunk(2)
                predicted = unconditional + settings.guidance * (conditional - unconditional)
            latents = scheduler.step(predicted, step, latents, return_dict=False)[0]
        finite = torch.isfinite(latents).flatten(1).all(1).tolist()
        if not all(finite):
            row = padded[finite.index(False)]
            raise ValueError(
                f"a '{row.delta.kind}' model ({row.delta.digest[:12]}) drew NaN for prompt '{row.prompt}', seed {row.seed}"
            )
        return self.decode(latents)[: len(batch)]

    def decode(self, latents: Tensor) -> np.ndarray:
        """uint8 images of latents; in equal parts so that every row is decoded at the same batch shape."""
        vae, rows = self.pipe.vae, latents.shape[0]
        limit = max(1, DECODE_PIXELS // self.settings.size**2)
        part = next(n for n in range(min(rows, limit), 0, -1) if rows % n == 0)
        scaled = (latents / vae.config.scaling_factor).to(vae.dtype).contiguous(memory_format=torch.channels_last)
        pixels = [vae.decode(z, return_dict=False)[0].float() for z in scaled.split(part)]
        images = ((torch.cat(pixels) / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
        array: np.ndarray = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        return array
