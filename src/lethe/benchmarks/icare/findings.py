"""What the tables of a task say, as findings: is it forgotten, who is harmed, by which measure, and could one have known?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lethe.benchmarks.icare.asked import ASKED
from lethe.benchmarks.icare.levels import FORGOTTEN, LEVEL
from lethe.benchmarks.icare.words import in_sentence, in_words, measured_by, similarity_name
from lethe.core.finding import Finding, agreeing, counted, listed, percent
from lethe.core.gate import Gate
from lethe.core.methods import RETRAINED
from lethe.diffusion.methods import LOOKS, ROLES

MAIN = "clip_diff"  # the quantity of the first sentence about harm
OTHERS = {"dino_diff": "DINO", "ssim": "SSIM"}  # quantities that are set beside it


def findings(
    task: str, unlearning: pd.DataFrame, harm: pd.DataFrame, similarity: pd.DataFrame, gates: Sequence[Gate]
) -> list[Finding]:
    """The findings of a task, in the order in which they are read.

    Args:
        unlearning: of ``unlearning_table``. harm: of ``harm_table``. similarity: of ``similarity_table``. gates: of the task.
    """
    found = [_forgets(task, unlearning), *_harms(task, harm), *_predicts(task, similarity), *_rises(task, gates)]
    return [finding for finding in found if finding is not None]


def _forgets(task: str, unlearning: pd.DataFrame) -> Finding | None:
    table = f"tables/unlearning_{task}.csv"
    if "judge_emitter" not in unlearning:
        return None
    rows = unlearning[unlearning["method"].map(ROLES.role) == ""]
    forgot = rows["judge_emitter"] <= FORGOTTEN
    told = [
        f"{LOOKS.title(row['method'])} {percent(row['judge_emitter'], row['judge_emitter_low'], row['judge_emitter_high'])}"
        for _, row in rows.iterrows()
    ]
    many = int(forgot.sum())
    headline = f"{counted(many, len(rows), 'method')} {agreeing(many, len(rows), 'forgets', 'forget')}."
    before = percent(float(rows["judge_base"].mean()))
    detail = (
        f"The judge, a classifier, knew what is forgotten in {before} of the pictures before. Afterwards it knows it in {listed(told)} "
        f"(forgotten: at most {percent(FORGOTTEN)})."
    )
    return Finding(task, headline, detail, bool(forgot.all()), table)


def _harms(task: str, harm: pd.DataFrame) -> list[Finding | None]:
    table, judged = f"tables/harm_{task}.csv", harm[harm["method"].map(ROLES.role) == ""]
    main = judged[judged["quantity"] == MAIN]
    if main.empty:
        return [None]
    clear = main["low"].fillna(main["share"]) > main["by_chance"]
    pairs = int(main["pairs"].max())
    told = [f"{LOOKS.title(row['method'])} harms {int(row['harmed'])}" for _, row in main.iterrows()]
    retrained = harm[(harm["quantity"] == MAIN) & (harm["method"].map(ROLES.role) == RETRAINED)]
    beside = "".join(
        f" Training again without it harms {int(row['harmed'])} of {int(row['pairs'])}." for _, row in retrained.iterrows()
    )
    shares = [f"{LOOKS.title(row['method'])} {percent(row['share'], row['low'], row['high'])}" for _, row in main.iterrows()]
    many = int(clear.sum())
    verb = agreeing(many, len(main), "harms", "harm")
    first = Finding(
        task,
        f"{counted(many, len(main), 'method')} {verb} what should have stayed.",
        f"Of {pairs} pairs{_asked(main)}, {listed(told)} beyond what two seeds differ, by CLIP score. As shares: {listed(shares)}.{beside}",
        many == 0,
        table,
    )
    lines = []
    for quantity, name in {MAIN: "CLIP score", **OTHERS}.items():
        rows = judged[judged["quantity"] == quantity]
        if not rows.empty:
            told_by = [f"{LOOKS.title(row['method'])} {row['harmed']}" for _, row in rows.iterrows()]
            lines.append(f"by {name} {listed(told_by)}")
    counts = judged[judged["quantity"].isin([MAIN, *OTHERS])].groupby("method")["harmed"]
    same = bool((counts.max() == counts.min()).all())
    headline = "The measure does not matter." if same else "How many are harmed depends on the measure."
    return [first, Finding(task, headline, f"Harmed pairs: {'; '.join(lines)}.", same, table) if len(lines) > 1 else None]


def _asked(rows: pd.DataFrame) -> str:
    """Where models were asked for some receivers, that they were: counts are of pairs, shares estimate all."""
    return f" that were asked for ({rows[ASKED].iloc[0]})" if ASKED in rows else ""


def _predicts(task: str, similarity: pd.DataFrame) -> list[Finding | None]:
    rows = similarity[~similarity["similarity"].isin(("true", "weights")) & similarity["method"].map(ROLES.role).eq("")]
    if rows.empty or rows["q"].isna().all():
        return [None]
    count, best = int((rows["q"] < LEVEL).sum()), rows.sort_values("q", kind="stable").iloc[0]
    headline = (
        "A similarity known before tells who will be harmed." if count else "No similarity known before tells who will be harmed."
    )
    detail = (
        f"{count} of {len(rows)} tests hold after correction. The best is {in_sentence(similarity_name(best['similarity']))}, with the damage "
        f"of {measured_by(best['method'], best['metric'])} "
        f"(Spearman {best['spearman']:.2f} [{best['low']:.2f}, {best['high']:.2f}], q = {best['q']:.2g})."
    )
    return [Finding(task, headline, detail, count > 0, f"tables/similarity_{task}.csv")]


def _rises(task: str, gates: Sequence[Gate]) -> list[Finding | None]:
    gate = next((gate for gate in gates if gate.gate == "rises_with_true_similarity"), None)
    if gate is None or gate.value is None:
        return [None]
    headline = (
        "The more alike two things are, the more is harmed." if gate.holds else "Harm does not clearly follow true likeness."
    )
    return [
        Finding(task, headline, f"Corrected p = {gate.value:.2g}: {in_words(gate.how)}.", gate.holds, f"tables/gates_{task}.json")
    ]
