"""Vision Unlearning 1.0.0's own classes for scoring a pair of images, with networks of the published size and random weights.

Nothing of them is imitated: the classes are imported from its wheel (``make bench`` installs it beside ours, without what it
depends on) and called as its ``pipeline_06.evaluate_all_seeds`` calls them. Four things stand between its versions and ours.

- CLIP and DINOv2 are not fetched: what would fetch them is given our networks, with the same weights. transformers 5 wraps what
  ``get_image_features`` returns; it is unwrapped for torchmetrics.
- The DINOv2 of the hub is replaced by timm's, whose attention is fused. That makes their side quicker, if anything.
- The support vectors of ``piq.brisque`` are those of the ``brisque`` wheel, which are of the same LIVE model.
- ``image-similarity-measures`` asks for OpenCV, scikit-image and phasepack; it is given the versions that are installed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import open_clip
import torch
from open_clip.tokenizer import SimpleTokenizer
from PIL import Image
from torch import nn
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from lethe.diffusion.metrics.brisque import SupportVectorRegression, model_file

SIZE = 224  # px that both networks see


class Peers:
    """The objects that ``pipeline_06`` makes once, and the body of its ``evaluate_all_seeds``.

    Args:
        packages: folder in which ``vision_unlearning`` and its packages are.
        clip: an open_clip ViT-B/16 with QuickGELU, whose weights are copied.
        backbone: a DINOv2 without a head, which is shared.

    Raises:
        FileNotFoundError: the folder holds no such package; the error says how to get it.
    """

    def __init__(self, packages: str | Path, clip: open_clip.CLIP, backbone: nn.Module) -> None:
        folder = Path(packages)
        if not (folder / "vision_unlearning").is_dir():
            raise FileNotFoundError(f"{folder}: no package 'vision_unlearning'; `make bench` installs it")
        sys.path.append(str(folder.resolve()))  # behind all others: what is installed here comes first
        metrics = importlib.import_module("vision_unlearning.metrics")
        self._embeddings = importlib.import_module("vision_unlearning.benchmarks.I_care.embeddings")
        self.clip = transformers_clip(clip)
        with (
            patch.object(CLIPModel, "from_pretrained", lambda name: self.clip),
            patch.object(CLIPProcessor, "from_pretrained", lambda name: clip_processor()),
            patch.object(torch.hub, "load", lambda repository, name: backbone),
        ):
            self.quality = metrics.MetricQuality()
            self.text = metrics.MetricImageTextSimilarity(metrics=["clip"], device="cpu")
            self.difference = metrics.MetricImageImage(metrics=["rmse", "ssim"])
            self.dino = self._embeddings.load_dino_model(force_device="cpu")
        vectors = SupportVectorRegression(model_file())
        weights = vectors.coefficients.float(), vectors.vectors.float()

        def load(url: str, map_location: object) -> tuple[torch.Tensor, torch.Tensor]:
            return weights[0], weights[1].clone()  # piq transposes what it is given, in place

        sys.modules["piq.brisque"].load_url = load  # type: ignore[attr-defined]

    def evaluate_all_seeds(self, off: Sequence[Path], on: Sequence[Path], prompt: str) -> list[dict[str, float]]:
        """Scores of the pairs of one prompt, a dict per seed, which the reference then averages.

        Args:
            off, on: PNG files of the base and of the unlearned model, in the order of the seeds.
            prompt: what both were asked for.
        """
        imgs_off, imgs_on = ([Image.open(path) for path in paths] for paths in (off, on))
        brisque_off, brisque_on = self.quality.score_batch(imgs_off), self.quality.score_batch(imgs_on)
        clip_off, clip_on = (self.text.score_batch_same_text(images, prompt) for images in (imgs_off, imgs_on))
        differences = [self.difference.score(*pair) for pair in zip(imgs_off, imgs_on, strict=True)]
        similar = self._embeddings.compute_dino_image_similarity
        dino = [similar(*pair, *self.dino) for pair in zip(imgs_off, imgs_on, strict=True)]
        return [
            {
                "clip": clip_on[i]["clip"],
                "clip_off": clip_off[i]["clip"],
                "brisque": brisque_on[i]["brisque"],
                "brisque_off": brisque_off[i]["brisque"],
                "rmse_published": differences[i]["rmse"],
                "ssim_published": differences[i]["ssim"],
                "dino": dino[i],
            }
            for i in range(len(on))
        ]


def transformers_clip(model: open_clip.CLIP) -> CLIPModel:
    """The transformers model with the weights of an open_clip ViT-B/16 with QuickGELU."""
    config = CLIPConfig(
        projection_dim=512,
        text_config={"projection_dim": 512, "eos_token_id": 49407, "bos_token_id": 49406},
        vision_config={"patch_size": 16, "projection_dim": 512},
    )
    theirs = CLIPModel(config)
    state, found = model.state_dict(), {}
    found["logit_scale"] = state["logit_scale"]
    found["visual_projection.weight"] = state["visual.proj"].T
    found["text_projection.weight"] = state["text_projection"].T
    found["text_model.embeddings.token_embedding.weight"] = state["token_embedding.weight"]
    found["text_model.embeddings.position_embedding.weight"] = state["positional_embedding"]
    found["vision_model.embeddings.class_embedding"] = state["visual.class_embedding"]
    found["vision_model.embeddings.patch_embedding.weight"] = state["visual.conv1.weight"]
    found["vision_model.embeddings.position_embedding.weight"] = state["visual.positional_embedding"]
    norms = {
        "vision_model.pre_layrnorm": "visual.ln_pre",
        "vision_model.post_layernorm": "visual.ln_post",
        "text_model.final_layer_norm": "ln_final",
    }
    linear = {"mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2"}
    linear["self_attn.out_proj"] = "attn.out_proj"
    names = dict(norms)
    for tower, ours in (("vision_model", "visual.transformer"), ("text_model", "transformer")):
        for layer in range(12):
            block, own = f"{tower}.encoder.layers.{layer}", f"{ours}.resblocks.{layer}"
            names |= {f"{block}.{a}": f"{own}.{b}" for a, b in linear.items()}
            for kind in ("weight", "bias"):
                parts = state[f"{own}.attn.in_proj_{kind}"].chunk(3)
                found |= {f"{block}.self_attn.{name}_proj.{kind}": part for name, part in zip("qkv", parts, strict=True)}
    found |= {f"{theirs_}.{kind}": state[f"{ours}.{kind}"] for theirs_, ours in names.items() for kind in ("weight", "bias")}
    theirs.load_state_dict({name: value.clone() for name, value in found.items()}, strict=True)
    for name in ("get_image_features", "get_text_features"):
        setattr(theirs, name, _unwrapped(getattr(theirs, name)))
    return theirs.eval().requires_grad_(False)


def clip_processor() -> CLIPProcessor:
    """OpenAI's image transform, and its byte-pair tokenizer from the vocabulary that open_clip ships."""
    tokenizer = SimpleTokenizer()
    special = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
    vocabulary = {special.get(token, token): index for token, index in tokenizer.encoder.items()}
    merges = [tuple(pair) for pair in sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.__getitem__)]
    return CLIPProcessor(CLIPImageProcessor(), CLIPTokenizer(vocab=vocabulary, merges=merges))


def _unwrapped(call: Any) -> Any:
    def features(*args: object, **kwargs: object) -> torch.Tensor:
        result = call(*args, **kwargs)
        return result if isinstance(result, torch.Tensor) else result.pooler_output  # transformers 5 wraps it

    return features
