"""Run one method on some emitters of a task, keeping each delta as soon as it is finished."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch

from lethe.core.progress import brief, log, subject
from lethe.core.records import Fidelity, ModelId
from lethe.diffusion.curves import Curve, recorded, write_curve
from lethe.diffusion.drift import EMPTY_PROMPT_DRIFT, empty_prompt_drift
from lethe.diffusion.folder import base_digest
from lethe.diffusion.latents import read_latents
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.methods.on_bases import check_method
from lethe.diffusion.testbed.receivers import Receiver, chosen
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_json

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


def training_data(
    latents: str | Path, receivers: Sequence[Receiver], emitters: Sequence[Emitter], fidelity: Fidelity
) -> UnlearnData:
    """The training split of a task: cached latents and one caption per receiver.

    Args:
        receivers, emitters: all of the task.
        fidelity: ``published`` trains on raw labels (``George_W_Bush``), as the reference did.
    """
    tensors, shown = read_latents(latents)
    captions = {receiver.index: receiver.caption(fidelity) for receiver in receivers}
    overwrites = dict.fromkeys(text for emitter in emitters for text in emitter.overwrite.values())
    return UnlearnData(tensors, shown, captions, tuple(overwrites))


def targets_of(model: ModelId) -> tuple[str, str, str]:
    """Names of a model's delta, record and loss curve in the work folder."""
    return f"{model.name}.delta.safetensors", f"{model.name}.record.json", f"{model.name}.losses.csv"


def run_method(
    models: Sequence[ModelId],
    emitters: Sequence[Emitter],
    *,
    base: str | Path,
    data: UnlearnData,
    hyperparameters: Mapping[str, Any],
    seed: int,
    device: str,
    work: WorkFolder,
    shared: Mapping[str, Any] | None = None,
) -> None:
    """Unlearn every model of ``models`` (one method) that ``work`` does not hold yet; ``emitters`` are all of the task.

    Args:
        shared: what the record of every model says of what the method has prepared.
        work: receives ``{model}.delta.safetensors``, ``{model}.record.json`` and ``{model}.losses.csv`` per model.
    """
    waiting = [model for model in models if not set(targets_of(model)) <= work.done]
    if not waiting:
        return
    method = waiting[0].method
    digest = base_digest(base)
    unlearner = METHODS.load(method)(**hyperparameters)
    pipe: Pipeline | None = None
    if unlearner.needs_pipeline:
        check_method(method, base)
        from lethe.diffusion.pipeline import load_pipeline  # 8 s of CPU, which `none` is spared

        pipe = load_pipeline(base, device=device)
    asked = chosen(emitters, [model.index for model in waiting])
    with recorded() as curves:
        results = unlearner.unlearn(cast("Pipeline", pipe), asked, data, seed=seed)
        for model, result in zip(waiting, _named(iter(results), waiting), strict=True):
            if result.emitter.index != model.index:
                raise ValueError(f"method '{method}' yielded emitter {result.emitter.index} where emitter {model.index} was due")
            record = {
                "model": model.name,
                "emitter": _described(result.emitter),
                "method": method,
                "hyperparameters": dict(hyperparameters),
                "base_sha256": digest,
                "seed": seed,
                "kind": result.delta.kind,
                EMPTY_PROMPT_DRIFT: empty_prompt_drift(pipe, result.delta),
                "torch": torch.__version__,
                **result.record,
                **(shared or {}),
            }
            _keep(work, model, result, record, curves)
            curves.clear()  # those of the next emitter follow


def _named(results: Iterator[Unlearned], models: Sequence[ModelId]) -> Iterator[Unlearned]:
    """The results; what a training tells while one is made stands under the name of its model."""
    for number, model in enumerate(models, 1):
        with subject(f"{model.name} ({number} of {len(models)})"):
            result = next(results, None)
        if result is None:
            return
        yield result
    yield from results


def _keep(work: WorkFolder, model: ModelId, result: Unlearned, record: Mapping[str, Any], curves: Sequence[Curve]) -> None:
    """Put the files of a model into the work folder."""

    def write(delta_path: Path, record_path: Path, losses_path: Path) -> None:
        result.delta.save(delta_path, base=record["base_sha256"])
        write_json(record_path, record)
        write_curve(losses_path, curves, record["seed"])

    work.finish(targets_of(model), write)
    log.info("%s: %s", model.name, brief(result.record))


def _described(emitter: Emitter) -> dict[str, Any]:
    """An emitter in the record of its model: of several receivers which they are, and the prompt of the first."""
    found = {"index": emitter.index, "name": emitter.name, "prompt": emitter.texts[0]}
    return found | ({"covers": list(emitter.covers)} if len(emitter.covers) > 1 else {})
