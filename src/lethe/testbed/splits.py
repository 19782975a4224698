"""Forget and retain lists of every emitter, and the images that no training may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lethe.io.tables import write_jsonl
from lethe.testbed.names import prompt
from lethe.testbed.schema import check_known

if TYPE_CHECKING:
    import pandas as pd

Fidelity = Literal["corrected", "published"]
FIDELITIES = ("corrected", "published")
FORGET, RETAIN = "train_forget", "train_retain"


class SplitError(ValueError):
    """A source that does not hold the images that its splits need."""


@dataclass(frozen=True)
class Splits:
    """The images of one task by entity index, in file order.

    Attributes:
        names: raw name per index.
        captions: training text per index.
        train: shard members per index, ``n_min`` each.
        held_out: shard members per index that are in no split: for the judge and for reference statistics.
    """

    names: tuple[str, ...]
    captions: tuple[str, ...]
    train: tuple[tuple[str, ...], ...]
    held_out: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        sizes = {len(members) for members in self.train}
        if len(sizes) != 1 or not len(self.names) == len(self.captions) == len(self.train) == len(self.held_out):
            raise SplitError(f"{len(self.names)} entities with {sorted(sizes)} training images; allowed: the same number each")
        for train, held_out in zip(self.train, self.held_out, strict=True):
            if shared := set(train) & set(held_out):
                raise SplitError(f"held-out image '{min(shared)}' is also a training image")

    @property
    def n_min(self) -> int:
        """Training images per entity: the forget list has as many, the retain list ``(N - 1) * n_min``."""
        return len(self.train[0])

    def records(self, emitter: int) -> dict[str, list[dict[str, Any]]]:
        """``{"train_forget": [...], "train_retain": [...]}`` of one emitter.

        A record holds ``file_name`` (shard member), ``text`` (caption) and ``index`` (entity). Order: the entity's index,
        then file order. An emitter outside 0..N-1 is an ``IndexError``.
        """
        if not 0 <= emitter < len(self.names):
            raise IndexError(f"emitter {emitter} does not exist; allowed: 0 to {len(self.names) - 1}")
        forget = self._records_of(emitter)
        retain = [r for index in range(len(self.names)) if index != emitter for r in self._records_of(index)]
        return {FORGET: forget, RETAIN: retain}

    def _records_of(self, index: int) -> list[dict[str, Any]]:
        text = self.captions[index]
        return [{"file_name": member, "text": text, "index": index} for member in self.train[index]]


def make_splits(
    metadata: Sequence[dict[str, Any]],
    images: pd.DataFrame,
    style: str,
    *,
    held_out: int = 0,
    limit: int | None = None,
    fidelity: Fidelity = "corrected",
) -> Splits:
    """The splits of one task.

    Args:
        metadata: records of ``metadata_{task}_2_enriched_filtered`` (``name``, ``index``).
        images: index rows of the source shard (``member``, ``entity``); their order is the file order. Entities that were
            not selected are passed over.
        style: name style of the captions, see ``lethe.testbed.names.prompt_name``.
        held_out: the last so many images of every entity that are in no split.
        limit: at most so many training images per entity; without it the smallest entity alone decides.
        fidelity: ``"published"`` takes the raw label as caption (``George_W_Bush``), as the reference code trained;
            ``"corrected"`` the evaluation prompt (``An image of George W Bush``).

    Returns:
        Every entity with its first ``n_min`` images, where ``n_min`` is the smallest entity's count after ``held_out``.

    Raises:
        SplitError: if indices are not 0..N-1, a file is listed twice, or an entity has no image left for training.
        UnknownNameError: if an entity is not in the shard, or the fidelity or style is unknown.

    Source: Vision Unlearning 1.0.0, ``pipeline_01`` (specification 1.5); its order was that of ``os.listdir`` or unseeded.
    """
    check_known("fidelity", fidelity, FIDELITIES)
    if held_out < 0 or (limit is not None and limit < 1):
        raise ValueError(f"held_out is {held_out} and limit {limit}; allowed: held_out from 0, limit from 1 or None")
    if [record["index"] for record in metadata] != list(range(len(metadata))) or not metadata:
        raise SplitError(f"indices are {[record['index'] for record in metadata][:5]}...; allowed: 0, 1, 2, ... in order")
    repeated = images["member"][images["member"].duplicated()]
    if len(repeated):
        raise SplitError(f"image '{repeated.iloc[0]}' is listed twice in the source shard")

    files = {str(name): [str(m) for m in rows] for name, rows in images.groupby("entity", sort=False)["member"]}
    names = [record["name"] for record in metadata]
    for name in names:
        check_known("entity of the source shard", name, files)
    smallest = min(names, key=lambda name: len(files[name]))
    available = len(files[smallest]) - held_out
    if available < 1:
        raise SplitError(
            f"entity '{smallest}' has {len(files[smallest])} images and held_out is {held_out}; "
            f"allowed: held_out below {len(files[smallest])}"
        )
    n_min = available if limit is None else min(available, limit)
    return Splits(
        names=tuple(names),
        captions=tuple(name if fidelity == "published" else prompt(style, name) for name in names),
        train=tuple(tuple(files[name][:n_min]) for name in names),
        held_out=tuple(tuple(files[name][len(files[name]) - held_out :]) for name in names),
    )


def write_splits(splits: Splits, folder: str | Path) -> list[Path]:
    """Write ``{index:03d}/train_{forget,retain}/metadata.jsonl`` of every emitter below ``folder``; return the files."""
    written = []
    for emitter in range(len(splits.names)):
        for part, records in splits.records(emitter).items():
            path = Path(folder) / f"{emitter:03d}" / part / "metadata.jsonl"
            write_jsonl(path, records)
            written.append(path)
    return written
