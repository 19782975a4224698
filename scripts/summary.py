"""The unlearning table of a task, the correlations with similarity, and the gates."""

from lethe.runtime import start_job

from lethe.interference.gates import unlearning_table
from lethe.interference.resampling import Inference
from lethe.interference.summary import all_gates, constant_models, similarity_table, untested
from lethe.io.tables import read_json, read_parquet, write_csv, write_json
from lethe.settings.statistics import Statistics
from lethe.settings.tasks import Task
from lethe.testbed.schema import read_metadata
from lethe.testbed.similarity import from_records

params, given = snakemake.params, snakemake.input
start_job(snakemake, f"summary {snakemake.wildcards.task}", torch=False)
task, statistics = Task.model_validate(params.task), Statistics.model_validate(params.statistics)
entities = len(read_metadata(given.metadata))
pairs, baseline = read_parquet(given.pairs), read_parquet(given.off)
matrices = {kind: from_records(read_json(path))[1] for kind, path in zip(params.kinds, given.similarities, strict=True)}
unlearning = unlearning_table(
    pairs,
    baseline,
    entities,
    read_json(given.floor),
    exclude=task.tuning_emitters,
    draws=statistics.bootstrap,
    level=1 - statistics.alpha,
    seed=params.seed,
)
inference = Inference(statistics.permutations, statistics.bootstrap, statistics.alpha, params.seed)
similarity = similarity_table(pairs, matrices, entities, inference)
gates = all_gates(pairs, baseline, similarity, matrices, entities)
write_csv(snakemake.output.table, unlearning)
write_csv(snakemake.output.similarity, similarity)
write_json(snakemake.output.gates, gates)
for line in constant_models(pairs):
    print(line)
for line in untested(pairs, matrices, entities):
    print(f"not tested against similarity: {line}")
failed = [gate for gate in gates if not gate["holds"]]
for gate in failed:
    print(
        f"gate '{gate['gate']}' does not hold on {snakemake.wildcards.task}: {gate['value']} against {gate['target']}; {gate['how']}"
    )
