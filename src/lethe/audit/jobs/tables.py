"""The tables of an audit: what changed, and the gates."""

from __future__ import annotations

from pathlib import Path

from lethe.audit.changes import changes, floors
from lethe.audit.files import read_table
from lethe.audit.gates import gate_draws, gate_forgotten, gate_unchanged
from lethe.core.gate import enforce
from lethe.diffusion.sources.prompts import CONCEPT
from lethe.diffusion.testbed.receivers import read_emitters, read_receivers
from lethe.io.gates import write_gates
from lethe.io.tables import read_parquet, write_csv


def write(
    receivers: Path,
    emitters: Path,
    listed: Path,
    baseline: Path,
    seed_pairs: Path,
    scores: list[Path],
    table: Path,
    gates: Path,
    models: list[str],
    unchanged: str,
    alpha: float,
    task: str,
    stop: list[str],
) -> None:
    """Write what changed under every model, and the gates; the log names those that do not hold.

    Args:
        listed: the table of what is asked for. baseline: scores of the off images. seed_pairs: of two seeds of the base.
        scores: one file per model of ``models``. unchanged: the method that changes nothing. stop: names of the gates that stop the run.

    Raises:
        GateError: one of these does not hold.
    """
    off = read_parquet(baseline)
    covers = {emitter.index: emitter.covers for emitter in read_emitters(emitters)}
    ranges = floors(off, read_parquet(seed_pairs), alpha)
    concepts = {receiver.index: receiver.attributes[CONCEPT] for receiver in read_receivers(receivers)}
    roles = {int(row["index"]): str(row["role"]) for _, row in read_table(listed).iterrows()}
    found = changes(models, [read_parquet(file) for file in scores], off, ranges, concepts, roles, covers)
    judged = [gate_draws(off), gate_unchanged(found, unchanged), gate_forgotten(found, unchanged)]
    write_csv(table, found)
    write_gates(gates, judged)
    enforce(judged, stop, task)
