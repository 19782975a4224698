"""Search the hyper-parameters of one method; keep the best and every trial."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn import METHODS
from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.models.stack import Stack
from lethe.deepunlearn.search import most_epochs, search
from lethe.io.tables import write_json, write_parquet
from lethe.settings.classifiers import Search

wildcards, params = snakemake.wildcards, snakemake.params
start_job(snakemake, f"search {' '.join(wildcards)}")
device = resolve_device(params.device)
settings = Search.model_validate(params.search)
experiment = Experiment.load(snakemake.input.data, wildcards.architecture, device)
original, retrained = (Stack.load(path).to(device) for path in (snakemake.input.original, snakemake.input.retrained))
if settings.protocol == "held_out":
    problem = experiment.tuning_problem(original, settings.seeds)
else:
    original, retrained = original.select(settings.seeds), retrained.select(settings.seeds)
    problem = experiment.problem(original, settings.seeds)
best, trials = search(
    METHODS.load(wildcards.unlearner)(),
    problem,
    retrained,
    most_epochs=most_epochs(params.epochs),
    trials=settings.trials,
    batch=settings.batch,
    population=settings.population,
    finalists=settings.finalists,
    protocol=settings.protocol,
)
write_parquet(snakemake.output.trials, trials)
write_json(snakemake.output.best, best._asdict())
