"""What an answer rests on: the finished tables of some tasks, studies and canvases of a world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pandas as pd

from lethe.answer.gates import checked, gate_rows
from lethe.benchmarks.deepunlearn.findings import findings as study_findings
from lethe.benchmarks.icare.findings import findings as entity_findings
from lethe.benchmarks.unlearncanvas.findings import findings as canvas_findings
from lethe.core.finding import Finding, percent
from lethe.core.gate import Gate
from lethe.core.methods import RETRAINED
from lethe.diffusion.methods import LOOKS, ROLES
from lethe.io.gates import read_gates
from lethe.tools.claims import Row, claims

MAIN = "clip_diff"
MEASURES = {
    "clip_diff": "CLIP score",
    "dino_diff": "DINO",
    "ssim": "SSIM",
    "lpips_backbone": "LPIPS",
    "rmse": "RMSE",
    "judge_diff": "judge",
}


@dataclass(frozen=True)
class Part:
    """What is told of.

    Attributes:
        tasks: of I-CARE. studies: of Deep Unlearn, ``{dataset}_{architecture}``, that are attacked.
        canvases: task -> its table of accuracies, relative to the world. gates: file of gates, relative to the world -> what it judges.
    """

    tasks: Sequence[str]
    studies: Sequence[str]
    canvases: Mapping[str, str]
    gates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskTables:
    """The finished tables of a task of entities, read once.

    Attributes:
        unlearning, harm, similarity: tables of these names. gates: of the task.
    """

    unlearning: pd.DataFrame
    harm: pd.DataFrame
    similarity: pd.DataFrame
    gates: Sequence[Gate]

    @classmethod
    def read(cls, folder: Path, task: str) -> Self:
        """From ``folder`` of a world; a missing table is a ``FileNotFoundError``."""
        unlearning, harm, similarity = (
            pd.read_csv(folder / f"tables/{name}_{task}.csv") for name in ("unlearning", "harm", "similarity")
        )
        return cls(unlearning, harm, similarity, read_gates(folder / f"tables/gates_{task}.json"))


def findings(folder: Path, part: Part, tables: Mapping[str, TaskTables]) -> list[Finding]:
    """Every finding, task by task; ``tables`` are those of the tasks of ``part``."""
    found: list[Finding] = []
    for task, own in tables.items():
        found += entity_findings(task, own.unlearning, own.harm, own.similarity, own.gates)
    for study in part.studies:
        methods, lira = (pd.read_csv(folder / f"tables/deepunlearn_{name}{study}.csv") for name in ("", "lira_"))
        found += study_findings(study, methods, lira)
    for task, file in part.canvases.items():
        found += canvas_findings(task, pd.read_csv(folder / file), file)
    return found


def checks(folder: Path, part: Part) -> list[Row]:
    """Every claim and every gate, the worst first; a gate that a claim reads is told once."""
    judged = [row for file, scope in part.gates.items() for row in gate_rows(read_gates(folder / file), scope, file)]
    return checked(claims(folder, part.tasks, part.studies), judged)


@dataclass(frozen=True)
class MethodRow:
    """A method on a task, as the table of methods shows it; numbers are shares.

    Attributes:
        forgotten, kept, harmed: each (value, low, high); NaN where there is none. pairs: number behind ``harmed``; count: of harmed ones.
        reference: whether it is one that others are compared with.
    """

    task: str
    title: str
    forgotten: tuple[float, float, float]
    kept: tuple[float, float, float]
    harmed: tuple[float, float, float]
    count: int
    pairs: int
    reference: bool

    def words(self) -> list[str]:
        """The three shares as texts."""
        return [percent(*self.forgotten), percent(*self.kept), percent(*self.harmed)]


def method_rows(task: str, tables: TaskTables) -> list[MethodRow]:
    """Rows of a task: judged methods first, then the retrained reference; the method that changes nothing is left out."""
    unlearning = tables.unlearning.set_index("method")
    harm = tables.harm[tables.harm["quantity"] == MAIN].set_index("method")
    rows = []
    for method in harm.index:
        role = ROLES.role(method)
        if role not in ("", RETRAINED) or method not in unlearning.index:
            continue
        own, hurt = unlearning.loc[method], harm.loc[method]
        rows.append(
            MethodRow(
                task,
                LOOKS.title(method),
                _interval(own, "judge_emitter"),
                _interval(own, "others_kept"),
                (float(hurt["share"]), float(hurt["low"]), float(hurt["high"])),
                int(hurt["harmed"]),
                int(hurt["pairs"]),
                role != "",
            )
        )
    return sorted(rows, key=lambda row: row.reference)


def by_measure(tables: TaskTables) -> pd.DataFrame:
    """Harmed pairs: a row per measure, a column per judged method."""
    harm = tables.harm[tables.harm["method"].map(ROLES.role) == ""]
    table = harm.pivot(index="quantity", columns="method", values="harmed")
    table = table.loc[[name for name in MEASURES if name in table.index], list(dict.fromkeys(harm["method"]))]
    return table.rename(index=MEASURES, columns={name: LOOKS.title(name) for name in table.columns}).astype(int)


def _interval(row: pd.Series, name: str) -> tuple[float, float, float]:
    value, low, high = (float(row.get(key, float("nan"))) for key in (name, f"{name}_low", f"{name}_high"))
    return value, low, high
