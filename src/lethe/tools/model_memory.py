"""Main memory of a job that makes many classifiers, step by step, against what such a job asks for.

    python -m lethe.tools.model_memory [--models 64] [--architecture resnet18] [--batch 256]

trains every model for one step on made-up images of CIFAR-10's size, keeps each as a file, joins the files, loads them, lets all forget and
asks them, as the jobs of Deep Unlearn do, and saves all of them from memory. A line per step: the peak of the process's own memory (anonymous
pages; pages of mapped files are taken back when they are needed), and what it may be. Ends with status 1 where a peak is above it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from lethe.classifiers import ARCHITECTURES, PROVIDERS
from lethe.classifiers.data.augment import augmentation
from lethe.classifiers.experiment import Experiment
from lethe.classifiers.kept import in_lots
from lethe.classifiers.methods.base import run
from lethe.classifiers.methods.scrub import Scrub
from lethe.classifiers.models.stack import Stack, save_joined
from lethe.classifiers.plan.sizes import described, size_of
from lethe.classifiers.problem import Problem
from lethe.core.device import setup_torch
from lethe.execution.work import WorkFolder
from lethe.settings.classifiers import BaseTraining

SAVED = 1.2  # times a stack: the most that saving it may take, itself included
PROVIDER = "cifar10"


class Line(NamedTuple):
    """A step of a job.

    Attributes:
        step: what was done. peak: MB at most, of the process alone. limit: MB that it may be. against: what the limit is.
    """

    step: str
    peak: float
    limit: float
    against: str


class Peak:
    """The most memory of its own that this process has held, MB; sampled every millisecond."""

    def __init__(self) -> None:
        self.most = 0.0

    @contextmanager
    def watched(self) -> Iterator[Peak]:
        """Sample while the body runs; ``most`` is of this body."""
        self.most, done = own_memory(), threading.Event()

        def sample() -> None:
            while not done.is_set():
                self.most = max(self.most, own_memory())
                time.sleep(0.001)

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            done.set()
            thread.join()


def own_memory() -> float:
    """MB of anonymous pages of this process (Linux)."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1e3 for line in file if line.startswith("RssAnon"))


def measure(models: int, architecture: str, batch: int, folder: Path) -> list[Line]:
    """Carry the steps out in ``folder``, which takes twice the bytes of all models."""
    size = size_of(PROVIDER, PROVIDERS.load(PROVIDER).images, architecture, cuda=False)
    made = Peak()
    with made.watched():
        experiment = experiment_of(architecture, batch)
    train = size.memory(0, batch, cuda=False)
    held = size.memory(2 * models, batch, cuda=False)
    lines = [Line("hold the images", made.most, train, "asked for by a job that trains")]

    def step(name: str, limit: float, against: str, work: Callable[[], Any], base: float = 0.0) -> Any:
        with made.watched():
            result = work()
        lines.append(Line(name, made.most - base, limit, against))
        return result

    kept, training, rows = WorkFolder(folder / "work", "measured"), BaseTraining(epochs=1, batch_size=batch), torch.arange(batch)
    parts = step(
        f"train {models} models, a step each, and keep them",
        train,
        lines[0].against,
        lambda: trained(kept, experiment, training, models),
    )
    file = folder / "stack.safetensors"
    step("join their files", train, lines[0].against, lambda: save_joined(file, [Stack.load(part) for part in parts], {}))
    stack = step("load the joined file", train, lines[0].against, lambda: Stack.load(file))
    problem = problem_of(experiment, stack, rows)
    configs = [Scrub.Config(num_epochs=1, batch_size=batch)] * models
    result = step(
        "let them forget (SCRUB, a teacher each)",
        held,
        "asked for by a job that unlearns",
        lambda: run(Scrub(), problem, configs),
    )
    step("ask them", held, "asked for by a job that unlearns", lambda: problem.predict(result, rows, batch))
    base = own_memory() - models * size.weights
    saved = SAVED * models * size.weights
    step(
        "save them from memory",
        saved,
        f"{SAVED} x the stack, {models * size.weights:.0f} MB",
        lambda: result.save(file, {}),
        base,
    )
    return lines


def trained(work: WorkFolder, experiment: Experiment, training: BaseTraining, models: int) -> list[Path]:
    """Files of models that were trained as a job trains them."""
    rows = torch.arange(training.batch_size)

    def make(some: list[int], path: Path) -> None:
        experiment.train(rows.expand(len(some), -1), some, training).save(path, {})

    (parts,) = in_lots(work, ["model"], range(models), experiment.architecture.at_once, make)
    return parts


def experiment_of(architecture: str, batch: int) -> Experiment:
    """All images of a data set of CIFAR-10's size, made up; those of a step are used."""
    provider = PROVIDERS.load(PROVIDER)()
    channels, height, width = provider.image_shape
    images = torch.zeros(provider.images, height, width, channels, dtype=torch.uint8)
    images[:batch].random_(generator=torch.Generator().manual_seed(0))
    labels = torch.arange(provider.images) % provider.classes
    splits = {"retain": torch.arange(batch), "forget": torch.arange(batch), "val": torch.arange(batch)}
    network = ARCHITECTURES.load(architecture)(provider.classes, provider.image_shape)
    inputs = provider.to_input(images.numpy())
    return Experiment(PROVIDER, provider, architecture, network, inputs, labels, labels, splits, augmentation(provider))


def problem_of(experiment: Experiment, stack: Stack, rows: torch.Tensor) -> Problem:
    """Half of a batch to keep, half to forget."""
    half = len(rows) // 2
    chosen = experiment.problem(stack, range(len(stack)))
    retain, forget = rows[:half].expand(len(stack), -1), rows[half:].expand(len(stack), -1)
    return replace(chosen, retain=retain, forget=forget)


def table(lines: list[Line]) -> str:
    """A line per step."""
    rows = [f"{'step':52} {'peak MB':>8} {'limit MB':>8} {'share':>6}  limit"]
    for line in lines:
        mark = "" if line.peak <= line.limit else "  MORE"
        rows.append(f"{line.step:52} {line.peak:8.0f} {line.limit:8.0f} {line.peak / line.limit:6.0%}  {line.against}{mark}")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m lethe.tools.model_memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--models", type=int, default=64)
    parser.add_argument("--architecture", default="resnet18")
    parser.add_argument("--batch", type=int, default=256)
    options = parser.parse_args(arguments)
    described(options.architecture)  # an unknown name is told before anything is done
    setup_torch(1)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        lines = measure(options.models, options.architecture, options.batch, Path(folder))
    print(table(lines))
    return 0 if all(line.peak <= line.limit for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
