"""What is fine alone and not together: found when the configuration is read, each with its key and, where there is one, the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lethe.core.registry import nearest
from lethe.settings.attack_contradictions import attack_contradictions
from lethe.settings.canvas_contradictions import canvas_contradictions
from lethe.settings.columns import KNOWN, SHIPPED, SHIPPED_BASES, SHIPPED_EVALUATORS, SHIPPED_PARTS, SHIPPED_RETRAINED
from lethe.settings.external import external_contradictions
from lethe.settings.messages import fault_lines
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.receivers import of_receivers
from lethe.settings.rules import Derived
from lethe.settings.scoring import NEED
from lethe.settings.sources import BreedOptions, LfwOptions

if TYPE_CHECKING:
    from lethe.settings.bases import Base, Evaluator
    from lethe.settings.names import Names
    from lethe.settings.sections import Sections
    from lethe.settings.tasks import CellTask, Task

REPORTED = 2  # emitters that a reported mean has at least


def contradictions(settings: Sections, names: Names | None) -> list[str]:
    """One line per contradiction; none if the settings fit together. ``names`` are those that exist, None if that is not asked."""
    found = [
        line for name, task in settings.tasks.items() for line in _of_task(name, task, settings, names.retrained if names else [])
    ]
    found += [*canvas_contradictions(settings), *attack_contradictions(settings), *external_contradictions(settings)]
    found += _of_corpus(settings)
    return found + [*_of_models(settings), *_of_statistics(settings), *_of_names(settings, names.quantities if names else [])]


def _of_corpus(settings: Sections) -> Iterator[str]:
    """Whether a world asks for what a corpus of others does not have."""
    if not settings.archive.imported("tables", "images"):
        return
    if settings.keep_images != "png":
        yield f"keep_images: {settings.keep_images}, but pictures of a corpus are files, which stay as they are; allowed: png"
    if weights := [method for method in settings.similarity.weights if method in settings.methods]:
        yield f"similarity.weights: {', '.join(weights)}, but models of a corpus are not read; allowed: similarity: {{weights: []}}"
    for name in settings.cell_tasks:
        yield f"tasks.{name}: a corpus of the layout {settings.archive.layout} has tasks of entities alone; allowed: {name}: null"


def _of_task(name: str, task: Task | CellTask, settings: Sections, retrained: list[str]) -> Iterator[str]:
    where = f"tasks.{name}"
    emitters, what = task.emitters_count, "entities" if task.kind == "entities" else "emitters"
    own = (task.emitters or []) if task.kind == "entities" else []
    for key, indices in (
        ("emitters", own),
        ("tuning_emitters", task.tuning_emitters),
        ("retrain_emitters", task.retrain_emitters),
    ):
        for index in indices:
            if index not in range(emitters):
                yield f"{where}.{key}: {index} is not an index of {emitters} {what}"
            elif index not in task.unlearned:
                yield f"{where}.{key}: {index} is not unlearned; allowed are those of `emitters`: {', '.join(map(str, task.unlearned))}"
    known = KNOWN.get(task.source)
    if known is not None:
        columns = [column for column in known.columns if column != "race" or getattr(task.source_options, "race", None)]
        yield from unknown_columns(where, task, ["name", "dataset_n_original", *columns])
    if task.kind == "entities":
        yield from _of_entities(where, task, known.entities if known else None)
        yield from of_receivers(name, task, settings)
    yield from _of_retraining(name, task, settings, retrained)


def _of_entities(where: str, task: Task, there: int | None) -> Iterator[str]:
    unlearned = len(task.unlearned)
    if unlearned - len(task.tuning_emitters) < (REPORTED if task.emitters is None else 1):
        yield f"{where}.tuning_emitters: {len(task.tuning_emitters)} of {unlearned} entities leave no mean to report"
    if there is not None and task.entities > there:
        yield f"{where}.entities: {task.entities}, but the source '{task.source}' has {there}"
    if isinstance(task.source_options, LfwOptions | BreedOptions) and task.source_options.initial < task.entities:
        yield f"{where}.source_options.initial: {task.source_options.initial} are looked at, `entities` asks for {task.entities}"


def _of_retraining(name: str, task: Task | CellTask, settings: Sections, retrained: list[str]) -> Iterator[str]:
    where, base = f"tasks.{name}", settings.bases[task.base]
    if not set(retrained) & set(settings.methods_of(name)):
        return
    if base.source in ("pretrained", "finetuned") and task.retrain_emitters:
        yield f"{where}.retrain_emitters: a {base.source} base cannot be retrained"
    for index in task.retrain_emitters:
        if index in range(task.emitters_count) and base.source == "prebuilt" and index not in SHIPPED_RETRAINED.get(name, ()):
            shipped = "; ".join(f"{task}: {', '.join(map(str, there))}" for task, there in SHIPPED_RETRAINED.items())
            yield (
                f"{where}.retrain_emitters: {index}, but shipped are bases without these emitters alone ({shipped}); "
                f"train them (bases.{task.base}.source: train) or leave it out (retrain_emitters: [])"
            )


def unknown_columns(where: str, task: Task | CellTask, columns: list[str]) -> Iterator[str]:
    """One line for every column that a task names and that its records, with ``columns``, do not have where it is looked at."""
    there = list(columns)
    if task.kind == "cells":
        for column in task.attributes:
            yield from _unknown(f"{where}.attributes", column, there, task.source)
        return
    for number, rule in enumerate(task.rules):
        key, column = ("of", rule.of) if isinstance(rule, Derived) else ("column", rule.column)
        yield from _unknown(f"{where}.rules.{number}.{key}", column, there, task.source)
        if isinstance(rule, Derived):
            there.append(rule.column)
    named = [("balance", column) for column in task.balance]
    attributes = [] if task.attributes == "all" else task.attributes
    named += [("priority", task.priority)] if task.priority else []
    named += [("attributes", column) for column in attributes]
    for key, column in named:
        yield from _unknown(f"{where}.{key}", column, there, task.source)


def _unknown(where: str, column: str, there: list[str], source: str) -> Iterator[str]:
    if column not in there:
        yield f"{where}: '{column}' is no column of the source '{source}' nor of `rules` above; there are: {', '.join(there)}{nearest(column, there)}"


def _of_models(settings: Sections) -> Iterator[str]:
    for name, base in settings.bases.items():
        if base.source == "prebuilt" and name not in SHIPPED_BASES:
            shipped_bases = f"{', '.join(SHIPPED_BASES)}{nearest(name, list(SHIPPED_BASES))}"
            yield f"bases.{name}.source: no base '{name}' is shipped; shipped are: {shipped_bases}"
        yield from _of_finetuning(name, settings)
        if base.like and base.like not in settings.bases:
            yield f"bases.{name}.like: '{base.like}' is unknown; allowed: {', '.join(settings.bases)}{nearest(base.like, list(settings.bases))}"
        shipped = SHIPPED_PARTS.get(name, ("vae", "tokenizer"))
        for key, part, there in zip(("vae", "tokenizer"), (base.vae, base.tokenizer), shipped, strict=True):
            if base.source == "prebuilt" and part != there:
                yield f"bases.{name}.{key}: no part '{part}' of it is shipped; allowed with source: prebuilt: {there}"
    yield from _of_trainings(settings)
    yield from _of_parts(settings)
    for name, evaluator in settings.evaluators.items():
        if evaluator.kind == "zero_shot":
            yield from _of_zero_shot(name, settings)
        elif evaluator.source == "prebuilt" and name not in SHIPPED_EVALUATORS:
            known = list(SHIPPED_EVALUATORS)
            yield f"evaluators.{name}.source: no evaluator '{name}' is shipped; shipped are: {', '.join(known)}{nearest(name, known)}"
        if evaluator.source != "pretrained":
            continue
        if evaluator.kind == "classifier":
            yield from _of_published_classifier(name, settings)
        elif (evaluator.kind == "clip") != bool(evaluator.weights):
            yield f"evaluators.{name}.weights: '{evaluator.weights}'; an open_clip model (clip) has a weights tag, a timm model none"
    for name in settings.tasks:
        yield from _of_evaluators(name, settings)


def _of_finetuning(name: str, settings: Sections) -> Iterator[str]:
    """Whether a base that is fine-tuned starts from one that exists, on images of a task; and whether one that edits is unlearned."""
    base, where, seen = settings.bases[name], f"bases.{name}.start", [name]
    while base.start:
        if base.start not in settings.bases:
            yield f"{where}: '{base.start}' is unknown; allowed: {', '.join(settings.bases)}{nearest(base.start, list(settings.bases))}"
            return
        if base.start in seen:
            yield f"{where}: {' starts from '.join([*seen, base.start])}; allowed: one that ends with a base that is not fine-tuned"
            return
        seen.append(base.start)
        base = settings.bases[base.start]
        if base.editing:
            yield f"{where}: '{seen[-1]}' edits pictures; allowed: a base that makes them of text alone"
            return
    if len(seen) == 1:
        return
    base = settings.bases[name]
    if not [task for task in settings.tasks.values() if task.base == (base.like or name)]:
        yield f"bases.{name}: no task has the base '{base.like or name}', so there is nothing to fine-tune it on; name another in `like`"
    if base.editing and (tasks := [task for task, entry in settings.tasks.items() if entry.base == name]):
        yield f"tasks.{tasks[0]}.base: '{name}' edits pictures; allowed: a base that makes them of text alone"


def _of_zero_shot(name: str, settings: Sections) -> Iterator[str]:
    """Whether what it tells are entities, by their prompts."""
    for task in settings.tasks_of_evaluator(name):
        if task in settings.cell_tasks:
            yield f"evaluators.{name}.tasks: '{task}' is a task of cells; a zero_shot classifier tells entities, name those tasks"


def _of_published_classifier(name: str, settings: Sections) -> Iterator[str]:
    """Whether it is known which classes a checkpoint from outside has: the values of its attribute, in the order of the source."""
    evaluator, key = settings.evaluators[name], f"evaluators.{name}"
    known = {task: settings.classes_in(task, evaluator.attribute) for task in settings.tasks_of_evaluator(name)}
    for task, values in known.items():
        if not values:
            yield (
                f"{key}.source: '{evaluator.attribute}' of task '{task}' has no published classes; allowed: prebuilt, train, or a task "
                "whose source knows their order (unlearncanvas, unlearncanvas_parquet)"
            )
        elif values != next(iter(known.values())):
            yield f"{key}.tasks: '{task}' and '{next(iter(known))}' have other values of '{evaluator.attribute}'; allowed: the same"
    judge = settings.pretraining_of(evaluator).judge
    if judge.architecture != "vit":
        yield f"{key}.pretraining.judge.architecture: '{judge.architecture}'; a published classifier is a vit, with `channels` as published"


def _of_trainings(settings: Sections) -> list[str]:
    """What bases and evaluators train in another way than the world; that bases with a part in common are trained alike."""
    entries: dict[str, Base | Evaluator] = {f"bases.{name}": base for name, base in settings.bases.items()}
    entries |= {f"evaluators.{name}": entry for name, entry in settings.evaluators.items()}
    found = []
    for where, entry in entries.items():
        try:
            settings.pretraining_of(entry)
        except ValidationError as error:
            found += [f"{where}.pretraining.{line}" for line in fault_lines(error, PretrainingSettings)]
    first: dict[tuple[str, str], str] = {}
    for name, base in settings.bases.items() if not found else ():
        for key, part in (("vae", base.vae), ("tokenizer", base.tokenizer)):
            other = first.setdefault((key, part), name)
            if settings.bases[other].pretraining != base.pretraining:
                differs = _difference(settings.bases[other].pretraining, base.pretraining)
                found.append(
                    f"bases.{name}.pretraining.{differs}: it shares the part '{part}' with '{other}', where this differs; give it a "
                    f"`{key}` of its own, or both the same `pretraining`"
                )
                break
    return found


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Where two parts of the tree `pretraining` differ first, such as ``base.optimizer.steps``."""
    for key in [*one, *(key for key in other if key not in one)]:
        first, second = one.get(key), other.get(key)
        if first != second:
            deeper = isinstance(first, dict) and isinstance(second, dict) and first and second
            return f"{key}.{_difference(first, second)}" if deeper else key  # type: ignore[arg-type]
    return ""


