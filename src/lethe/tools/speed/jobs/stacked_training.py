"""Classifiers trained as one stack against one after another."""

from __future__ import annotations

from pathlib import Path

import torch

from lethe.classifiers.experiment import Experiment
from lethe.classifiers.timing import stacked_training_times
from lethe.core.device import resolve_device
from lethe.io.tables import write_json
from lethe.settings.classifiers import BaseTraining

MODELS, ALONE, EPOCHS = 64, 16, 5
ARCHITECTURES = ("mlp", "tinycnn")
TARGET, SAME = 3, 1e-5


def measure(data: Path, json: Path, training: BaseTraining, device: str) -> None:
    """Write how many times faster the stack is, on one thread."""
    torch.set_num_threads(1)  # the job holds all cores to be alone
    short = training.model_copy(update={"epochs": EPOCHS})
    value, measured = {}, {}
    for name in ARCHITECTURES:
        experiment = Experiment.load(data, name, resolve_device(device))
        stacked_training_times(experiment, training.model_copy(update={"epochs": 1}), 4, 4)  # warm up
        together, apart, difference = stacked_training_times(experiment, short, MODELS, ALONE)
        value[name] = apart / together
        measured[name] = {
            "seconds_stacked": together,
            "seconds_one_after_another": apart,
            "largest_weight_difference": difference,
        }
    same = all(entry["largest_weight_difference"] <= SAME for entry in measured.values())
    result = {
        "value": value,
        "target": {"mlp": TARGET, "tinycnn": "reported"},
        "holds": value["mlp"] >= TARGET and same,
        "how": f"{MODELS} models, {EPOCHS} epochs of {experiment.dataset}, one thread; {ALONE} trained one after another, "
        f"their time scaled to {MODELS}",
        "measured": measured,
    }
    write_json(json, result)
