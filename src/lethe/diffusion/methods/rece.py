"""RECE: after UCE, embeddings that still bring the concept back are found in closed form and edited away, round by round.

Gong et al., "Reliable and Efficient Concept Erasure of Text-to-Image Diffusion Models", ECCV 2024, arXiv 2407.12383. With W0 the original and W
the edited key and value matrices, the embedding that makes the edited model read what the original read in c is the least-squares solution

    k' = argmin_k sum_l ||W_l k - W0_l c||^2 + ridge ||k||^2 = (sum_l W_l^T W_l + ridge I)^-1 (sum_l W_l^T W0_l) c.

A round then edits the edited model by UCE once more: every k' is mapped to the empty prompt, position by position, and the empty prompt is held.
(The reference does so in its first edit too. Where UCE has another guide, a round may take that: ``replacement: null``.)
Under UCE's maps W_l = W0_l T, so with G = sum_l W0_l^T W0_l, taken once,

    k' = (T^T G T + ridge I)^-1 T^T G c,

and the edit of a round is a map of its own: T becomes T T', as the new matrices are W_l T' = W0_l T T'.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.composition import map_product
from lethe.diffusion.delta import cross_attention_weights
from lethe.diffusion.methods import uce
from lethe.diffusion.methods._text_maps import Edit, Found, Given, Map, TextMapMethod, factored
from lethe.diffusion.methods.base import Emitter
from lethe.diffusion.pipeline import Pipeline


class RECEConfig(uce.UCEConfig):
    """Hyper-parameters of UCE, the start, and of the rounds."""

    rounds: int = Field(1, ge=0, le=10, description="how often embeddings are sought and edited away; 0: UCE")
    ridge: float = Field(0.1, gt=0, description="weight of a short adversarial embedding")
    replacement: str | None = Field(
        "", description="prompt that adversarial embeddings are mapped to, and that is held; null: the guide, as in UCE"
    )
    round_preserve_scale: float = Field(0.1, ge=0, description="p of a round, weight of each preserved vector")
    round_lamb: float = Field(0.1, gt=0, description="lambda of a round, weight of staying near the matrices before it")


def read_gram(pipe: Pipeline) -> Tensor:
    """The sum ``(d, d)`` of W^T W over all key and value matrices of cross-attention, float64, on the CPU."""
    weights = [weight.detach().double().cpu() for weight in cross_attention_weights(pipe).values()]
    return torch.stack([weight.mT @ weight for weight in weights]).sum(dim=0)


def adversarial(concepts: Tensor, edited: Tensor, gram: Tensor, ridge: float) -> Tensor:
    """k' of every concept, ``(m, d)`` float64.

    Args:
        concepts: ``(m, d)``. edited: T ``(d, d)``. gram: G ``(d, d)``, of the original matrices. ridge: weight of its length.
    """
    t, g = edited.double(), gram.double()
    reads = t.mT @ g
    return torch.linalg.solve(reads @ t + ridge * torch.eye(len(t), dtype=t.dtype), reads @ concepts.double().mT).mT


class RECE(TextMapMethod[RECEConfig]):
    """UCE, and what still reaches the concept afterwards edited to the empty prompt (arXiv 2407.12383); see the module.

    What is held in a round is that prompt and, with ``preserve: others``, all other prompts, as in UCE.
    """

    about = MethodDescription(
        title="RECE",
        means="UCE repeated, embeddings found anew",
        paper="arXiv 2407.12383 (ECCV 2024)",
        colour="#AA4499",
        marker="o",
        needs=("words",),
    )
    contract = Contract(small={"preserve_scale": 0.1, "lamb": 0.1, "replacement": None}, direction="guide")
    Config = RECEConfig

    def read_besides(self) -> list[str]:
        """What adversarial embeddings are mapped to."""
        return [] if self.config.replacement is None else [self.config.replacement]

    def maps(self, given: Given, part: Sequence[tuple[Emitter, list[Edit]]]) -> list[Found]:
        """As in ``TextMapMethod``, one after the other."""
        gram = read_gram(given.pipe)
        return [self._map(given, emitter, edits, gram) for emitter, edits in part]

    def _map(self, given: Given, emitter: Emitter, edits: list[Edit], gram: Tensor) -> Found:
        config, own = self.config, given.vectors(emitter, edits)
        found = _step(own.concepts, own.guides, own.preserved, config.erase_scale, config.preserve_scale, config.lamb)
        replacement = config.replacement
        later = edits if replacement is None else list(dict.fromkeys((text, replacement) for text, _ in edits))
        away = given.vectors(emitter, later)
        held = away.preserved
        if config.preserve == "others":
            held = torch.cat([held, *(self._states(given.prompts[text]) for text in dict.fromkeys(guide for _, guide in later))])
        lengths = []
        for _ in range(config.rounds):
            sought = adversarial(away.concepts, _dense(found), gram, config.ridge)
            lengths.append(float(sought.norm() / away.concepts.double().norm()))
            found = compose(found, _step(sought, away.guides, held, 1.0, config.round_preserve_scale, config.round_lamb))
        return Found(found, own, {"rounds": config.rounds, "adversarial_length": lengths})


def _step(concepts: Tensor, guides: Tensor, preserved: Tensor, erase: float, keep: float, lamb: float) -> Map:
    """UCE of one emitter."""
    scale, left, right = uce.solve(concepts[None], guides[None], preserved[None], erase, keep, lamb)
    return Map(scale, left[0], right[0])


def _dense(found: Map) -> Tensor:
    return found.scale * torch.eye(found.left.shape[1], dtype=found.left.dtype) + found.left.mT @ found.right


def compose(first: Map, second: Map) -> Map:
    """The product T T' of two maps."""
    scale, left, right = map_product(first, second)
    return Map(scale, *factored(left.mT, right.mT))
