"""Train 64 models as one stack and one after another: mlp and tinycnn."""

from lethe.runtime import resolve_device, start_job

from lethe.deepunlearn.experiment import Experiment
from lethe.deepunlearn.timing import stacked_training_times
from lethe.io.tables import write_json
from lethe.settings.classifiers import BaseTraining

MODELS, ALONE, EPOCHS = 64, 16, 5
start_job(snakemake, "bench: stacked training", threads=1)
training = BaseTraining.model_validate(snakemake.params.training | {"epochs": EPOCHS})
value, measured = {}, {}
for name in ("mlp", "tinycnn"):
    experiment = Experiment.load(snakemake.input.data, name, resolve_device(snakemake.params.device))
    stacked_training_times(experiment, training.model_copy(update={"epochs": 1}), 4, 4)  # warm up
    together, apart, difference = stacked_training_times(experiment, training, MODELS, ALONE)
    value[name] = apart / together
    measured[name] = {"seconds_stacked": together, "seconds_one_after_another": apart, "largest_weight_difference": difference}
same = all(entry["largest_weight_difference"] <= 1e-5 for entry in measured.values())
result = {
    "value": value,
    "target": {"mlp": 3, "tinycnn": "reported"},
    "holds": value["mlp"] >= 3 and same,
    "how": f"{MODELS} models, {EPOCHS} epochs of {experiment.dataset}, one thread; {ALONE} trained one after another, their time scaled to {MODELS}",
    "measured": measured,
}
write_json(snakemake.output.json, result)
