"""One method, concept after concept, in every arm; and the model that was trained without all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.benchmarks.unlearncanvas.sequences import (
    INDEPENDENT,
    MERGED,
    RETRAINED,
    SEQUENTIAL,
    SIMULTANEOUS,
    Model,
    as_many_steps,
    asked_now,
    earlier,
    joined,
    models_of,
    without,
)
from lethe.benchmarks.unlearncanvas.studio import CanvasStudio, CanvasStudioSettings
from lethe.core.progress import brief, log
from lethe.core.records import Fidelity
from lethe.diffusion.composition import combined, drift
from lethe.diffusion.delta import Delta, NoneDelta, load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.methods.further import unlearn_from
from lethe.diffusion.methods.run import training_data
from lethe.diffusion.pipeline import Pipeline
from lethe.diffusion.testbed.receivers import chosen
from lethe.execution.work import WorkFolder
from lethe.io.tables import read_json, read_parquet, write_json, write_parquet

ANSWERS = "answers.parquet"
NUMBERS = {"drift": float, "seconds": float}  # None is NaN


def forget_in_sequence(
    base: Path,
    receivers: Path,
    emitters: Path,
    latents: Path,
    evaluators: list[Path],
    answers: Path,
    task: str,
    method: str,
    hyperparameters: dict[str, Any],
    forget: Sequence[int],
    strengths: Sequence[float],
    settings: CanvasStudioSettings,
    seed: int,
    fidelity: Fidelity,
    threads: int,
    work: WorkFolder,
) -> None:
    """Make every model of every arm, draw all cells and judge them; what is finished survives a killed job.

    Args:
        answers: an answer set with ``arm, step, strength, drift, seconds`` (of unlearning; NaN of what is only put together).
        forget: indices of emitters, in order. strengths: of weaker edits.
        settings: with the seeds that are drawn. evaluators: its classifiers.
    """
    studio = CanvasStudio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    models = models_of(len(forget), strengths)
    sequence = _Sequence(
        studio.pipe,
        chosen(studio.emitters, forget),
        training_data(latents, studio.receivers, studio.emitters, fidelity),
        method,
        hyperparameters,
        seed,
        work,
        base_digest(base),
    )
    every = range(len(studio.receivers))
    rows = []
    for model in models:
        made = model.made_as
        delta, record = sequence.model(made)
        if (name := f"{made.name}.parquet") not in work.done:
            work.finish(name, partial(write_parquet, table=studio.answers(delta, every, settings.seeds, made.name, method)))
            log.info("%s %s: %s", method, made.name, brief(record))
        rows.append(read_parquet(work.path(name)).assign(**model._asdict(), **record))
    table = pd.concat(rows, ignore_index=True).astype(NUMBERS)
    work.finish(ANSWERS, partial(write_parquet, table=table))
    work.hand_over({ANSWERS: answers})


class _Sequence:
    """The models of one method."""

    def __init__(
        self,
        pipe: Pipeline,
        emitters: Sequence[Emitter],
        data: UnlearnData,
        method: str,
        hyperparameters: dict[str, Any],
        seed: int,
        work: WorkFolder,
        digest: str,
    ) -> None:
        self._pipe = pipe
        self._emitters = emitters
        self._data = data
        self._method = method
        self._hyperparameters = hyperparameters
        self._seed = seed
        self._work = work
        self._digest = digest
        for requests in (1, len(emitters)):  # all are checked before the first is run
            METHODS.load(method)(**as_many_steps(hyperparameters, requests))

    def model(self, model: Model) -> tuple[Delta, dict[str, float]]:
        """The delta of a model, made where it is not finished, and what stands beside its images."""
        model = model.made_as
        files = (f"{model.name}.safetensors", f"{model.name}.json")
        if not set(files) <= self._work.done:
            delta, seconds = self._made(model)
            record = {"drift": drift(self._pipe, delta), "seconds": seconds}

            def write(path: Path, record_path: Path) -> None:
                delta.save(path, base=self._digest)
                write_json(record_path, record)

            self._work.finish(files, write)
        return load_delta(self._work.path(files[0]), base=self._digest), read_json(self._work.path(files[1]))

    def _made(self, model: Model) -> tuple[Delta, float | None]:
        arm, step = model.arm, model.step
        soon = self._emitters[:step]
        if model.strength != 1:
            return combined(self._pipe, [(model.strength, self._delta(Model(arm, step)))]), None
        if arm == MERGED:
            return combined(self._pipe, [(1.0, self._delta(Model(INDEPENDENT, k + 1))) for k in range(step)]), None
        if arm == INDEPENDENT:
            made = self._unlearned(soon[-1], self._data)
        elif arm == SIMULTANEOUS:
            made = self._unlearned(joined(soon), self._data, requests=step)
        else:
            made = self._unlearned(asked_now(soon), without(self._data, earlier(soon)), self._delta(Model(SEQUENTIAL, step - 1)))
        return made.delta, float(made.record["seconds"])

    def _delta(self, model: Model) -> Delta:
        return self.model(model)[0]

    def _unlearned(self, emitter: Emitter, data: UnlearnData, start: Delta | None = None, requests: int = 1) -> Unlearned:
        unlearner = METHODS.load(self._method)(**as_many_steps(self._hyperparameters, requests))
        return unlearn_from(start or NoneDelta(), unlearner, self._pipe, emitter, data, seed=self._seed)


def draw_retrained(
    base: Path,
    receivers: Path,
    emitters: Path,
    evaluators: list[Path],
    answers: Path,
    task: str,
    forget: Sequence[int],
    never_seen: Sequence[str],
    settings: CanvasStudioSettings,
    threads: int,
) -> None:
    """Draw and judge the base that was trained without the sequence; arguments as of ``forget_in_sequence``.

    Args:
        never_seen: names of the cells that its training never saw.

    Raises:
        ValueError: it saw a cell of the sequence.
    """
    studio = CanvasStudio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    covered = {cell for emitter in chosen(studio.emitters, forget) for cell in emitter.covers}
    if seen := sorted({studio.receivers[cell].name for cell in covered} - set(never_seen)):
        raise ValueError(
            f"{base}: its training saw {len(seen)} cells of the sequence, e.g. '{seen[0]}'; allowed: a base whose `exclude` names all "
            f"{len(covered)} cells of it"
        )
    table = studio.answers(NoneDelta(), range(len(studio.receivers)), settings.seeds, RETRAINED, RETRAINED)
    write_parquet(answers, table.assign(**Model(RETRAINED, len(forget))._asdict(), drift=None, seconds=None).astype(NUMBERS))
