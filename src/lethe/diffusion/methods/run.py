"""Run one method on some emitters of a task, keeping each delta as soon as it is finished."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lethe.core.records import ModelId
from lethe.diffusion.folder import base_digest
from lethe.diffusion.latents import read_latents
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods.base import Emitter, UnlearnData, Unlearned
from lethe.diffusion.testbed.names import prompt, prompt_name
from lethe.execution.work import WorkFolder
from lethe.io.tables import write_json

log = logging.getLogger(__name__)


def emitters_of(metadata: Sequence[Mapping[str, Any]], style: str, indices: Sequence[int]) -> list[Emitter]:
    """The emitters with these indices, named as prompts name them."""
    by_index = {int(record["index"]): str(record["name"]) for record in metadata}
    missing = [index for index in indices if index not in by_index]
    if missing:
        raise ValueError(f"emitters {missing} are not in the metadata; indices there: {min(by_index)} to {max(by_index)}")
    return [Emitter(i, prompt_name(style, by_index[i]), prompt(style, by_index[i])) for i in indices]


def training_data(
    latents: str | Path, metadata: Sequence[Mapping[str, Any]], style: str, overwrite_prompt: str, fidelity: str
) -> UnlearnData:
    """The training split of a task: cached latents and one caption per entity.

    ``fidelity: published`` trains on raw labels (``George_W_Bush``), as the reference did.
    """
    tensors, entities = read_latents(latents)
    captions = {
        int(record["index"]): str(record["name"]) if fidelity == "published" else prompt(style, str(record["name"]))
        for record in metadata
    }
    return UnlearnData(tensors, entities, captions, overwrite_prompt)


def targets_of(model: ModelId) -> tuple[str, str]:
    """Names of a model's delta and record in the work folder."""
    return f"{model.name}.delta.safetensors", f"{model.name}.record.json"


def run_method(
    models: Sequence[ModelId],
    metadata: Sequence[Mapping[str, Any]],
    *,
    base: str | Path,
    data: UnlearnData,
    style: str,
    hyperparameters: Mapping[str, Any],
    seed: int,
    device: str,
    work: WorkFolder,
) -> None:
    """Unlearn every model of ``models`` (one method) that ``work`` does not hold yet.

    ``work`` receives ``{model}.delta.safetensors`` and ``{model}.record.json`` per model.
    """
    waiting = [model for model in models if not set(targets_of(model)) <= work.done]
    if not waiting:
        return
    method = waiting[0].method
    digest = base_digest(base)
    unlearner = METHODS.load(method)(**hyperparameters)
    pipe: Any = None
    if unlearner.needs_pipeline:
        from lethe.diffusion.pipeline import load_pipeline  # 8 s of CPU, which `none` is spared

        pipe = load_pipeline(base, device=device)
    emitters = emitters_of(metadata, style, [model.index for model in waiting])
    for model, result in zip(waiting, unlearner.unlearn(pipe, emitters, data, seed=seed), strict=True):
        if result.emitter.index != model.index:
            raise ValueError(f"method '{method}' yielded emitter {result.emitter.index} where emitter {model.index} was due")
        record = {
            "model": model.name,
            "emitter": {"index": result.emitter.index, "name": result.emitter.name, "prompt": result.emitter.prompt},
            "method": method,
            "hyperparameters": dict(hyperparameters),
            "base_sha256": digest,
            "seed": seed,
            "kind": result.delta.kind,
            "torch": torch.__version__,
            **result.record,
        }

        def write(delta_path: Path, record_path: Path, result: Unlearned = result, record: dict[str, Any] = record) -> None:
            result.delta.save(delta_path, base=digest)
            write_json(record_path, record)

        work.finish(targets_of(model), write)
        log.info("%s: %s", model.name, {key: value for key, value in result.record.items() if not isinstance(value, list | dict)})
