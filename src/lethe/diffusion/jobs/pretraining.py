"""The mini world's own models, trained from nothing, and the folder of shipped ones."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.pretraining.train import base_part, evaluator_part, read_tasks, tokenizer_part, vae_part
from lethe.diffusion.testbed.schema import read_metadata
from lethe.io.atomic import write_bytes
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json
from lethe.settings.pretraining import PretrainingSettings


def train_tokenizer(sources: list[Path], record: Path, settings: PretrainingSettings, styles: dict[str, str]) -> None:
    """Build the vocabulary over the captions of some tasks."""
    tokenizer_part(record, read_tasks(styles, sources), settings)


def train_vae(
    sources: list[Path], weights: Path, record: Path, settings: PretrainingSettings, styles: dict[str, str], seed: int
) -> None:
    """Train the autoencoder of all tasks; the record is written beside the weights."""
    vae_part(weights, read_tasks(styles, sources), settings, seed)


def train_evaluator(
    sources: list[Path],
    tokenizer: Path,
    weights: Path,
    record: Path,
    evaluator: str,
    settings: PretrainingSettings,
    styles: dict[str, str],
    seed: int,
) -> None:
    """Train the open_clip model, the backbone or the judge; the record is written beside the weights."""
    evaluator_part(weights, evaluator, read_tasks(styles, sources), tokenizer, settings, seed)


def train_base(
    sources: list[Path],
    vae: list[Path],
    judge: list[Path],
    tokenizer: Path,
    weights: Path,
    record: Path,
    settings: PretrainingSettings,
    styles: dict[str, str],
    seed: int,
    metadata: Path | None = None,
    task: str = "",
    index: int = 0,
) -> None:
    """Train a base, or the same without one entity: the reference by retraining.

    Args:
        metadata: entities of the task whose entity is left out; None: no entity is.
        index: of that entity.
    """
    exclude = f"{task}/{read_metadata(metadata)[index]['name']}" if metadata else None
    base_part(
        weights,
        read_tasks(styles, sources),
        vae=vae[0],
        tokenizer=tokenizer,
        judge=judge[0],
        settings=settings,
        seed=seed,
        exclude=exclude,
    )


def pack_assets(parts: list[Path], manifest: Path, folder: Path) -> None:
    """Copy trained checkpoints and their records to the folder of shipped ones; write what was copied."""
    for part in parts:
        write_bytes(folder / part.name, part.read_bytes())
    write_json(manifest, {part.name: sha256_file(part) for part in parts})
