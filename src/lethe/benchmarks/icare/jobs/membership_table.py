"""The table of membership inference of a task, and its gates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.benchmarks.icare.membership import membership_gates, membership_means, membership_table
from lethe.core.gate import enforce
from lethe.core.records import ModelId
from lethe.io.gates import write_gates
from lethe.io.tables import read_parquet, write_csv
from lethe.settings.membership import Membership
from lethe.settings.statistics import Statistics
from lethe.settings.tasks import Task


def tabulate(
    baseline: Path,
    losses: list[Path],
    table: Path,
    means: Path,
    gates: Path,
    models: list[str],
    task: str,
    settings: Task,
    membership: Membership,
    statistics: Statistics,
    seed: int,
    stop: list[str],
) -> None:
    """How well members can be told from non-members under every model, means of methods, gates.

    Args:
        losses: one file per model.
        models: names of the models.
        stop: names of the gates that stop the run.

    Raises:
        GateError: one of these does not hold.
    """
    uncertainty: dict[str, Any] = {"draws": statistics.bootstrap, "level": 1 - statistics.alpha, "seed": seed}
    found = membership_table(
        [(ModelId.parse(name), read_parquet(file)) for name, file in zip(models, losses, strict=True)],
        read_parquet(baseline),
        images=membership.images,
        members_of=membership.members,
        **uncertainty,
    )
    of_methods = membership_means(found, exclude=settings.tuning_emitters, **uncertainty)
    judged = membership_gates(found, of_methods)
    write_csv(table, found)
    write_csv(means, of_methods)
    write_gates(gates, judged)
    enforce(judged, stop, f"membership inference on {task}")
