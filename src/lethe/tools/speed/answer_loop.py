"""The loop that classifies an answer set one image a call, as the reference implementation of UnlearnCanvas does; only for the benchmark.

Its habits: a run is of one answer set and one attribute, and loads its classifier itself. For every image it opens the file, resizes the
picture with Pillow, makes a tensor of it, calls the classifier with a batch of one, and takes cross-entropy, softmax and the class. Images
are loose files ``{style}_{object}_seed{seed}``. Where an image is judged as JPEG too, that is one more file. The start of a process for
each run, seconds, is left out here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from lethe.diffusion.metrics.jpeg import QUALITY
from lethe.diffusion.metrics.run import read_images
from lethe.diffusion.metrics.scoring import ImageSet, Scorer

COPIES = {"png": "", "jpg": "_jpeg"}  # suffix of a file -> what names its columns
RUNS = 3  # products of matrices of which the fastest counts
WIDTH = 1024  # of these


class LoopJudge(NamedTuple):
    """A classifier as the loop uses it.

    Attributes:
        load: gives the classifier, as a run that begins does: pixels ``(1, 3, size, size)`` in [-1, 1] -> logits.
        size: height and width of its images, px.
        values: what its classes stand for, in the order of the logits.
        asked: for every receiver the position of its class.
    """

    load: Callable[[], nn.Module]
    size: int
    values: Sequence[str]
    asked: Sequence[int]


class Stopwatch:
    """Adds up the seconds of ``with`` blocks.

    Attributes:
        wall: by the clock.
        cpu: processor time of this process.
    """

    def __init__(self) -> None:
        self.wall, self.cpu = 0.0, 0.0

    def __enter__(self) -> None:
        self.wall -= time.perf_counter()
        self.cpu -= time.process_time()

    def __exit__(self, *error: object) -> None:
        self.wall += time.perf_counter()
        self.cpu += time.process_time()


def write_loose(folder: Path, images: ImageSet) -> list[str]:
    """Every image as ``.png`` and ``.jpg``; the names without suffix, in order."""
    names = [f"{receiver}_seed{seed}" for receiver, seed in images.rows]
    for name, pixels in zip(names, images.images.permute(0, 2, 3, 1).numpy(), strict=True):
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.save(folder / f"{name}.png")
        picture.save(folder / f"{name}.jpg", quality=QUALITY)
    return names


def classify_one_by_one(
    folder: Path, names: Sequence[str], receivers: Sequence[int], judge: LoopJudge, suffix: str
) -> pd.DataFrame:
    """One run of the loop: ``pred`` and ``p`` of every image."""
    from torchvision import transforms  # a second

    model = judge.load()
    prepare = transforms.Compose(
        [transforms.Resize((judge.size, judge.size)), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
    )
    losses: dict[int, float] = {}
    rows = []
    for name, receiver in zip(names, receivers, strict=True):
        pixels = prepare(Image.open(folder / f"{name}.{suffix}")).unsqueeze(0)
        asked = judge.asked[receiver]
        with torch.no_grad():
            logits = model(pixels)
            loss = F.cross_entropy(logits, torch.tensor([asked]))
            probabilities = F.softmax(logits, dim=1)
            seen = int(torch.argmax(logits))
        losses[asked] = losses.get(asked, 0.0) + loss.item()
        rows.append((judge.values[seen], probabilities[0][seen].item()))
    return pd.DataFrame(rows, columns=["pred", "p"])


def bench_answers(
    shards: Sequence[tuple[Path, Path]], make_scorer: Callable[[], Scorer], judges: Mapping[str, LoopJudge], work: Path
) -> dict[str, Any]:
    """Time the loop against the batched pass on the same images and classifiers, in one run, set after set in turn.

    Args:
        shards: tar and index of every answer set.
        make_scorer: loads the batched pass, once for all sets.
        judges: metric of the scorer -> the same classifier for the loop.
        work: an empty folder, for loose files and for what both write.

    Returns:
        ``value`` (loop seconds / batched seconds, processor time: on one thread and a quiet machine that of the clock, on a shared one
        disturbed less), ``wall_ratio`` (the same by the clock), processor seconds and images a second of both; ``other_classes`` (of
        images times classifiers times copies, how often the two see another class) and ``largest_difference`` of a probability;
        ``gflop_per_image`` of all classifiers and both copies, ``peak_gflops`` of a product of matrices on these threads, and ``bound``:
        the value if the batched pass were arithmetic alone, at that peak.
    """
    ours, loop = Stopwatch(), Stopwatch()
    with ours:
        scorer = make_scorer()
    scorer.score_baseline(_first(read_images(*shards[0])))  # first calls choose kernels
    count, other, difference = 0, 0, 0.0
    for number, (tar, index) in enumerate(shards):
        images = read_images(tar, index)
        folder = work / str(number)
        folder.mkdir()
        names = write_loose(folder, images)
        for judge in judges.values():
            classify_one_by_one(folder, names[:1], images.receivers[:1].tolist(), judge, "png")

        with ours:
            table = scorer.score_baseline(read_images(tar, index)).table
            table.to_parquet(work / f"{number}.parquet")
        with loop:
            found = {
                f"{name}{part}": classify_one_by_one(folder, names, images.receivers.tolist(), judge, suffix)
                for suffix, part in COPIES.items()
                for name, judge in judges.items()
            }

        count += len(names)
        for name, answers in found.items():
            other += int((table[f"{name}_pred"].to_numpy() != answers["pred"].to_numpy()).sum())
            difference = max(difference, float(np.abs(table[f"{name}_p"].to_numpy() - answers["p"].to_numpy()).max()))
    gflop = len(COPIES) * sum(_gflop(judge) for judge in judges.values())
    peak = _peak_gflops()
    return {
        "value": loop.cpu / ours.cpu,
        "wall_ratio": loop.wall / ours.wall,
        "loop_seconds": loop.cpu,
        "batched_seconds": ours.cpu,
        "loop_images_per_second": count / loop.cpu,
        "batched_images_per_second": count / ours.cpu,
        "images": count,
        "image_size": int(images.images.shape[-1]),
        "classifiers": list(judges),
        "threads": torch.get_num_threads(),
        "other_classes": other,
        "largest_difference": difference,
        "gflop_per_image": gflop,
        "peak_gflops": peak,
        "bound": loop.cpu / (count * gflop / peak),
    }


def _first(images: ImageSet) -> ImageSet:
    return ImageSet(images.images[:1], images.receivers[:1], images.seeds[:1], images.prompts[:1])


def _gflop(judge: LoopJudge) -> float:
    """Of one image; a multiplication and an addition are two."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        judge.load()(torch.zeros(1, 3, judge.size, judge.size))
    return counter.get_total_flops() / 1e9


def _peak_gflops() -> float:
    a, b = torch.randn(WIDTH, WIDTH), torch.randn(WIDTH, WIDTH)
    seconds = []
    for _ in range(RUNS + 1):
        begin = time.process_time()
        a @ b
        seconds.append((time.process_time() - begin) / torch.get_num_threads())
    return 2 * WIDTH**3 / min(seconds) / 1e9
