"""Gradient steps on text embeddings: attention to some words is kept, attention to others is moved away (SEOT, arXiv 2402.05375, section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from lethe.diffusion.attention import CROSS, SELF, recorded_attention
from lethe.diffusion.differentiate import differentiate
from lethe.diffusion.interventions.base import Moment

TARGET, OTHER = 0.85, 0.95  # of a word's largest attention: from where on a pixel shows the word


@dataclass(frozen=True)
class AttentionSteps:
    """Some steps of gradient descent at one step of a drawing.

    With A_i the attention of all pixels to token i and S_j that of all pixels to pixel j, each the mean over heads and over the layers
    that look at ``side`` x ``side`` pixels, under the prompt's own embeddings (0) and under those that are moved (e):

        L = sum_i a_i (1 - cos(A0_i, Ae_i)) + sum_i b_i sum_(j in M_i) (1 - cos(S0_j, Se_j))

    over the words i of the prompt; a_i, b_i are ``erase``, ``self_erase`` where i names what is forgotten, else ``retain``,
    ``self_retain``; M_i are the pixels with A0_i at least 0.85 (forgotten) or 0.95 of its largest value. The step of length
    ``rate`` sqrt(1 - 0.9 k / (K - 1)), k of K steps of the drawing, moves all embeddings of a prompt.

    Attributes:
        count: how many.
    """

    count: int = 10
    side: int = 16
    rate: float = 20.0
    retain: float = 1.0
    erase: float = -0.5
    self_retain: float = 1.0
    self_erase: float = -0.5

    def moved(
        self, unet: nn.Module, moment: Moment, latents: Tensor, own: Tensor, text: Tensor, content: Tensor, places: Tensor
    ) -> Tensor:
        """``text`` ``(n, tokens, d)`` after all steps; rows do not depend on each other.

        Args:
            unet: of the base. moment: of the drawing. latents: ``(n, c, h, w)``.
            own: ``(n, tokens, d)``, embeddings of the prompts as they are.
            content, places: ``(n, tokens)`` bool, the words of a prompt, and those of them that name what is forgotten.

        Raises:
            ValueError: no layer looks at ``side`` x ``side`` pixels.
        """
        with torch.inference_mode(False), torch.enable_grad():
            # clones: what inference mode has made can take no part in a gradient
            latents, own, text, timestep = (x.clone() for x in (latents, own, text, moment.timestep))
            with torch.no_grad():
                before = self._maps(unet, latents, timestep, own)
            shown = before[0].amax(dim=1, keepdim=True) * torch.where(places, TARGET, OTHER)[:, None]
            masks = (before[0] >= shown).double()
            on_text = torch.where(places, self.erase, self.retain) * content
            on_pixels = torch.where(places, self.self_erase, self.self_retain) * content
            rate = self.rate * (1 - 0.9 * moment.step / max(1, moment.steps - 1)) ** 0.5
            for _ in range(self.count):
                text.requires_grad_(True)
                cross, among = (
                    1 - cosine_similarity(a, b, dim=1)
                    for a, b in zip(before, self._maps(unet, latents, timestep, text), strict=True)
                )
                loss = (on_text * cross).sum() + (on_pixels * (masks * among[:, :, None]).sum(dim=1)).sum()
                (gradient,) = differentiate(loss, [text])
                text = (text - rate * gradient).detach()
        return text

    def _maps(self, unet: nn.Module, latents: Tensor, timestep: Tensor, text: Tensor) -> tuple[Tensor, Tensor]:
        """Attention to tokens ``(n, pixels, tokens)`` and among pixels ``(n, pixels, pixels)``, float64."""
        pixels = self.side**2
        with recorded_attention(unet, CROSS, pixels) as cross, recorded_attention(unet, SELF, pixels) as among:
            unet(latents, timestep, encoder_hidden_states=text)
        if not cross or not among:
            height, width = latents.shape[2:]
            raise ValueError(
                f"side is {self.side}, but no attention of the UNet looks at {self.side} x {self.side} pixels; "
                f"allowed: the sides at which it has attention, {height} x {width} or a half, a quarter or an eighth of it"
            )
        return _mean(cross), _mean(among)


def _mean(layers: list[Tensor]) -> Tensor:
    """Over layers and heads: ``(n, pixels, keys)`` of ``(n, heads, pixels, keys)`` each."""
    return torch.cat(layers, dim=1).double().mean(dim=1)
