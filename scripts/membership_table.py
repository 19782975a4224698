"""The table of membership inference of a task, and its gates."""

from lethe.runtime import start_job

from pathlib import Path

from lethe.interference.membership import membership_gates, membership_means, membership_table
from lethe.io.tables import read_parquet, write_csv, write_json
from lethe.records import ModelId
from lethe.settings.membership import Membership
from lethe.settings.statistics import Statistics
from lethe.settings.tasks import Task

params = snakemake.params
start_job(snakemake, f"membership table {snakemake.wildcards.task}", torch=False)
membership, statistics = Membership.model_validate(params.membership), Statistics.model_validate(params.statistics)
uncertainty = {"draws": statistics.bootstrap, "level": 1 - statistics.alpha, "seed": params.seed}
table = membership_table(
    [(ModelId.parse(Path(file).stem), read_parquet(file)) for file in snakemake.input.losses],
    read_parquet(snakemake.input.baseline),
    images=membership.images,
    members_of=membership.members,
    **uncertainty,
)
means = membership_means(table, exclude=Task.model_validate(params.task).tuning_emitters, **uncertainty)
gates = membership_gates(table, means)
write_csv(snakemake.output.table, table)
write_csv(snakemake.output.means, means)
write_json(snakemake.output.gates, gates)
for gate in gates:
    if not gate["holds"]:
        print(f"gate '{gate['gate']}' does not hold on {snakemake.wildcards.task}: {gate['value']}; {gate['how']}")
