"""A small open_clip model of the mini world, trained on the images and captions of all tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import open_clip
import torch
from torch.nn import functional as F
from transformers import PreTrainedTokenizerFast

from lethe.diffusion.pretraining.architectures import clip_config
from lethe.diffusion.pretraining.augment import random_affine, random_blur, random_noise
from lethe.diffusion.pretraining.loop import Trainer, check_images, to_unit
from lethe.diffusion.pretraining.text import tokenize
from lethe.settings.pretraining import ClipSettings


def build_clip(settings: ClipSettings, tokenizer: PreTrainedTokenizerFast) -> open_clip.CLIP:
    """An untrained model; its logit scale is fixed by the settings."""
    config = clip_config(settings, len(tokenizer), tokenizer.model_max_length)
    model = open_clip.CLIP(**config["model_cfg"])
    model.logit_scale.data.fill_(math.log(settings.logit_scale))
    model.logit_scale.requires_grad_(False)
    return model


def train_clip(
    images: torch.Tensor,
    labels: torch.Tensor,
    captions: Sequence[str],
    tokenizer: PreTrainedTokenizerFast,
    settings: ClipSettings,
    seed: int,
) -> open_clip.CLIP:
    """Train contrastively on ``images`` (N, 3, H, W) uint8 with ``captions[labels]``.

    Several images of a batch share a caption, so an image's positive is its caption and a caption's positives are all its
    images. Some captions lose a word of their name ("a hound dog"): words shared by names come to mean what is shared.
    """
    check_images(images)
    torch.manual_seed(seed)
    model = build_clip(settings, tokenizer).train()
    trainer = Trainer([model], settings.optimizer, "clip")
    generator = torch.Generator().manual_seed(seed)
    variants, owners = _variants(captions)
    token_ids = tokenize(tokenizer, variants)
    shortened = [
        torch.tensor([i for i, o in enumerate(owners) if o == c and i >= len(captions)] or [c]) for c in range(len(captions))
    ]
    weights = 1 / torch.bincount(labels, minlength=len(captions)).clamp(min=1).double()[labels]
    scale = settings.logit_scale
    for _ in trainer.steps():
        chosen = torch.multinomial(weights, settings.optimizer.batch_size, replacement=True, generator=generator)
        pixels = random_affine(to_unit(images[chosen]), generator, shift=0.08, zoom=(0.93, 1.07), turn=0.05)
        pixels = random_noise(random_blur(pixels, generator, 0.5), generator, 0.08)
        caption = labels[chosen].clone()
        for row in (torch.rand(len(chosen), generator=generator) < settings.word_dropout).nonzero().flatten().tolist():
            options = shortened[int(caption[row])]
            caption[row] = options[torch.randint(len(options), (1,), generator=generator)]
        present, position = caption.unique(return_inverse=True)
        text = model.encode_text(token_ids[present], normalize=True)
        logits = scale * model.encode_image(pixels, normalize=True) @ text.T
        positive = F.one_hot(position, len(present)).float()
        by_text = -(positive / positive.sum(0) * logits.log_softmax(0)).sum(0).mean()
        trainer.update(0.5 * (F.cross_entropy(logits, position) + by_text))
    return model.eval().requires_grad_(False)


@torch.no_grad()
def clip_scores(
    model: open_clip.CLIP, images: torch.Tensor, captions: Sequence[str], tokenizer: PreTrainedTokenizerFast
) -> torch.Tensor:
    """100 times the cosine of every image with every caption, ``(N, captions)``."""
    text = model.encode_text(tokenize(tokenizer, list(captions)), normalize=True)
    parts = [model.encode_image(to_unit(part), normalize=True) for part in images.split(256)]
    return 100 * torch.cat(parts) @ text.T


def _variants(captions: Sequence[str]) -> tuple[list[str], list[int]]:
    """All captions, then each without one word of its name (the words after "of"), with the caption each came from."""
    texts, owners = list(captions), list(range(len(captions)))
    seen = {text: index for index, text in enumerate(texts)}
    for owner, caption in enumerate(captions):
        words = caption.split()
        first = words.index("of") + 1 if "of" in words else 0
        droppable = [i for i in range(first, len(words)) if words[i].lower() not in {"a", "an"}]
        if len(droppable) < 2:
            continue
        for place in droppable:
            text = " ".join(words[:place] + words[place + 1 :])
            if text not in seen or owners[seen[text]] != owner:
                seen.setdefault(text, len(texts))
                texts.append(text)
                owners.append(owner)
    return texts, owners
