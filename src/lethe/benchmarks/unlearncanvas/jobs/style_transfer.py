"""Style transfer: methods that are not trained, a model that edits, and answer sets of others, all on held-out pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.benchmarks.unlearncanvas.style_transfer import (
    IDENTITY,
    ORACLE,
    Features,
    adain,
    content_loss,
    maps_loss,
    statistics_loss,
    transfer_table,
    wct,
)
from lethe.core.device import resolve_device
from lethe.diffusion.editor import edit, load_editor
from lethe.diffusion.latents import to_square
from lethe.diffusion.metrics.levels import judge_levels
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.io.images import decode_image
from lethe.io.shards import ShardReader
from lethe.io.tables import write_csv
from lethe.settings.editing import Editing, EditSampling
from lethe.settings.unlearncanvas import StyleTransfer, UnlearnCanvas

if TYPE_CHECKING:
    from diffusers.models import AutoencoderKL

Pictures = NDArray[np.uint8]


class Triple(NamedTuple):
    """A picture to make: its cell, the number of the content picture, and the reference that shows the style."""

    wanted: Receiver
    content: str
    reference: tuple[Receiver, str]


def measure_transfer(
    base: Path,
    tar: Path,
    index: Path,
    receivers: Path,
    evaluators: list[Path],
    table: Path,
    task: str,
    world: str,
    canvas: UnlearnCanvas,
    settings: StyleTransfer,
    sampling: EditSampling,
    device: str,
    editor: Sequence[Path] = (),
    answers: Sequence[Path] = (),
    editing: Editing | None = None,
    name: str = "",
) -> None:
    """Write both losses of every method in the features of two judges.

    Args:
        base: whose autoencoder AdaIN and WCT work in.
        tar, index: real images that nothing was trained on, in every style.
        evaluators: the folders of two judges: one is read as VGG is (statistics of maps), one as the published ViT (maps).
        settings: how many pictures, and the folders of others' answer sets.
        editor: a model that edits, taught by ``editing`` and called ``name``; none: it has no row.
        answers: the folders of ``settings.answers``.
    """
    there = resolve_device(device)
    spaces = [judge_levels(folder, there) for folder in evaluators]
    shard = _Shard(tar, index, read_receivers(receivers), canvas, sampling.size)
    triples = list(_triples(shard, canvas, settings))
    truth, content = (np.stack([shard.picture(*of) for of in rows]) for rows in _asked(triples, shard, canvas))
    reference = np.stack([shard.picture(*triple.reference) for triple in triples])
    made: dict[str, Pictures] = {ORACLE: truth, IDENTITY: content}
    made["colour"] = _batched(adain, content, reference, there)
    vae = load_pipeline(base, device=there).vae
    for method, change in (("adain", adain), ("wct", wct)):
        made[method] = _batched(partial(_in_latents, vae, change), content, reference, there)
    if editor and editing:
        texts = [editing.asked(triple.wanted.value(editing.attribute)) for triple in triples]
        keys = [(triple.wanted.index, number) for number, triple in enumerate(triples)]
        drawn = edit(load_editor(editor[0], there), list(content), texts, keys, sampling, world=world, task=task)
        made[name] = np.stack(list(drawn))
    losses = {method: _losses(pictures, truth, content, spaces, there) for method, pictures in made.items()}
    rows = [
        {"style": t.wanted.value(canvas.style), "object": t.wanted.value(canvas.object), "content": t.content} for t in triples
    ]
    tables = [transfer_table(task, pd.DataFrame(rows), losses)]
    for method, folder in settings.answers.items():
        tables.append(_of_others(task, method, Path(folder), shard, canvas, spaces, there))
    write_csv(table, pd.concat(tables, ignore_index=True))


class _Shard:
    """Held-out pictures by cell and number."""

    def __init__(self, tar: Path, index: Path, receivers: Sequence[Receiver], canvas: UnlearnCanvas, size: int) -> None:
        self.reader, self.size, self.tar = ShardReader(tar, index), size, tar
        self.cells = {(receiver.value(canvas.style), receiver.value(canvas.object)): receiver for receiver in receivers}
        rows = self.reader.table[["entity", "file_name", "member"]].itertuples(index=False)
        self.members = {(str(entity), Path(str(file)).stem): str(member) for entity, file, member in rows}

    def numbers(self, cell: Receiver) -> list[str]:
        return [number for name, number in self.members if name == cell.name]

    def picture(self, cell: Receiver, number: str) -> Pictures:
        if (cell.name, number) not in self.members:
            raise ValueError(
                f"{self.tar}: cell '{cell.name}' has no image '{number}'; numbers there: {', '.join(self.numbers(cell)[:5])}"
            )
        return _sized(self.reader.read(self.members[cell.name, number]), self.size)


def _triples(shard: _Shard, canvas: UnlearnCanvas, settings: StyleTransfer) -> Iterator[Triple]:
    """Every style of every object: the first numbers are contents, and references are of the next numbers and of other objects."""
    objects = list(dict.fromkeys(thing for _, thing in shard.cells))
    for (style, thing), wanted in shard.cells.items():
        if style == canvas.photo:
            continue
        numbers = shard.numbers(shard.cells[canvas.photo, thing])
        others = [other for other in objects if other != thing]
        for content in numbers[: settings.contents]:
            for place in range(settings.references):
                cell = shard.cells[style, others[place % len(others)]]
                shown = shard.numbers(cell)
                if len(shown) <= settings.contents + place:
                    raise ValueError(
                        f"{shard.tar}: cell '{cell.name}' has {len(shown)} images; contents and references need more"
                    )
                yield Triple(wanted, content, (cell, shown[settings.contents + place]))


def _asked(
    triples: Sequence[Triple], shard: _Shard, canvas: UnlearnCanvas
) -> tuple[list[tuple[Receiver, str]], list[tuple[Receiver, str]]]:
    """Of each triple the ground truth, and the content picture."""
    truths = [(triple.wanted, triple.content) for triple in triples]
    return truths, [(shard.cells[canvas.photo, cell.value(canvas.object)], number) for cell, number in truths]


def _of_others(
    task: str,
    method: str,
    folder: Path,
    shard: _Shard,
    canvas: UnlearnCanvas,
    spaces: Sequence[tuple[str, Features]],
    device: str,
) -> pd.DataFrame:
    """The row of an answer set in the published layout, ``{Style}/{Object}_test{number}_ref{number}.jpg``."""
    names = {(_plain(style), _plain(thing)): (style, thing) for style, thing in shard.cells}
    numbers = {number.lstrip("0") or "0": number for _, number in shard.members}
    rows, pictures, asked = [], [], []
    for file in sorted(folder.glob("*/*_test*_ref*.*")):
        thing, _, rest = file.stem.rpartition("_test")
        number = rest.partition("_ref")[0].lstrip("0") or "0"
        known = names.get((_plain(file.parent.name), _plain(thing)))
        if known is None or number not in numbers:
            raise ValueError(f"{file}: no style '{file.parent.name}', object '{thing}' and number {number} in {shard.tar}")
        rows.append({"style": known[0], "object": known[1], "content": numbers[number]})
        pictures.append(_sized(decode_image(file, file).pixels, shard.size))
        asked.append(Triple(shard.cells[known], numbers[number], (shard.cells[known], "")))
    if not rows:
        raise ValueError(f"{folder}: no picture of the layout {{Style}}/{{Object}}_test{{number}}_ref{{number}}.jpg")
    truth, content = (np.stack([shard.picture(*of) for of in found]) for found in _asked(asked, shard, canvas))
    return transfer_table(task, pd.DataFrame(rows), {method: _losses(np.stack(pictures), truth, content, spaces, device)})


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


def _sized(picture: Pictures, size: int) -> Pictures:
    pixels = to_square(torch.from_numpy(np.array(picture)), size)  # a copy: a decoded file is read-only
    return ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()


@torch.inference_mode()
def _in_latents(vae: AutoencoderKL, change: Callable[[Tensor, Tensor], Tensor], content: Tensor, reference: Tensor) -> Tensor:
    own, other = (vae.encode(pixels).latent_dist.mode() for pixels in (content, reference))
    decoded: Tensor = vae.decode(change(own, other), return_dict=False)[0]
    return decoded


def _batched(
    change: Callable[[Tensor, Tensor], Tensor], content: Pictures, reference: Pictures, device: str, batch: int = 64
) -> Pictures:
    parts = []
    for start in range(0, len(content), batch):
        own, other = (_unit(of[start : start + batch], device) for of in (content, reference))
        parts.append(((change(own, other) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(parts)


def _unit(pictures: Pictures, device: str) -> Tensor:
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.inference_mode()
def _losses(
    pictures: Pictures, truth: Pictures, content: Pictures, spaces: Sequence[tuple[str, Features]], device: str, batch: int = 64
) -> dict[str, NDArray[np.float64]]:
    """``style_{architecture}`` and ``content_{architecture}`` of every picture, (n,)."""
    found: dict[str, list[Tensor]] = {}
    for start in range(0, len(pictures), batch):
        sets = [_unit(of[start : start + batch], device) for of in (pictures, truth, content)]
        for name, features in spaces:
            output, wanted, shown = (features(pixels) for pixels in sets)
            style = statistics_loss if name == "convnet" else maps_loss
            found.setdefault(f"style_{name}", []).append(style(output, wanted))
            found.setdefault(f"content_{name}", []).append(content_loss(output, shown))
    return {name: torch.cat(parts).double().cpu().numpy() for name, parts in found.items()}
