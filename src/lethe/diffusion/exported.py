"""An unlearned model in the form that plain diffusers loads: a LoRA, some weights, or a whole folder, by what the delta changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from lethe.diffusion.delta import Delta, Intervention, LoraDelta, NoneDelta, applied
from lethe.diffusion.export import LORA_FILE, export_dense, export_lora

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline


class ExportError(ValueError):
    """A model that has no form for other tools; the message names it, its kind and what can be exported."""


class Form(NamedTuple):
    """How a model was written.

    Attributes:
        kind: ``lora``: for ``pipe.load_lora_weights``; ``partial``: for ``pipe.unet.load_state_dict(..., strict=False)``; ``pipeline``: for
            ``DiffusionPipeline.from_pretrained``.
        file: its weights, in the folder; of a pipeline the file that names its parts.
    """

    kind: Literal["lora", "partial", "pipeline"]
    file: str


def write_model(pipe: Pipeline, delta: Delta, folder: Path, name: str, method: str) -> Form:
    """Write a model into an empty folder.

    Args:
        pipe: the base; afterwards its weights have their bits, in another layout of memory. delta: on it.
        name: of the model, for messages. method: begins the name of a file of some weights, ``uce_sd_weights.safetensors``, as others call them.

    Raises:
        ExportError: a delta that acts while a picture is drawn, or that changes nothing.
    """
    if isinstance(delta, Intervention):
        raise ExportError(
            f"{name}: a '{delta.kind}' delta acts while a picture is drawn, so no weights are the model; allowed: none of "
            "these, but changes of weights (lora, sparse, dense, text_map)"
        )
    if isinstance(delta, NoneDelta):
        raise ExportError(f"{name}: changes nothing, it is the base; allowed: a model that does")
    if delta.edits_text:
        for parameter in [p for part in (pipe.unet, pipe.vae, pipe.text_encoder) for p in part.parameters()]:
            parameter.data = parameter.data.contiguous()  # channels last, as the base is held, is no layout of a file
        with applied(pipe, delta):
            pipe.save_pretrained(folder, safe_serialization=True)
        return Form("pipeline", "model_index.json")
    if delta.kind == LoraDelta.kind:
        export_lora(delta, folder / LORA_FILE)
        return Form("lora", LORA_FILE)
    file = f"{method}_sd_weights.safetensors"
    export_dense(pipe, delta, folder / file)
    return Form("partial", file)
