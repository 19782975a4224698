"""The plain loop that scores one pair of images at a time, as the reference implementation does: an oracle of
the batched pass.

Its habits (Vision Unlearning 1.0.0, ``pipeline_05`` and ``pipeline_06``): per image, CLIP encodes the prompt again,
the backbone gets one image, BRISQUE runs alone; RMSE and SSIM write both images to temporary PNG files and read them back; off images are
scored again for every emitter. The models are the ones of the batched pass, so the two must agree.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch.nn import functional as F

from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.brisque import GREY, half_size, mscn
from lethe.diffusion.metrics.clip import ClipScore
from lethe.diffusion.metrics.dino import DinoSimilarity, row_cosine
from lethe.diffusion.metrics.fidelity import PUBLISHED_RANGE
from lethe.diffusion.metrics.scoring import ImageSet, Scorer, build_metrics

METRICS_OF_THE_LOOP = ("clip", "brisque", "rmse", "ssim", "dino")
TOLERANCE: Mapping[str, float] = {
    "clip": 1e-2, "brisque": 1e-6, "dino": 1e-4, "ssim": 1e-9, "ssim_published": 1e-9, "rmse": 1e-6, "rmse_published": 1e-6
}  # fmt: skip
"""Largest absolute difference between loop and batch. CLIP (of 100) and DINO: batch shapes change float32 sums."""


def wheel_brisque() -> Any:
    """The ``brisque`` wheel's scorer, made to run with NumPy >= 2.4, which refuses its one-element arrays as
    scalars.
    """
    from brisque import BRISQUE

    class Wheel(BRISQUE):
        def scale_features(self, features: Any) -> Any:
            return super().scale_features([np.asarray(value).item() for value in features])

    return Wheel(url=False)


class ReferenceLoop:
    """Scores pairs of images one at a time."""

    def __init__(self, clip: ClipScore, dino: DinoSimilarity) -> None:
        self.clip, self.dino, self.brisque = clip, dino, wheel_brisque()

    @torch.inference_mode()
    def score_image(self, image: torch.Tensor, prompt: str) -> tuple[float, float, np.ndarray]:
        """CLIP score, BRISQUE and embedding of one (3, H, W) image."""
        text = F.normalize(self.clip.model.encode_text(self.clip.tokenizer([prompt]).to(self.clip.device)).float(), dim=-1)
        pixels = self.clip.transform(image[None].to(self.clip.device))
        vision = F.normalize(self.clip.model.encode_image(pixels).float(), dim=-1)
        brisque = float(self.brisque.score(image.permute(1, 2, 0).numpy()))
        return 100 * float((text * vision).sum()), brisque, self.dino.embed(image[None])[0]

    def score_pair(self, on: torch.Tensor, off: torch.Tensor) -> dict[str, float]:
        """RMSE and SSIM of two (3, H, W) images through temporary files, at both data ranges."""
        import cv2
        from skimage.metrics import structural_similarity

        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in ("on.png", "off.png")]
            for path, image in zip(paths, (on, off), strict=True):
                Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
            a, b = (cv2.imread(str(path)) for path in paths)
        assert a is not None and b is not None
        rmse = float(np.sqrt(np.square(a.astype(np.float32) - b).mean(axis=(0, 1))).mean())
        return {
            "rmse": rmse / 255,
            "rmse_published": rmse / PUBLISHED_RANGE,
            "ssim": float(structural_similarity(a, b, channel_axis=2, data_range=255)),
            "ssim_published": float(structural_similarity(a, b, channel_axis=2, data_range=PUBLISHED_RANGE)),
        }

    def score_emitter(self, on: ImageSet, off: ImageSet) -> pd.DataFrame:
        """One row per on image: ``receiver, seed``, scores of the on image, pair scores, and ``off_clip``,
        ``off_brisque``.
        """
        rows = []
        for i, (receiver, seed) in enumerate(on.rows):
            j = off.rows[receiver, seed]
            clip, brisque, embedding = self.score_image(on.images[i], on.prompts[i])
            off_clip, off_brisque, off_embedding = self.score_image(off.images[j], off.prompts[j])
            row = {
                "receiver": receiver,
                "seed": seed,
                "clip": clip,
                "brisque": brisque,
                "off_clip": off_clip,
                "off_brisque": off_brisque,
            }
            row["dino"] = float(row_cosine(embedding[None], off_embedding[None])[0])
            rows.append(row | self.score_pair(on.images[i], off.images[j]))
        return pd.DataFrame(rows)


def largest_differences(context: MetricContext, off: ImageSet, emitters: Sequence[ImageSet]) -> dict[str, float | None]:
    """Metric -> the largest difference of the batched pass and the loop over on images of some emitters.

    BRISQUE is compared on images without flat areas (see ``lethe.diffusion.metrics.brisque``).

    Raises:
        AssertionError: if a score differs by more than ``TOLERANCE``, or only one of the two is NaN.
    """
    scorer = Scorer(build_metrics(METRICS_OF_THE_LOOP, context))
    clip = next(metric for metric in scorer.metrics if isinstance(metric, ClipScore))
    dino = next(metric for metric in scorer.metrics if isinstance(metric, DinoSimilarity))
    loop = ReferenceLoop(clip, dino)
    baseline = scorer.score_baseline(off).table
    ours = pd.concat([scorer.score_on(on).table for on in emitters], ignore_index=True)
    theirs = pd.concat([loop.score_emitter(on, off) for on in emitters], ignore_index=True)
    textured = np.concatenate([~has_flat_area(on.images) for on in emitters])
    everywhere = np.ones(len(textured), dtype=bool)
    difference = {
        name: _largest(name, ours[name], theirs[name], textured if name == "brisque" else everywhere) for name in TOLERANCE
    }
    both = theirs.merge(baseline, on=["receiver", "seed"], suffixes=("", "_baseline"))
    difference["off_clip"] = _largest("clip", both["clip_baseline"], both["off_clip"], everywhere)
    return difference


def has_flat_area(images: torch.Tensor) -> np.ndarray:
    """(n,) whether a 7x7 window of an image has one grey level, at full or half size: there the wheel's BRISQUE is rounding."""
    grey = torch.einsum("nchw,c->nhw", images.double(), torch.tensor(GREY, dtype=torch.float64) / 255)
    flat = np.zeros(len(images), dtype=bool)
    for _ in range(2):
        flat |= (mscn(grey) == 0).flatten(1).any(1).numpy()
        grey = half_size(grey)
    return flat


def _largest(name: str, ours: pd.Series, theirs: pd.Series, compared: np.ndarray) -> float | None:
    a, b = ours.to_numpy(float)[compared], theirs.to_numpy(float)[compared]
    if not np.allclose(a, b, rtol=0, atol=TOLERANCE[name], equal_nan=True):
        worst = int(np.argmax(np.nan_to_num(np.abs(a - b), nan=np.inf)))
        raise AssertionError(f"{name}: the batched pass gives {a[worst]}, the plain loop {b[worst]}; tolerance {TOLERANCE[name]}")
    return float(np.nanmax(np.abs(a - b))) if len(a) else None
