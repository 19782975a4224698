"""Models that others made, as those that are made here: a delta on the base and its record."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import torch

from lethe.core.records import ModelId
from lethe.diffusion.drift import EMPTY_PROMPT_DRIFT, empty_prompt_drift
from lethe.diffusion.external.convert import delta_of
from lethe.diffusion.external.files import Kind
from lethe.diffusion.folder import base_digest
from lethe.diffusion.kinds import Delta
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.receivers import Emitter, chosen, read_emitters
from lethe.execution.work import WorkFolder
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json

log = logging.getLogger(__name__)


def convert(
    base: Path,
    emitters: Path,
    files: list[Path],
    deltas: list[Path],
    records: list[Path],
    models: list[str],
    external: Kind,
    scale: float,
    work: WorkFolder,
) -> None:
    """Write every model of a batch as a delta on the base; what is finished survives a killed job.

    Args:
        files: of each model its file, or the folder of a pipeline. deltas, records: what is written of each.
        models: names of the models.
        external: what the files are. scale: of a LoRA, factor of the change.
    """
    ids = [ModelId.parse(name) for name in models]
    asked = chosen(read_emitters(emitters), [model.index for model in ids])
    digest, pipe = base_digest(base), load_pipeline(base)
    targets: dict[str, str | Path] = {}
    for model, emitter, file, *places in zip(ids, asked, files, deltas, records, strict=True):
        names = [f"{model.name}.delta.safetensors", f"{model.name}.record.json"]
        targets |= dict(zip(names, places, strict=True))
        if set(names) <= work.done:
            continue
        begin = time.monotonic()
        delta = delta_of(external, file, pipe, base, scale)
        record = _record(model, emitter, delta, external, file) | {
            "base_sha256": digest,
            "scale": scale,
            EMPTY_PROMPT_DRIFT: empty_prompt_drift(pipe, delta),
            "seconds": time.monotonic() - begin,
            "torch": torch.__version__,
        }

        def write(delta_path: Path, record_path: Path, delta: Delta = delta, record: dict[str, Any] = record) -> None:
            delta.save(delta_path, base=digest)
            write_json(record_path, record)

        work.finish(names, write)
        log.info("%s: a '%s' delta from %s", model.name, delta.kind, file)
    work.hand_over(targets)


def _record(model: ModelId, emitter: Emitter, delta: Delta, external: Kind, file: Path) -> dict[str, Any]:
    """What is known of a model of others; its ``seconds`` are those of reading it, not of its training, which nobody here saw."""
    covers = {"covers": list(emitter.covers)} if len(emitter.covers) > 1 else {}
    held = {} if external == "pipeline" else {"sha256": sha256_file(file)}
    return {
        "model": model.name,
        "emitter": {"index": emitter.index, "name": emitter.name, "prompt": emitter.texts[0]} | covers,
        "method": model.method,
        "hyperparameters": {},
        "kind": delta.kind,
        "external": {"kind": external, "file": "/".join(file.parts[-2:]), **held},
    }
