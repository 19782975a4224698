"""How similar the entities of a task are to its base, to CLIP, by attributes, and in truth."""

from __future__ import annotations

from pathlib import Path

from lethe.benchmarks.icare.similarities import SimilarityInputs, similarity_matrix
from lethe.core.device import resolve_device
from lethe.core.records import Fidelity
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.testbed.receivers import read_receivers
from lethe.diffusion.testbed.schema import read_metadata
from lethe.diffusion.testbed.similarity import to_records
from lethe.io.tables import read_json, write_json
from lethe.settings.tasks import Task


def compute(
    base: Path,
    clip: Path,
    metadata: Path,
    receivers: Path,
    distance: Path,
    embeddings: Path,
    matrices: list[Path],
    kinds: list[str],
    task: str,
    settings: Task,
    act_steps: int,
    seeds: list[int],
    world: str,
    fidelity: Fidelity,
    device: str,
) -> None:
    """Write some similarities of the entities of a task.

    Args:
        matrices: one file per kind.
        settings: of the task.
        act_steps: denoising steps of the activation fingerprint.
    """
    inputs = SimilarityInputs(
        metadata=read_metadata(metadata),
        receivers=read_receivers(receivers),
        style=settings.prompt_style,
        attributes=settings.attributes,
        balance=settings.balance,
        base=base,
        clip=clip,
        embeddings=Embeddings.load(embeddings),
        distances=read_json(distance),
        world=world,
        task=task,
        seeds=seeds,
        steps=act_steps,
        device=resolve_device(device),
        published=fidelity == "published",
    )
    for kind, path in zip(kinds, matrices, strict=True):
        write_json(path, to_records(inputs.names, similarity_matrix(kind, inputs)))
