"""The gates of the benchmark on a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lethe.benchmarks.unlearncanvas.accuracy import Reporting
from lethe.benchmarks.unlearncanvas.answers import BASE
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.benchmarks.unlearncanvas.gates import Roles, all_gates
from lethe.benchmarks.unlearncanvas.world_gates import world_gates
from lethe.core.gate import enforce
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.gates import write_gates
from lethe.io.tables import read_json, read_parquet
from lethe.settings.unlearncanvas import UnlearnCanvas
from lethe.statistics.resampling import Inference


def judge(
    receivers: Path,
    emitters: Path,
    base: Path,
    answers: list[Path],
    trainings: list[Path],
    gates: Path,
    task: str,
    methods: list[str],
    unchanged: list[str],
    retrained: list[str],
    destroyed: list[str],
    judges: list[str],
    tuning: list[int],
    settings: UnlearnCanvas,
    inference: Inference,
    stop: list[str],
    world: Sequence[Path] = (),
) -> None:
    """Write the gates; the log names those that do not hold.

    Args:
        base, answers: answer sets, of the base and one per method.
        trainings: the record of the training of each of ``judges``; of one that was not trained here what it sees in real images.
        unchanged, retrained, destroyed: methods that change nothing, references by retraining, controls that draw nothing.
        stop: names of the gates that stop the run.
        world: what was measured of the world, where it was.

    Raises:
        GateError: one of these does not hold.
    """
    canvas = canvas_of(read_receivers(receivers), read_emitters(emitters), settings)
    sets = dict(zip([BASE, *methods], map(read_parquet, [base, *answers]), strict=True))
    retained = settings.retained.model_dump() if settings.retained else None
    held_out = {name: _held_out(name, record) for name, record in zip(judges, trainings, strict=True)}
    roles = Roles(unchanged, retrained, destroyed)
    objects = [judge.object for judge in settings.judges]
    judged = [gate for figures in world for gate in world_gates(read_json(figures), objects)]
    judged += all_gates(sets, canvas, Reporting(settings.protocols, retained, tuning, inference), roles, held_out)
    write_gates(gates, judged)
    enforce(judged, stop, task)


def _held_out(judge: str, record: Path) -> float | None:
    """The accuracy of a judge on real images that it was not trained on, where it is told."""
    if record.suffix == ".parquet":
        return float(read_parquet(record)[judge].mean())
    quality: dict[str, float] = read_json(record).get("quality", {})
    return quality.get("held_out_accuracy")
