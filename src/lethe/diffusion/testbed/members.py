"""Which images membership inference asks about: those that were trained on, and as many that were not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lethe.diffusion.sources.base import SourceImage
from lethe.io.shards import ShardReader

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("entity", "image", "member")  # of the index of candidates


@dataclass(frozen=True)
class Candidate:
    """An image that is asked about.

    Attributes:
        entity: index of the entity it shows.
        image: its name, unique within the entity.
        member: whether it was trained on.
        pixels: ``(H, W, 3)`` uint8.
    """

    entity: int
    image: str
    member: bool
    pixels: NDArray[np.uint8]


def seen_and_unseen(
    metadata: Sequence[Mapping[str, Any]],
    shard: ShardReader,
    unseen: Callable[[str, int], Iterator[SourceImage]],
    images: int,
    seed: int,
) -> Iterator[Candidate]:
    """Members are images that the base was trained on, all of the source's; non-members the source draws anew.

    Args:
        metadata: the entities, in index order.
        shard: the images of the source.
        unseen: name of an entity and number of images -> images that are not in ``shard``, from the same distribution.
        images: of each kind per entity, at most; members are drawn among those of the source.
        seed: of that draw.
    """
    for record in metadata:
        entity, name = int(record["index"]), str(record["name"])
        packed = shard.table[shard.table["entity"] == name]
        members = _drawn(packed, images, seed, entity)
        yield from _of_shard(shard, members, entity, member=True)
        for image in unseen(name, len(members)):
            yield Candidate(entity, image.file_name, False, np.array(image.pixels))  # writable, as torch wants it


def shown_and_others(
    metadata: Sequence[Mapping[str, Any]], shard: ShardReader, shown: Collection[str], images: int, seed: int
) -> Iterator[Candidate]:
    """Members are images that the methods were shown; non-members the entity's other images of the source, if it has any.

    Args:
        metadata, shard, images, seed: as in ``seen_and_unseen``.
        shown: shard members of the forget lists of all entities.
    """
    known = set(shown)
    for record in metadata:
        entity = int(record["index"])
        packed = shard.table[shard.table["entity"] == str(record["name"])]
        was_shown = packed["member"].isin(known)
        for rows, member in ((packed[was_shown], True), (packed[~was_shown], False)):
            yield from _of_shard(shard, _drawn(rows, images, seed, entity), entity, member)


def _drawn(rows: pd.DataFrame, images: int, seed: int, entity: int) -> pd.DataFrame:
    """At most ``images`` rows, in random order: the first of them are a draw as well."""
    return rows.iloc[np.random.default_rng([seed, entity]).permutation(len(rows))[:images]]


def _of_shard(shard: ShardReader, rows: pd.DataFrame, entity: int, member: bool) -> Iterator[Candidate]:
    for name, file_name in zip(rows["member"], rows["file_name"], strict=True):
        yield Candidate(entity, str(file_name), member, shard.read(str(name)))


def asked_of(index: pd.DataFrame, emitter: int, images: int) -> NDArray[np.intp]:
    """Which candidates a model is asked about: all of its emitter, and a fixed draw over the other entities.

    Args:
        index: candidates, ``COLUMNS``; those of an entity in random order.
        emitter: the entity that the model forgot.
        images: members of other entities, and as many non-members. They are taken round by round, one of each kind from every
            other entity that has both. Each emitter begins elsewhere in an entity's images, so that its draw is its own as
            far as there are enough.

    Returns:
        Positions in ``index``, ascending.
    """
    entities, members = index["entity"].to_numpy(), index["member"].to_numpy(bool)
    count = int(entities.max()) + 1
    rank = index.groupby(["entity", "member"]).cumcount().to_numpy()
    both = np.array([min((own & members).sum(), (own & ~members).sum()) for own in (entities == e for e in range(count))])
    others = np.flatnonzero((entities != emitter) & (rank < both[entities]))
    rounds = -(-images // max(1, count - 1))
    turn = (rank[others] - emitter * rounds) % both[entities[others]]
    order = others[np.lexsort(((entities[others] - emitter) % count, turn))]
    chosen = [order[members[order] == kind][:images] for kind in (True, False)]
    return np.sort(np.concatenate([np.flatnonzero(entities == emitter), *chosen]))
