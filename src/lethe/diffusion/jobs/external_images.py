"""Pictures that others drew, as shards of those that are drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lethe.core.records import ImageKey
from lethe.diffusion.external.names import ExternalError
from lethe.diffusion.external.pictures import Files, pictures_of
from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.execution.work import WorkFolder
from lethe.io.image_folders import warn_left_out
from lethe.io.images import decode_image
from lethe.io.shards import ShardRow, write_shard
from lethe.settings.generation import Generation


def pack(
    receivers: Path,
    folders: list[Path],
    tars: list[Path],
    indices: list[Path],
    models: list[str],
    pattern: str,
    generation: Generation,
    work: WorkFolder,
) -> None:
    """Write the pictures of every model of a batch as a shard, whose members are called as those of Lethe.

    Args:
        folders: of pictures, one per model. tars, indices: what is written of each.
        models: names of the models.
        pattern: of the names of pictures, ``{receiver:03d}_{seed}.png``.
        generation: whose seeds and size they have.

    Raises:
        ExternalError: a picture is missing, or of another size.
        CorruptFileError: one cannot be read.
    """
    asked = read_receivers(receivers)
    targets: dict[str, str | Path] = {}
    for model, folder, tar, index in zip(models, folders, tars, indices, strict=True):
        targets |= {f"{model}.tar": tar, f"{model}.parquet": index}
        if {f"{model}.tar", f"{model}.parquet"} <= work.done:
            continue
        files, left_out = pictures_of(folder, pattern, len(asked), generation.seeds)
        warn_left_out(left_out)
        rows = _rows(files, asked, generation.size)
        work.finish((f"{model}.tar", f"{model}.parquet"), lambda tar, index, rows=rows: write_shard(tar, rows, index))
    work.hand_over(targets)


def _rows(files: Files, receivers: list[Receiver], size: int) -> Iterator[ShardRow]:
    for (receiver, seed), file in files.items():
        pixels = decode_image(file, file).pixels
        if pixels.shape != (size, size, 3):
            raise ExternalError(f"{file}: {pixels.shape[1]} x {pixels.shape[0]} px; generation.size is {size}")
        columns = {"receiver": receiver, "seed": seed, "prompt": receivers[receiver].prompt}
        yield ImageKey(receiver, seed).file_name, pixels, columns
