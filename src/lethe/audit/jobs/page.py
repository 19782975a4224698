"""The page of an audit, from its tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from lethe.audit.changes import most_moved
from lethe.audit.files import read_table
from lethe.audit.page import Facts, page
from lethe.audit.pictures import strip
from lethe.core.records import ModelId
from lethe.diffusion.decoders import decoder_of
from lethe.diffusion.methods import LOOKS
from lethe.io.atomic import write_text
from lethe.io.gates import read_gates
from lethe.io.shards import ShardReader
from lethe.io.tables import read_json

SEEDS = 6  # pictures of a prompt in the page


def write(
    concepts: Path,
    left_out: Path,
    table: Path,
    gates: Path,
    off_tar: Path,
    off_index: Path,
    tars: list[Path],
    indices: list[Path],
    style: Path,
    index: Path,
    models: list[str],
    titles: dict[str, str],
    seeds: list[int],
    model: str,
    unmeasured: list[str],
    files: dict[str, str],
    decoder: Sequence[Path] = (),
) -> None:
    """Write ``index.html``.

    Args:
        concepts, left_out, table, gates: see ``lethe.audit.jobs.concepts`` and ``lethe.audit.jobs.tables``.
        tars, indices: pictures of each of ``models``, which are those that the page judges. style: CSS.
        titles: of models that others made. model: how the model is called. unmeasured: why measures are left out. files: label -> path from the page.
        decoder: the base whose VAE makes pictures of latents, where these are kept.
    """
    found = read_table(table)
    ids = [ModelId.parse(name) for name in models]
    methods = {one.method: titles.get(one.method) or LOOKS.title(one.method) for one in ids}
    facts = Facts(
        model=model,
        methods=methods,
        concepts=read_table(concepts),
        left_out=read_json(left_out),
        table=found,
        moved=most_moved(found[found["method"].isin(methods)]),
        gates=read_gates(gates),
        seeds=seeds,
        unmeasured=unmeasured,
        files=files,
    )
    places = {(one.method, one.index): pair for one, *pair in zip(ids, tars, indices, strict=True)}
    reads = decoder_of(decoder)
    with ExitStack() as stack:

        @cache
        def shard(method: str, emitter: int) -> ShardReader:
            tar, listed = places[method, emitter] if method else (off_tar, off_index)
            return stack.enter_context(ShardReader(tar, listed, reads))

        def picture(method: str, emitter: int, receiver: int) -> str:
            return strip(shard(method, emitter if method else -1), receiver, seeds[:SEEDS])

        write_text(index, page(facts, style.read_text("utf-8"), picture))
