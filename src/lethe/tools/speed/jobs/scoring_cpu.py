"""Processor time of a scoring job that holds a GPU, a picture of 512 px: what it still does on the processor, and what left it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lethe.diffusion.metrics.base import Metric, ScoringBatch
from lethe.diffusion.metrics.brisque import PIXELS_ON_DEVICE, Brisque, SupportVectorRegression, model_file
from lethe.diffusion.metrics.fidelity import Rmse, Ssim
from lethe.diffusion.metrics.nudenet import NudeNetCount
from lethe.diffusion.metrics.run import read_images
from lethe.io.shards import index_path, write_shard
from lethe.io.tables import write_json
from lethe.tools.speed.scoring_peers import write_pictures

TARGET = 5.0  # ms
ROUNDS = 5
SHARD = 64  # pictures of the shard that is read, whose opening they share; a shard of the paper has 400


class Operations(TorchDispatchMode):
    """Counts the operations that torch starts: on a GPU at least one kernel each."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        """Count and call."""
        self.count += 1
        return function(*args, **(kwargs or {}))


def measure(json: Path) -> None:
    """Write the processor time of a picture in a job with a GPU, and beside it that of the metrics which left the processor."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder))
        shards = [(Path(folder) / f"{state}.tar", index_path(Path(folder) / f"{state}.tar")) for state in ("on", "off")]
        on, off = (read_images(*shard) for shard in shards)
        count, pictures = len(on.images), on.images.permute(0, 2, 3, 1).numpy()
        large = Path(folder) / "large.tar"
        write_shard(
            large, [(f"{n:03d}_0.png", pictures[n % count], {"receiver": n, "seed": 0, "prompt": ""}) for n in range(SHARD)]
        )
        decoding = _milliseconds(lambda: read_images(large, index_path(large)))

    def scored(metric: Metric) -> object:
        return metric.score(ScoringBatch(on.images, on.receivers, on.prompts, off.images))  # a batch with an empty cache

    vectors = SupportVectorRegression(model_file())
    moved: dict[str, Metric] = {"rmse": Rmse(), "ssim": Ssim(), "brisque": Brisque(vectors)}
    on_device = {name: _milliseconds(partial(scored, metric)) / count for name, metric in moved.items()}
    nudenet = NudeNetCount(resolution=320, threads=1)
    with Operations() as operations:
        scored(Brisque(vectors, pixels_per_chunk=PIXELS_ON_DEVICE))
    value = decoding / SHARD
    result = {
        "value": value,
        "target": TARGET,
        "holds": value <= TARGET,
        "how": "processor time in ms of what a scoring job with a GPU does on its processor for a picture of 512 px: read, hash, decode, stack "
        "(in threads, behind the networks). Starting kernels is not counted: it cannot be measured without a GPU. It depends on the processor",
        "measured": {
            "images": SHARD,
            "on_the_device": on_device,
            "in_jobs_without_a_gpu": {"nudenet": _milliseconds(partial(scored, nudenet)) / count},
            "brisque_operations_a_picture": operations.count / count,
        },
    }
    write_json(json, result)


def _milliseconds(run: Callable[[], object]) -> float:
    """Processor time of the quickest of some rounds."""
    found = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        run()
        found.append(time.process_time() - begin)
    return 1000 * float(np.min(found))
