"""One update of HiRM is that of its published formula, on a copy of the text encoder."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch
from tests.unit.diffusion.dense import EMITTER, Base, base, run
from torch import Tensor
from torch.nn.functional import mse_loss

from lethe.diffusion.delta import DenseDelta, applied
from lethe.diffusion.methods._common import seeded_generator
from lethe.diffusion.methods.hirm import HiRM
from lethe.diffusion.pipeline import encode_prompts


@pytest.fixture(scope="module")
def on() -> Base:
    return base()


@pytest.mark.parametrize("text", ["name", "prompts"])
def test_updates_are_those_of_the_formula(on: Base, text: str) -> None:
    """Two steps of Adam with its moments (.9, .98), on attention and MLP of the first of the two layers."""
    found = run(HiRM(steps=2, learning_rate=1e-3, weight_decay=0.0, text=text, coefficient=40.0), on)
    encoder: Any = deepcopy(on.pipe.text_encoder)
    texts = ["zero or dog"] if text == "name" else list(EMITTER.texts)
    ids = on.pipe.tokenizer(texts, padding="max_length", max_length=12, truncation=True, return_tensors="pt").input_ids
    said: list[Tensor] = []
    last = next(m for name, m in encoder.named_modules() if name.endswith("layers.1.self_attn.out_proj"))
    last.register_forward_hook(lambda _module, _inputs, output: said.append(output))
    direction = torch.rand(12, 32, generator=seeded_generator(11, "direction"))
    trained = {n: p for n, p in encoder.named_parameters() if "layers.0." in n and ("self_attn" in n or "mlp" in n)}
    assert len(trained) == 12  # weights and biases of four and two linear modules
    for parameter in trained.values():
        parameter.requires_grad_(True)
    optimizer = torch.optim.Adam(trained.values(), lr=1e-3, betas=(0.9, 0.98), eps=1e-6)
    for _ in range(2):
        optimizer.zero_grad()
        encoder(ids)
        mse_loss(said[-1], (40.0 * direction / direction.norm()).expand(len(texts), 12, 32)).backward()
        optimizer.step()
    assert isinstance(found.delta, DenseDelta) and set(found.delta.values) <= {f"text_encoder.{name}" for name in trained}
    before = dict(on.pipe.text_encoder.named_parameters())
    change = torch.cat([(value.detach() - before[name]).flatten() for name, value in trained.items()])
    stored = found.delta.values
    own = torch.cat([(stored.get(f"text_encoder.{name}", before[name]) - before[name]).flatten() for name in trained])
    assert float((own - change).norm()) < 1e-4 * float(change.norm())
    assert float(change.norm()) > 1e-2


def test_prompts_are_encoded_anew_and_the_unet_stays(on: Base) -> None:
    found = run(HiRM(text="prompts", learning_rate=3e-3), on)
    assert found.record["loss_last"] < found.record["loss_first"] and found.delta.edits_text
    plain = encode_prompts(on.pipe, list(EMITTER.texts))
    with applied(on.pipe, found.delta):
        assert float((encode_prompts(on.pipe, list(EMITTER.texts)) - plain).abs().max()) > 0.01
    assert torch.equal(encode_prompts(on.pipe, list(EMITTER.texts)), plain)


def test_a_pattern_names_the_text_encoder(on: Base) -> None:
    with pytest.raises(ValueError, match=r"trainable: '\*\.attn2\.\*' matches none of the text encoder's \d+ parameters"):
        run(HiRM(trainable=["*.attn2.*"]), on)
