"""The benchmark of scoring against the reference's own classes: its arithmetic and its pictures. `make bench` runs all of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from lethe.diffusion.metrics.run import read_images
from lethe.tools.speed.peers import Peers, clip_processor
from lethe.tools.speed.scoring_peers import Clock, Side, differences, ratios, write_pictures


def side(off: float, on: float, networks: float, clip: float) -> Side:
    scores = pd.DataFrame({"receiver": [0, 0], "seed": [42, 43], "clip": [1.0, clip]})
    return Side(Clock(off, 2 * off, off / 5), Clock(on, 2 * on, networks), scores)


def test_the_off_pictures_count_once_for_a_hundred_emitters() -> None:
    theirs, ours = side(0, 10, 5, 3.0), side(5, 4, 3, 2.5)
    found = ratios(theirs, ours)
    assert found["amortised"] == pytest.approx({"cpu": 10 / 4.05, "wall": 20 / 8.1})
    assert found["alone"] == pytest.approx({"cpu": 10 / 9, "wall": 20 / 18})
    assert found["share_of_networks"] == {"theirs": 0.5, "ours": 0.75}
    assert found["if_our_rest_took_no_time"] == pytest.approx({"amortised": 10 / 3.01, "alone": 10 / 4})
    assert differences(theirs.scores, ours.scores, ["clip"]) == {"clip": 0.5}


def test_a_clock_tells_networks_apart() -> None:
    clock, network = Clock(), nn.Linear(400, 400)
    with clock.watching([network]), clock.running():
        network(torch.zeros(2000, 400))
        sum(range(10**6))
    assert 0 < clock.networks < clock.cpu
    before = clock.networks
    network(torch.zeros(2000, 400))
    assert clock.networks == before


def test_a_clock_counts_what_each_thread_takes() -> None:
    clock, network = Clock(), nn.Linear(400, 400)
    with clock.watching([network], time.thread_time), clock.running(), ThreadPoolExecutor(2) as pool:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        list(pool.map(network, [torch.zeros(2000, 400)] * 8))
        torch.set_num_threads(before)
    assert 0 < clock.networks < clock.cpu


def test_files_and_shards_hold_the_same_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path, ["a cat"], [42, 43], 16)
    images = read_images(tmp_path / "on.tar", tmp_path / "on.parquet")
    assert list(images.rows) == [(0, 42), (0, 43)]
    assert (np.asarray(Image.open(tmp_path / "on_000_43.png")) == images.images[1].permute(1, 2, 0).numpy()).all()


def test_their_tokenizer_gives_the_tokens_of_open_clip() -> None:
    import open_clip

    prompt = "An image of a golden retriever"
    theirs = clip_processor()(text=[prompt], return_tensors="pt", padding=True)["input_ids"][0]
    ours = open_clip.get_tokenizer("ViT-B-16")([prompt])[0]
    assert theirs.tolist() == ours[: len(theirs)].tolist() and not ours[len(theirs) :].any()


def test_a_folder_without_the_wheel_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no package 'vision_unlearning'; `make bench` installs it"):
        Peers(tmp_path, nn.Identity(), nn.Identity())  # type: ignore[arg-type]
