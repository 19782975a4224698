"""What Deep Unlearn would cost: steps of training, times the seconds that an architecture says a step takes on the device of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from lethe.classifiers.plan.sizes import Size
from lethe.settings.classifiers import BaseTraining
from lethe.workflow.passes import Line
from lethe.workflow.plan import Plan

DECIDES_NO_RESULT = "tells what a run would cost"
REFERENCES = 3  # an original and two retrained models of every seed
SHARE = (
    0.2  # of the epochs of base training: the most that a search allows a method (lethe.classifiers.search), taken for every run
)
SEARCH = ": search"  # how the names of lines of searches end
OF_BATCH = 256  # images of the step that an architecture's seconds are of


def classifiers(plan: Plan) -> Iterator[Line]:
    """A line for the training, the search, the methods and U-LiRA of every study."""
    settings = plan.studies.settings
    for dataset, architecture in plan.studies.pairs:
        of, size = settings.datasets[dataset], plan.studies.size_of(dataset, architecture)
        images, study = plan.studies.images_of(dataset), f"{dataset} {architecture}"
        rows = of.train_size or images
        yield _line(f"{study}: base training", REFERENCES * of.seeds, rows, of.training, size)
        if settings.hyperparameters == "searched":
            search = settings.search
            yield _line(f"{study}: models to tune on", REFERENCES * len(search.seeds), rows, of.training, size)
            finalists = len(search.seeds) ** 2 * search.finalists if search.protocol == "held_out" else 0
            tried = len(of.methods) * (len(search.seeds) * search.trials + finalists)
            yield _line(f"{study}{SEARCH}", tried, rows, of.training, size, kept=False, share=SHARE)
        yield _line(f"{study}: methods", len(of.methods) * of.seeds * of.unlearning_seeds, rows, of.training, size, share=SHARE)
        if plan.deepunlearn.attacked(dataset, architecture):
            lira = settings.lira[dataset]
            half, training = (lira.limit or images) // 2, of.training.model_copy(update={"epochs": lira.epochs})
            yield _line(f"{study}: U-LiRA's models", lira.splits * (1 + lira.forget_sets), half, training, size)
            made = len(lira.methods) * lira.splits * lira.forget_sets
            yield _line(f"{study}: U-LiRA's unlearned models", made, half, training, size, kept=False, share=SHARE)


def bound_of_searches(lines: Sequence[Line]) -> str:
    """What the hours of searches are, in words; empty where nothing is searched for.

    >>> bound_of_searches([Line("mnist mlp: methods", "how", 1.0, 0.0)])
    ''
    """
    searches, hours = sum(line.hours for line in lines if line.what.endswith(SEARCH)), sum(line.hours for line in lines)
    if not searches:
        return ""
    return (
        f"Searches are counted at an upper bound, {searches:,.1f} of these {hours:,.1f} hours ({searches / hours:.0%}): every trial and "
        f"every run of a finalist takes the most epochs that a search may choose, {SHARE:g} x those of base training. A random trial chooses "
        "1 to that, half in the mean; a method without epochs (FF, IU) takes none. KDE and RUM choose two such numbers, of which one is "
        "counted."
    )


def _line(what: str, models: int, rows: int, training: BaseTraining, size: Size, kept: bool = True, share: float = 1.0) -> Line:
    steps, epochs = ceil(rows / training.batch_size), training.epochs * share
    seconds = size.step * max(1.0, training.batch_size / OF_BATCH)
    of_share = f" ({share:.0%} of base training)" if share < 1 else ""
    how = f"{models:,} models x {epochs:g} epochs{of_share} x {steps:,} steps x {seconds:.3g} s"
    gigabytes = models * size.weights / 1e3 if kept else 0.0
    told = f"{how}; {size.weights:.3g} MB a model" if kept else how
    return Line(what, told, models * epochs * steps * seconds / 3600, gigabytes)
