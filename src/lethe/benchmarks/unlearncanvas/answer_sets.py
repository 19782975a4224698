"""Answer sets of others: folders of pictures as UnlearnCanvas' samplers write them, ``{Target}/{Theme}_{Object}_seed{seed}.jpg``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from lethe.benchmarks.unlearncanvas.concepts import Canvas, Concept
from lethe.core.registry import nearest
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.io.image_folders import entity_folders, list_images
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError
from lethe.settings.unlearncanvas_classes import SEED_IMAGES

NAME = re.compile(r"(.+)_seed([0-9]{1,9})")
AT_ONCE = 200  # pictures that are decoded together


class Pictures(NamedTuple):
    """The pictures of one model.

    Attributes:
        folder: where they are. files: (cell, seed) -> file, every cell under every seed.
    """

    folder: Path
    files: Mapping[tuple[int, int], Path]


def models_of(folder: Path, canvas: Canvas) -> list[tuple[Concept, Pictures]]:
    """The models of an answer set, in the order of the concepts; a concept without a folder was not forgotten.

    Raises:
        CorruptFileError: a folder is no concept, a picture is of no cell or missing, or models have other seeds.
    """
    there = {_plain(name): path for name, path in entity_folders(folder).items()}
    named = {_plain(concept.name): concept for concept in canvas.concepts}
    if unknown := sorted(set(there) - set(named)):
        known = sorted(named)
        raise CorruptFileError(f"{there[unknown[0]]}: no concept of the task is called so{nearest(unknown[0], known)}")
    found = [(concept, pictures_of(there[name], canvas)) for name, concept in named.items() if name in there]
    if not found:
        raise CorruptFileError(f"{folder}: no folder of a concept; expected e.g. {folder / next(iter(named))}")
    for _, pictures in found[1:]:
        if {seed for _, seed in pictures.files} != {seed for _, seed in found[0][1].files}:
            raise CorruptFileError(
                f"{pictures.folder}: other seeds than in {found[0][1].folder}; expected the same for every model"
            )
    return found


def pictures_of(folder: Path, canvas: Canvas) -> Pictures:
    """The pictures of a model, every cell under every seed.

    Raises:
        CorruptFileError: names a file that is called otherwise, is there twice, or is missing.
    """
    cells: dict[str, int] = {}
    for cell, (style, thing) in enumerate(zip(canvas.styles.tolist(), canvas.objects.tolist(), strict=True)):
        cells[_plain(f"{style}_{thing}")] = cell
        if style == canvas.photo:
            cells |= {f"{name}_{_plain(thing)}": cell for name in (SEED_IMAGES, "Photo")}
    found: dict[tuple[int, int], Path] = {}
    images, others = list_images(folder)
    for file in [*images, *others]:
        match = NAME.fullmatch(_plain(file.stem))
        if file in others or not match:
            raise CorruptFileError(f"{file}: expected pictures called {{Theme}}_{{Object}}_seed{{seed}}.jpg and nothing else")
        if match[1] not in cells:
            raise CorruptFileError(f"{file}: '{match[1]}' is no cell of the task{nearest(match[1], list(cells))}")
        key = cells[match[1]], int(match[2])
        if key in found:
            raise CorruptFileError(f"{file}: the same cell and seed as {found[key].name}")
        found[key] = file
    seeds = sorted({seed for _, seed in found})
    for cell in range(len(canvas.styles)):
        for seed in seeds or [0]:
            if (cell, seed) not in found:
                name = f"{canvas.styles[cell]}_{canvas.objects[cell]}_seed{seed}.jpg"
                raise CorruptFileError(
                    f"{folder / name.replace(' ', '_')} is missing; expected every one of {len(canvas.styles)} cells under every seed"
                )
    return Pictures(folder, found)


def decoded(pictures: Pictures, prompts: list[str]) -> Iterator[ImageSet]:
    """The pictures of a model, some at a time, by cell and seed.

    Args:
        prompts: of the cells.

    Raises:
        CorruptFileError: one cannot be read, or has another size than the first.
    """
    keys, size = sorted(pictures.files), None
    for start in range(0, len(keys), AT_ONCE):
        part, images = keys[start : start + AT_ONCE], []
        for key in part:
            file = pictures.files[key]
            pixels = decode_image(file, file).pixels
            size = size or pixels.shape
            if pixels.shape != size:
                raise CorruptFileError(
                    f"{file}: {pixels.shape[1]} x {pixels.shape[0]} px; expected {size[1]} x {size[0]} as in the others"
                )
            images.append(torch.from_numpy(np.array(pixels)).permute(2, 0, 1))
        of_cells, seeds = (np.array(column, dtype=np.int64) for column in zip(*part, strict=True))
        yield ImageSet(torch.stack(images), of_cells, seeds, [prompts[cell] for cell in of_cells])


def _plain(name: str) -> str:
    return "_".join(name.replace("_", " ").split())
