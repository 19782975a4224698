"""One training step of a classifier, ours against plain PyTorch, in one run.

    python -m lethe.tools.speed.training_step [--output results/bench/training_step.json] [--batch 256] [--steps 3] [--device cpu]

Kernels are what the profiler sees started: on the CPU operations without a part of their own, views and allocations left out; on a GPU
launches. Steps per second are of processor time on the CPU, where other work disturbs less. Both sides take their batches from the same bytes
on the device and work in float32; on a GPU ours is timed in bfloat16 too.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.autograd import DeviceType
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.data.pixels import Pixels
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.problem import train
from lethe.core.device import resolve_device
from lethe.core.threads import thread_count
from lethe.io.tables import write_json
from lethe.settings.classifiers import Precision

NAMES = ("resnet18", "tinyvit")
CLASSES, SIZE = 10, 32
ROUNDS = 2  # of timing, the ways by turns; their mean counts
RATE, MOMENTUM, DECAY = 0.05, 0.9, 5e-4
STARTS_NOTHING = {  # operations that allocate memory, look at it in another way, or are dropout outside training
    "aten::alias", "aten::as_strided_", "aten::as_strided", "aten::broadcast_tensors", "aten::chunk", "aten::contiguous",
    "aten::detach", "aten::detach_", "aten::dropout", "aten::empty", "aten::empty_like", "aten::empty_strided", "aten::expand",
    "aten::expand_as", "aten::flatten", "aten::is_nonzero", "aten::item", "aten::lift_fresh", "aten::_local_scalar_dense",
    "aten::narrow", "aten::new_empty", "aten::permute", "aten::reshape", "aten::_reshape_alias", "aten::resize_", "aten::resolve_conj",
    "aten::resolve_neg", "aten::result_type", "aten::select", "aten::set_", "aten::slice", "aten::split", "aten::split_with_sizes",
    "aten::squeeze", "aten::t", "aten::to", "aten::transpose", "aten::unbind", "aten::unflatten", "aten::unsafe_split",
    "aten::_unsafe_view", "aten::unsqueeze", "aten::view", "aten::view_as",
}  # fmt: skip

Steps = Callable[[int], object]  # runs so many steps, from the same start each time


def ours(architecture: Architecture, images: Pixels, labels: torch.Tensor, batch: int, precision: Precision = "float32") -> Steps:
    """Base training of one model, as every job does it."""
    start = architecture.init([0]).to(images.device)

    def steps(count: int) -> object:
        index = torch.arange(count * batch, device=images.device)[None] % len(images)
        return train(
            architecture, start, images, labels, index, epochs=1, batch_size=batch, learning_rate=RATE, momentum=MOMENTUM,
            weight_decay=DECAY, precision=precision,
        )  # fmt: skip

    return steps


def plain(architecture: Architecture, images: Pixels, labels: torch.Tensor, batch: int, **how: bool) -> Steps:
    """The usual loop over an ``nn.Module``; ``how``: keywords of ``torch.optim.SGD``."""

    def steps(count: int) -> nn.Module:
        torch.manual_seed(0)
        model = architecture.build().to(images.device).train()
        optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM, weight_decay=DECAY, **how)
        for part in torch.randperm(count * batch, device=images.device).split(batch):
            rows = part % len(images)
            inputs = (images.values[rows].float() / 255 - images.mean) / images.std
            loss = F.cross_entropy(model(inputs), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return model

    return steps


def kernels(steps: Steps, device: str) -> int:
    """Kernels that one step starts: those of two steps less those of one."""
    few, many = (_started(lambda count=count: steps(count), device) for count in (1, 2))  # type: ignore[misc]
    return many - few


def _started(run: Callable[[], object], device: str) -> int:
    gpu = device.startswith("cuda")
    with profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if gpu else [])]) as profiler:
        run()
    events = profiler.events() or []
    if gpu:
        return sum(event.device_type == DeviceType.CUDA for event in events)
    return sum(_works(event) and not any(_works(part) for part in event.cpu_children) for event in events)


def _works(event: Any) -> bool:
    """Whether an operation computes anything, itself or by its parts."""
    if not event.name.startswith("aten::") or event.name in STARTS_NOTHING:
        return any(_works(part) for part in event.cpu_children)
    return True


def seconds(steps: Steps, count: int, device: str) -> float:
    """Seconds of one step, on the CPU of processor time: those of ``count`` + 1 steps less those of one, without what a run does once."""
    clock = time.perf_counter if device.startswith("cuda") else time.process_time

    def timed(count: int) -> float:
        begin = clock()
        steps(count)
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        return clock() - begin

    return (timed(1 + count) - timed(1)) / count


def compare(name: str, batch: int, count: int, device: str) -> dict[str, Any]:
    """Kernels and steps per second of ours, of plain PyTorch with ``foreach`` and with ``fused``, on random images."""
    architecture = ARCHITECTURES.load(name)(CLASSES, (3, SIZE, SIZE))
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(256, (4 * batch, 3, SIZE, SIZE), generator=generator, dtype=torch.uint8)
    images = Pixels.on(device, values, SIZE, [0.5] * 3, [0.25] * 3)
    labels = torch.randint(CLASSES, (len(values),), generator=generator).to(device)
    ways = {
        "ours": ours(architecture, images, labels, batch),
        "foreach": plain(architecture, images, labels, batch, foreach=True),
        "fused": plain(architecture, images, labels, batch, fused=True),
    }
    if device.startswith("cuda"):
        ways["ours_bfloat16"] = ours(architecture, images, labels, batch, "bfloat16")
    started = {way: kernels(steps, device) for way, steps in ways.items()}
    rounds = [{way: seconds(steps, count, device) for way, steps in ways.items()} for _ in range(ROUNDS)]
    return {
        way: {"kernels": started[way], "steps_per_second": 1 / statistics.mean(times[way] for times in rounds)} for way in ways
    }


def measure(json: Path, batch: int, steps: int, device: str) -> None:
    """Write what ``compare`` finds for every architecture.

    Args:
        batch: images per step. steps: timed, per way.
    """
    torch.set_num_threads(thread_count())
    device = resolve_device(device)
    measured = {name: compare(name, batch, steps, device) for name in NAMES}
    value = {name: found["ours"]["kernels"] / found["foreach"]["kernels"] for name, found in measured.items()}
    write_json(
        json,
        {
            "value": value,
            "target": {name: 1 for name in NAMES},
            "holds": all(ratio <= 1 for ratio in value.values()),
            "how": f"kernels that one step of base training starts, over those of plain PyTorch with SGD's foreach; batch {batch} at {SIZE} px, "
            f"{device}; steps per second (CPU: of processor time) in the same run beside it",
            "measured": measured,
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/bench/training_step.json"))
    parser.add_argument("--batch", type=int, default=256, help="images per step")
    parser.add_argument("--steps", type=int, default=3, help="timed, per way")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args(arguments)
    measure(options.output, options.batch, options.steps, options.device)
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
