"""What sequences, pairs and attacks of Stable Diffusion's size would cost; their pictures are judged at once and not kept."""

from __future__ import annotations

from collections.abc import Iterator

from lethe.benchmarks.unlearncanvas.sequences import MERGED, SIMULTANEOUS, models_of
from lethe.core.methods import UNCHANGED
from lethe.diffusion.methods import PREPARED, ROLES
from lethe.diffusion.plan.attacked import attacked
from lethe.settings.attack import Attack
from lethe.settings.sequences import Pairs, Sequence
from lethe.workflow.passes import SEARCHED, TRAINED, Line, bytes_of, drawing, hours_of_passes, hours_of_pictures, passes_of
from lethe.workflow.plan import Plan

DECIDES_NO_RESULT = "tells what a run would cost"


def robustness(plan: Plan, task: str, sustained: float) -> Iterator[Line]:
    """A line per method of every sequence, of pairs, and of attacks of a task."""
    of = plan.settings.unlearncanvas.get(task)
    if of is None:
        return
    if of.sequence:
        yield from _sequence(plan, task, of.sequence, sustained)
    if of.pairs:
        yield from _pairs(plan, task, of.pairs, sustained)
    if of.attack:
        yield from _attacks(plan, task, of.attack, sustained)


def _sequence(plan: Plan, task: str, of: Sequence, sustained: float) -> Iterator[Line]:
    """A simultaneous run that forgets k concepts has as many steps as k runs; what is merged or weaker is put together without any."""
    generation, cells = plan.settings.generation_of(task), plan.settings.receivers_of(task) or 0
    models = dict.fromkeys(model.made_as for model in models_of(len(of.published.forget), of.strengths))
    made = [model for model in models if model.arm != MERGED and model.strength == 1]
    runs = sum(model.step if model.arm == SIMULTANEOUS else 1 for model in made)
    for method in of.methods:
        values = plan.models.method(task, method).parameters
        passes, how = passes_of(values)
        kept, form = bytes_of(values)
        shared = TRAINED * values.get("importance_rows", 0) * len(made) if PREPARED.prepares(method) else 0
        hours = hours_of_passes(runs * passes + shared, generation, sustained)
        hours += hours_of_pictures(len(models) * cells * of.seeds, generation, sustained)
        told = f"{runs} runs x {how}" + (f" + {shared:,} shared" if shared else "")
        told += f"; {len(models)} models x {cells:,} prompts x {of.seeds} seeds x {drawing(generation)}"
        yield Line(f"{task}: sequence, {method}", f"{told}; while it runs {form}", hours, len(models) * kept / 1e9)


def _pairs(plan: Plan, task: str, of: Pairs, sustained: float) -> Iterator[Line]:
    generation, cells = plan.settings.generation_of(task), plan.settings.receivers_of(task) or 0
    count = plan.sequences.pair_count(task)
    for method in of.methods:
        values = plan.models.method(task, method).parameters
        passes, how = passes_of(values)
        shared = TRAINED * values.get("importance_rows", 0) if PREPARED.prepares(method) else 0
        drawn = 1 if ROLES.role(method) == UNCHANGED else count  # what changes nothing draws the other cells once
        hours = hours_of_passes(count * (passes + shared), generation, sustained)
        hours += hours_of_pictures(drawn * cells * of.seeds + count * of.target_seeds, generation, sustained)
        told = f"{count} models x ({how}" + (f" + {shared:,} shared)" if shared else ")")
        told += f"; ({drawn} x {cells:,} prompts x {of.seeds} seeds + {count} x {of.target_seeds} seeds) x {drawing(generation)}"
        yield Line(f"{task}: pairs, {method}", told, hours, 0.0)


def _attacks(plan: Plan, task: str, of: Attack, sustained: float) -> Iterator[Line]:
    """Sequences of words are left out: they are tried where there are few words, and nowhere at this size."""
    generation, methods = plan.settings.generation_of(task), attacked(plan.models, task, of)
    models = sum(concept in plan.models.emitters(task, method) for concept in of.concepts for method in methods)
    pictures, by_words = of.cells * of.pictures, min(of.cells, of.words.cells) * of.pictures
    searched = (
        2 * of.vectors.steps[-1] * pictures + of.words.steps * by_words
    )  # and vectors on a model that forgot another concept
    drawn = (1 + len(of.vectors.steps) + 2) * pictures * of.seeds + 2 * by_words
    hours = hours_of_passes(models * searched * of.rows * SEARCHED, generation, sustained)
    hours += hours_of_pictures(models * drawn, generation, sustained)
    told = f"{models} models x ({searched:,} searches' steps x {of.rows} rows x {SEARCHED}; {drawn} pictures x {drawing(generation)})"
    yield Line(f"{task}: attacks", told, hours, 0.0)
