"""What an emitter is to forget and to retain, as ordinary folders of pictures for other tools."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.testbed.receivers import chosen, read_emitters, read_receivers
from lethe.diffusion.testbed.splits import split_of
from lethe.io.atomic import atomic_path, write_bytes
from lethe.io.shards import ShardReader
from lethe.io.tables import read_jsonl, write_jsonl

SEPARATORS = str.maketrans("/\\", "__")  # in a name of an entity, which becomes the name of a folder


def write(tar: Path, rows: Path, training: Path, receivers: Path, emitters: Path, folder: Path, index: int) -> None:
    """Write ``train_forget`` and ``train_retain`` of an emitter below ``folder``, all or nothing.

    Each has a folder per entity, called as it, with its pictures as PNG, and a ``metadata.jsonl`` with ``file_name`` (within that folder),
    ``text`` (the caption) and ``entity``: the form that ``imagefolder`` of Hugging Face's ``datasets`` loads with its captions, and
    ``ImageFolder`` of torchvision with the entities as classes.

    Args:
        tar, rows: shard of the source images.
        training: list of the training images.
        index: of the emitter.

    Source: https://huggingface.co/docs/datasets/image_dataset, "ImageFolder".
    """
    told = read_receivers(receivers)
    split = split_of(read_jsonl(training), *chosen(read_emitters(emitters), [index]))
    with atomic_path(folder) as part, ShardReader(tar, rows) as shard:
        for name, records in (("train_forget", split.forget), ("train_retain", split.retain)):
            listed = []
            for record in records:
                entity = told[record["index"]].name
                image = Path(record["file_name"]).name
                file = f"{entity.translate(SEPARATORS)}/{image if image.endswith('.png') else f'{image}.png'}"
                write_bytes(part / name / file, shard.read_bytes(record["file_name"]))
                listed.append({"file_name": file, "text": record["text"], "entity": entity})
            write_jsonl(part / name / "metadata.jsonl", listed)
