"""A single classifier for other tools."""

from __future__ import annotations

from pathlib import Path

from lethe.classifiers import ARCHITECTURES
from lethe.classifiers.data.stored import read_data
from lethe.classifiers.export import description, state_dict
from lethe.classifiers.models.stack import Stack
from lethe.io.hashing import sha256_file
from lethe.io.tables import write_json
from lethe.io.tensors import write_tensors


def export(
    data: Path,
    stack: Path,
    weights: Path,
    about: Path,
    dataset: str,
    architecture: str,
    unlearner: str,
    seed: int,
    seeds: list[int],
    license: str,
    world: str,
) -> None:
    """Write the state dict of the model of one seed, and beside it what it is and how it is loaded.

    Args:
        stack: models of all ``seeds``; of several runs of a method the first is taken.
        unlearner: what made them: a method, ``original`` or ``retrained``.
        license: of the weights.
    """
    _, provider, _ = read_data(data)
    built = ARCHITECTURES.load(architecture)(provider.classes, provider.image_shape)
    write_tensors(weights, state_dict(built, Stack.load(stack), seeds.index(seed)), {"format": "pt"})
    origin = {"dataset": dataset, "architecture": architecture, "method": unlearner, "seed": seed, "world": world}
    source = {"file": stack.name, "model": seeds.index(seed), "sha256": sha256_file(stack)}
    write_json(about, origin | description(built, provider, weights.name) | {"source": source, "license": license})
