"""What classifiers see is told of tasks of cells, whatever the batch, and of no task of entities."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.embeddings import Embeddings
from lethe.diffusion.metrics.jpeg import jpeg_copies
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.run import PART, load_scorer
from lethe.diffusion.metrics.scoring import ImageSet, Scorer
from lethe.diffusion.pretraining.assets import load_asset
from lethe.diffusion.pretraining.judge import build_judge
from lethe.diffusion.pretraining.loop import to_unit
from lethe.diffusion.pretraining.prediction import for_prediction
from lethe.diffusion.testbed.receivers import Receiver
from lethe.io.tables import write_json
from lethe.settings.models import Settings
from lethe.settings.pretraining import JudgeSettings

ROOT = Path(__file__).parents[3]
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
    settings = JudgeSettings.model_validate({"architecture": architecture, "channels": (8, 8, 8)})
    model = build_judge(4, settings).eval()
    pixels = images().float() / 127.5 - 1
    with torch.inference_mode():
        logits, features = model.embed(pixels)
        torch.testing.assert_close(logits, model(pixels))
    assert features.shape == (7, 8)


@pytest.mark.parametrize("architecture", ["convnet", "convmixer"])
def test_a_judge_that_only_predicts_gives_the_same_logits_and_features(architecture: str) -> None:
    torch.manual_seed(0)
    model = build_judge(4, JudgeSettings.model_validate({"architecture": architecture, "channels": (8, 16, 24)})).train()
    pixels = images(40).float() / 127.5 - 1
    for _ in range(3):
        model(pixels)  # so that the norms have a mean and a variance
    before = {name: value.clone() for name, value in model.eval().state_dict().items()}
    folded = for_prediction(model)
    with torch.inference_mode():
        for found, expected in zip(folded.embed(pixels), model.embed(pixels), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(folded(pixels), model(pixels), rtol=1e-5, atol=1e-5)
    norms = [layer for layer in folded.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert bool(norms) == (architecture == "convmixer")  # whose norms follow an activation
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_judge_in_training_is_not_folded() -> None:
    with pytest.raises(ValueError, match="is being trained"):
        for_prediction(build_judge(4, JudgeSettings(channels=(8, 8, 8))).train())


@pytest.mark.parametrize("name", ["style", "style2"])
def test_a_shipped_judge_sees_the_same_in_any_number_of_images(name: str, tmp_path: Path) -> None:
    """In more than it takes at once as in each alone; folded for speed it is what was trained."""
    weights, settings = ROOT / f"assets/mini/{name}.safetensors", Settings()
    told = load_asset(weights).provenance
    for suffix in (".safetensors", ".json"):
        shutil.copyfile(weights.with_suffix(suffix), tmp_path / f"judge{suffix}")
    write_json(tmp_path / "config.json", {"settings": told["settings"], "classes": told["classes"]})
    scoring = settings.scoring.model_copy(update={"metrics": [name], "batch_size": 3 * PART})
    asked = [Receiver(0, "mosaic_fish", "x", "x", {"style": "mosaic", "object": "fish"})]
    scorer = load_scorer({name: tmp_path}, {name: settings.evaluators[name]}, "canvas", asked, scoring, "cpu", 1)
    pictures = images(2 * PART + 1)
    count = len(pictures)
    table = scorer.score_baseline(ImageSet(pictures, np.zeros(count, np.int64), np.arange(count), ["x"] * count)).table

    model = build_judge(len(told["classes"]), JudgeSettings.model_validate(told["settings"])).eval()
    model.load_state_dict(load_asset(weights).state_dict("judge"))
    with torch.inference_mode():
        alone = torch.cat([model(to_unit(picture[None])) for picture in pictures]).double().softmax(1).numpy()
    np.testing.assert_allclose(table[f"{name}_p"], alone.max(1), atol=1e-6)
    classes = np.array([label.removeprefix("canvas/") for label in told["classes"]])
    assert list(table[f"{name}_pred"]) == list(classes[alone.argmax(1)])
