"""Bases that are fine-tuned, as pipeline folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lethe.core.device import resolve_device
from lethe.core.registry import nearest
from lethe.diffusion.curves import recorded, write_curve
from lethe.diffusion.editor import save_editor
from lethe.diffusion.folder import base_digest, write_base_record
from lethe.diffusion.latents import encode_images
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.pretraining.finetune import Examples, finetune, widened
from lethe.diffusion.testbed.names import prompt_of
from lethe.io.atomic import atomic_path
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json
from lethe.settings.editing import Editing
from lethe.settings.finetuning import Finetuning


def finetune_base(
    start: Path,
    sources: list[Path],
    folder: Path,
    styles: dict[str, str],
    settings: Finetuning,
    size: int,
    seed: int,
    device: str,
    editing: Editing | None = None,
    *,
    losses: Path,
) -> None:
    """Train a base further on the images of tasks, or make it a model that edits them; write its pipeline folder and its loss curve.

    Args:
        start: the pipeline folder of the base that it starts from.
        sources: ``{task}.tar``, ``{task}.parquet``, ``{task}.json`` of each task of ``styles`` (task -> prompt style).
        size: of an image in pixels, where ``settings`` say none.
        editing: how pairs are made, where pictures are edited.
    """
    pipe = load_pipeline(start, device=resolve_device(device))
    pixels = settings.size or size
    parts = [_of_task(pipe, task, style, sources, settings, pixels, editing) for task, style in styles.items()]
    if editing:
        pipe.unet = widened(pipe.unet)
    with recorded() as curves:
        errors = finetune(pipe, _joined(parts), settings, seed, editing)
    write_curve(losses, curves, seed)
    provenance: dict[str, Any] = {"start": base_digest(start), "settings": settings.model_dump(mode="json"), "seed": seed}
    provenance |= {"editing": editing and editing.model_dump(), "size": pixels, "last_loss": float(np.mean(errors[-100:]))}
    with atomic_path(folder) as part:
        if editing:
            save_editor(pipe, part)
        else:
            pipe.save_pretrained(part)
        write_base_record(part, provenance)


def _of_task(
    pipe: Pipeline, task: str, style: str, sources: list[Path], settings: Finetuning, size: int, editing: Editing | None
) -> Examples:
    files = {file.name: file for file in sources}
    records = read_json(files[f"{task}.json"])
    names = [str(record["name"]) for record in records]
    with ShardReader(files[f"{task}.tar"], files[f"{task}.parquet"]) as shard:
        cells = np.array([names.index(name) for name in shard.table["entity"]], dtype=np.int64)
        latents = _encoded(pipe, shard, list(shard.members), size, settings.flip)
        numbers = [Path(name).stem for name in shard.table["file_name"]]
    repeated = 1 + settings.flip
    if editing is None:
        captions = [prompt_of(style, record) for record in records]
        return Examples(latents, captions, torch.from_numpy(cells).repeat(repeated))
    wanted, shown, texts, text_of = pairs_of(task, records, cells, numbers, editing)
    offsets = np.arange(repeated)[:, None] * len(cells)  # mirrored images come behind the others
    rows, partners = ((offsets + places).ravel() for places in (wanted, shown))
    pictures = latents[partners] / pipe.vae.config["scaling_factor"]
    return Examples(latents[rows], texts, torch.from_numpy(text_of).repeat(repeated), pictures)


def pairs_of(
    task: str, records: list[dict[str, Any]], cells: NDArray[np.int64], files: Sequence[str], editing: Editing
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str], NDArray[np.int64]]:
    """Which images are asked for, which of them are edited to get there, and by what instruction.

    A picture's partner is of the cell that differs in the attribute alone, and is called the same there.

    Args:
        records: of the cells. cells, files: of every image, its cell and the name of its file, without ending.

    Returns:
        (P,) images asked for; (P,) images that are edited; the instructions; (P,) instruction of each pair.

    Raises:
        ValueError: no image has the value ``editing.of``; an image without partner.
    """
    lacking = [record["name"] for record in records if editing.attribute not in record]
    if lacking:
        known = [key for key in records[0] if key != "name"]
        raise ValueError(
            f"{task}: '{lacking[0]}' has no attribute '{editing.attribute}' (editing.attribute); it has {', '.join(known)}"
            f"{nearest(editing.attribute, known)}"
        )
    values = [str(record[editing.attribute]) for record in records]
    if editing.of not in values:
        there = list(dict.fromkeys(values))
        raise ValueError(
            f"{task}: no cell has the {editing.attribute} '{editing.of}' (editing.of); there are {', '.join(there)}{nearest(editing.of, there)}"
        )
    asked = list(dict.fromkeys(value for value in values if value != editing.of))
    others = [_others(record, editing.attribute) for record in records]
    edited = {others[cell]: cell for cell, value in enumerate(values) if value == editing.of}
    place = {(int(cell), file): row for row, (cell, file) in enumerate(zip(cells, files, strict=True))}
    found = []
    for row, (cell, file) in enumerate(zip(cells, files, strict=True)):
        if values[cell] == editing.of:
            continue
        partner = place.get((edited.get(others[cell], -1), file))
        if partner is None:
            raise ValueError(
                f"{task}: image '{file}' of '{records[cell]['name']}' has no partner of the {editing.attribute} '{editing.of}'"
            )
        found.append((row, partner, asked.index(values[cell])))
    rows, partners, instructions = np.array(found, dtype=np.int64).T
    return rows, partners, [editing.asked(value) for value in asked], instructions


def _others(record: Mapping[str, Any], attribute: str) -> tuple[tuple[str, str], ...]:
    """What a cell is beside an attribute; how many images it has does not tell cells apart."""
    apart = {attribute, "name", "dataset_n_original"}
    return tuple((key, str(value)) for key, value in record.items() if key not in apart)


def _encoded(pipe: Pipeline, shard: ShardReader, members: list[str], size: int, flip: bool) -> torch.Tensor:
    def images(mirrored: bool) -> Iterator[NDArray[np.uint8]]:
        for member in members:
            image = shard.read(member)
            yield image[:, ::-1] if mirrored else image

    return torch.cat([encode_images(pipe.vae, images(mirrored), size) for mirrored in ((False, True) if flip else (False,))])


def _joined(parts: list[Examples]) -> Examples:
    """The examples of all tasks as one."""
    if len(parts) == 1:
        return parts[0]
    offsets = pd.Series([0, *(len(part.texts) for part in parts)]).cumsum().tolist()
    return Examples(
        torch.cat([part.latents for part in parts]),
        [text for part in parts for text in part.texts],
        torch.cat([part.text_of + offset for part, offset in zip(parts, offsets[:-1], strict=True)]),
        torch.cat([part.pictures for part in parts if part.pictures is not None]) if parts[0].pictures is not None else None,
    )
