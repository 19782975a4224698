"""Whatever table a function makes in a unit test has columns that the data dictionary describes.

Many tables are made on request only, so no finished run holds them all. The functions that make them are called by their own tests; here
each is wrapped, so that a column that nobody describes fails that test.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import pandas as pd

from lethe.core.columns import table_of
from lethe.dictionary.schema import TABLES

ICARE, DEEP, CANVAS = "lethe.benchmarks.icare", "lethe.benchmarks.deepunlearn", "lethe.benchmarks.unlearncanvas"
STUDY = "digits_mlp"
MAKERS = {
    f"{ICARE}.gates:unlearning_table": "tables/unlearning_t.csv",
    f"{ICARE}.harm:harm_table": "tables/harm_t.csv",
    f"{ICARE}.summary:similarity_table": "tables/similarity_t.csv",
    f"{ICARE}.distribution:distribution_table": "tables/distribution_t.csv",
    f"{ICARE}.distribution:distribution_summary": "tables/distribution_summary_t.csv",
    f"{ICARE}.membership:membership_table": "tables/membership_t.csv",
    f"{ICARE}.membership:membership_means": "tables/membership_means_t.csv",
    f"{ICARE}.trajectory:trajectory_table": "tables/trajectory_t_000_uce.csv",
    f"{ICARE}.verdicts:verdict_table": "tables/verdicts_t.csv",
    f"{ICARE}.verdict_agreement:agreement_table": "tables/verdict_agreement_t.csv",
    "lethe.diffusion.attacks.table:attack_table": "tables/attack_t.csv",
    "lethe.diffusion.testbed.selection:selection_table": "tables/selection_t.csv",
    f"{DEEP}.klom:klom_table": f"tables/deepunlearn_klom_{STUDY}.csv",
    f"{DEEP}.representation:representation_table": f"tables/deepunlearn_representation_{STUDY}.csv",
    f"{DEEP}.relearning:relearning_table": f"tables/deepunlearn_relearning_{STUDY}.csv",
    f"{DEEP}.relearning:curve_rows": "deepunlearn/digits/mlp/relearning.parquet",
    f"{DEEP}.variance:components": f"tables/deepunlearn_variance_{STUDY}.csv",
    f"{DEEP}.ledger:ledger": f"tables/deepunlearn_ledger_{STUDY}.csv",
    f"{DEEP}.memorisation:memorisation": "deepunlearn/digits/mlp/lira/memorisation.parquet",
    f"{DEEP}.ulira_tables:retained_table": f"tables/deepunlearn_lira_retained_{STUDY}.csv",
    f"{DEEP}.ulira_tables:samples_table": f"tables/deepunlearn_lira_samples_{STUDY}.parquet",
    "lethe.classifiers.weights:shares": f"tables/deepunlearn_weights_{STUDY}.csv",
    f"{CANVAS}.answers:answer_set": "answers/t_uce.parquet",
    f"{CANVAS}.accuracy:accuracy_table": "tables/unlearncanvas_accuracy_t.csv",
    f"{CANVAS}.accuracy:concept_table": "tables/unlearncanvas_concepts_t.csv",
    f"{CANVAS}.confusion:confusion_table": "tables/unlearncanvas_confusion_t.csv",
    f"{CANVAS}.confusion:agreement_table": "tables/unlearncanvas_agreement_t.csv",
    f"{CANVAS}.distribution:distribution_table": "tables/unlearncanvas_distribution_t.csv",
    f"{CANVAS}.cost:cost_table": "tables/unlearncanvas_cost_t.csv",
    f"{CANVAS}.ledger:ledger": "tables/unlearncanvas_ledger_t.csv",
    f"{CANVAS}.base_quality:base_table": "tables/unlearncanvas_base_t.csv",
    f"{CANVAS}.edits:edits_table": "tables/unlearncanvas_edits_t.csv",
    f"{CANVAS}.grid:grid_table": "tables/unlearncanvas_grid_t.csv",
    f"{CANVAS}.sequence_table:sequence_table": "tables/unlearncanvas_sequence_t.csv",
    f"{CANVAS}.sequence_table:matched_table": "tables/unlearncanvas_matched_t.csv",
    f"{CANVAS}.pairs:pair_table": "tables/unlearncanvas_pairs_t.csv",
    f"{CANVAS}.combined_pairs:combined_table": "tables/unlearncanvas_combined_t.csv",
    f"{CANVAS}.capacity:capacity_table": "tables/unlearncanvas_capacity_t.csv",
    "lethe.audit.changes:changes": "tables/audit_changes_t.csv",
    "lethe.tools.claims:table": "tables/claims.csv",
    "lethe.tools.fidelity.registry:effects": "tables/fidelity.csv",
}
"""Function -> a file that its table is written to."""


def install() -> None:
    """Wrap the functions, before a test imports them."""
    for target, file in MAKERS.items():
        module, name = target.split(":")
        found = importlib.import_module(module)
        setattr(found, name, _checked(getattr(found, name), file))


def _checked(make: Callable[..., pd.DataFrame], file: str) -> Callable[..., pd.DataFrame]:
    table = table_of(TABLES, file)

    @functools.wraps(make)
    def checked(*arguments: Any, **named: Any) -> pd.DataFrame:
        made = make(*arguments, **named)
        for column in made.columns:
            SEEN.add((table.file, table.column_of(str(column)).name))
        return made

    return checked


SEEN: set[tuple[str, str]] = set()
