"""A base that exists, trained further: on images and their captions, or as a model that edits pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from diffusers.models import UNet2DConditionModel

from lethe.diffusion.layout import channels_last
from lethe.diffusion.pretraining.denoising import Forward
from lethe.diffusion.pretraining.loop import Average, Trainer
from lethe.diffusion.pretraining.text import tokenize

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.settings.editing import Editing
    from lethe.settings.finetuning import Finetuning


@dataclass(frozen=True)
class Examples:
    """What a base is fine-tuned on.

    Attributes:
        latents: ``(N, C, h, w)`` float32 on the CPU, times the scaling factor: the pictures to draw.
        texts: (T,) captions or instructions. text_of: ``(N,)`` int64, the text of each picture.
        pictures: ``(N, C, h, w)`` float32, the pictures that are edited, without the scaling factor; None: nothing is.
    """

    latents: torch.Tensor
    texts: Sequence[str]
    text_of: torch.Tensor
    pictures: torch.Tensor | None = None

    def __post_init__(self) -> None:
        if len(self.latents) != len(self.text_of) or not len(self.latents):
            raise ValueError(
                f"{len(self.latents)} latents, {len(self.text_of)} texts of them; allowed: as many of both, at least one"
            )
        if self.pictures is not None and self.pictures.shape != self.latents.shape:
            raise ValueError(
                f"pictures are {tuple(self.pictures.shape)}, latents {tuple(self.latents.shape)}; allowed: one shape"
            )


def widened(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A UNet that reads a picture beside the latents (Brooks et al. 2023): twice the input channels, the new ones with zero weights.

    It begins with what ``unet`` draws, whatever the picture is. ``unet`` gives its weights away.
    """
    own = unet.config["in_channels"]
    with torch.device("meta"):
        wide = UNet2DConditionModel.from_config({**unet.config, "in_channels": 2 * own})
    state = unet.state_dict()
    kernel = state["conv_in.weight"]
    state["conv_in.weight"] = torch.cat([kernel, torch.zeros_like(kernel)], 1)
    wide.load_state_dict(state, assign=True)
    return channels_last(wide)


def finetune(pipe: Pipeline, examples: Examples, settings: Finetuning, seed: int, editing: Editing | None = None) -> list[float]:
    """Train components of ``pipe`` in place to predict the noise; returns the loss of every step.

    Pictures are drawn evenly, with replacement. Weights that are kept are averages over the training.

    Args:
        pipe: as ``load_pipeline`` gives it, on the device of the training, in float32; one that edits has a ``widened`` UNet.
        examples: with ``pictures`` exactly where ``editing`` is given.
        settings: of the training.
        seed: of every draw, which are made on the CPU: the same on every device.
        editing: share of conditions that are left out.

    Raises:
        ValueError: a base that does not predict the noise; examples that do not fit.
    """
    if pipe.scheduler.config.get("prediction_type", "epsilon") != "epsilon":
        raise ValueError(f"the base predicts '{pipe.scheduler.config.prediction_type}'; allowed: epsilon, the noise")
    if (editing is None) != (examples.pictures is None):
        raise ValueError("`editing` goes with pictures to edit, and only with them")
    device, batch = pipe.unet.device, settings.optimizer.batch_size
    trained = [module for name, module in (("unet", pipe.unet), ("text_encoder", pipe.text_encoder)) if name in settings.trained]
    for module in trained:
        module.train().requires_grad_(True)
    trainer = Trainer(trained, settings.optimizer, "editing" if editing else "fine-tuning", settings.constant)
    average = Average(trainer.parameters, settings.ema_decay)
    forward = Forward.of(pipe.scheduler.alphas_cumprod.to(device), settings.min_snr_gamma)
    token_ids = tokenize(pipe.tokenizer, [*examples.texts, ""]).to(device)  # the empty text comes last
    known = None if "text_encoder" in settings.trained else _encoded(pipe, token_ids)
    generator = torch.Generator().manual_seed(seed)

    def losses() -> Iterator[torch.Tensor]:
        chosen = torch.randint(len(examples.latents), (batch,), generator=generator)
        noise = torch.randn(examples.latents[chosen].shape, generator=generator)
        times = forward.times(batch, generator)
        draw = torch.rand(batch, generator=generator)
        silent, blind = _left_out(draw, settings, editing)
        texts = torch.where(silent, len(examples.texts), examples.text_of[chosen])
        part = settings.micro_batch or batch
        for rows in torch.arange(batch).split(part):
            here, error, steps = (tensor[rows].to(device) for tensor in (examples.latents[chosen], noise, times))
            shown = forward.noised(here, error, steps)
            if examples.pictures is not None:
                picture = examples.pictures[chosen[rows]].masked_fill(blind[rows][:, None, None, None], 0)
                shown = torch.cat([shown, picture.to(device)], 1)
            asked = texts[rows].to(device)
            states = known[asked] if known is not None else pipe.text_encoder(token_ids[asked])[0]
            predicted = pipe.unet(shown.contiguous(memory_format=torch.channels_last), steps, states, return_dict=False)[0]
            yield forward.loss(predicted, error, steps) * (len(rows) / batch)

    for _ in trainer.steps():
        trainer.update_in_parts(losses())
        average.update()
    average.store()
    for module in trained:
        module.eval().requires_grad_(False)
    return trainer.losses


@torch.no_grad()
def _encoded(pipe: Pipeline, token_ids: torch.Tensor) -> torch.Tensor:
    return torch.cat([pipe.text_encoder(row[None])[0] for row in token_ids])


def _left_out(draw: torch.Tensor, settings: Finetuning, editing: Editing | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows without text and rows without picture, told from uniform numbers; of a model that edits, some are without both."""
    if editing is None:
        return draw < settings.caption_dropout, torch.zeros_like(draw, dtype=torch.bool)
    share = editing.condition_dropout
    return draw < 2 * share, (draw >= share) & (draw < 3 * share)
