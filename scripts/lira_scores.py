"""Attack the U-LiRA models of every method in every variant; check the gate's conditions."""

from lethe.runtime import start_job

from pathlib import Path
from typing import get_args

import pandas as pd

from lethe.deepunlearn import ulira
from lethe.deepunlearn.lira import read_outputs
from lethe.deepunlearn.ulira_splits import lira_splits
from lethe.io.tables import write_csv, write_json, write_parquet
from lethe.settings.classifiers import Lira

params = snakemake.params
start_job(snakemake, f"U-LiRA scores {' '.join(snakemake.wildcards)}")
lira = Lira.model_validate(params.lira)
found = {Path(path).stem: read_outputs(path) for path in snakemake.input.outputs}
splits = lira_splits(next(iter(found.values()))[0].shape[2], splits=lira.splits, forgets=lira.forget_sets)
forgotten, unseen = splits.forgotten(), splits.never_seen()
attacks = {
    variant: {
        method: ulira.attack(phi, correct, forgotten, unseen, variant, seed=params.seed, draws=params.bootstrap)
        for method, (phi, correct) in found.items()
    }
    for variant in get_args(ulira.Variant)
}
write_csv(snakemake.output.table, pd.concat([ulira.table(by_method) for by_method in attacks.values()], ignore_index=True))
write_parquet(snakemake.output.roc, ulira.roc_table(attacks[ulira.DEFAULT]))
write_json(snakemake.output.gates, ulira.gates(attacks[ulira.DEFAULT]))
