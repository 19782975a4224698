"""Score the on images of some models of a task against its off images."""

from lethe.runtime import progress, resolve_device, start_job

from pathlib import Path

from lethe.io.tables import write_parquet
from lethe.metrics.embeddings import Embeddings
from lethe.metrics.run import load_scorer, read_images
from lethe.settings.scoring import Scoring
from lethe.testbed.schema import read_metadata
from lethe.work import WorkFolder

task, params, given = snakemake.wildcards.task, snakemake.params, snakemake.input
start_job(snakemake, f"score {' '.join(snakemake.wildcards)}")
work = WorkFolder.of_job(snakemake)
scorer = load_scorer(
    dict(zip(params.roles, given.evaluators, strict=True)),
    task,
    read_metadata(given.metadata),
    Scoring.model_validate(params.scoring),
    resolve_device(params.device),
    snakemake.threads,
)
scorer.attach_baseline(read_images(given.off_tar, given.off_index), Embeddings.load(given.off_embeddings))
targets = {}
shards = list(zip(given.tars, given.indices, snakemake.output.scores, snakemake.output.embeddings, strict=True))
for tar, index, scores, embeddings in progress(shards, len(shards), "shard", f"score {task}"):
    names = (Path(scores).name, Path(embeddings).name)
    targets |= dict(zip(names, (scores, embeddings), strict=True))
    if not set(names) <= work.done:
        result = scorer.score_on(read_images(tar, index))

        def write(table_path, embeddings_path, result=result):
            write_parquet(table_path, result.table)
            result.embeddings.save(embeddings_path)

        work.finish(names, write)
work.hand_over(targets)
