"""Scoring at the size of the published experiment, against Vision Unlearning's own classes, in one process.

Pictures of 512 px with grain, four seeds a prompt; CLIP ViT-B/16 and DINOv2 ViT-S/14 with random weights that both sides share; BRISQUE,
RMSE and SSIM. Theirs is the body of ``pipeline_06.evaluate_all_seeds``, from files to scores; ours is a job's way, from shards to scores,
decoding included. Theirs scores the off pictures again for every emitter; ours once for all emitters of a task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

import numpy as np
import open_clip
import pandas as pd
import timm
import torch
from PIL import Image
from torch import nn

from lethe.diffusion.metrics.base import Metric
from lethe.diffusion.metrics.brisque import Brisque, SupportVectorRegression, model_file
from lethe.diffusion.metrics.clip import ClipScore
from lethe.diffusion.metrics.dino import PUBLISHED_RESIZE, PUBLISHED_SIZE, Backbone, DinoSimilarity
from lethe.diffusion.metrics.fidelity import Rmse, RmsePublished, Ssim, SsimPublished
from lethe.diffusion.metrics.run import read_images
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.metrics.transform import ImageTransform
from lethe.io.shards import index_path, write_shard
from lethe.tools.speed.peers import Peers

CLIP, BACKBONE = "ViT-B-16-quickgelu", "vit_small_patch14_dinov2.lvd142m"
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PROMPTS = ("An image of a golden retriever", "An image of a red house")
SEEDS = (42, 43, 44, 45)
EMITTERS = 100  # of a task of the published experiment: so many share the scores of the off pictures
GRAIN, MOVED = 6.0, 20.0  # grey levels: a photo's noise, and how far an on picture is from its off picture
SHARED = ("clip", "dino", "rmse_published", "ssim_published", "brisque")


@dataclass
class Clock:
    """Processor time and wall time of what ran inside, and how much of it networks took."""

    cpu: float = 0.0
    wall: float = 0.0
    networks: float = 0.0
    _adding: Lock = field(default_factory=Lock, repr=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add what happens inside."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall

    @contextmanager
    def watching(self, networks: Sequence[nn.Module], clock: Callable[[], float] = time.process_time) -> Iterator[None]:
        """Count the processor time of these networks, none of which is a part of another.

        Args:
            clock: ``time.thread_time`` where several threads call networks, each with one thread of torch.
        """
        begun: dict[int, float] = {}

        def before(module: nn.Module, args: object) -> None:
            begun[get_ident()] = clock()

        def after(module: nn.Module, args: object, result: object) -> None:
            took = clock() - begun.pop(get_ident())
            with self._adding:
                self.networks += took

        hooks = [hook for net in networks for hook in (net.register_forward_pre_hook(before), net.register_forward_hook(after))]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def networks() -> tuple[open_clip.CLIP, nn.Module]:
    """CLIP ViT-B/16 with QuickGELU and DINOv2 ViT-S/14, with random weights."""
    torch.manual_seed(0)
    clip = open_clip.create_model(CLIP, pretrained=None)
    backbone = timm.create_model(BACKBONE, pretrained=False, num_classes=0, img_size=PUBLISHED_SIZE)
    for name, parameter in backbone.named_parameters():
        if name.endswith(".gamma"):  # begins at 1e-5, with which all pictures would have one embedding
            nn.init.ones_(parameter)
    return clip.eval().requires_grad_(False), backbone.eval().requires_grad_(False)


def metrics_of(clip: open_clip.CLIP, backbone: nn.Module) -> list[Metric]:
    """Our metrics with these networks and the published transforms; those that the reference computes."""
    transforms = (
        ImageTransform(PUBLISHED_SIZE, PUBLISHED_SIZE, "shortest", CLIP_MEAN, CLIP_STD),
        ImageTransform(PUBLISHED_SIZE, PUBLISHED_RESIZE, "shortest", MEAN, STD),
    )
    tokenizer = open_clip.get_tokenizer(CLIP)
    return [
        ClipScore(clip, tokenizer, transforms[0]),
        Brisque(SupportVectorRegression(model_file())),
        Rmse(),
        Ssim(),
        DinoSimilarity(Backbone(backbone, transforms[1])),
        RmsePublished(),
        SsimPublished(),
    ]


def write_pictures(folder: Path, prompts: Sequence[str] = PROMPTS, seeds: Sequence[int] = SEEDS, size: int = 512) -> None:
    """``off.tar`` and ``on.tar`` with their indices, and the same pictures as files ``{off,on}_{receiver}_{seed}.png``."""
    generator = np.random.default_rng(0)
    rows: dict[str, list[Any]] = {"off": [], "on": []}
    for receiver, prompt in enumerate(prompts):
        for seed in seeds:
            coarse = generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            base = np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)).astype(float)
            moved = generator.normal(0, MOVED, (1, 1, 3))
            for state, shift in (("off", 0.0), ("on", moved)):
                picture = np.clip(base + shift + generator.normal(0, GRAIN, base.shape), 0, 255).astype(np.uint8)
                member = f"{receiver:03d}_{seed}.png"
                Image.fromarray(picture).save(folder / f"{state}_{member}")
                rows[state].append((member, picture, {"receiver": receiver, "seed": seed, "prompt": prompt}))
    for state, found in rows.items():
        write_shard(folder / f"{state}.tar", found)


def bfloat16(clip: open_clip.CLIP, backbone: nn.Module) -> tuple[open_clip.CLIP, nn.Module]:
    """Copies whose image networks compute in bfloat16."""
    clip, backbone = deepcopy(clip), deepcopy(backbone)
    for network in (clip.visual, backbone):
        network.bfloat16()
        network.register_forward_pre_hook(lambda module, args: (args[0].bfloat16(), *args[1:]))
    return clip, backbone


def compare(packages: str | Path, folder: Path, threads: int, rounds: int = 4) -> dict[str, Any]:
    """Both sides in turn with ``threads`` threads, of each the round that took the least processor time.

    Args:
        packages: where the reference's wheel is, see ``Peers``.
        folder: of ``write_pictures``.
        threads: of torch, for both sides.
        rounds: how often each side runs.

    Returns:
        ``amortised`` and ``alone``: how many times the processor time (``cpu``) and the wall time (``wall``) of ours theirs takes for one
        emitter, ours with a hundredth of the off pictures' cost and with all of it; seconds a pair; the networks' share of either side, and what
        ``cpu`` would be if nothing but networks took any of ours; ``largest_difference`` of the scores; ``bfloat16``: ours with image
        networks in that type, if the processor knows it, else None.
    """
    torch.set_num_threads(threads)
    clip, backbone = networks()
    peers = Peers(packages, clip, backbone)
    towers = (peers.clip.vision_model, peers.clip.text_model, backbone)
    quick = bfloat16(clip, backbone) if torch.cpu._is_avx512_bf16_supported() else None
    sides: dict[str, Callable[[], Side]] = {
        "theirs": lambda: theirs(peers, folder, towers),
        "ours": lambda: ours(metrics_of(clip, backbone), folder, (clip.visual, clip.transformer, backbone)),
    }
    if quick is not None:
        half, small = quick
        sides["bfloat16"] = lambda: ours(metrics_of(half, small), folder, (half.visual, half.transformer, small))
    runs: dict[str, list[Side]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            runs[name].append(run())
    best = {name: min(found, key=lambda side: side.off.cpu + side.on.cpu) for name, found in runs.items()}
    result = {"threads": threads, "pairs": len(best["ours"].scores), **ratios(best["theirs"], best["ours"])}
    result["largest_difference"] = differences(best["theirs"].scores, best["ours"].scores, SHARED)
    result["bfloat16"] = None
    if quick is not None:
        moved = differences(best["ours"].scores, best["bfloat16"].scores, ("clip", "dino"))
        result["bfloat16"] = {**ratios(best["theirs"], best["bfloat16"]), "difference_to_float32": moved}
    return result


@dataclass(frozen=True)
class Side:
    """What one side took for the off pictures that emitters share (theirs: nothing) and for the rest, and its scores."""

    off: Clock
    on: Clock
    scores: pd.DataFrame


def theirs(peers: Peers, folder: Path, towers: Sequence[nn.Module]) -> Side:
    """One emitter, as ``pipeline_06`` scores it: every prompt with all its seeds."""
    clock, rows = Clock(), []
    with clock.watching(towers):
        for receiver, prompt in enumerate(PROMPTS):
            off, on = ([folder / f"{state}_{receiver:03d}_{seed}.png" for seed in SEEDS] for state in ("off", "on"))
            with clock.running():
                found = peers.evaluate_all_seeds(off, on, prompt)
            rows += [{"receiver": receiver, "seed": seed, **row} for seed, row in zip(SEEDS, found, strict=True)]
    return Side(Clock(), clock, pd.DataFrame(rows))


def ours(metrics: Sequence[Metric], folder: Path, towers: Sequence[nn.Module]) -> Side:
    """The off pictures of a task and one emitter, as jobs score them: shards are read, checked, decoded and scored.

    Every thread scores a part, with one thread of torch.
    """
    off, on, scorer = Clock(), Clock(), Scorer(metrics, threads=torch.get_num_threads())
    with off.watching(towers, time.thread_time), off.running():
        scorer.score_baseline(_read(folder / "off.tar"))
    with on.watching(towers, time.thread_time), on.running():
        table = scorer.score_on(_read(folder / "on.tar")).table
    return Side(off, on, table)


def _read(tar: Path) -> ImageSet:
    return read_images(tar, index_path(tar), torch.get_num_threads())


def ratios(theirs: Side, ours: Side) -> dict[str, Any]:
    """How many times our time theirs is, with a hundredth of the off pictures and with all; seconds a pair; the networks' shares."""
    pairs = len(ours.scores)
    found: dict[str, Any] = {"if_our_rest_took_no_time": {}}
    for name, share in (("amortised", 1 / EMITTERS), ("alone", 1.0)):
        cpu, wall, networks = (getattr(ours.on, kind) + share * getattr(ours.off, kind) for kind in ("cpu", "wall", "networks"))
        found[name] = {"cpu": theirs.on.cpu / cpu, "wall": theirs.on.wall / wall}
        found[f"ours_cpu_seconds_a_pair_{name}"] = cpu / pairs
        found["if_our_rest_took_no_time"][name] = theirs.on.cpu / networks
    found["theirs_cpu_seconds_a_pair"] = theirs.on.cpu / pairs
    shares = {"theirs": theirs.on.networks / theirs.on.cpu, "ours": ours.on.networks / ours.on.cpu}
    found["share_of_networks"] = shares
    return found


def differences(theirs: pd.DataFrame, ours: pd.DataFrame, columns: Sequence[str]) -> dict[str, float]:
    """The largest absolute difference of each column, over the same pairs."""
    both = theirs.merge(ours, on=["receiver", "seed"], suffixes=("_theirs", "_ours"), validate="one_to_one")
    return {name: float((both[f"{name}_theirs"] - both[f"{name}_ours"]).abs().max()) for name in columns}
