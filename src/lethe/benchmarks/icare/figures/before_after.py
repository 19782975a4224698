"""Pictures before and after unlearning one entity, as ``visual_grid`` draws them, from images in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from lethe.benchmarks.icare.figures.visual_grid import Picture, draw
from lethe.core.records import ImageKey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lethe.diffusion.metrics.scoring import ImageSet


def before_after(images: Mapping[str, ImageSet], columns: Mapping[str, Sequence[int]], names: Sequence[str], seed: int) -> Figure:
    """One row per model, one column per receiver; all pictures of a column start from the same noise.

    Args:
        images: row -> its images; ``"off"`` is the base, other rows are methods or free text.
        columns: role -> receivers; the role ``"emitter"`` is framed, other roles are headings.
        names: of the entities, in index order.
        seed: of the pictures.
    """
    chosen = [
        {
            "role": role,
            "receiver_name": names[receiver].replace("_", " "),
            "seed": seed,
            "member": ImageKey(receiver, seed).file_name,
        }
        for role, receivers in columns.items()
        for receiver in receivers
    ]
    shown = {receiver for receivers in columns.values() for receiver in receivers}
    pictures = {
        (row, ImageKey(receiver, seed).file_name): _picture(of, receiver, seed)
        for row, of in images.items()
        for receiver in shown
    }
    return draw(pd.DataFrame({"row": row, **column} for row in images for column in chosen), pictures)


def _picture(images: ImageSet, receiver: int, seed: int) -> Picture:
    picture: Picture = images.images[images.rows[receiver, seed]].permute(1, 2, 0).numpy()
    return picture
