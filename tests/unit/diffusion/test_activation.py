"""A CLIP model has the activation that its weights were trained with: when it is fetched, in its folder and at every load."""

from __future__ import annotations

import json
from pathlib import Path

import open_clip
import pytest
import torch
import yaml
from open_clip import factory, pretrained
from open_clip.transformer import QuickGELU
from torch import nn

from lethe.core.registry import UnknownNameError
from lethe.diffusion.metrics.activation import ActivationError, check_built, check_published
from lethe.diffusion.metrics.clip import load_clip
from lethe.diffusion.metrics.folders import save_pretrained_evaluator

SMALL = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 8, "heads": 1, "layers": 1},
}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two published architectures, `small` and `small-quickgelu`: tag `quick` trained with QuickGELU, tag `plain` with GELU."""
    file = tmp_path / "small.pt"
    torch.manual_seed(0)
    torch.save(open_clip.CLIP(**SMALL).state_dict(), file)
    for name, config in (("small", SMALL), ("small-quickgelu", SMALL | {"quick_gelu": True})):
        monkeypatch.setitem(factory._MODEL_CONFIGS, name, config)
    looks = {"file": str(file), "mean": (0.5,) * 3, "std": (0.5,) * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    tags = {"quick": looks | {"quick_gelu": True}, "plain": looks}
    monkeypatch.setitem(pretrained._PRETRAINED, "small", tags)
    monkeypatch.setitem(pretrained._PRETRAINED, "small-quickgelu", {"quick": tags["quick"]})
    return file


def activations(model: nn.Module) -> set[type]:
    return {type(module) for name, module in model.named_modules() if name.endswith("mlp.gelu")}


@pytest.mark.parametrize(
    ("name", "tag", "right"),
    [
        ("ViT-B-16", "openai", "ViT-B-16-quickgelu"),
        ("ViT-L-14", "OpenAI", "ViT-L-14-quickgelu"),
        ("RN50", "cc12m", "RN50-quickgelu"),
        ("ViT-H-14-378", "dfn5b", "ViT-H-14-378-quickgelu"),
        ("ViT-B-32-quickgelu", "laion2b_s34b_b79k", "ViT-B-32"),
    ],
)
def test_another_activation_than_the_weights_want_is_refused(name: str, tag: str, right: str) -> None:
    with pytest.raises(ActivationError, match=f"'{name}' has .* '{tag}' were trained with .* must be '{right}'$"):
        check_published(name, tag)


def test_what_belongs_together_is_accepted() -> None:
    assert check_published("ViT-B-16-quickgelu", "openai")
    assert not check_published("ViT-B-16", "laion2b-s34b-b88k")
    assert check_published("roberta-ViT-B-32", "laion2b_s12b_b32k")  # exists with QuickGELU only
    with pytest.raises(UnknownNameError, match="no weights 'opena' of 'ViT-B-16-quickgelu'.* did you mean 'openai'"):
        check_published("ViT-B-16-quickgelu", "opena")
    with pytest.raises(UnknownNameError, match="no architecture 'ViT-B-61'"):
        check_published("ViT-B-61", "openai")


def test_the_paper_names_the_right_architecture() -> None:
    clip = yaml.safe_load((Path(__file__).parents[3] / "config/paper.yaml").read_text())["evaluators"]["clip"]
    assert clip["weights"] == "openai" and check_published(clip["path"], clip["weights"])


@pytest.mark.parametrize(("name", "tag", "kind"), [("small-quickgelu", "quick", QuickGELU), ("small", "plain", nn.GELU)])
def test_a_folder_keeps_the_activation(weights: Path, tmp_path: Path, name: str, tag: str, kind: type) -> None:
    save_pretrained_evaluator(tmp_path / "clip", "clip", name, tag, "")
    model, _, _ = load_clip(str(tmp_path / "clip"))
    assert activations(model) == {kind}
    assert activations(load_clip(name, tag)[0]) == {kind}
    file = tmp_path / "clip/open_clip_config.json"
    config = json.loads(file.read_text())
    assert config["model_cfg"]["quick_gelu"] is (kind is QuickGELU)
    flipped = config | {"model_cfg": config["model_cfg"] | {"quick_gelu": kind is not QuickGELU}}
    file.write_text(json.dumps(flipped))
    with pytest.raises(ActivationError, match=rf"open_clip_config\.json: .* weights '{tag}' of '{name}' were trained with"):
        load_clip(str(tmp_path / "clip"))
    del config["model_cfg"]["quick_gelu"]
    file.write_text(json.dumps(config))
    with pytest.raises(ActivationError, match=r"open_clip_config\.json: model_cfg.quick_gelu is None"):
        load_clip(str(tmp_path / "clip"))


def test_a_mismatch_leaves_no_folder_and_is_no_score(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ActivationError, match="must be 'small-quickgelu'"):
        save_pretrained_evaluator(tmp_path / "clip", "clip", "small", "quick", "")
    assert not (tmp_path / "clip").exists()
    with pytest.raises(ActivationError, match="must be 'small'"):
        load_clip("small-quickgelu", "plain")


def test_a_built_model_is_looked_at() -> None:
    with pytest.raises(ActivationError, match="resblocks.0.mlp.gelu is GELU, not QuickGELU"):
        check_built(open_clip.CLIP(**SMALL), True, "small")


def test_weights_of_an_evaluator_are_finite(weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights)
    state["ln_final.weight"][3] = float("inf")
    torch.save(state, weights)
    with pytest.raises(ValueError, match="'small': tensor 'ln_final.weight' holds NaN or infinity"):
        save_pretrained_evaluator(tmp_path / "clip", "clip", "small", "plain", "")
