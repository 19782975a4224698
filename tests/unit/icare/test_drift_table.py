"""The table of the drift of the empty prompt."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lethe.benchmarks.icare.jobs.drift import tabulate
from lethe.io.tables import write_json
from lethe.settings.models import Settings


def test_emitters_of_tuning_are_in_no_mean_and_a_method_without_a_figure_has_none(tmp_path: Path) -> None:
    task = Settings().entity_tasks["objects"]
    tuning = task.tuning_emitters[0]
    told = [("uce", 0, 0.5), ("uce", 1, 0.25), ("uce", tuning, 9.0), ("munba", 0, 0.125), ("none", 0, None)]
    records = []
    for number, (method, index, drift) in enumerate(told):
        record = {"method": method, "emitter": {"index": index}} | ({} if drift is None else {"empty_prompt_drift": drift})
        records.append(tmp_path / f"{number}.json")
        write_json(records[-1], record)
    tabulate(records, tmp_path / "t.csv", "objects", ["none", "uce", "munba"], task)
    table = pd.read_csv(tmp_path / "t.csv").set_index("method")
    assert table["n"].to_dict() == {"none": 1, "uce": 2, "munba": 1}
    assert table.loc["uce", "empty_prompt_drift"] == 0.375 and table.loc["uce", "empty_prompt_drift_largest"] == 0.5
    assert (
        table.loc["munba", "empty_prompt_drift"] == pytest.approx(0.125)
        and table.loc[["none"], "empty_prompt_drift"].isna().all()
    )
