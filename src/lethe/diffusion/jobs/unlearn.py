"""One method on the emitters of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lethe.core.device import resolve_device
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.delta import load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.methods.prepared import read_prepared
from lethe.diffusion.methods.run import run_method, targets_of, training_data
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.execution.work import WorkFolder


def unlearn(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    deltas: list[Path],
    records: list[Path],
    losses: list[Path],
    models: list[str],
    hyperparameters: dict[str, Any],
    seed: int,
    device: str,
    fidelity: Fidelity,
    work: WorkFolder,
    weights: Sequence[Path] = (),
    prepared: Sequence[Path] = (),
    measured: Sequence[Path] = (),
) -> None:
    """Unlearn every emitter of a batch; what is finished survives a killed job.

    Args:
        deltas, records, losses: one file per model.
        models: names of the models.
        weights: of the reference by retraining: those of the base trained without the entity, and their record.
        prepared: of a method that prepares something for all emitters: that, and its record.
        measured: of the control that moves weights at random: the deltas whose distance it takes, one per model.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    ids = [ModelId.parse(name) for name in models]
    given = {"weights": {ids[0].index: str(weights[0])}} if weights else {}
    data, shared = training_data(latents, asked, forgotten, fidelity), {}
    if prepared:
        found = read_prepared(prepared[0], prepared[1], task=ids[0].task, method=ids[0].method, base=base)
        data, shared = replace(data, prepared=found.tensors), found.record
    if measured:
        digest = base_digest(base)
        data = replace(data, deltas={model.index: load_delta(path, digest) for model, path in zip(ids, measured, strict=True)})
    run_method(
        ids,
        forgotten,
        base=base,
        data=data,
        hyperparameters=hyperparameters | given,
        shared=shared,
        seed=seed,
        device=resolve_device(device),
        work=work,
    )
    places = zip(ids, deltas, records, losses, strict=True)
    work.hand_over({name: path for model, *paths in places for name, path in zip(targets_of(model), paths, strict=True)})
