"""Models that are asked for some receivers: their shards hold these, and a model that is the base draws its pictures to the last bit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.render import render_shards
from lethe.diffusion.testbed.receivers import Receiver
from lethe.execution.work import WorkFolder
from lethe.settings.generation import Generation

SEEDS = [42, 43]


def test_a_shard_holds_what_its_model_was_asked_for(tiny_folder: Path, tmp_path: Path) -> None:
    receivers = [
        Receiver(place, name, f"a {name}", f"An image of a {name}") for place, name in enumerate(["dog", "cat", "cow", "hen"])
    ]
    delta = tmp_path / "delta.safetensors"
    NoneDelta().save(delta, base=base_digest(tiny_folder))
    common = {"task": "objects", "world": "mini", "generation": Generation(seeds=SEEDS, steps=2, batch_size=3), "device": "cpu"}

    def rows(names: list[str], deltas: list[Path | None], asked: list[list[int]] | None) -> list[pd.DataFrame]:
        files = [[tmp_path / f"{name}.{ending}" for name in names] for ending in ("tar", "parquet")]
        work = WorkFolder(tmp_path / f"work_{names[0]}", {})
        render_shards(
            tiny_folder,
            deltas,
            names,
            receivers,
            **common,
            dtype="float32",
            work=work,
            tars=files[0],
            indices=files[1],
            asked=asked,
        )
        return [pd.read_parquet(file).set_index(["receiver", "seed"]) for file in files[1]]

    (off,) = rows(["objects_baseline"], [None], None)
    one, other = rows(["objects_000_none_000", "objects_003_none_000"], [delta, delta], [[0, 2], [1, 3]])
    assert list(one.index) == [(0, 42), (0, 43), (2, 42), (2, 43)] and list(other.index) == [(1, 42), (1, 43), (3, 42), (3, 43)]
    for on in (one, other):
        assert (on["sha256"] == off.loc[on.index, "sha256"]).all()
