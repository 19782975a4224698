"""Search the hyper-parameters of one method; keep the best and every trial."""

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.search import most_epochs, search
from lethe.io.tables import write_json, write_parquet
from lethe.runtime import resolve_device, start_job
from lethe.settings.deepunlearn import Search

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake.log[0], f"search {' '.join(wildcards)}", snakemake.threads)
device = resolve_device(params.device)
settings = Search.model_validate(params.search)
held_out = settings.protocol == "held_out"
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, device)
original, retrained = (Stack.load(path).to(device) for path in (snakemake.input.original, snakemake.input.retrained))
best, trials = search(
    METHODS.load(wildcards.unlearner)(),
    experiment.problem(original.select(settings.seeds), settings.seeds, tuning=held_out),
    retrained if held_out else retrained.select(settings.seeds),
    most_epochs=most_epochs(params.epochs),
    trials=settings.trials,
    batch=settings.batch,
    finalists=settings.finalists,
    protocol=settings.protocol,
)
write_parquet(snakemake.output.trials, trials)
write_json(snakemake.output.best, best._asdict())
