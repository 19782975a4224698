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
TARGET = {"images_per_second": 4.0, "images_speed_up": 3.0, "distil_speed_up": 2.0, "munba_speed_up": 2.0}
PROMPTS = [
    f"An image of a {colour} {thing}" for colour in ("red", "blue", "grey", "wild") for thing in ("dog", "car", "lake", "house")
]
METHODS = ("distil", "munba")
COMPILE_SECONDS = 120.0  # a compilation is not begun later than this before the end


def _say(line: str) -> None:
    print(line, flush=True)  # a run that is cut short has said what it measured


def measure(
    pipe: Pipeline,
    *,
    batch_sizes: Sequence[int] = (1, 8, 16, 32),
    compiled: Sequence[int] = (32, 16, 8, 1),
    images: int = 64,
    plain_images: int = 4,
    steps: int = 50,
    size: int = 512,
    training_steps: int = 20,
    deadline: float = float("inf"),
    say: Callable[[str], None] = _say,
) -> dict[str, Any]:
    """Measure generation and training on ``pipe``, whose weights are as before afterwards.

    Args:
        pipe: from ``untrained_sd14`` or ``load_pipeline``, in float16 on a GPU.
        batch_sizes: of generation without compilation.
        compiled: of generation with ``torch.compile``, the first first; one is left out if ``deadline`` is near.
        images: drawn at the largest batch size; smaller ones draw four batches at most.
        plain_images: drawn by the stock pipeline, one call each.
        steps, size: of every image.
        training_steps: per method, emitter and precision.
        deadline: ``time.monotonic()`` at which no further compilation should be under way.
        say: takes one line per result.

    Returns:
        ``generation`` and ``training``: lists of rows; ``best``: what ``TARGET`` is compared with.
    """
    import torch

    from lethe.tools.speed.rates import cached_training, plain_rate, shard_rate, training_set, uncached_training

    gpu = pipe.unet.device.type == "cuda"

    def peak_gb() -> float | None:
        if not gpu:
            return None
        peak = torch.cuda.max_memory_allocated() / 1e9
        torch.cuda.reset_peak_memory_stats()
        return peak

    generation: list[dict[str, Any]] = []

    def add(way: str, batch: int, rate: float) -> None:
        row: dict[str, Any] = {"way": way, "batch": batch, "images_per_second": rate, "peak_gpu_gb": peak_gb()}
        row["speed_up"] = rate / generation[0]["images_per_second"] if generation else 1.0
        generation.append(row)
        say(f"{way:10} batch {batch:3}: {rate:8.3f} images/s, {row['speed_up']:6.2f} x")

    add("plain", 1, plain_rate(pipe, PROMPTS[:plain_images], steps, size))
    for batch in batch_sizes:
        add("eager", batch, shard_rate(pipe, PROMPTS, batch, min(images, 4 * batch), steps, size, compiled=False))

    training: list[dict[str, Any]] = []
    dtype = pipe.unet.dtype
    pipe.to(torch.float32)  # adapters are trained on float32 weights, whatever the passes run in
    files, data = training_set(pipe, PROMPTS, size)
    for method in METHODS:
        slow = uncached_training(pipe, method, files, data, training_steps, size)
        for precision in ("float32", "bfloat16"):
            fast = cached_training(pipe, method, data, training_steps, precision)
            row: dict[str, Any] = {
                "method": method,
                "precision": precision,
                "steps_per_second": fast,
                "uncached_steps_per_second": slow,
            }
            row |= {"speed_up": fast / slow, "peak_gpu_gb": peak_gb()}
            training.append(row)
            say(f"{method:10} {precision:9}: {fast:8.2f} steps/s, uncached float32 {slow:8.2f}, {fast / slow:6.2f} x")
    pipe.to(dtype)

    # last: whatever a compiler does on a new machine, the rest is measured by then
    for batch in compiled:
        if time.monotonic() > deadline - COMPILE_SECONDS:
            say(f"compiled   batch {batch:3}: left out, no time for another compilation")
            continue
        add("compiled", batch, shard_rate(pipe, PROMPTS, batch, min(images, 4 * batch), steps, size, compiled=True))
    fastest = max(generation[1:], key=lambda row: row["images_per_second"])
    best = {"images_per_second": fastest["images_per_second"], "images_speed_up": fastest["speed_up"]}
    best |= {f"{row['method']}_speed_up": row["speed_up"] for row in training if row["precision"] == "bfloat16"}
    return {"generation": generation, "training": training, "best": best}


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
        "holds": all(best[name] >= target for name, target in TARGET.items()),
        "how": "Stable Diffusion v1.4's architecture, random weights, 512 px, 50 PNDM steps, guidance 7.5, float16: shards of PNGs "
        "against the stock pipeline called once per image; SPARE (FADE) and MUNBa (rank 16, batch 4 + 4) with bfloat16 passes on cached latents "
        "against a loop in float32 that decodes, VAE-encodes and text-encodes at every step, all in one run",
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "seconds": time.monotonic() - begin,
        "measured": measured,
    }
    write_json(options.output, record)
    print(f"{record['device']}, torch {record['torch']}, {record['seconds']:.0f} s; written to {options.output}")
    for name, target in TARGET.items():
        print(f"{name:20} {best[name]:8.2f}  target {target:g}  {'holds' if best[name] >= target else 'FAILS'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
