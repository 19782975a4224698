"""Shards of a task: every receiver asked for, under the base or under some unlearned models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from lethe.core.records import ImageKey
from lethe.diffusion.delta import Delta, NoneDelta, load_delta
from lethe.diffusion.folder import vae_digest
from lethe.diffusion.generate import Request, generate, generate_latents
from lethe.diffusion.kept import encode_latent
from lethe.diffusion.pipeline import base_digest, load_pipeline
from lethe.diffusion.testbed.receivers import Receiver
from lethe.execution.work import WorkFolder
from lethe.io.atomic import link_or_copy
from lethe.io.shards import LATENT, PICTURE, ShardRow, write_shard
from lethe.settings.generation import Generation, KeepImages

Image = TypeVar("Image")  # pixels, or the latents that become them


def requests_of(receivers: Sequence[Receiver], seeds: Sequence[int], delta: Delta, run: str = "") -> list[Request]:
    """One request per receiver and seed, receiver-major: the order of a shard's members."""
    return [Request(receiver.prompt, receiver.index, seed, delta, run) for receiver in receivers for seed in seeds]


def render_shards(
    base: str | Path,
    deltas: Sequence[str | Path | None],
    names: Sequence[str],
    receivers: Sequence[Receiver],
    *,
    task: str,
    world: str,
    generation: Generation,
    device: str,
    dtype: str,
    work: WorkFolder,
    tars: Sequence[str | Path],
    indices: Sequence[str | Path],
    asked: Sequence[Collection[int]] | None = None,
    keep_images: KeepImages = "png",
) -> None:
    """Write one shard (tar and index) per delta; ``None`` stands for the base itself.

    ``names`` of the models stand in messages about their pictures. ``asked`` are indices of the receivers of each model; None: all.
    A model that is the base draws all, since the same pictures come from the same batches to the last bit, and keeps those asked for.
    Models of a job that are equal (``none``) and asked for the same share one shard on the disk: the first is drawn, the others are
    hard links.
    Finished shards wait in ``work``, so a killed job goes on with the first unfinished one. All models of a job share batches
    where they differ in their text map only. ``keep_images``: ``latents`` in place of PNGs are decoded by who reads them
    (``lethe.diffusion.kept``).
    """
    waiting = [n for n, name in enumerate(names) if not {f"{name}.tar", f"{name}.parquet"} <= work.done]
    if waiting:
        pipe = load_pipeline(base, device=device, dtype=getattr(torch, dtype))
        digest = base_digest(base)
        loaded = {n: NoneDelta() if (path := deltas[n]) is None else load_delta(path, base=digest) for n in waiting}
        wanted = {n: frozenset(range(len(receivers)) if asked is None else asked[n]) for n in waiting}
        first: dict[tuple[str, frozenset[int]], int] = {}
        twins = {n: first.setdefault((loaded[n].digest, wanted[n]), n) for n in waiting}
        drawn = {n: [r for r in receivers if r.index in wanted[n] or isinstance(loaded[n], NoneDelta)] for n in first.values()}
        requests = [r for n in drawn for r in requests_of(drawn[n], generation.seeds, loaded[n], names[n])]
        what = f"generate {task}"
        kept: Iterator[tuple[Request, str, np.ndarray | bytes]]
        if keep_images == "latents":
            form = partial(encode_latent, base=Path(base).name, vae=vae_digest(base))
            latents = generate_latents(pipe, requests, generation, world=world, task=task, what=what)
            kept = _kept(latents, LATENT, form)
        else:
            kept = _kept(generate(pipe, requests, generation, world=world, task=task, what=what), PICTURE, _as_it_is)
        for number in waiting:
            if number in drawn:
                rows = _rows(kept, len(drawn[number]) * len(generation.seeds), wanted[number])
                write = partial(_write, rows)
            else:  # a model that changes nothing: its pictures are those of the first such model
                twin = names[twins[number]]
                write = partial(_link, (work.path(f"{twin}.tar"), work.path(f"{twin}.parquet")))
            work.finish((f"{names[number]}.tar", f"{names[number]}.parquet"), write)
    targets = {f"{name}.tar": tar for name, tar in zip(names, tars, strict=True)}
    targets |= {f"{name}.parquet": index for name, index in zip(names, indices, strict=True)}
    work.hand_over(targets)


def _write(rows: Iterator[ShardRow], tar: Path, index: Path) -> None:
    write_shard(tar, rows, index)


def _link(shard: tuple[Path, Path], tar: Path, index: Path) -> None:
    for source, target in zip(shard, (tar, index), strict=True):
        link_or_copy(source, target)


def _kept(
    images: Iterator[tuple[Request, Image]], ending: str, form: Callable[[Image], np.ndarray | bytes]
) -> Iterator[tuple[Request, str, np.ndarray | bytes]]:
    """Images in the form in which a shard keeps them, each with its member's name."""
    for request, image in images:
        name = ImageKey(request.receiver, request.seed).file_name
        yield request, name.removesuffix(PICTURE) + ending, form(image)


def _as_it_is(pixels: np.ndarray) -> np.ndarray:
    return pixels


def _rows(images: Iterator[tuple[Request, str, np.ndarray | bytes]], count: int, wanted: Collection[int]) -> Iterator[ShardRow]:
    """Of the next ``count`` images those of ``wanted`` receivers, as rows of a shard."""
    for _ in range(count):
        request, member, image = next(images)
        if request.receiver in wanted:
            yield member, image, {"receiver": request.receiver, "seed": request.seed, "prompt": request.prompt}
