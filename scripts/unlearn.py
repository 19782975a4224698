"""Run one method on some emitters of a task; which ones is read from the names of the outputs."""

from lethe.runtime import resolve_device, start_job

from pathlib import Path

from lethe.records import ModelId
from lethe.settings.tasks import Task
from lethe.testbed.distinct import check_base
from lethe.testbed.schema import read_metadata
from lethe.unlearners.run import run_method, targets_of, training_data
from lethe.work import WorkFolder

params = snakemake.params
start_job(snakemake, f"unlearn {' '.join(snakemake.wildcards)}")
task = Task.model_validate(params.task)
metadata = read_metadata(snakemake.input.metadata)
check_base(metadata, task.prompt_style, task.overwrite_prompt, snakemake.input.base)
models = [ModelId.parse(Path(delta).parent.name) for delta in snakemake.output.deltas]
hyperparameters = dict(params.hyperparameters)
if "weights" in snakemake.input.keys():  # retrain: the weights are files, one emitter a job
    hyperparameters["weights"] = {models[0].index: snakemake.input.weights[0]}
work = WorkFolder.of_job(snakemake)
run_method(
    models,
    metadata,
    base=snakemake.input.base,
    data=training_data(snakemake.input.latents, metadata, task.prompt_style, task.overwrite_prompt, params.fidelity),
    style=task.prompt_style,
    hyperparameters=hyperparameters,
    seed=params.seed,
    device=resolve_device(params.device),
    work=work,
)
places = zip(models, snakemake.output.deltas, snakemake.output.records, strict=True)
work.hand_over({name: path for model, *paths in places for name, path in zip(targets_of(model), paths, strict=True)})
