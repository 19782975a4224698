"""Score the off images of a task and keep their embeddings."""

from lethe.runtime import resolve_device, start_job

from lethe.io.tables import write_parquet
from lethe.metrics.run import load_scorer, read_images
from lethe.settings.scoring import Scoring
from lethe.testbed.schema import read_metadata

task, params = snakemake.wildcards.task, snakemake.params
start_job(snakemake, f"score baseline of {task}")
scorer = load_scorer(
    dict(zip(params.roles, snakemake.input.evaluators, strict=True)),
    task,
    read_metadata(snakemake.input.metadata),
    Scoring.model_validate(params.scoring),
    resolve_device(params.device),
    snakemake.threads,
)
scores = scorer.score_baseline(read_images(snakemake.input.tar, snakemake.input.index))
write_parquet(snakemake.output.scores, scores.table)
write_parquet(snakemake.output.seed_pairs, scorer.score_seed_pairs())
scores.embeddings.save(snakemake.output.embeddings)
