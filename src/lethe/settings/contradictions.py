"""What is fine alone and not together: found when the configuration is read, each with its key and, where there is one, the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lethe.core.registry import nearest
from lethe.settings.columns import KNOWN, SHIPPED, SHIPPED_RETRAINED
from lethe.settings.rules import Derived
from lethe.settings.sources import BreedOptions, LfwOptions

if TYPE_CHECKING:
    from lethe.settings.models import Settings
    from lethe.settings.names import Names
    from lethe.settings.tasks import Task

REPORTED = 2  # emitters that a reported mean has at least


def contradictions(settings: Settings, names: Names | None) -> list[str]:
    """One line per contradiction; none if the settings fit together. ``names`` are those that exist, None if that is not asked."""
    found = [
        line for name, task in settings.tasks.items() for line in _of_task(name, task, settings, names.retrained if names else [])
    ]
    return found + [*_of_models(settings), *_of_statistics(settings), *_of_names(settings, names.quantities if names else [])]


def _of_task(name: str, task: Task, settings: Settings, retrained: list[str]) -> Iterator[str]:
    where = f"tasks.{name}"
    for key in ("tuning_emitters", "retrain_emitters"):
        for index in getattr(task, key):
            if index not in range(task.entities):
                yield f"{where}.{key}: {index} is not an index of {task.entities} entities"
    if task.entities - len(task.tuning_emitters) < REPORTED:
        yield f"{where}.tuning_emitters: {len(task.tuning_emitters)} of {task.entities} entities leave no mean to report"
    known = KNOWN.get(task.source)
    if known is not None and known.entities is not None and task.entities > known.entities:
        yield f"{where}.entities: {task.entities}, but the source '{task.source}' has {known.entities}"
    if isinstance(task.source_options, LfwOptions | BreedOptions) and task.source_options.initial < task.entities:
        yield f"{where}.source_options.initial: {task.source_options.initial} are looked at, `entities` asks for {task.entities}"
    if known is not None:
        columns = [column for column in known.columns if column != "race" or getattr(task.source_options, "race", None)]
        yield from unknown_columns(where, task, ["name", "dataset_n_original", *columns])
    base = settings.bases[task.base]
    if not set(retrained) & set(settings.methods):
        return
    if base.source == "pretrained" and task.retrain_emitters:
        yield f"{where}.retrain_emitters: a pretrained base cannot be retrained"
    for index in task.retrain_emitters:
        if index in range(task.entities) and base.source == "prebuilt" and (name not in SHIPPED or index != SHIPPED_RETRAINED):
            yield (
                f"{where}.retrain_emitters: {index}, but shipped are bases without emitter {SHIPPED_RETRAINED} of "
                f"{', '.join(SHIPPED)}; train them (bases.{task.base}.source: train) or leave it out (retrain_emitters: [])"
            )


def unknown_columns(where: str, task: Task, columns: list[str]) -> Iterator[str]:
    """One line for every column that a task names and that its records, with ``columns``, do not have where it is looked at."""
    there = list(columns)
    for number, rule in enumerate(task.rules):
        key, column = ("of", rule.of) if isinstance(rule, Derived) else ("column", rule.column)
        yield from _unknown(f"{where}.rules.{number}.{key}", column, there, task.source)
        if isinstance(rule, Derived):
            there.append(rule.column)
    named = [("balance", column) for column in task.balance]
    attributes = [] if task.attributes == "all" else task.attributes
    named += [("priority", task.priority), *(("attributes", column) for column in attributes)]
    for key, column in named:
        yield from _unknown(f"{where}.{key}", column, there, task.source)


def _unknown(where: str, column: str, there: list[str], source: str) -> Iterator[str]:
    if column not in there:
        yield f"{where}: '{column}' is no column of the source '{source}' nor of `rules` above; there are: {', '.join(there)}{nearest(column, there)}"


def _of_models(settings: Settings) -> Iterator[str]:
    for name, base in settings.bases.items():
        if base.source == "prebuilt" and name not in SHIPPED:
            yield f"bases.{name}.source: no base '{name}' is shipped; shipped are: {', '.join(SHIPPED)}{nearest(name, list(SHIPPED))}"
    for role, evaluator in settings.evaluators.items():
        if evaluator.source != "pretrained":
            continue
        if role == "judge":
            yield "evaluators.judge.source: no pretrained judge exists; allowed: prebuilt, train"
        elif (role == "clip") != bool(evaluator.weights):
            yield f"evaluators.{role}.weights: '{evaluator.weights}'; an open_clip model (clip) has a weights tag, a timm model none"
    for role in ("clip", "backbone"):
        if role not in settings.evaluators:
            yield f"evaluators.{role}: is missing; the published statistics per entity need it"
    judge = settings.evaluators.get("judge")
    for name, task in settings.tasks.items():
        if judge is not None and judge.source == "prebuilt" and SHIPPED.get(name) != task.source:
            yield (
                f"evaluators.judge.source: the shipped judge knows the entities of {', '.join(SHIPPED)} only, not those of task "
                f"'{name}' (source '{task.source}'); train one (evaluators: {{judge: {{source: train}}}}), or do without "
                f"(evaluators: {{judge: null}} and scoring.metrics without 'judge')"
            )


def _of_statistics(settings: Settings) -> Iterator[str]:
    statistics = settings.statistics
    if statistics.alpha * (statistics.permutations + 1) < 1:
        yield f"statistics.alpha: {statistics.alpha} is below the smallest p-value of {statistics.permutations} permutations"
    if statistics.alpha * statistics.bootstrap < 2:
        yield f"statistics.alpha: {statistics.alpha} is too small for intervals of {statistics.bootstrap} bootstrap draws"
    steps = settings.pretraining.base.noise.train_timesteps
    if any(base.source == "pretrained" for base in settings.bases.values()):
        steps = max(steps, 1000)  # of Stable Diffusion
    for step in settings.scoring.membership.timesteps:
        if step >= steps:
            yield f"scoring.membership.timesteps: {step} is no step of a forward process of {steps}, 0 to {steps - 1}"
    if settings.generation.steps > steps:
        yield f"generation.steps: {settings.generation.steps} denoising steps, but the forward process has {steps}"
    if "true" in settings.similarity.kinds and len(settings.similarity.kinds) == 1:
        yield "similarity.kinds: 'true' alone; a source of real images does not know it, name another one beside it"


def _of_names(settings: Settings, quantities: list[str]) -> Iterator[str]:
    """Two tasks that share a file: where a task's name meets a method's or another word, one text can be read in two ways."""
    owner: dict[str, str] = {}
    for task in settings.tasks:
        files = [f"sources/{task}.json", f"sources/{task}_true_distance.json"]
        files += [
            f"tables/{name}_{task}.csv" for name in ("distribution", "distribution_summary", "membership", "membership_means")
        ]
        files += [f"similarity_{kind}_{task}.json" for kind in settings.similarity.kinds]
        files += [f"similarity_weights_{method}_{task}.json" for method in settings.methods]
        files += [f"by_method/images_{task}_{method}.parquet" for method in settings.methods]
        files += [f"publish/bundles/images_{task}_{name}.tar" for name in ("baseline", *settings.methods)]
        files += [f"figures/interference_matrix_{task}_{quantity}.png" for quantity in quantities]
        if shared := [(owner[file], file) for file in files if file in owner]:
            yield f"tasks.{task}: the file {shared[0][1]} would be of task '{shared[0][0]}' too; rename one of the two"
        owner |= dict.fromkeys(files, task)
