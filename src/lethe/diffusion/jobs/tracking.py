"""Loss curves handed to the service that the configuration names."""

from __future__ import annotations

import logging
from pathlib import Path

from lethe.diffusion.curves import read_curve
from lethe.diffusion.trackers import Run, track
from lethe.io.atomic import atomic_path
from lethe.io.tables import read_json

log = logging.getLogger(__name__)


def send(
    losses: list[Path], records: list[Path], folder: Path, models: list[str], tracker: str, task: str, method: str, world: str
) -> None:
    """Hand the curves of all models of a method to a service.

    Args:
        losses, records: one file per model.
        folder: where the service writes its files.
        models: names of the models.
        tracker: the service.
    """
    runs = []
    for model, curve, record in zip(models, losses, records, strict=True):
        said = read_json(record)
        settings = said["hyperparameters"] | {"seed": said["seed"], "emitter": said["emitter"]["name"]}
        runs.append(Run(world, model, f"{task}_{method}", settings, read_curve(curve)))
    with atomic_path(folder) as part:
        part.mkdir()
        track(tracker, part, runs)
    log.info("%s: %d curves, from %s to %s", tracker, len(runs), runs[0].name, runs[-1].name)