def _of_parts(settings: Sections) -> Iterator[str]:
    """Parts with one name: each is one file below parts/."""
    owner: dict[str, str] = {}
    named = [(f"bases.{name}.vae", base.vae, "an autoencoder") for name, base in settings.bases.items()]
    named += [(f"bases.{name}.tokenizer", base.tokenizer, "a tokenizer") for name, base in settings.bases.items()]
    named += [(f"evaluators.{name}.tokenizer", entry.tokenizer, "a tokenizer") for name, entry in settings.evaluators.items()]
    named += [(f"evaluators.{name}", name, f"the evaluator {name}") for name in settings.evaluators]
    for key, part, what in named:
        if owner.setdefault(part, what) != what:
            yield f"{key}: the part '{part}' would be {what} and {owner[part]}; give one of them another name"
        if part.startswith(("base_", "retrain_")):
            yield f"{key}: '{part}' begins as parts of bases do; allowed: a name without base_ or retrain_"


def _of_evaluators(name: str, settings: Sections) -> Iterator[str]:
    """Whether the images of a task can be scored, and by whom."""
    task, judges = settings.tasks[name], settings.evaluators_of(name)
    for kind in ("clip", "backbone"):
        if task.kind == "cells" and not NEED[kind] & set(settings.metrics_of(name)):
            continue
        found = [judge for judge in judges if settings.evaluators[judge].kind == kind]
        if not found and kind not in settings.evaluators:
            yield f"evaluators.{kind}: is missing; the published statistics per entity need it"
        elif len(found) != 1:
            yield f"evaluators: task '{name}' has {len(found)} of kind {kind} ({', '.join(found) or 'none'}); allowed: one, named in its `tasks`"
    metrics = settings.classifiers_of(name)
    if twice := [metric for metric in metrics if metrics.count(metric) > 1]:
        yield f"evaluators: task '{name}' has {metrics.count(twice[0])} classifiers for the metric '{twice[0]}'; allowed: one"
    for judge in judges:
        evaluator = settings.evaluators[judge]
        if evaluator.kind != "classifier":
            continue
        if task.kind == "cells" and evaluator.attribute != "name" and evaluator.attribute not in task.attributes:
            there = ["name", *task.attributes]
            yield (
                f"evaluators.{judge}.attribute: '{evaluator.attribute}' is no attribute of task '{name}'; there are: "
                f"{', '.join(there)}{nearest(evaluator.attribute, there)}"
            )
        if task.kind == "entities" and evaluator.attribute != "name":
            yield f"evaluators.{judge}.attribute: '{evaluator.attribute}', but entities of task '{name}' are told by their name"
        if (
            settings.metric_of(judge) in settings.metrics_of(name)
            and evaluator.source == "prebuilt"
            and SHIPPED.get(name) != task.source
        ):
            yield (
                f"evaluators.{judge}.source: the shipped judge knows the entities of {', '.join(SHIPPED)} only, not those of task "
                f"'{name}' (source '{task.source}'); train one (evaluators: {{{judge}: {{source: train}}}}), or do without "
                f"(evaluators: {{{judge}: null}} and scoring.metrics without '{judge}')"
            )


