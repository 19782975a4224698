"""Held-out pictures, edited to every style and judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lethe.benchmarks.unlearncanvas.edits import DIRECTION, TRUTH, UNEDITED, Pictures, direction, edits_table, paired_error
from lethe.core.device import resolve_device
from lethe.diffusion.editor import edit, load_editor
from lethe.diffusion.latents import to_square
from lethe.diffusion.metrics.clip import ClipScore
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.io.shards import ShardReader
from lethe.io.tables import write_csv
from lethe.settings.bases import Evaluator
from lethe.settings.editing import Editing, EditSampling
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import UnlearnCanvas


def judge_edits(
    editor: list[Path],
    tar: Path,
    index: Path,
    receivers: Path,
    evaluators: list[Path],
    table: Path,
    task: str,
    world: str,
    name: str,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    canvas: UnlearnCanvas,
    editing: Editing,
    sampling: EditSampling,
    device: str,
    dtype: str,
    threads: int,
) -> None:
    """Edit pictures that nothing was trained on, and write how well that went.

    Args:
        editor: a list of one: the folder of a model that edits, called ``name`` in the table.
        tar, index: real images that nothing was trained on, in every style.
        evaluators: a folder for each of ``settings``, in its order.
        editing: the instruction, and what is edited.
        sampling: how pictures are drawn, and how many of each object.
    """
    asked, there = read_receivers(receivers), resolve_device(device)
    scorer = load_scorer(dict(zip(settings, evaluators, strict=True)), settings, task, asked, scoring, there, threads)
    pairs = _pairs(tar, index, asked, canvas, editing, sampling)
    model = load_editor(editor[0], there, getattr(torch, dtype))
    texts = [editing.asked(receiver.value(editing.attribute)) for receiver in pairs.wanted]
    keys = [(receiver.index, number) for receiver, number in zip(pairs.wanted, pairs.numbers, strict=True)]
    drawn = np.stack(list(edit(model, list(pairs.before), texts, keys, sampling, world=world, task=task)))
    methods = {TRUTH: pairs.after, UNEDITED: pairs.before, name: drawn}
    found = {method: _measured(scorer, pictures, pairs, canvas) for method, pictures in methods.items()}
    write_csv(table, edits_table(task, [receiver.value(editing.attribute) for receiver in pairs.wanted], found))


class Pairs(NamedTuple):
    """Pictures that are edited, ``(n, H, W, 3)``, what they are to become, and what shows them; numbers within a cell."""

    before: Pictures
    after: Pictures
    shown: list[Receiver]
    wanted: list[Receiver]
    numbers: list[int]


def _pairs(
    tar: Path, index: Path, receivers: list[Receiver], canvas: UnlearnCanvas, editing: Editing, sampling: EditSampling
) -> Pairs:
    cells = {(receiver.value(canvas.style), receiver.value(canvas.object)): receiver for receiver in receivers}
    with ShardReader(tar, index) as shard:
        members = {
            (str(entity), Path(str(file)).stem): str(member)
            for entity, file, member in shard.table[["entity", "file_name", "member"]].itertuples(index=False)
        }

        def picture(cell: Receiver, file: str) -> Pictures:
            if (cell.name, file) not in members:
                raise ValueError(f"{tar}: cell '{cell.name}' has no image '{file}', which the one that is edited goes with")
            pixels = to_square(torch.from_numpy(np.ascontiguousarray(shard.read(members[cell.name, file]))), sampling.size)
            return ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()

        found: list[tuple[Pictures, Pictures, Receiver, Receiver, int]] = []
        for (style, thing), wanted in cells.items():
            if style == editing.of:
                continue
            shown = cells[editing.of, thing]
            files = [file for cell, file in members if cell == shown.name][: sampling.pictures]
            found += [(picture(shown, f), picture(wanted, f), shown, wanted, number) for number, f in enumerate(files)]
    before, after = np.stack([row[0] for row in found]), np.stack([row[1] for row in found])
    return Pairs(before, after, [row[2] for row in found], [row[3] for row in found], [row[4] for row in found])


def _measured(scorer: Scorer, pictures: Pictures, pairs: Pairs, canvas: UnlearnCanvas) -> dict[str, NDArray[Any]]:
    """Measure -> (n,): what the judges see of style and object, the error to the truth and, where there is a CLIP model, the direction."""
    cells = np.array([receiver.index for receiver in pairs.wanted], dtype=np.int64)
    prompts = [receiver.prompt for receiver in pairs.wanted]
    scores: pd.DataFrame = scorer.score_baseline(ImageSet(_tensor(pictures), cells, np.array(pairs.numbers), prompts)).table
    found: dict[str, NDArray[Any]] = {}
    for number, judge in enumerate(canvas.judges, start=1):
        found |= {f"{key}_{number}": scores[getattr(judge, key)].to_numpy() for key in ("style", "object")}
    found["mse"] = paired_error(pictures, pairs.after)
    for clip in (metric for metric in scorer.metrics if isinstance(metric, ClipScore)):
        images = [clip.embed(_tensor(of)).astype(np.float64) for of in (pairs.before, pictures)]
        texts = [clip.text([receiver.prompt for receiver in of]).double().cpu().numpy() for of in (pairs.shown, pairs.wanted)]
        found[DIRECTION] = direction(*images, *texts)
    return found


def _tensor(pictures: Pictures) -> torch.Tensor:
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
