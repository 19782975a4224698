"""Two folders of pictures beside each other: what changed, by every metric whose model is at hand. Needs no world and no Snakemake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from lethe.core.registry import nearest
from lethe.core.threads import thread_count
from lethe.diffusion.metrics import METRICS, SPECS
from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.constant import CONSTANT
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics
from lethe.diffusion.metrics.specs import columns_of, spec_of
from lethe.io.image_folders import list_images
from lethe.io.images import decode_image
from lethe.io.tables import CorruptFileError, read_json
from lethe.io.wording import some_of

AT_ONCE = 50  # pairs that are decoded together
NEEDS = {
    "clip": "--clip FOLDER and --prompts FILE",
    "dino": "--backbone FOLDER",
    "lpips_backbone": "--backbone FOLDER",
    "lpips_alex": "--lpips FOLDER",
    "judge": "a task of Lethe, whose classes it knows",
}
"""Metric -> what it is computed with, beside the pictures."""


class ScoreError(ValueError):
    """Two folders that cannot be compared; the message names them, the file and the nearest."""


@dataclass(frozen=True)
class Models:
    """Where the models of metrics are; empty: the metric is left out.

    Attributes:
        clip: open_clip folder. prompts: of each picture, ``{file: prompt}``. backbone: timm folder. lpips: folder of the weights of LPIPS.
    """

    clip: str = ""
    prompts: Mapping[str, str] | None = None
    backbone: str = ""
    lpips: str = ""


@dataclass(frozen=True)
class Compared:
    """What two folders gave.

    Attributes:
        table: one row per pair, ``file, constant, constant_off``, of each metric of one picture ``{metric}, {metric}_off, {metric}_diff`` (on - off),
            of each that compares ``{metric}``. Nothing compares with an off picture of one colour: NaN.
        only_on, only_off: names without a partner.
        not_measured: metric -> what it would need.
    """

    table: pd.DataFrame
    only_on: list[str]
    only_off: list[str]
    not_measured: dict[str, str]


def compare(on: Path, off: Path, models: Models | None = None) -> Compared:
    """Score the pictures of ``on`` against those of the same name in ``off``.

    Raises:
        FileNotFoundError: a folder does not exist.
        ScoreError: no name stands in both, a pair has two sizes, or a picture has no prompt.
        CorruptFileError: a picture cannot be read.

    Examples:
        >>> from PIL import Image
        >>> for folder, colours in (("off", [10, 200]), ("on", [10, 180])):
        ...     Path(folder).mkdir()
        ...     for name, colour in zip("ab", colours):
        ...         gradient = np.linspace(0, colour, 16 * 16 * 3).astype(np.uint8).reshape(16, 16, 3)
        ...         Image.fromarray(gradient).save(f"{folder}/{name}.png")
        >>> found = compare(Path("on"), Path("off"))
        >>> found.table[["file", "rmse", "ssim"]].round(2).values.tolist()
        [['a.png', 0.0, 1.0], ['b.png', 0.05, 0.99]]
    """
    models = models or Models()
    files = [_named(folder) for folder in (on, off)]
    both = [name for name in files[0] if name in files[1]]
    if not both:
        hint = nearest(next(iter(files[0]), ""), list(files[1]))
        raise ScoreError(f"{on} and {off}: no picture of the same name; there are {_told(files[0])} and {_told(files[1])}{hint}")
    if models.clip and models.prompts is not None and (lacking := [name for name in both if name not in models.prompts]):
        raise ScoreError(f"--prompts: no prompt of '{lacking[0]}'{nearest(lacking[0], list(models.prompts))}")
    names, not_measured = _measurable(models)
    context = MetricContext(clip=models.clip, backbone=models.backbone, lpips_alex=models.lpips)
    scorer = Scorer(build_metrics(names, context), AT_ONCE, threads=thread_count())
    tables = [_scored(scorer, part, images, models.prompts or {}) for part, images in _decoded(both, *files)]
    table = pd.concat(tables, ignore_index=True)
    return Compared(table, sorted(set(files[0]) - set(both)), sorted(set(files[1]) - set(both)), not_measured)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """``quantity``, ``healthy`` (↑ or ↓), ``mean, sd, smallest, largest, n, left_out`` (without a value) of everything that compares.

    Examples:
        >>> summary(pd.DataFrame({"ssim": [1.0, 0.5, np.nan]}))[["quantity", "mean", "n", "left_out"]].values.tolist()
        [['ssim', 0.75, 2, 1]]
    """
    rows = []
    for name in [
        column for column in table.columns if column.endswith("_diff") or (column in SPECS and spec_of(column).kind == "pair")
    ]:
        values = table[name].dropna().to_numpy(float)
        told = [np.nan] * 4 if not len(values) else [values.mean(), values.std(), values.min(), values.max()]
        rows.append([name, spec_of(name).arrow, *told, len(values), len(table) - len(values)])
    return pd.DataFrame(rows, columns=["quantity", "healthy", "mean", "sd", "smallest", "largest", "n", "left_out"])


def text(found: Compared) -> str:
    """What a person reads of it.

    Examples:
        >>> table = pd.DataFrame({"file": ["a.png"], "ssim": [0.5], "constant_off": [0.0]})
        >>> print(text(Compared(table, ["b.png"], [], {})))
        1 pairs
        left out, only in ON: 1 (b.png)
        <BLANKLINE>
        quantity healthy  mean  sd  smallest  largest  n  left_out
            ssim       ↑   0.5   0       0.5      0.5  1         0
    """
    lines = [f"{len(found.table)} pairs"]
    for where, names in (("ON", found.only_on), ("OFF", found.only_off)):
        if names:
            lines.append(f"left out, only in {where}: {some_of(names)}")
    if empty := int((found.table[f"{CONSTANT}_off"] == 1).sum()):
        lines.append(f"nothing compares with an off picture of one colour: {empty} pairs")
    lines += ["", summary(found.table).to_string(index=False, float_format=lambda value: f"{value:.4g}"), ""]
    lines += [f"not measured: {name} (needs {what})" for name, what in found.not_measured.items()]
    return "\n".join(lines)


def read_prompts(path: Path) -> dict[str, str]:
    r"""File name -> prompt, from a JSON mapping or a CSV with the columns ``file`` and ``prompt``.

    Raises:
        CorruptFileError: it is neither.

    Examples:
        >>> _ = Path("prompts.csv").write_text("file,prompt\na.png,a red fox\n")
        >>> read_prompts(Path("prompts.csv"))
        {'a.png': 'a red fox'}
    """
    if path.suffix == ".json":
        content = read_json(path)
        if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
            raise CorruptFileError(f"{path}: expected file names with a prompt each")
        return content
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [name for name in ("file", "prompt") if name not in table.columns]:
        raise CorruptFileError(f"{path}: no column '{missing[0]}'{nearest(missing[0], list(table.columns))}")
    return dict(zip(table["file"], table["prompt"], strict=True))


def _named(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of pictures")
    return {file.name: file for file in list_images(folder)[0]}


def _told(files: Mapping[str, Path]) -> str:
    return some_of(list(files)) if files else "none"


def _measurable(models: Models) -> tuple[list[str], dict[str, str]]:
    """Metrics whose models are at hand, and what the others need."""
    given = {"clip": models.clip and models.prompts is not None, "lpips_alex": models.lpips}
    given |= dict.fromkeys(("dino", "lpips_backbone"), models.backbone)
    lacking = {name: NEEDS[name] for name in METRICS.in_order() if name in NEEDS and not given.get(name)}
    if "nudenet" not in lacking and not _has_nudenet():
        lacking["nudenet"] = "the package nudenet"
    return [name for name in METRICS.in_order() if name not in lacking and not name.endswith("_published")], lacking


def _has_nudenet() -> bool:
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("nudenet", "onnxruntime"))


def _decoded(
    names: Sequence[str], on: Mapping[str, Path], off: Mapping[str, Path]
) -> Iterator[tuple[list[str], tuple[torch.Tensor, torch.Tensor]]]:
    """Names and pictures of pairs of one size, some at a time."""

    def pair(name: str) -> tuple[str, torch.Tensor, torch.Tensor]:
        both = [torch.from_numpy(np.array(decode_image(file, file).pixels)).permute(2, 0, 1) for file in (on[name], off[name])]
        if both[0].shape != both[1].shape:
            sizes = [f"{image.shape[2]} x {image.shape[1]} px" for image in both]
            raise ScoreError(f"{on[name]} is {sizes[0]}, {off[name]} {sizes[1]}; allowed: a pair of one size")
        return name, both[0], both[1]

    for _, same in groupby(map(pair, names), key=lambda found: found[1].shape):
        while part := list(islice(same, AT_ONCE)):
            yield [name for name, _, _ in part], (torch.stack([a for _, a, _ in part]), torch.stack([b for _, _, b in part]))


def _scored(
    scorer: Scorer, names: list[str], images: tuple[torch.Tensor, torch.Tensor], prompts: Mapping[str, str]
) -> pd.DataFrame:
    rows, seeds = np.arange(len(names)), np.zeros(len(names), dtype=np.int64)
    told = [prompts.get(name, "") for name in names]
    off = scorer.score_baseline(ImageSet(images[1], rows, seeds, told)).table
    on = scorer.score_on(ImageSet(images[0], rows, seeds, told)).table
    empty = off[CONSTANT] == 1
    table = pd.DataFrame({"file": names, CONSTANT: on[CONSTANT], f"{CONSTANT}_off": off[CONSTANT]})
    for name in columns_of("image", on.columns):
        table[name], table[f"{name}_off"] = on[name], off[name]
        table[f"{name}_diff"] = (on[name] - off[name]).mask(empty)
    for name in columns_of("pair", on.columns):
        table[name] = on[name].mask(empty)
    return table
