"""Classifiers of UnlearnCanvas' own architecture: timm's names, Pillow's resizing, checkpoints that are taken or refused by name."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from lethe.diffusion.jobs.published_classifier import take_classifier
from lethe.diffusion.metrics.base import ScoringBatch
from lethe.diffusion.metrics.judge import JudgeAccuracy
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.pretraining.checkpoint import read_classifier, read_start
from lethe.diffusion.pretraining.judge import build_judge, train_judge
from lethe.diffusion.pretraining.loop import to_unit
from lethe.diffusion.testbed.receivers import Receiver
from lethe.io.tables import CorruptFileError
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import JudgeSettings, OptimizerSettings, PretrainingSettings
from lethe.settings.scoring import Scoring

CLASSES = ["Cartoon", "Mosaic", "Photo"]
TINY = JudgeSettings(
    architecture="vit",
    channels=(64, 64),
    optimizer=OptimizerSettings(steps=2, batch_size=4, learning_rate=1e-3, weight_decay=0.0),
)


def timm_vit(classes: int = len(CLASSES), **sizes: int) -> nn.Module:
    from timm.models.vision_transformer import VisionTransformer

    torch.manual_seed(0)
    given = {"embed_dim": 64, "depth": 2, "num_heads": 1} | sizes
    return VisionTransformer(img_size=224, patch_size=16, num_classes=classes, **given).eval()  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("published") / "style50.pth"
    torch.save({"model_state_dict": timm_vit().state_dict(), "epoch": 3}, path)
    return path


def test_the_published_sizes_have_the_published_names() -> None:
    """Every name and shape of timm's ``vit_large_patch16_224`` with 51 classes."""
    import timm

    large = JudgeSettings(architecture="vit", channels=(1024,) * 24)
    with torch.device("meta"):
        ours, theirs = build_judge(51, large), timm.create_model("vit_large_patch16_224", num_classes=51)
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    assert len(shapes) == 296
    assert {name.removeprefix("model."): value.shape for name, value in ours.state_dict().items()} == shapes


def test_a_published_checkpoint_judges_as_the_reference_does(checkpoint: Path, tmp_path: Path) -> None:
    """Against timm's model on what ``Resize((224, 224)), ToTensor, Normalize(0.5, 0.5)`` make of pictures."""
    settings = PretrainingSettings(judge=TINY)
    take_classifier([checkpoint], tmp_path / "style", CLASSES, settings)
    receivers = [
        Receiver(i, f"{name}_Trees", "", f"trees in {name}", {"style": name, "object": "Trees"}) for i, name in enumerate(CLASSES)
    ]
    described = {"style": Evaluator(kind="classifier", attribute="style", features=True)}
    scorer = load_scorer({"style": tmp_path / "style"}, described, "canvas", receivers, Scoring(metrics=["style"]), "cpu", 1)
    judge = scorer.metrics[0]
    assert isinstance(judge, JudgeAccuracy) and judge.classes == CLASSES

    pixels = np.random.default_rng(0).integers(0, 256, (3, 40, 56, 3), dtype=np.uint8)
    batch = ScoringBatch(torch.from_numpy(pixels).permute(0, 3, 1, 2), np.arange(3), ["a", "b", "c"])
    resized = [np.asarray(Image.fromarray(one).resize((224, 224), Image.Resampling.BILINEAR)) for one in pixels]
    as_published = (torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    with torch.no_grad():
        expected = timm_vit()(as_published).softmax(1).numpy()
    assert np.abs(judge.probabilities(batch) - expected).max() < 2e-3  # one level of 256 in a few pixels
    assert judge.predictions(batch)["style_pred"].tolist() == [CLASSES[place] for place in expected.argmax(1)]
    assert judge.features(batch).shape == (3, 64)


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        state = dict(timm_vit().state_dict())
        torch.save({"model_state_dict": change(state) or state}, path)

    return write


class Harmful:
    def __reduce__(self) -> Any:
        return Path("lethe-was-here").touch, ()  # in the working folder


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"no checkpoint"), "not a checkpoint of torch"),
        (
            lambda path: path.write_bytes(pickle.dumps(Harmful())),
            "not a checkpoint of torch",
        ),
        (lambda path: torch.save({"model_state_dict": Harmful()}, path), "so it could run code"),
        (
            lambda path: torch.save({"state_dict": {}}, path),
            "no 'model_state_dict'; it has state_dict; did you mean 'state_dict'",
        ),
        (lambda path: torch.save([1], path), "no 'model_state_dict'; it is a list"),
        (
            lambda path: torch.save({"model_state_dict": timm_vit(20).state_dict()}, path),
            "of 20 classes; expected 3: Cartoon to Photo.*style50_cls",
        ),
        (
            lambda path: torch.save({"model_state_dict": timm_vit(depth=3).state_dict()}, path),
            "'blocks.2.norm1.weight' is none of a vision transformer of 2 blocks",
        ),
        (
            lambda path: torch.save({"model_state_dict": timm_vit(embed_dim=128, num_heads=2).state_dict()}, path),
            r"'cls_token' is \(1, 1, 128\); expected \(1, 1, 64\), of a vision transformer of 2 blocks of width 64",
        ),
        (changed(lambda state: state.pop("norm.weight") is None), "no tensor 'norm.weight'"),
        (
            changed(lambda state: {f"module.{name}": value for name, value in state.items()}),
            "no tensor 'cls_token'; .*did you mean 'module.cls_token'",
        ),
        (
            changed(lambda state: state.update({"norm.bias": torch.full((64,), float("nan"))})),
            "tensor 'norm.bias' holds NaN or infinity",
        ),
        (changed(lambda state: state.update({"norm.bias": "x"})), "'norm.bias' is str; expected a tensor of floats"),
    ],
)
def test_another_checkpoint_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "style50.pth"
    write(path)
    with pytest.raises(CorruptFileError, match=f"style50.pth: .*{message}"):
        read_classifier(path, CLASSES, TINY)
    assert not (tmp_path / "lethe-was-here").exists()


def test_a_training_starts_from_weights_whose_head_is_left_out(checkpoint: Path) -> None:
    start = read_start(checkpoint)
    assert "model.patch_embed.proj.weight" in start and not [name for name in start if "head" in name]
    images = torch.randint(0, 256, (8, 3, 224, 224), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(8) % 2
    none = TINY.model_copy(update={"optimizer": TINY.optimizer.model_copy(update={"learning_rate": 1e-12})})
    trained = train_judge(images, labels, 2, none, 0, start)
    assert torch.allclose(trained.state_dict()["model.cls_token"], start["model.cls_token"])
    assert trained(to_unit(images)).shape == (8, 2)
    moved = train_judge(images, labels, 2, TINY, 0, start)
    assert not torch.allclose(moved.state_dict()["model.cls_token"], start["model.cls_token"])
