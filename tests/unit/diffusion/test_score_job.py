"""Jobs that score shards: what is the same is scored once, and what no GPU computes is scored apart."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.diffusion.test_metrics_oracles import photos

from lethe.diffusion import render
from lethe.diffusion.jobs.score import joined, same_pictures, score_apart
from lethe.diffusion.kinds import NoneDelta
from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.run import read_images
from lethe.diffusion.metrics.scoring import Scorer, build_metrics
from lethe.diffusion.testbed.receivers import Receiver
from lethe.execution.work import WorkFolder
from lethe.io.shards import index_path, write_shard
from lethe.io.tables import CorruptFileError, read_parquet, write_json, write_parquet
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring


def shard(tar: Path, shift: int = 0) -> tuple[Path, Path]:
    pictures = np.clip(photos(32)[:4].astype(int) + shift, 0, 255).astype(np.uint8)
    rows = [(f"{n:03d}_42.png", pixels, {"receiver": n, "seed": 42, "prompt": "x"}) for n, pixels in enumerate(pictures)]
    write_shard(tar, rows)
    return tar, index_path(tar)


def test_shards_with_the_same_pictures_are_scored_once(tmp_path: Path) -> None:
    places = {name: shard(tmp_path / f"{name}.tar", shift) for name, shift in (("a", 0), ("b", 9), ("c", 0))}
    assert same_pictures(places) == {"a": "a", "b": "b", "c": "a"}
    with open(places["c"][0], "r+b") as file:
        file.seek(700)
        file.write(b"damage")
    with pytest.raises(CorruptFileError, match="c.tar, member '000_42.png'"):
        same_pictures(places)


def test_threads_decode_the_same_pictures(tmp_path: Path) -> None:
    one, four = (read_images(*shard(tmp_path / "a.tar"), threads=count) for count in (1, 4))
    assert (one.images == four.images).all() and one.rows == four.rows


def test_scores_that_were_taken_apart_join_to_the_same_table(tmp_path: Path) -> None:
    tar, index = shard(tmp_path / "a.tar")
    names, scoring = ["nudenet", "brisque"], Scoring(metrics=["nudenet", "brisque"])
    write_json(
        tmp_path / "receivers.json", [{"index": n, "name": "x", "text": "x", "prompt": "x", "attributes": {}} for n in range(4)]
    )
    parts, whole = (
        Scorer(build_metrics(chosen, MetricContext(nudenet_resolution=64, threads=1))) for chosen in (["brisque"], names)
    )
    out, work = tmp_path / "apart.parquet", WorkFolder(tmp_path / "work", {})
    score_apart([tar], [index], tmp_path / "receivers.json", [out], ["a"], "objects", scoring, ["nudenet"], 1, work)
    table = parts.score_baseline(read_images(tar, index)).table
    pd.testing.assert_frame_equal(joined(table, out, order=names), whole.score_baseline(read_images(tar, index)).table)
    assert joined(table, order=names) is table
    write_parquet(out, read_parquet(out)[:3])
    with pytest.raises(CorruptFileError, match="3 of 4 pictures"):
        joined(table, out, order=names)


def test_equal_models_are_drawn_once_and_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def generate(pipe, requests, *args, **more):  # type: ignore[no-untyped-def]
        for request in requests:
            drawn.append(request.run)
            yield request, photos(32)[0]

    for name, found in {"load_pipeline": None, "base_digest": "", "load_delta": NoneDelta()}.items():
        monkeypatch.setattr(render, name, lambda *args, found=found, **more: found)
    monkeypatch.setattr(render, "generate", generate)
    names = [f"objects_{n:03d}_none_000" for n in range(3)]
    tars, indices = ([tmp_path / f"{name}.{kind}" for name in names] for kind in ("tar", "parquet"))
    render.render_shards(
        "base", ["delta"] * 3, names, [Receiver(0, "dog", "a dog", "An image of a dog")], task="objects", world="mini",
        generation=Generation(seeds=[42, 43]), device="cpu", dtype="float32", work=WorkFolder(tmp_path / "work", {}), tars=tars,
        indices=indices,
    )  # fmt: skip
    assert drawn == [names[0]] * 2
    assert len({os.stat(tar).st_ino for tar in tars}) == len({os.stat(index).st_ino for index in indices}) == 1
    assert all(len(read_images(*pair).images) == 2 for pair in zip(tars, indices, strict=True))
