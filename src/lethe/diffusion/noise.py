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
    """The 128-bit Philox key of an image: the first half of a SHA-256 of its identity."""
    identity = json.dumps(["lethe-noise-1", world, task, int(receiver), int(seed)], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(identity.encode()).digest()[:16], "little")


def initial_noise(world: str, task: str, receiver: int, seed: int, shape: Sequence[int]) -> torch.Tensor:
    """Standard normal noise of one image, float32 on the CPU.

    Args:
        world: ``"mini"``, ``"paper"``, ...: worlds share no noise.
        task: name of the task.
        receiver: index of the prompted entity.
        seed: seed of the image, one of the configured seeds.
        shape: of the latent, (channels, height, width).

    Source: Salmon et al. 2011 (Philox 4x64-10); Box and Muller 1958.
    """
    count = math.prod(shape)
    pairs = (count + 1) // 2
    raw = np.random.Philox(key=noise_key(world, task, receiver, seed)).random_raw(2 * pairs)
    uniform = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # in (0, 1): the logarithm stays finite
    radius = np.sqrt(-2.0 * np.log(uniform[:pairs]))
    angle = 2.0 * np.pi * uniform[pairs:]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count]
    return torch.from_numpy(normal.astype(np.float32).reshape(tuple(shape)))
