"""HiRM: early layers of the text encoder are trained until a late layer says the same random thing of what is forgotten.

"HiRM", ICLR 2026, as its code describes it. With h(x) the output of the attention of the last layer for a text x, r a fixed random array
of that shape with entries uniform in [0, 1), and k a constant,

    L = MSE(h(x), k r / ||r||)

Of the first layer attention and MLP are trained. Nothing is retained. The UNet stays as it is, and prompts are encoded anew.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import mse_loss

from lethe.core.device import to_device
from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.differentiate import differentiate
from lethe.diffusion.methods._common import check_emitters, seeded_generator
from lethe.diffusion.methods._dense_training import Copies
from lethe.diffusion.methods._tokens import token_ids
from lethe.diffusion.methods._training import OptimiserConfig, optimise
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline

FIRST_LAYER = ["*.layers.0.self_attn.*", "*.layers.0.mlp.*"]
BETAS, EPSILON = (0.9, 0.98), 1e-6  # of AdamW, as the reference
ATTENTION = re.compile(r"(^|\.)layers\.(\d+)\.self_attn\.out_proj$")


class HiRMConfig(OptimiserConfig):
    """Hyper-parameters of HiRM."""

    steps: int = Field(20, ge=1, description="optimiser steps")
    learning_rate: float = Field(1e-4, gt=0, description="of AdamW, constant")
    weight_decay: float = Field(1e-8, ge=0, description="of AdamW")
    max_grad_norm: float | None = Field(
        None, gt=0, description="norm of the whole gradient beyond which it is scaled down; null: it never is"
    )
    trainable: list[str] = Field(
        FIRST_LAYER, min_length=1, description="patterns of parameter names of the text encoder (fnmatch)"
    )
    text: Literal["name", "prompts"] = Field(
        "name", description="x: name of what is forgotten, as published; prompts: those that it covers"
    )
    coefficient: float = Field(5000.0, ge=0, description="k, norm of what the layer shall say")


class HiRM(Method[HiRMConfig]):
    """Misdirection of a high-level representation of the text encoder. Source: github.com/Coffeeloveman/HiRM (ICLR 2026); see the module."""

    about = MethodDescription(
        title="HiRM",
        means="misdirects the text's representation",
        paper="HiRM, ICLR 2026",
        colour="#332288",
        marker="<",
        needs=("words",),
    )
    contract = Contract(small={"text": "prompts", "learning_rate": 3e-3}, direction="change", holds_others=False)
    Config = HiRMConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta of the text encoder per emitter, each when it is trained.

        Raises:
            ValueError: an emitter without a prompt; a pattern of ``trainable`` that matches nothing; a text encoder of other layers.
        """
        check_emitters(emitters, data, rows=False)
        config, encoder = self.config, pipe.text_encoder
        width, size = int(encoder.config.hidden_size), int(pipe.tokenizer.model_max_length)
        direction = torch.rand(size, width, generator=seeded_generator(seed, "direction"))
        wanted = to_device(config.coefficient * direction / direction.norm(), encoder.device)
        for emitter in emitters:
            begin = time.monotonic()
            texts = [emitter.name] if config.text == "name" else list(emitter.texts)
            ids = to_device(token_ids(pipe, texts), encoder.device)
            copies = Copies(pipe, "text_encoder", config.trainable)

            def gradient(step: int, parameters: list[Tensor]) -> tuple[list[Tensor], dict[str, Tensor]]:
                with torch.enable_grad(), last_attention(encoder) as said:
                    functional_call(encoder, copies.weights(), (ids,))  # noqa: B023
                    loss = mse_loss(said[0], wanted.expand_as(said[0]))
                return differentiate(loss, parameters), {"loss": loss.detach()}

            record: dict[str, Any] = optimise(
                copies.parameters, config, gradient, reached=copies.delta, betas=BETAS, epsilon=EPSILON
            )
            record |= {"seconds": time.monotonic() - begin, "parameters": sum(p.numel() for p in copies.parameters)}
            yield Unlearned(emitter, copies.delta(), record)


@contextmanager
def last_attention(encoder: nn.Module) -> Iterator[list[Tensor]]:
    """Keep what the attention of the last layer says, ``(n, tokens, d)`` per pass; afterwards the encoder is as it was.

    Raises:
        ValueError: the encoder has no layers with attention.
    """
    layers = {int(found[2]): module for name, module in encoder.named_modules() if (found := ATTENTION.search(name))}
    if not layers:
        raise ValueError("the text encoder has no module '...layers.N.self_attn.out_proj'; allowed: a CLIPTextModel")
    said: list[Tensor] = []
    handle = layers[max(layers)].register_forward_hook(lambda _module, _inputs, output: said.append(output))
    try:
        yield said
    finally:
        handle.remove()
