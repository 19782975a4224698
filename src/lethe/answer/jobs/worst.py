"""The bad case of a task in pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lethe.answer.contents import MAIN
from lethe.answer.worst import case, recognised
from lethe.benchmarks.icare.harm import bad_case, bounded, harmed_pairs
from lethe.benchmarks.icare.pair_rows import read_pairs_of
from lethe.core.methods import RETRAINED
from lethe.core.records import ImageKey, ModelId
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.methods import ROLES
from lethe.diffusion.testbed.schema import read_metadata
from lethe.figures.tables import entity_names
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json, write_json


def show(
    pairs: Path,
    floor: Path,
    metadata: Path,
    tars: list[Path],
    indices: list[Path],
    shown: Path,
    task: str,
    models: list[str],
    exclude: list[int],
    decoder: Sequence[Path] = (),
) -> None:
    """Write the pictures of the worst pair of a task, and how often the judge recognises them.

    Args:
        pairs: tidy pairs. floor: what two seeds of the base differ. metadata: of the entities.
        tars, indices: shards of the base and then of ``models``.
        shown: a case as JSON (``lethe.answer.worst.Case``); null where there is no pair that every method unlearned.
        exclude: emitters that hyper-parameters were chosen on.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    asked = [("metric", "in", [MAIN, "judge", "judge_diff"])]
    table = read_pairs_of([pairs], filters=asked)
    floors = read_json(floor)
    judged = table[table["method"].map(ROLES.role) == ""]
    found = bad_case(harmed_pairs(judged, floors, MAIN, exclude)) if bounded(floors, MAIN) else None
    if found is None:
        write_json(shown, None)
        return
    shards = zip(map(ModelId.parse, models), tars[1:], indices[1:], strict=True)
    files = {model.method: (tar, index) for model, tar, index in shards if model.index == found.emitter}
    methods = [name for name in dict.fromkeys(table["method"]) if name in files and ROLES.role(name) in ("", RETRAINED)]
    reads = decoder_of(decoder)
    with ExitStack() as stack:
        readers = {name: stack.enter_context(ShardReader(*files[name], reads)) for name in methods}
        readers[""] = stack.enter_context(ShardReader(tars[0], indices[0], reads))

        def picture(method: str, receiver: int, seed: int) -> NDArray[np.uint8]:
            return readers[method].read(ImageKey(receiver, seed).file_name)

        base = readers[""].table
        seeds = sorted(base.loc[base["receiver"] == found.emitter, "seed"].tolist())
        known = recognised(table, found.emitter, len(seeds))
        names = entity_names(read_metadata(metadata))
        write_json(shown, case(task, found, names, methods, seeds, known, picture).record())
