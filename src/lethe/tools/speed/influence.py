"""What influence unlearning (IU) of one ResNet-18 costs: 1,000 samples, 50 iterations of conjugate gradients.

    python -m lethe.tools.speed.influence [--output results/bench/influence.json] [--full]

An iteration is one product with the Fisher matrix of 1,000 samples; the short form times one of 256 samples and scales it up, ``--full`` runs
the method.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.methods import iu
from lethe.classifiers.problem import Problem
from lethe.core.device import resolve_device
from lethe.core.threads import thread_count
from lethe.io.tables import write_json

ARCHITECTURE, CLASSES, SIZE = "resnet18", 10, 32
FORGET = 256
TARGET = 10.0  # minutes on two cores


def untrained(samples: int, device: str) -> Problem:
    """A ResNet-18 with random weights and ``samples`` random images to retain: it fits nothing, so that a solver takes all its iterations."""
    architecture = ARCHITECTURES.load(ARCHITECTURE)(CLASSES, (3, SIZE, SIZE))
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(samples + FORGET, 3, SIZE, SIZE, generator=generator).to(device)
    labels = torch.randint(CLASSES, (len(images),), generator=generator).to(device)
    retain, forget = (rows[None].to(device) for rows in torch.arange(len(images)).split([samples, FORGET]))
    return Problem(architecture, architecture.init([0]).to(device), images, labels, retain, forget, forget, seeds=[0])


def minutes(full: bool, device: str) -> float:
    """Minutes of IU on one model; of processor time over threads on the CPU, where other work would disturb."""
    gpu = device.startswith("cuda")

    def now() -> float:
        if gpu:
            torch.cuda.synchronize()
        return time.perf_counter() if gpu else time.process_time() / torch.get_num_threads()

    problem = untrained(iu.SAMPLES, device)
    few = problem.retain[:, : iu.BATCH]
    iu.fisher_product(problem, few[:, :8], problem.original.parameters)  # the first one loads what forward derivatives need
    begin = now()
    if full:
        iu.InfluenceUnlearning().unlearn(problem, [iu.InfluenceUnlearning.Config()])
        return (now() - begin) / 60
    iu.fisher_product(problem, few, problem.original.parameters)
    return (now() - begin) / 60 * iu.MOST * iu.SAMPLES / iu.BATCH


def measure(json: Path, full: bool, device: str) -> None:
    """Write the minutes; ``full``: of the method itself, else of one product, scaled up."""
    torch.set_num_threads(thread_count())
    device = resolve_device(device)
    value = minutes(full, device)
    how = "run" if full else f"one product with the Fisher matrix of {iu.BATCH} samples, scaled up"
    write_json(
        json,
        {
            "value": value,
            "target": TARGET,
            "holds": value <= TARGET,
            "how": f"minutes of IU on {ARCHITECTURE}, {iu.SAMPLES} samples, {iu.MOST} iterations, {device}, {torch.get_num_threads()} threads "
            f"(CPU: processor time over threads): {how}",
        },
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/bench/influence.json"))
    parser.add_argument("--full", action="store_true", help="run the method, minutes, instead of one product")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args(arguments)
    measure(options.output, options.full, options.device)
    print(f"written to {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
