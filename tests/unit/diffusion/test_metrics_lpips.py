"""LPIPS against a transcription of its equation that shares no code with it."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tests.unit.diffusion.test_metrics_oracles import batch, noisy, photos
from torch import nn
from torchvision.models import alexnet

from lethe.diffusion.metrics.base import MetricContext
from lethe.diffusion.metrics.lpips import WEIGHTS, LpipsAlex, LpipsBackbone
from lethe.io.tables import CorruptFileError

CHANNELS = (64, 192, 384, 256, 256)
NETWORK, HEADS = WEIGHTS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights in the published files' form."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("lpips")
    save_file(alexnet(weights=None).state_dict(), root / f"{NETWORK}.safetensors")
    heads = {f"lin{i}.model.1.weight": torch.rand(1, channels, 1, 1) for i, channels in enumerate(CHANNELS)}
    save_file(heads, root / f"{HEADS}.safetensors")
    return root


def distance(layers: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Eq. 1 in words: for layers of (C, H, W) features of two images and (C,) weights, position by position."""
    total = 0.0
    for one, other, weights in layers:
        _, height, width = one.shape
        summed = 0.0
        for h in range(height):
            for w in range(width):
                a, b = one[:, h, w], other[:, h, w]
                a, b = a / (np.sqrt((a * a).sum()) + 1e-10), b / (np.sqrt((b * b).sum()) + 1e-10)
                summed += float((weights * (a - b) ** 2).sum())
        total += summed / (height * width)
    return total


def alex_layers(image: np.ndarray, network: dict[str, torch.Tensor]) -> list[NDArray[np.float64]]:
    """Features of a (H, W, 3) uint8 image behind each of AlexNet's five convolutions, their shapes written out."""
    shapes = ((0, 4, 2), (3, 1, 2), (6, 1, 1), (8, 1, 1), (10, 1, 1))  # place in the state dict, stride, padding
    shift, scale = np.array([-0.030, -0.088, -0.188]), np.array([0.458, 0.448, 0.450])
    x = torch.from_numpy(((image / 255 * 2 - 1 - shift) / scale).astype(np.float32)).permute(2, 0, 1)[None]
    found = []
    for number, (place, stride, padding) in enumerate(shapes):
        if number in (1, 2):
            x = nn.functional.max_pool2d(x, 3, 2)
        weight, bias = network[f"features.{place}.weight"], network[f"features.{place}.bias"]
        x = nn.functional.conv2d(x, weight, bias, stride, padding).clamp(min=0)
        found.append(x[0].double().numpy())
    return found


@pytest.mark.parametrize("side", [32, 70])
def test_alex_equals_the_transcription(folder: Path, side: int) -> None:
    off = photos(side)
    on = noisy(off)
    on[2] = off[2]
    scores = LpipsAlex.create(MetricContext(lpips_alex=str(folder))).score(batch(on, off))["lpips_alex"]
    network = load_file(folder / f"{NETWORK}.safetensors")
    heads = load_file(folder / f"{HEADS}.safetensors")
    weights = [heads[f"lin{i}.model.1.weight"].flatten().double().numpy() for i in range(5)]
    for i in range(len(on)):
        layers = list(zip(alex_layers(on[i], network), alex_layers(off[i], network), weights, strict=True))
        assert scores[i] == pytest.approx(distance(layers), rel=1e-4)
    assert scores[2] == 0 and (np.delete(scores, 2) > 0).all()


def test_backbone_equals_the_transcription_over_hooked_blocks(tmp_path: Path) -> None:
    from tests.mini_folders import write_evaluator

    from lethe.diffusion.pretraining.backbone import build_backbone
    from lethe.settings.pretraining import BackboneSettings, PretrainingSettings

    torch.manual_seed(0)
    settings = BackboneSettings(depth=2)
    model = build_backbone(settings).eval()
    folder = write_evaluator(tmp_path, "backbone", model, PretrainingSettings(backbone=settings))
    metric = LpipsBackbone.create(MetricContext(backbone=str(folder)))
    off = photos(32)
    on = noisy(off)
    scores = metric.score(batch(on, off))["lpips_backbone"]
    side = settings.image_size // settings.patch_size

    def blocks(image: np.ndarray) -> list[NDArray[np.float64]]:
        """Patch tokens that leave each block, as (C, H, W); the first token is the class token."""
        seen: list[torch.Tensor] = []
        hooks = [block.register_forward_hook(lambda *call: seen.append(call[2])) for block in model.blocks]  # type: ignore[union-attr]
        with torch.no_grad():
            model((torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255 - 0.5) / 0.5)
        for hook in hooks:
            hook.remove()
        return [tokens[0, 1:].T.reshape(-1, side, side).double().numpy() for tokens in seen]

    for i in range(len(on)):
        pairs = zip(blocks(on[i]), blocks(off[i]), strict=True)
        assert scores[i] == pytest.approx(distance([(a, b, np.ones(len(a))) for a, b in pairs]), rel=1e-4)


def test_more_noise_is_farther_and_the_order_of_a_pair_does_not_matter(folder: Path) -> None:
    metric, off = LpipsAlex.create(MetricContext(lpips_alex=str(folder))), photos(64)
    little, much = (metric.score(batch(noisy(off, sigma), off))["lpips_alex"] for sigma in (5, 60))
    assert (little < much).all()
    np.testing.assert_allclose(metric.score(batch(off, noisy(off, 5)))["lpips_alex"], little, rtol=1e-5)
    with pytest.raises(ValueError, match=r"images of at least 31 px, not \(64, 30\)"):
        metric.score(batch(noisy(off[:, :, :30], 5), off[:, :, :30]))


def test_what_is_missing_or_wrong_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs `lpips_alex`"):
        LpipsAlex.create(MetricContext())
    with pytest.raises(ValueError, match="needs `backbone`"):
        LpipsBackbone.create(MetricContext())
    context = MetricContext(lpips_alex=str(tmp_path))
    with pytest.raises(
        FileNotFoundError, match=r"alexnet-owt-7be5be79.safetensors does not exist.*Get https://download.pytorch.org"
    ):
        LpipsAlex.create(context)
    shutil.copy(folder / f"{NETWORK}.safetensors", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"alex.safetensors does not exist.*PerceptualSimilarity"):
        LpipsAlex.create(context)
    save_file({"lin0.model.1.weight": torch.ones(1, 64, 1, 1)}, tmp_path / f"{HEADS}.safetensors")
    with pytest.raises(ValueError, match="not the published weights.*lin1"):
        LpipsAlex.create(context)
    (tmp_path / f"{HEADS}.safetensors").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(CorruptFileError, match=r"alex.safetensors: not readable weights"):
        LpipsAlex.create(context)
    metric = LpipsAlex.create(dataclasses.replace(context, lpips_alex=str(folder)))
    with pytest.raises(ValueError, match="at least 31 px"):
        metric.score(batch(noisy(photos(30)), photos(30)))
