"""Curves of trainings handed to a service that shows them: Weights & Biases, TensorBoard or trackio.

The package of a service is imported when curves go to it, by nothing else. All of them write below a folder and send nothing, unless
the environment says otherwise in the service's own words (``WANDB_API_KEY``, ``TRACKIO_SPACE_ID`` ...).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.diffusion.curves import KEYS
from lethe.io.hashing import sha256_data

if TYPE_CHECKING:
    import pandas as pd

ONLINE = ("WANDB_MODE", "WANDB_API_KEY")  # whoever sets one of them has decided where runs go
Scalar = bool | int | float | str


@dataclass(frozen=True)
class Run:
    """The training of one model.

    Attributes:
        world, model: name it. group: of the runs beside it.
        settings: its hyper-parameters and its seed, by name.
        curve: of ``lethe.diffusion.curves.read_curve``.
    """

    world: str
    model: str
    group: str
    settings: Mapping[str, Any]
    curve: pd.DataFrame

    @property
    def name(self) -> str:
        """How services call it, e.g. ``mini/people_000_distil_067``."""
        return f"{self.world}/{self.model}"

    @property
    def numbers(self) -> Iterator[tuple[int, dict[str, float]]]:
        """Each step and its numbers, the learning rate first; a number that a step does not have is left out."""
        names = [name for name in self.curve.columns if name not in KEYS or name == "learning_rate"]
        for step, row in zip(self.curve["step"].tolist(), self.curve[names].to_dict("records"), strict=True):
            yield int(step), {str(name): float(value) for name, value in row.items() if value == value}


def track(tracker: str, folder: str | Path, runs: Sequence[Run]) -> None:
    """Hand runs to a service.

    Args:
        tracker: a key of ``TRACKERS``.
        folder: there already; where the service writes its files.
    """
    TRACKERS[tracker](Path(folder), runs)


def _tensorboard(folder: Path, runs: Sequence[Run]) -> None:
    """A folder of events per model; hyper-parameters under "HParams", beside the numbers of the last step."""
    from torch.utils.tensorboard import SummaryWriter

    for run in runs:
        with SummaryWriter(str(folder / run.model)) as writer:
            numbers: dict[str, float] = {}
            for step, numbers in run.numbers:
                for name, value in numbers.items():
                    writer.add_scalar(name, value, step)
            settings = {name: _scalar(value) for name, value in run.settings.items()}
            last = {f"last/{name}": value for name, value in numbers.items()}
            writer.add_hparams(settings, last, run_name=".")  # in this folder, not in one named after the time


def _wandb(folder: Path, runs: Sequence[Run]) -> None:
    """A run per model in the project of the world; offline unless the environment says where runs go."""
    import wandb

    mode = None if any(name in os.environ for name in ONLINE) else "offline"
    for run in runs:
        settings, table = dict(run.settings), run.curve.to_csv(index=False)
        started = wandb.init(
            project=run.world,
            group=run.group,
            name=run.name,
            id=f"{run.model}-{sha256_data([settings, table])[:8]}",  # a curve that is sent again is the run that it was
            resume="allow",
            config=settings,
            dir=str(folder),
            mode=mode,
            settings=wandb.Settings(console="off", silent=True),  # what the job says is no part of the training
        )
        for step, numbers in run.numbers:
            started.log(numbers, step=step)
        started.finish()


def _trackio(folder: Path, runs: Sequence[Run]) -> None:
    """A run per model in the project of the world, in a database of this folder or in the Space that the environment names."""
    os.environ["TRACKIO_DIR"] = str(folder)  # read when trackio is imported
    import trackio

    for run in runs:
        trackio.init(
            project=run.world,
            name=run.name,
            group=run.group,
            config=dict(run.settings),
            auto_log_gpu=False,  # the machine at the time of sending is not that of the training
            auto_log_cpu=False,
        )
        for step, numbers in run.numbers:
            trackio.log(numbers, step=step)
        trackio.finish()


def _scalar(value: Any) -> Scalar:
    """A hyper-parameter as TensorBoard takes one: lists and null as text."""
    return value if isinstance(value, Scalar) else str(value)


TRACKERS: dict[str, Callable[[Path, Sequence[Run]], None]] = {
    "wandb": _wandb,
    "tensorboard": _tensorboard,
    "trackio": _trackio,
}
"""Service -> how runs reach it. A service has the name of its package."""
