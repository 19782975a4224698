"""Embeddings of images of a corpus."""

from __future__ import annotations

from pathlib import Path

from lethe.archive.corpus.read import read_embeddings
from lethe.diffusion.testbed.names import prompt
from lethe.diffusion.testbed.schema import read_metadata


def take_embeddings(published: list[Path], metadata: Path, embeddings: Path, style: str) -> None:
    """Write the embeddings of the images of a model, or of the base, in our form.

    Args:
        published: one file.
        style: how prompts are made.
    """
    prompts = {prompt(style, str(record["name"])): index for index, record in enumerate(read_metadata(metadata))}
    read_embeddings(published[0], prompts).save(embeddings)
