"""Images and training steps per second at the size of Stable Diffusion v1.4, each against the usual way in the same run.

    python -m lethe.tools.speed.gpu [--output results/bench/gpu.json] [--minutes 8]

Random weights of the exact architecture: speed does not depend on them, and nothing is downloaded. Without a CUDA device this
says so and ends with status 0. It needs the packages of ``NEEDED`` and this package's source (``PYTHONPATH=src``), not an
installation of Lethe.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lethe.diffusion.methods._training import Precision
    from lethe.diffusion.pipeline import Pipeline

# module -> distribution; what the imports of `measure` reach
NEEDED = {
    "diffusers": "diffusers",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
    "peft": "peft",
    "accelerate": "accelerate",
    "safetensors": "safetensors",
    "numpy": "numpy",
    "pandas": "pandas",
    "PIL": "pillow",
    "psutil": "psutil",
    "pydantic": "pydantic",
    "tqdm": "tqdm",
    "yaml": "pyyaml",
}
TARGET = {"images_per_second": 4.0, "images_speed_up": 2.0, "distil_speed_up": 2.0, "munba_speed_up": 2.0}
PROMPTS = [
    f"An image of a {colour} {thing}" for colour in ("red", "blue", "grey", "wild") for thing in ("dog", "car", "lake", "house")
]
METHODS = ("distil", "munba")
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
JOB = 4000  # images of a job at the paper's size: what it compiles is part of its rate
TOGETHER = 4  # emitters in a step; ten would need more than 80 GB
COMPILE_SECONDS = {
    "compiled": 120.0,
    "stock": 200.0,
    "any order": 120.0,
    "decoder": 160.0,
    "training": 200.0,
}  # not begun later than this before the end


def _say(line: str) -> None:
    print(line, flush=True)  # a run that is cut short has said what it measured


def measure(
    pipe: Pipeline,
    *,
    batch_sizes: Sequence[int] = (1, 8),
    production: int = 25,
    stock: int = 16,
    images: int = 50,
    plain_images: int = 4,
    steps: int = 50,
    size: int = 512,
    training_steps: int = 10,
    together: int = TOGETHER,
    deadline: float = float("inf"),
    say: Callable[[str], None] = _say,
) -> dict[str, Any]:
    """Measure generation and training on ``pipe``, whose weights are as before afterwards.

    Args:
        pipe: from ``untrained_sd14`` or ``load_pipeline``, in float16 on a GPU.
        batch_sizes: of generation without compilation, beside ``production``, the batch of the paper's configuration.
        stock: batch of the stock pipeline.
        images: drawn at most; four batches, and whole ones.
        plain_images: drawn by the stock pipeline, one call each.
        steps, size: of every image.
        training_steps: per method, emitter and precision.
        together: emitters in a step of the last row of each method.
        deadline: ``time.monotonic()`` at which no further compilation should be under way.
        say: takes one line per result.

    Returns:
        ``generation`` and ``training``: lists of rows; ``best``: what ``TARGET`` is compared with, null where it was left out.
    """
    import torch

    from lethe.tools.speed.rates import Rate, cached_training, plain_rate, shard_rate, stock_rate, training_set, uncached_training

    gpu = pipe.unet.device.type == "cuda"

    def peak_gb() -> float | None:
        if not gpu:
            return None
        peak = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
        return peak

    generation: list[dict[str, Any]] = []

    def add(way: str, batch: int, rate: Rate) -> None:
        row: dict[str, Any] = {"way": way, "batch": batch, "images_per_second": rate.images_per_second}
        row |= {"first_seconds": rate.first_seconds, "job_images_per_second": rate.of_job(JOB), "peak_gpu_gb": peak_gb()}
        generation.append(row)
        say(
            f"{way:15} batch {batch:3}: {row['images_per_second']:8.3f} images/s, first {row['first_seconds']:6.1f} s more, "
            f"{row['job_images_per_second']:8.3f} images/s in a job of {JOB}"
        )

    def drawn(batch: int, **how: bool) -> Rate:
        return shard_rate(pipe, PROMPTS, batch, batch * min(4, max(1, images // batch)), steps, size, **how)

    add("stock", 1, plain_rate(pipe, PROMPTS[:plain_images], steps, size))
    add("stock", stock, stock_rate(pipe, PROMPTS, stock, steps, size, compiled=False))
    for batch in (*batch_sizes, production):
        add("eager", batch, drawn(batch, compiled=False))

    training: list[dict[str, Any]] = []
    dtype = pipe.unet.dtype
    pipe.to(torch.float32)  # adapters are trained on float32 weights, whatever the passes run in
    files, data = training_set(pipe, PROMPTS, size)
    uncached: dict[tuple[str, Precision], float] = {}

    def train(method: str, precision: Precision, count: int, compiled: bool = False) -> None:
        what = f"{method:10} {precision:9} {count} in a step{', compiled' if compiled else ''}"
        try:
            fast = cached_training(pipe, method, data, training_steps, precision, count, compiled)
        except torch.OutOfMemoryError:
            say(f"{what}: left out, the device has too little memory")
            return
        slow = uncached[method, precision]
        row: dict[str, Any] = {"method": method, "precision": precision, "together": count, "compiled": compiled}
        row |= {"steps_per_second": fast, "uncached_steps_per_second": slow, "speed_up": fast / slow, "peak_gpu_gb": peak_gb()}
        training.append(row)
        say(f"{what}: {fast:8.2f} steps/s, uncached in {precision} {slow:8.2f}, {fast / slow:6.2f} x")

    for method in METHODS:
        for precision in PRECISIONS:
            uncached[method, precision] = uncached_training(pipe, method, files, data, training_steps, size, precision)
            train(method, precision, 1)
        train(method, "bfloat16", together)
    pipe.to(dtype)

    # last: whatever a compiler does on a new machine, the rest is measured by then
    def in_time(way: str, what: str) -> bool:
        if late := time.monotonic() > deadline - COMPILE_SECONDS[way]:
            say(f"{what}: left out, no time for another compilation")
        return not late

    def compiled(way: str, batch: int, rate: Callable[[], Rate], beside: Rate | None = None) -> Rate | None:
        if not in_time(way, f"{way:15} batch {batch:3}"):
            return None
        found = rate()
        add(way if way != "stock" else "stock, compiled", batch, found)
        if beside is not None and beside.images is not None and found.images is not None:
            generation[-1]["largest_difference"] = int(abs(found.images.astype(int) - beside.images.astype(int)).max())
        return found

    own = compiled("compiled", production, lambda: drawn(production, compiled=True))
    compiled("stock", stock, lambda: stock_rate(pipe, PROMPTS, stock, steps, size, compiled=True))
    compiled("any order", production, lambda: drawn(production, compiled=True, deterministic=False), own)
    compiled("decoder", production, lambda: drawn(production, compiled=True, decoder=True), own)
    pipe.to(torch.float32)
    for method in METHODS:
        if in_time("training", f"{method:10} compiled"):
            train(method, "bfloat16", 1, compiled=True)
    pipe.to(dtype)
    return {"generation": generation, "training": training, "best": _best(generation, training, production)}


def _best(generation: Sequence[dict[str, Any]], training: Sequence[dict[str, Any]], production: int) -> dict[str, float | None]:
    """What is claimed: of ours what jobs of the paper's configuration do, at their batch.

    It is compared with the best of the stock pipeline, which it may need to compile. Both in jobs of ``JOB`` images, what they compile included.
    """

    def fastest(ways: Sequence[str], batch: int | None = None) -> float:
        return max(
            row["job_images_per_second"] for row in generation if row["way"] in ways and (batch is None or row["batch"] == batch)
        )

    ours = fastest(("eager", "compiled"), production)
    best: dict[str, float | None] = {"images_per_second": ours, "images_speed_up": None}
    if any(row["way"] == "stock, compiled" for row in generation):
        best["images_speed_up"] = ours / fastest(("stock", "stock, compiled"))
    for method in METHODS:
        rows = [
            row["speed_up"]
            for row in training
            if row["method"] == method and row["precision"] == "bfloat16" and not row["compiled"]
        ]
        best[f"{method}_speed_up"] = max(rows, default=None)
    return best


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 unless a measurement fails or a package is missing on a machine with a GPU."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/bench/gpu.json"))
    parser.add_argument("--minutes", type=float, default=8.0, help="about how long it may take")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    if importlib.util.find_spec("torch") is None:
        print("torch is not installed: nothing can be measured")
        return 1
    import torch

    if not torch.cuda.is_available():
        print(f"no CUDA device (torch {torch.__version__}): the GPU is not measured and {options.output} is not written")
        return 0
    if missing := [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]:
        print(f"missing packages: {', '.join(missing)}; install them (requirements.lock has the pins) and run again")
        return 1

    from lethe.core.device import setup_torch
    from lethe.core.threads import thread_count
    from lethe.diffusion.pretraining.sd14 import PARAMETERS, parameter_counts, untrained_sd14
    from lethe.io.tables import write_json

    setup_torch(thread_count())
    pipe = untrained_sd14(PROMPTS, device="cuda", dtype=torch.float16)
    if (counts := parameter_counts(pipe)) != PARAMETERS:
        print(f"parameters are {counts}; Stable Diffusion v1.4 has {PARAMETERS}")
        return 1
    measured = measure(pipe, deadline=begin + 60 * options.minutes)
    best = measured["best"]
    record = {
        "value": best,
        "target": TARGET,
        "holds": all((best[name] or 0) >= target for name, target in TARGET.items()),
        "how": f"Stable Diffusion v1.4's architecture, random weights, 512 px, 50 PNDM steps, guidance 7.5, float16: a job of {JOB} images as "
        "shards of PNGs, batch 25, what it compiles included, against the best of the stock pipeline (one by one; batched, channels last; the same "
        "with UNet and decoder compiled by max-autotune); SPARE (FADE) and MUNBa (rank 16, batch 4 + 4) on cached latents against a loop in the "
        "same precision (bfloat16) that decodes, VAE-encodes and text-encodes at every step, all in one run",
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "seconds": time.monotonic() - begin,
        "measured": measured,
    }
    write_json(options.output, record)
    print(f"{record['device']}, torch {record['torch']}, {record['seconds']:.0f} s; written to {options.output}")
    for name, target in TARGET.items():
        value = best[name]
        said = (
            "left out, not measured"
            if value is None
            else f"{value:8.2f}  target {target:g}  {'holds' if value >= target else 'FAILS'}"
        )
        print(f"{name:20} {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
