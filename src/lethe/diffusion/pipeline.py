"""Stable Diffusion folders: load, check, encode prompts, make schedulers.

Importing diffusers and transformers costs about 5 s of a process whatever is imported from them (diffusers' model base class
pulls in peft, torch._dynamo and scipy), so jobs are grouped rather than imports trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch

from lethe.compat import repair_torchvision

repair_torchvision()

from diffusers import (  # noqa: E402
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    PNDMScheduler,
    SchedulerMixin,
    StableDiffusionPipeline,
)
from diffusers.utils import logging as diffusers_logging  # noqa: E402
from transformers.utils import logging as transformers_logging  # noqa: E402

from lethe.diffusion.folder import base_digest, check_folder, verify_base, write_base_record  # noqa: E402
from lethe.io.tables import CorruptFileError  # noqa: E402
from lethe.registry import UnknownNameError, nearest  # noqa: E402

# A StableDiffusionPipeline. Not said by its class, whose components are set at run time and which mypy sees as an empty dummy.
Pipeline: TypeAlias = Any

# Values on top of the pipeline's own scheduler configuration (betas, prediction type, steps_offset, ...)
SCHEDULERS: dict[str, tuple[type[SchedulerMixin], dict[str, Any]]] = {
    # DDIM's class default clips latents to [-1, 1], which is for pixel models
    "ddim": (DDIMScheduler, {"clip_sample": False}),
    "pndm": (PNDMScheduler, {"skip_prk_steps": True}),
    "dpmsolver++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
}


def load_pipeline(
    path_or_hub_id: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32, revision: str | None = None
) -> Pipeline:
    """Load a Stable Diffusion pipeline for inference and for editing.

    Args:
        path_or_hub_id: a pipeline folder, or ``"owner/name"`` on the Hugging Face Hub.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:0"``.
        dtype: of UNet, VAE and text encoder; ``torch.float16`` wants CUDA.
        revision: commit on the hub; ignored by a local folder.

    Returns:
        The pipeline without safety checker, UNet and VAE in channels-last layout, in eval mode, no parameter with gradients.

    Raises:
        FileNotFoundError: if a local folder lacks a component; all of them are named.
        CorruptFileError: if a local file cannot be read.
    """
    from safetensors import SafetensorError

    local = isinstance(path_or_hub_id, Path) or Path(path_or_hub_id).exists() or str(path_or_hub_id).count("/") != 1
    if local:
        check_folder(path_or_hub_id)
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    try:
        pipe: Pipeline = StableDiffusionPipeline.from_pretrained(
            str(path_or_hub_id),
            revision=None if local else revision,
            dtype=dtype,
            use_safetensors=True,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    except (SafetensorError, OSError) as error:
        if not local:  # the network or the hub, not a file of ours
            raise
        raise CorruptFileError(f"{path_or_hub_id}: a weight file of the pipeline is damaged ({error})") from error
    return prepare_pipeline(pipe, device, dtype)


def prepare_pipeline(pipe: Pipeline, device: str, dtype: torch.dtype) -> Pipeline:
    """``pipe`` itself, on ``device`` in ``dtype``, with the layout and the modes that ``load_pipeline`` promises."""
    for module in (pipe.unet, pipe.vae, pipe.text_encoder):
        module.eval().requires_grad_(False)
        for parameter in module.parameters():
            # A copy: diffusers leaves weights on the CPU in the mapped file, whose pages count as the job's memory. In `dtype`,
            # since diffusers before 0.36 does not know that argument.
            parameter.data = parameter.data.to(device, dtype, copy=True)
    pipe = pipe.to(device)
    pipe.unet.to(memory_format=torch.channels_last)
    pipe.vae.to(memory_format=torch.channels_last)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@torch.no_grad()
def encode_prompts(pipe: Pipeline, prompts: Sequence[str]) -> torch.Tensor:
    """Last hidden state of the text encoder, (n, tokens, width), on the pipeline's device and in its dtype.

    Prompts are padded to the tokenizer's full length, as the stock pipeline does. Each is encoded by itself: its
    embedding then has the same bits whatever else the job encodes.
    """
    if not prompts:
        raise ValueError("no prompts to encode")
    rows = []
    for prompt in prompts:
        tokens = pipe.tokenizer(
            prompt,
            padding="max_length",
            max_length=pipe.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        rows.append(pipe.text_encoder(tokens.input_ids.to(pipe.text_encoder.device))[0])
    return torch.cat(rows)


def make_scheduler(name: str, steps: int, pipe: Pipeline) -> Any:
    """A fresh sampler with the pipeline's noise schedule and its timesteps set.

    The timesteps are on the CPU: a sampler indexes its tables with them, and reading an index from a GPU would make the host
    wait for it at every step.

    Args:
        name: ``"ddim"`` (Song et al. 2021), ``"pndm"`` (Liu et al. 2022; ``steps + 1`` UNet calls; the default of SD v1.4) or
            ``"dpmsolver++"`` (Lu et al. 2022, second order).
        steps: number of sampling steps, 1..training steps.
        pipe: whose ``scheduler.config`` gives betas, prediction type and offset.
    """
    if name not in SCHEDULERS:
        known = sorted(SCHEDULERS)
        raise UnknownNameError(f"unknown scheduler '{name}'; known: {', '.join(known)}{nearest(name, known)}")
    trained = int(pipe.scheduler.config.num_train_timesteps)
    if not 1 <= steps <= trained:
        raise ValueError(f"steps is {steps}; allowed are 1 to {trained}, the model's training timesteps")
    kind, values = SCHEDULERS[name]
    scheduler = kind.from_config(pipe.scheduler.config, **values)
    scheduler.set_timesteps(steps)
    return scheduler


__all__ = [
    "Pipeline",
    "base_digest",
    "check_folder",
    "encode_prompts",
    "load_pipeline",
    "make_scheduler",
    "prepare_pipeline",
    "verify_base",
    "write_base_record",
]
