"""What keeping latents in place of pictures does to their bits, to scores and to disk."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from diffusers.models import AutoencoderKL

from lethe.diffusion.delta import Delta, NoneDelta, load_delta
from lethe.diffusion.folder import base_digest, vae_digest
from lethe.diffusion.generate import generate, generate_latents
from lethe.diffusion.kept import Latent, LatentDecoder, decoded, encode_latent
from lethe.diffusion.layout import channels_last
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, stacked
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.pretraining.sd14 import VAE
from lethe.diffusion.render import requests_of
from lethe.diffusion.testbed.receivers import Receiver, read_receivers
from lethe.io.shards import encode_png
from lethe.io.tables import write_json
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring

KEYS = ("receiver", "seed")
FORMS = {
    "float32": "what the VAE reads, decoded in the rows in which it was drawn: what the workflow does",
    "float32_alone": "the same, every picture decoded by itself: figures of few pictures",
    "float16": "rounded to half precision though the VAE computes in float32: not offered",
}


def measure(
    base: Path,
    delta: Path,
    receivers: Path,
    evaluators: list[Path],
    json: Path,
    task: str,
    generation: Generation,
    scoring: Scoring,
    settings: dict[str, Evaluator],
    world: str,
    threads: int,
) -> None:
    """Write the largest pixel difference of pictures of kept latents, and beside it those of scores, bytes and seconds.

    Args:
        delta: of the model whose pictures are compared with those of the base.
        evaluators: a folder for each of ``settings``, in its order.
    """
    pipe, asked = load_pipeline(base), read_receivers(receivers)
    models: dict[str, Delta] = {"off": NoneDelta(), "on": load_delta(delta, base_digest(base))}
    drawn = {state: _drawn(pipe, asked, change, generation, world, task) for state, change in models.items()}
    scorer = load_scorer(dict(zip(settings, evaluators, strict=True)), settings, task, asked, scoring, "cpu", threads)
    decoder, vae = LatentDecoder(base), vae_digest(base)

    def encoded(latents: Sequence[Latent]) -> Iterator[tuple[str, bytes]]:
        return ((f"latents {place}", encode_latent(latent, base.name, vae)) for place, latent in enumerate(latents))

    exact = {state: images for state, (images, _) in drawn.items()}
    tables = _scores(scorer, exact)
    found: dict[str, Any] = {}
    for form, about in FORMS.items():
        sets = {}
        begin = time.process_time()
        for state, (images, latents) in drawn.items():
            kept = [replace(latent, values=latent.values.half()) for latent in latents] if form == "float16" else latents
            sets[state] = replace(images, images=_stacked(list(decoder.decode(encoded(kept), alone=form.endswith("alone")))))
        seconds = (time.process_time() - begin) / sum(len(images.images) for images in sets.values())
        apart = torch.cat([(sets[state].images.int() - exact[state].images.int()).abs() for state in exact])
        scores = {table: _largest(ours, tables[table]) for table, ours in _scores(scorer, sets).items()}
        found[form] = {
            "about": about,
            "largest_pixel_difference": int(apart.max()),
            "share_of_values_that_differ": float((apart > 0).double().mean()),
            "largest_difference_of_scores": scores["on"],
            "seconds_a_picture": seconds,
        }
    value = found["float32"]["largest_pixel_difference"]
    write_json(
        json,
        {
            "value": value,
            "target": 0,
            "holds": value == 0,
            "how": f"largest difference of a pixel, of 255, between {len(exact['off'].images)} pictures of the base and as many of a model that were "
            "drawn as PNGs, and the same kept as latents; scores: largest difference of a picture's; seconds of one thread",
            "measured": found
            | {"bytes_a_picture": _bytes(drawn["off"][0], drawn["off"][1]), "size_of_stable_diffusion": _large()},
        },
    )


def _drawn(
    pipe: Pipeline, asked: Sequence[Receiver], delta: Delta, generation: Generation, world: str, task: str
) -> tuple[ImageSet, list[Latent]]:
    """The pictures of a model and what they were decoded of."""
    requests = requests_of(asked, generation.seeds, delta)
    images = _stacked([image for _, image in generate(pipe, requests, generation, world=world, task=task)])
    latents = [latent for _, latent in generate_latents(pipe, requests, generation, world=world, task=task)]
    keys = [(request.receiver, request.seed) for request in requests]
    where, seeds = (np.array(column) for column in zip(*keys, strict=True))
    return ImageSet(images, where, seeds, [request.prompt for request in requests]), latents


def _stacked(pictures: Sequence[np.ndarray]) -> torch.Tensor:
    return stacked(pictures.__getitem__, len(pictures), 1)


def _scores(scorer: Scorer, sets: dict[str, ImageSet]) -> dict[str, pd.DataFrame]:
    return {"off": scorer.score_baseline(sets["off"]).table, "on": scorer.score_on(sets["on"]).table}


def _largest(ours: pd.DataFrame, exact: pd.DataFrame) -> dict[str, float]:
    """Column -> largest difference of a picture, of the columns that are numbers."""
    numbers = [name for name in exact.select_dtypes("number").columns if name not in KEYS]
    return {name: float((ours[name].astype(float) - exact[name].astype(float)).abs().max()) for name in numbers}


def _bytes(images: ImageSet, latents: Sequence[Latent]) -> dict[str, float]:
    """Bytes of a picture of this world, means."""
    pngs = [len(encode_png(picture)) for picture in images.images.permute(0, 2, 3, 1).numpy()]
    return {
        "png": float(np.mean(pngs)),
        "latents": float(np.mean([len(encode_latent(one, "base", "0" * 64)) for one in latents])),
    }


@torch.inference_mode()
def _large() -> dict[str, float]:
    """At 512 px with Stable Diffusion's VAE, weights by chance: bytes of latents by precision, and seconds of one thread for a picture."""
    torch.manual_seed(0)
    latents = torch.randn(4, 64, 64)
    kept = {str(of).removeprefix("torch."): latents.to(of) for of in (torch.float32, torch.float16)}
    vae = channels_last(AutoencoderKL(**VAE).eval())
    begin = time.process_time()
    decoded(vae.decode, latents[None].contiguous(memory_format=torch.channels_last))
    seconds = time.process_time() - begin
    return {f"bytes_{name}": len(encode_latent(Latent(values, 0, 8), "base", "0" * 64)) for name, values in kept.items()} | {
        "seconds_a_picture_on_one_thread": seconds
    }
