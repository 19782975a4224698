"""Whether a configured world can answer a question, asked before any job runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lethe.benchmarks.icare.entities import PUBLISHED_STATISTICS, STATISTICS
from lethe.benchmarks.icare.pairs import PUBLISHED_KEYS
from lethe.benchmarks.icare.parameters import emitters_of, kinds_of, methods_of, metrics_of, tasks_of
from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES
from lethe.diffusion.metrics import with_published
from lethe.diffusion.metrics.specs import compared, subject_of
from lethe.figures.templates.parameters import Parameters
from lethe.settings.columns import may_show
from lethe.settings.strict import check_known

if TYPE_CHECKING:
    from lethe.benchmarks.icare.templates.needs import Needs
    from lethe.settings.models import Settings

ALL = "all"


def check(name: str, needs: Needs, parameters: Parameters, settings: Settings) -> None:
    """Raise a ``ValueError`` unless tasks, methods, metrics, similarities, statistics, entities and seeds exist in this world."""
    published = getattr(parameters, "fidelity", "corrected") == "published"
    if needs.images and not has_pictures(settings):
        raise ValueError(
            f"{name}: shows pictures, and this world has none; `archive: {{images: archive}}` brings those of the corpus"
        )
    for task in tasks_of(parameters):
        check_known("task", task, list(settings.entity_tasks))
        if not needs.sampled:
            settings.check_full(task, name)
    for metric in metrics_of(parameters):
        check_known("metric", metric, metrics(settings, published))
        for task in tasks_of(parameters):
            if not tells(metric, settings.entity_tasks[task].source):
                raise ValueError(f"metric: '{metric}' needs pictures of {subject_of(metric)}, and those of '{task}' show none")
    for kind in kinds_of(parameters):
        check_known("similarity", kind, [*settings.similarity.kinds, "weights"])
    for slug in _statistics(parameters):
        known = [statistic.slug for statistic in PUBLISHED_STATISTICS] if published else list(STATISTICS)
        check_known("statistic", slug, known)
    for seed in (*getattr(parameters, "seeds", ()), *([parameters.seed] if hasattr(parameters, "seed") else [])):
        for task in tasks_of(parameters):
            if seed not in (drawn := settings.generation_of(task).seeds):
                raise ValueError(f"seed {seed} was not drawn; drawn: {', '.join(map(str, drawn))}")
    for task in tasks_of(parameters):
        entities = settings.entity_tasks[task].entities
        for emitter in emitters_of(parameters):
            if emitter >= entities:
                raise ValueError(f"entity {emitter} does not exist: '{task}' has {entities} entities, 0 to {entities - 1}")
        for method in methods_of(parameters):
            _check_method(name, needs, parameters, settings, task, method)


def has_pictures(settings: Settings) -> bool:
    """Whether a world has images: all but one whose tables alone come from a corpus of others."""
    return settings.archive.imported("images") or not settings.archive.imported("tables")


def metrics(settings: Settings, published: bool = False) -> list[str]:
    """The pair metrics that a world has."""
    if settings.archive.imported("tables"):  # what others published, whatever this world would measure
        return list(PUBLISHED_KEYS if published else PUBLISHED_KEYS.values())
    found = list(compared(with_published(settings.scoring.metrics)).values())
    return [name for name in found if name in PUBLISHED_KEYS] if published else found


def tells(quantity: str, source: str) -> bool:
    """Whether a quantity can tell anything of the pictures of a source: a count of body parts tells nothing of digits."""
    return may_show(source, subject_of(quantity))


def _statistics(parameters: Parameters) -> Iterator[str]:
    for key in type(parameters).model_fields:
        value = getattr(parameters, key)
        if key in ("statistic", "statistic_x", "statistic_y"):
            yield value
        if key == "statistics" and value != (ALL,):
            yield from value


def _check_method(name: str, needs: Needs, parameters: Parameters, settings: Settings, task: str, method: str) -> None:
    check_known("method", method, settings.methods)
    compared = [name for name in settings.methods if not ROLES.role(name)]
    if "weights" in kinds_of(parameters) and method not in settings.similarity.weights:
        raise ValueError(f"similarity weights: not configured for '{method}'; for: {', '.join(settings.similarity.weights)}")
    of, asked, retrained = settings.entity_tasks[task], emitters_of(parameters), ROLES.role(method) == RETRAINED
    some = of.retrain_emitters if retrained else of.unlearned
    partial = retrained or len(some) < of.entities
    if partial and (not some or (needs.images and not set(asked) <= set(some))):
        raise ValueError(
            f"'{method}' did not unlearn {f'entity {asked[0]}' if asked else 'any entity'} of '{task}'; it unlearned {some}"
        )
    if needs.any_method:
        return
    if ROLES.role(method) == UNCHANGED:
        raise ValueError(f"{name}: method '{method}' changes nothing, so nothing varies; allowed: {', '.join(compared)}")
    if partial:
        if "source" in type(parameters).model_fields or not asked:
            allowed = f"allowed: {', '.join(compared)}" if retrained else f"allowed: tasks whose `emitters` are all, not {some}"
            raise ValueError(f"{name}: needs every emitter, '{method}' has only {some} of '{task}'; {allowed}")
        if not set(asked) <= set(some):
            raise ValueError(f"'{method}' did not unlearn entity {asked[0]} of '{task}'; it unlearned {some}")
