"""What classifiers see is told of tasks of cells, whatever the batch, and of no task of entities."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.jpeg import jpeg_copies
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.scoring import ImageSet, Scorer

CLASSES = ["toy/red", "toy/green", "toy/blue", "other/red"]


def embed(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean colour, 0 to 1, is the feature; a class for each channel, and one of another task that is never seen."""
    features = images.float().mean((2, 3)) / 255
    return torch.cat([8 * features, torch.full((len(images), 1), -50.0)], dim=1), features


def images(n: int = 7, size: int = 32) -> torch.Tensor:
    noise = torch.randint(0, 60, (n, 3, size, size), generator=torch.Generator().manual_seed(0))
    noise[torch.arange(n), torch.arange(n) % 3] += 150
    return noise.to(torch.uint8)


def judge(features: bool) -> JudgeAccuracy:
    asked = [f"toy/{colour}" for colour in ("red", "green", "red")]
    return JudgeAccuracy(Classifier(lambda x: embed(x)[0], CLASSES, asked, embed if features else None), "colour")


def image_set() -> ImageSet:
    return ImageSet(images(), np.array([0, 0, 0, 1, 1, 1, 2]), np.array([1, 2, 3, 1, 2, 3, 1]), ["x"] * 7)


def test_values_are_told_without_the_task_and_with_their_probability() -> None:
    table = Scorer([judge(False)], predictions=True).score_baseline(image_set()).table
    assert list(table["colour_pred"]) == ["red", "green", "blue", "red", "green", "blue", "red"]
    assert list(table["colour"]) == [1, 0, 0, 0, 1, 0, 1]
    probabilities = embed(images())[0].double().softmax(1).numpy()
    np.testing.assert_allclose(table["colour_p"], probabilities.max(1), rtol=1e-6)
    np.testing.assert_allclose(table["colour_asked_p"], probabilities[np.arange(7), [0, 0, 0, 1, 1, 1, 0]], rtol=1e-6)


def test_copies_are_what_pillow_writes_and_reads() -> None:
    table = Scorer([judge(False)], predictions=True).score_baseline(image_set()).table
    file = io.BytesIO()
    Image.fromarray(images()[2].permute(1, 2, 0).numpy()).save(file, "JPEG", quality=75)
    copy = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)
    assert torch.equal(jpeg_copies(images())[2], copy) and not torch.equal(copy, images()[2])
    assert table["colour_jpeg_p"][2] == pytest.approx(embed(copy[None])[0].double().softmax(1).max().item(), rel=1e-6)


def test_batches_and_kept_features_change_no_score(tmp_path: Path) -> None:
    found = [
        Scorer([judge(kept)], size, predictions=True).score_baseline(image_set()) for kept, size in ((False, 100), (True, 3))
    ]
    assert found[0].table.equals(found[1].table)
    assert (
        found[0].embeddings is not None and found[0].embeddings.features == {} and found[0].embeddings.embedding.shape == (7, 0)
    )
    kept = found[1].embeddings
    assert kept is not None
    kept.save(tmp_path / "x.npz")
    again = Embeddings.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(again.features["colour"], embed(images())[1].numpy())


def test_images_of_entities_are_scored_as_before() -> None:
    found = Scorer([judge(True)]).score_baseline(image_set())
    assert list(found.table) == ["receiver", "seed", "constant", "colour"] and found.embeddings is None


@pytest.mark.parametrize("architecture", ["convnet", "convmixer"])
def test_one_pass_gives_the_logits_and_the_features_of_every_architecture(architecture: str) -> None:
    from lethe.diffusion.pretraining.judge import build_judge
    from lethe.settings.pretraining import JudgeSettings

    settings = JudgeSettings.model_validate({"architecture": architecture, "channels": (8, 8, 8)})
    model = build_judge(4, settings).eval()
    pixels = images().float() / 127.5 - 1
    with torch.inference_mode():
        logits, features = model.embed(pixels)
        torch.testing.assert_close(logits, model(pixels))
    assert features.shape == (7, 8)
