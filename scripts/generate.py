"""Images of every entity under the base (no deltas) or under each of some unlearned models."""

from lethe.runtime import resolve_device, start_job

from lethe.diffusion.render import render_shards
from lethe.settings.generation import Generation
from lethe.settings.tasks import Task
from lethe.testbed.distinct import check_base
from lethe.testbed.schema import read_metadata
from lethe.work import WorkFolder

params = snakemake.params
start_job(snakemake, f"generate {' '.join(snakemake.wildcards)}")
task, metadata = Task.model_validate(params.task), read_metadata(snakemake.input.metadata)
check_base(metadata, task.prompt_style, task.overwrite_prompt, snakemake.input.base)
deltas = list(snakemake.input.get("deltas", []))
render_shards(
    snakemake.input.base,
    deltas or [None],
    metadata,
    task=snakemake.wildcards.task,
    style=task.prompt_style,
    world=params.world,
    generation=Generation.model_validate(params.generation),
    device=resolve_device(params.device),
    dtype=params.dtype,
    work=WorkFolder.of_job(snakemake),
    tars=snakemake.output.tars,
    indices=snakemake.output.indices,
)