def _of_statistics(settings: Sections) -> Iterator[str]:
    statistics = settings.statistics
    if statistics.alpha * (statistics.permutations + 1) < 1:
        yield f"statistics.alpha: {statistics.alpha} is below the smallest p-value of {statistics.permutations} permutations"
    if statistics.alpha * statistics.bootstrap < 2:
        yield f"statistics.alpha: {statistics.alpha} is too small for intervals of {statistics.bootstrap} bootstrap draws"
    steps = settings.pretraining.base.noise.train_timesteps
    if any(base.source == "pretrained" for base in settings.bases.values()):  # and those that start from one
        steps = max(steps, 1000)  # of Stable Diffusion
    for step in settings.scoring.membership.timesteps:
        if step >= steps:
            yield f"scoring.membership.timesteps: {step} is no step of a forward process of {steps}, 0 to {steps - 1}"
    asked = [("generation", settings.generation)]
    asked += [
        (f"tasks.{name}.generation", settings.generation_of(name)) for name, task in settings.tasks.items() if task.generation
    ]
    for key, generation in asked:
        if generation.steps > steps:
            yield f"{key}.steps: {generation.steps} denoising steps, but the forward process has {steps}"
        if generation.compile_decoder and settings.keep_images != "png":
            yield f"{key}.compile_decoder: true, but keep_images: {settings.keep_images} leaves decoding to readers; allowed: false"
    if "true" in settings.similarity.kinds and len(settings.similarity.kinds) == 1:
        yield "similarity.kinds: 'true' alone; a source of real images does not know it, name another one beside it"


def _of_names(settings: Sections, quantities: list[str]) -> Iterator[str]:
    """Two tasks that share a file: where a task's name meets a method's or another word, one text can be read in two ways."""
    owner: dict[str, str] = {}
    for task in settings.tasks:
        files = [f"sources/{task}.json", f"sources/{task}_true_distance.json"]
        files += [
            f"tables/{name}_{task}.csv" for name in ("distribution", "distribution_summary", "membership", "membership_means")
        ]
        files += [f"similarity_{kind}_{task}.json" for kind in settings.similarity.kinds]
        files += [f"similarity_weights_{method}_{task}.json" for method in settings.methods_of(task)]
        files += [f"by_method/pairs_{task}_{method}.parquet" for method in settings.methods_of(task)]
        files += [f"publish/bundles/images_{task}_{name}.tar" for name in ("baseline", *settings.methods_of(task))]
        files += [f"figures/interference_matrix_{task}_{quantity}.png" for quantity in quantities]
        if shared := [(owner[file], file) for file in files if file in owner]:
            yield f"tasks.{task}: the file {shared[0][1]} would be of task '{shared[0][0]}' too; rename one of the two"
        owner |= dict.fromkeys(files, task)
