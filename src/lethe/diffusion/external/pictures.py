"""Folders of pictures that others drew, one file for each receiver and seed. Torch is not imported, so that a plan can ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.core.registry import nearest
from lethe.diffusion.external.names import ExternalError
from lethe.io.image_folders import list_images
from lethe.io.wording import some_of

Files = dict[tuple[int, int], Path]
"""Index of the receiver and seed -> file."""


def pictures_of(folder: Path, pattern: str, receivers: int, seeds: Sequence[int]) -> tuple[Files, list[str]]:
    """The pictures of one model, receiver by receiver, and the names of files that are not asked for.

    Args:
        folder: where they are.
        pattern: of their names, ``{receiver:03d}_{seed}.png``.
        receivers: how many there are. seeds: of each.

    Raises:
        FileNotFoundError: there is no such folder.
        ExternalError: a picture is missing; names the first, how many, and the nearest file.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of pictures")
    there = {file.name: file for file in list_images(folder)[0]}
    asked = {(receiver, seed): pattern.format(receiver=receiver, seed=seed) for receiver in range(receivers) for seed in seeds}
    if missing := [name for name in asked.values() if name not in there]:
        raise ExternalError(
            f"{folder}: '{missing[0]}' is missing, {len(missing)} of {len(asked)} pictures ({receivers} receivers, seeds "
            f"{', '.join(map(str, seeds))}); there are {some_of(sorted(there)) if there else 'none'}{nearest(missing[0], sorted(there))}"
        )
    return {key: there[name] for key, name in asked.items()}, sorted(set(there) - set(asked.values()))
