"""CLIP as a classifier of entities, for those that no classifier was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch.nn import functional as F

from lethe.diffusion.metrics.base import Classifier
from lethe.diffusion.metrics.clip import ClipScore, load_clip
from lethe.diffusion.testbed.receivers import Receiver
from lethe.io.wording import listed

ALIKE = 1 - 1e-6  # cosine of two prompts from which on CLIP cannot tell them apart


class SamePromptError(ValueError):
    """Two entities are one for CLIP; the message names them."""


def zero_shot_classifier(clip: str | Path, receivers: Sequence[Receiver], device: str = "cpu") -> Classifier:
    """A classifier whose classes are the entities of a task, told by how well CLIP finds that an image agrees with their prompts.

    The logits are CLIP's own: the cosine of image and prompt times its temperature. The prompts are those that are drawn, one each; what
    an image shows beside the entities of the task cannot be told.

    Args:
        clip: open_clip folder.
        receivers: of the task.
        device: where the model runs.

    Raises:
        SamePromptError: the prompts of two entities have one embedding, as where the tokenizer knows the words of neither.

    Source: Radford 2021, section 3.1 (CLIP), with the prompts of the task instead of "a photo of a {label}".
    """
    score = ClipScore(*load_clip(str(clip), device=device), device=device)
    names = [receiver.name for receiver in receivers]
    text = score.text([receiver.prompt for receiver in receivers])
    _check_apart(text, names, clip)
    temperature = score.model.logit_scale.exp()

    @torch.inference_mode()
    def logits(images: torch.Tensor) -> torch.Tensor:
        found = F.normalize(score.model.encode_image(score.transform(images.to(device))).float(), dim=-1)
        return temperature * (found @ text.T)

    return Classifier(logits, names, names)


def _check_apart(text: torch.Tensor, names: Sequence[str], clip: str | Path) -> None:
    cosine = (text.double() @ text.double().T).fill_diagonal_(0)
    for first, row in enumerate(cosine):
        if alike := [names[second] for second in torch.nonzero(row > ALIKE).flatten().tolist()]:
            raise SamePromptError(
                f"{clip}: CLIP cannot tell {listed([names[first], *alike])} apart, their prompts have one embedding; allowed with "
                "kind: zero_shot: entities whose words its tokenizer knows, or another clip"
            )
