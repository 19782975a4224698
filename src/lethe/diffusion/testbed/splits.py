"""Training images of every receiver, and the forget and retain list of an emitter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lethe.core.records import Fidelity
from lethe.core.split import Split
from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.diffusion.testbed.schema import check_known
from lethe.io.wording import listed

if TYPE_CHECKING:
    import pandas as pd

FIDELITIES = ("corrected", "published")
NAMED = 5  # entities that a message names

Record = dict[str, Any]


class SplitError(ValueError):
    """A source that does not hold the images that its splits need."""


@dataclass(frozen=True)
class Splits:
    """The images of one task by entity index, in file order.

    Attributes:
        names: raw name per index.
        captions: training text per index.
        train: shard members per index, ``n_min`` each.
        available: images of the source per index.
    """

    names: tuple[str, ...]
    captions: tuple[str, ...]
    train: tuple[tuple[str, ...], ...]
    available: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = {len(members) for members in self.train}
        if len(sizes) != 1 or not len(self.names) == len(self.captions) == len(self.train) == len(self.available):
            raise SplitError(f"{len(self.names)} entities with {sorted(sizes)} training images; allowed: the same number each")

    @property
    def n_min(self) -> int:
        """Training images per entity: the forget list has as many, the retain list ``(N - 1) * n_min``."""
        return len(self.train[0])

    def cost(self, limit: int | None) -> str:
        """Which entities decide that all are trained on fewer than ``limit`` images, and how many go unused; empty if none does.

        Args:
            limit: as in ``make_splits``.
        """
        wanted = [held if limit is None else min(held, limit) for held in self.available]
        if max(wanted) == self.n_min:
            return ""
        fewest = [name for name, held in zip(self.names, self.available, strict=True) if held == self.n_min]
        return (
            f"{listed(fewest, NAMED)} {'has' if len(fewest) == 1 else 'have'} {self.n_min} image{'s' * (self.n_min > 1)}, so each of the "
            f"{len(self.names)} entities is trained on {self.n_min} alone where others have up to {max(wanted)}: "
            f"{sum(wanted) - self.n_min * len(wanted)} of {sum(wanted)} images go unused. More images of "
            f"{'it' if len(fewest) == 1 else 'them'}, or another choice of entities, change that; `min_images_per_entity` refuses it"
        )

    def records(self) -> list[dict[str, Any]]:
        """Every training image: ``file_name`` (shard member), ``text`` (caption) and ``index`` (of the receiver that it shows).

        Order: by receiver, then file order.
        """
        return [
            {"file_name": member, "text": text, "index": index}
            for index, (text, members) in enumerate(zip(self.captions, self.train, strict=True))
            for member in members
        ]


def split_of(records: Sequence[Record], emitter: Emitter) -> Split[list[Record]]:
    """Training images parted into those that show what the emitter covers and all others, each in the order of ``records``."""
    covers = set(emitter.covers)
    return Split(
        retain=[record for record in records if record["index"] not in covers],
        forget=[record for record in records if record["index"] in covers],
    )


def make_splits(
    receivers: Sequence[Receiver],
    images: pd.DataFrame,
    *,
    limit: int | None = None,
    least: int = 1,
    fidelity: Fidelity = "corrected",
) -> Splits:
    """The training images of one task.

    Args:
        receivers: in index order.
        images: index rows of the source shard (``member``, ``entity``); their order is the file order. Entities that were
            not selected are passed over.
        limit: at most so many training images per entity; without it the smallest entity alone decides.
        least: images that every entity must have.
        fidelity: ``"published"`` takes the raw label as caption (``George_W_Bush``), as the reference code trained;
            ``"corrected"`` the evaluation prompt (``An image of George W Bush``).

    Returns:
        Every entity with its first ``n_min`` images, where ``n_min`` is the smallest entity's count.

    Raises:
        SplitError: if indices are not 0..N-1, a file is listed twice, or entities have fewer images than ``least``.
        UnknownNameError: if an entity is not in the shard, or the fidelity is unknown.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``; its order was that of ``os.listdir`` or unseeded.
    """
    check_known("fidelity", fidelity, FIDELITIES)
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}; allowed: from 1, or None")
    if [receiver.index for receiver in receivers] != list(range(len(receivers))) or not receivers:
        raise SplitError(f"indices are {[receiver.index for receiver in receivers][:5]}...; allowed: 0, 1, 2, ... in order")
    repeated = images["member"][images["member"].duplicated()]
    if len(repeated):
        raise SplitError(f"image '{repeated.iloc[0]}' is listed twice in the source shard")

    files = {str(name): [str(m) for m in rows] for name, rows in images.groupby("entity", sort=False)["member"]}
    names = [receiver.name for receiver in receivers]
    for name in names:
        check_known("entity of the source shard", name, files)
    available = tuple(len(files[name]) for name in names)
    if few := [name for name, held in zip(names, available, strict=True) if held < least]:
        raise SplitError(
            f"min_images_per_entity is {least}, but {listed(few, NAMED)} {'has' if len(few) == 1 else 'have'} fewer "
            f"({', '.join(str(len(files[name])) for name in few[:NAMED])}); give more images, choose other entities or lower it"
        )
    n_min = min(available) if limit is None else min(*available, limit)
    return Splits(
        names=tuple(names),
        captions=tuple(receiver.caption(fidelity) for receiver in receivers),
        train=tuple(tuple(files[name][:n_min]) for name in names),
        available=available,
    )
