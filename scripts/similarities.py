"""Compute the configured similarities of a task's entities."""

from lethe.runtime import resolve_device, start_job

from lethe.interference.similarities import SimilarityInputs, similarity_matrix
from lethe.io.tables import read_json, write_json
from lethe.metrics.embeddings import Embeddings
from lethe.settings.tasks import Task
from lethe.testbed.schema import read_metadata
from lethe.testbed.similarity import to_records

params, given = snakemake.params, snakemake.input
start_job(snakemake, f"similarities {snakemake.wildcards.task}")
task = Task.model_validate(params.task)
inputs = SimilarityInputs(
    metadata=read_metadata(given.metadata),
    style=task.prompt_style,
    attributes=task.attributes,
    balance=task.balance,
    base=given.base,
    clip=given.clip,
    embeddings=Embeddings.load(given.embeddings),
    distances=read_json(given.distance),
    world=params.world,
    task=snakemake.wildcards.task,
    seeds=params.seeds,
    steps=params.act_steps,
    device=resolve_device(params.device),
    published=params.fidelity == "published",
)
for kind, path in zip(params.kinds, snakemake.output.matrices, strict=True):
    write_json(path, to_records(inputs.names, similarity_matrix(kind, inputs)))
