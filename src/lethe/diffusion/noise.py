"""The initial latent of an image belongs to the image, not to the batch in which it is drawn.

On and off images of a (receiver, seed) must start from the same noise, whatever the batch size, the order of prompts, the
device or the number of models. So the noise is a pure function of the image's identity. The raw Philox stream is guaranteed
by NumPy never to change (NEP 19), while ``Generator.standard_normal`` is not; hence our own Box-Muller step.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence

import numpy as np
import torch


def noise_key(world: str, task: str, receiver: int, seed: int) -> int:
    """The 128-bit Philox key of a generated image.

    Examples:
        >>> noise_key("mini", "objects", receiver=3, seed=42) == noise_key("mini", "objects", receiver=3, seed=43)
        False
    """
    return _key("lethe-noise-1", world, task, int(receiver), int(seed))


def _key(*identity: str | int) -> int:
    """The first half of a SHA-256 of what the noise belongs to; the first word names the purpose."""
    text = json.dumps(identity, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def initial_noise(world: str, task: str, receiver: int, seed: int, shape: Sequence[int]) -> torch.Tensor:
    """Standard normal noise of one image, float32 on the CPU.

    Args:
        world: ``"mini"``, ``"paper"``, ...: worlds share no noise.
        task: name of the task.
        receiver: index of the prompted entity.
        seed: seed of the image, one of the configured seeds.
        shape: of the latent, (channels, height, width).

    Source: Salmon et al. 2011 (Philox 4x64-10); Box and Muller 1958.

    Examples:
        >>> initial_noise("mini", "objects", receiver=3, seed=42, shape=(4, 8, 8)).shape
        torch.Size([4, 8, 8])
        >>> initial_noise("mini", "objects", receiver=3, seed=42, shape=(3,))
        tensor([ 0.9787, -2.0281,  0.9462])
    """
    return _standard_normal(noise_key(world, task, receiver, seed), shape)


def loss_noise(world: str, task: str, entity: int, image: str, timestep: int, seed: int, shape: Sequence[int]) -> torch.Tensor:
    """Standard normal noise under which the loss of a source image is taken at a timestep, float32 on the CPU.

    Args:
        world, task: as in ``initial_noise``.
        entity: index of the entity that the image shows.
        image: its name within the entity.
        timestep: of the forward process.
        seed: of the attack.
        shape: of the latent, (channels, height, width).

    Examples:
        >>> loss_noise("mini", "objects", entity=3, image="7.png", timestep=500, seed=0, shape=(3,))
        tensor([ 0.3563, -0.3707,  0.4310])
    """
    return _standard_normal(_key("lethe-loss-noise-1", world, task, int(entity), image, int(timestep), int(seed)), shape)


def _standard_normal(key: int, shape: Sequence[int]) -> torch.Tensor:
    count = math.prod(shape)
    pairs = (count + 1) // 2
    raw = np.random.Philox(key=key).random_raw(2 * pairs)
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # in (0, 1): the logarithm stays finite
    radius = np.sqrt(-2.0 * np.log(uniform[:pairs]))
    angle = 2.0 * np.pi * uniform[pairs:]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    return torch.from_numpy(normal.astype(np.float32).reshape(tuple(shape)))
