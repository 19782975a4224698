"""What is claimed, read from finished tables: ``lethe claims [results/mini]`` prints it.

A claim is a function from a world's folder and a task (a study for Deep Unlearn, a benchmark) to one row. It reads tables that rules
wrote and computes nothing that they did not: a claim that does not hold is a row like any other, one whose tables are not there says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from lethe.benchmarks.icare.levels import FORGOTTEN, KEPT, LEVEL
from lethe.benchmarks.icare.words import in_sentence, in_words, measured_by, similarity_name
from lethe.core.gate import Gate
from lethe.diffusion.methods import LOOKS, ROLES
from lethe.io.gates import read_gates
from lethe.io.tables import read_json
from lethe.tools.gate_targets import target_text
from lethe.tools.speed.summary import value_text

if TYPE_CHECKING:
    import pandas as pd

AT_LEAST = 2  # methods


Verdict = Literal["does not hold", "holds with a doubt", "not measured", "holds"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # the worst first


@dataclass(frozen=True)
class Row:
    """One claim about one task, study or machine.

    Attributes:
        id: of the claim, as in docs/claims.md.
        scope: task, ``{dataset}_{architecture}``, or ``machine``.
        claim: in words.
        value: what was measured; a text where it is more than one number.
        target: comparison and number.
        holds: whether it holds; None where there is nothing to tell (the world lacks what the claim is about).
        how: what was computed.
        table: the file it is read from, relative to the world's folder.
        doubt: why one may doubt it although it holds: an interval that reaches beyond the target. Empty: there is no such reason.
    """

    id: str
    scope: str
    claim: str
    value: float | str | None
    target: str
    holds: bool | None
    how: str
    table: str
    doubt: str = ""

    @property
    def verdict(self) -> Verdict:
        """What a reader should make of it."""
        if self.holds is None:
            return "not measured"
        return "does not hold" if not self.holds else "holds with a doubt" if self.doubt else "holds"


def claims(folder: str | Path, tasks: Sequence[str], studies: Sequence[str] = (), benchmarks: Sequence[str] = ()) -> list[Row]:
    """Every claim about every task, study and benchmark, by number; a missing table is a ``FileNotFoundError``.

    Args:
        folder: of the world, e.g. ``results/mini``.
        tasks: of I-CARE.
        studies: of Deep Unlearn with U-LiRA, ``{dataset}_{architecture}``.
        benchmarks: names of ``results/bench/{name}.json``; one that nothing is claimed of is left out.
    """
    rows = [claim(Path(folder), task) for claim in PER_TASK for task in tasks]
    rows += [row for study in studies for row in attacked(Path(folder), study)]
    rows += [measured(Path(folder), name) for name in benchmarks if name in BENCHMARKS]
    return sorted(rows, key=lambda row: int(row.id[1:]))


def table(rows: Sequence[Row]) -> pd.DataFrame:
    """The rows as a table."""
    import pandas as pd

    return pd.DataFrame([asdict(row) | {"verdict": row.verdict} for row in rows])


def _gate(number: str, gate: str, claim: str, lacks: str) -> Callable[[Path, str], Row]:
    def read(folder: Path, task: str) -> Row:
        name = f"tables/gates_{task}.json"
        found = [entry for entry in read_gates(folder / name) if entry.gate == gate]
        if not found:
            return Row(number, task, claim, None, "-", None, lacks, name)
        return _row(number, task, claim, found[0], name)

    return read


def _row(number: str, scope: str, claim: str, gate: Gate, name: str) -> Row:
    return Row(number, scope, claim, gate.value, target_text(gate), gate.holds, in_words(gate.how), name)


def forgets(folder: Path, task: str) -> Row:
    """How many methods forget."""
    found = _csv(folder, name := f"tables/unlearning_{task}.csv")
    claim, target = f"at least {AT_LEAST} methods forget: judge accuracy on the emitter at most {FORGOTTEN}", f">= {AT_LEAST}"
    if "judge_emitter" not in found:
        return Row("C4", task, claim, None, target, None, "this world has no judge", name)
    rows = found[found["method"].map(ROLES.role) == ""]  # methods that are judged
    told = _told(rows, "judge_emitter")
    value = int((rows["judge_emitter"] <= FORGOTTEN).sum())
    sure = int((rows["judge_emitter_high"].fillna(rows["judge_emitter"]) <= FORGOTTEN).sum())
    doubt = "" if sure >= AT_LEAST else f"with the upper end of the intervals {sure} of {len(rows)} methods do"
    how = f"mean over emitters that were not tuned on: {told}"
    return Row("C4", task, claim, value, target, value >= AT_LEAST, how, name, doubt)


def keeps(folder: Path, task: str) -> Row:
    """The smallest share that a method keeps of what is not to be forgotten."""
    found = _csv(folder, name := f"tables/unlearning_{task}.csv")
    claim, target = f"every method keeps the others: share of the base's judge accuracy at least {KEPT}", f">= {KEPT}"
    if "others_kept" not in found:
        return Row("C5", task, claim, None, target, None, "this world has no judge", name)
    rows = found[found["method"].map(ROLES.role) == ""]  # methods that are judged
    value = float(rows["others_kept"].min(skipna=False))  # a method without a value is no method that keeps
    low = rows["others_kept_low"].min()
    doubt = f"the lowest interval begins at {low:.2f}" if low < KEPT else ""
    return Row("C5", task, claim, value, target, value >= KEPT, f"mean over emitters: {_told(rows, 'others_kept')}", name, doubt)


def predicts(folder: Path, task: str) -> Row:
    """The best q of a similarity that is known without unlearning anything."""
    found = _csv(folder, name := f"tables/similarity_{task}.csv")
    rows = found[~found["similarity"].isin(("true", "weights"))]
    claim, target = "a similarity known before unlearning predicts damage", f"q < {LEVEL}"
    if rows.empty:
        return Row("C17", task, claim, None, target, False, "no method has a pair to test", name)
    best = rows.iloc[int(rows["q"].fillna(1.0).argmin())]
    count = int((rows["q"] < LEVEL).sum())
    how = f"{count} of {len(rows)} tests below; smallest: {measured_by(best['method'], best['metric'])}, "
    how += f"against {in_sentence(similarity_name(best['similarity']))}, "
    how += f"Spearman {best['spearman']:.2f} [{best['low']:.2f}, {best['high']:.2f}], q over {len(found)} tests"
    return Row("C17", task, claim, float(best["q"]), target, bool(best["q"] < LEVEL), how, name)


def published_finds_more(folder: Path, task: str) -> Row:
    """Published discoveries minus corrected ones, among relations that both could test."""
    claim = "the published test of relations (either raw p < 0.05) finds more than the corrected one (q < 0.05)"
    similarity = _csv(folder, of_pairs := f"tables/similarity_{task}.csv")
    if "asked" in similarity:
        asked = ", ".join(similarity["asked"].unique()) or "some"
        how = f"relations need every receiver, and models of {task} were asked for {asked}"
        return Row("C18", task, claim, None, "> 0", None, how, of_pairs)
    found = _csv(folder, name := f"tables/relations_{task}.csv")
    both = found[found["p"].notna() & found["published_p_1"].notna()]
    if both.empty:
        how = "no relation has enough entities per category for the published test"
        return Row("C18", task, claim, None, "> 0", None, how, name)
    old, new = int(both["published_significant"].sum()), int((both["q"] < LEVEL).sum())
    how = f"{old} published, {new} corrected, of {len(both)} relations that both tested"
    return Row("C18", task, claim, old - new, "> 0", old > new, how, name)


def attacked(folder: Path, study: str) -> list[Row]:
    """What U-LiRA tells of retrained and of original classifiers; from the file before the gate, which stops a run that fails it."""
    dataset, architecture = study.rsplit("_", 1)
    name = f"deepunlearn/{dataset}/{architecture}/lira/gates.json"
    said = {
        "ulira_retrained_is_null": "U-LiRA finds nothing in retrained classifiers",
        "ulira_original_leaks": "U-LiRA finds something in original classifiers",
    }
    return [_row("C12", study, said[gate.gate], gate, name) for gate in read_gates(folder / name)]


def measured(folder: Path, name: str) -> Row:
    """What a benchmark of `make bench` measured."""
    number, claim = BENCHMARKS[name]
    file = f"../bench/{name}.json"
    record = read_json(folder / file)
    value, target = value_text(record["value"]), value_text(record["target"])
    return Row(number, "machine", claim, value, target, record["holds"], record["how"], file)


BENCHMARKS = {
    "batch_invariance": ("C6", "the same picture at any batch size, in grey levels"),
    "dry_run": ("C7", "the paper is planned in seconds"),
    "uce": ("C8", "UCE as one text map: 100 entities at Stable Diffusion's size"),
    "scoring_peers": ("C9", "scoring at 512 px, times as fast as Vision Unlearning's own classes"),
    "stacked_training": ("C13", "classifiers trained as one stack, times as fast as one after another"),
    "tables": ("C20", "every table of the paper's size, seconds"),
}
"""Benchmark -> the claim that it measures."""

PER_TASK: tuple[Callable[[Path, str], Row], ...] = (
    _gate("C1", "none_is_zero", "a no-op method has exactly zero interference", "`none` is not among the methods"),
    _gate("C2", "base_judge_accuracy", "the base draws what it is asked", "this world has no judge"),
    _gate(
        "C3",
        "rises_with_true_similarity",
        "damage rises with the true similarity",
        "nobody knows how alike these entities truly are",
    ),
    forgets,
    keeps,
    predicts,
    published_finds_more,
)


def _csv(folder: Path, name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(folder / name)


def _told(rows: pd.DataFrame, column: str) -> str:
    return ", ".join(f"{LOOKS.title(method)} {value:.2f}" for method, value in zip(rows["method"], rows[column], strict=True))


def text(rows: Sequence[Row]) -> str:
    """One line per row, for a terminal."""
    return "\n".join(
        f"{row.id:4}{row.scope:16}{row.verdict:20}{_number(row.value):>10}  target {row.target:9} {row.claim} ({row.how})"
        for row in rows
    )


def _number(value: Any) -> str:
    return "-" if value is None else value_text(value)


def finished_tasks(folder: Path) -> list[str]:
    """Tasks whose tables are all there."""
    names = ("unlearning_{}.csv", "similarity_{}.csv", "relations_{}.csv")
    tasks = sorted(path.stem.removeprefix("gates_") for path in (folder / "tables").glob("gates_*.json"))
    some = [task for task in tasks if (folder / f"asked_{task}.parquet").exists()]  # asked for some receivers: no relations
    return [
        task
        for task in tasks
        if all((folder / "tables" / name.format(task)).exists() for name in names[: 2 if task in some else 3])
    ]


def finished_studies(folder: Path) -> list[str]:
    """Studies of Deep Unlearn whose models were attacked."""
    return sorted(f"{path.parts[-4]}_{path.parts[-3]}" for path in folder.glob("deepunlearn/*/*/lira/gates.json"))


def finished_benchmarks(folder: Path) -> list[str]:
    """Benchmarks that have run."""
    return sorted(path.stem for path in (folder.parent / "bench").glob("*.json"))
