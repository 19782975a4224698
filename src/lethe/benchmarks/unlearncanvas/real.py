"""Real images of every cell that no model was shown, in the form of generated ones: the ground that sets of images are held against."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch

from lethe.diffusion.latents import to_square
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.testbed.receivers import Receiver
from lethe.io.shards import ShardReader


def real_images(shard: ShardReader, receivers: Sequence[Receiver], shown: Collection[str], size: int) -> ImageSet:
    """Images of a source that are not in the list of training images; ``seed`` counts them within a cell from 0.

    Args:
        shard: of the source.
        shown: members that models were trained on.
        size: height and width that images are brought to, as those for training are.

    Raises:
        ValueError: a cell has no such image.
    """
    cells = {receiver.name: receiver for receiver in receivers}
    asked: list[Receiver] = []
    seeds: list[int] = []
    pixels: list[torch.Tensor] = []
    count = dict.fromkeys(cells, 0)
    for member, entity in shard.table[["member", "entity"]].itertuples(index=False):
        if entity in cells and member not in shown:
            image = torch.from_numpy(np.ascontiguousarray(shard.read(str(member))))
            pixels.append(((to_square(image, size) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))
            asked.append(cells[entity])
            seeds.append(count[entity])
            count[entity] += 1
    if lacking := [name for name, found in count.items() if not found]:
        raise ValueError(
            f"cell '{lacking[0]}' ({len(lacking)} of {len(cells)}) has no image that is held out; "
            "lower tasks.{task}.images_per_entity, or give the source more images"
        )
    return ImageSet(
        torch.stack(pixels),
        np.array([receiver.index for receiver in asked], dtype=np.int64),
        np.array(seeds, dtype=np.int64),
        [receiver.prompt for receiver in asked],
    )
