"""Stable Diffusion folders: load, check, make schedulers.

Importing diffusers and transformers costs about 5 s of a process whatever is imported from them (diffusers' model base class
pulls in peft, torch._dynamo and scipy), so jobs are grouped rather than imports trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from diffusers.configuration_utils import ConfigMixin
from diffusers.models import AutoencoderKL, ModelMixin, UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_lms_discrete import LMSDiscreteScheduler
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from diffusers.utils import logging as diffusers_logging
from torch import nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

from lethe.core.registry import UnknownNameError, nearest
from lethe.diffusion.folder import base_digest, check_folder, write_base_record
from lethe.diffusion.layout import M, channels_last
from lethe.diffusion.prompts import encode_prompts, is_xl
from lethe.diffusion.supported import PIPELINE_XL, check_sampler, pipeline_of
from lethe.diffusion.weights import variant_of, weight_files
from lethe.io.tables import CorruptFileError, readable


class Scheduler(Protocol):
    """What the samplers of diffusers have in common, and is used here."""

    config: Any
    timesteps: torch.Tensor
    alphas_cumprod: torch.Tensor
    init_noise_sigma: float

    def set_timesteps(self, num_inference_steps: int) -> None:
        """Choose the timesteps of sampling."""

    def scale_model_input(self, sample: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        """What the UNet is shown of ``sample``."""

    def add_noise(self, original_samples: torch.Tensor, noise: torch.Tensor, timesteps: torch.Tensor) -> torch.Tensor:
        """The forward process."""

    def step(
        self, model_output: torch.Tensor, timestep: torch.Tensor, sample: torch.Tensor, *, return_dict: bool
    ) -> Sequence[torch.Tensor]:
        """One step of sampling; the new sample comes first (with ``return_dict=False``)."""


class Pipeline(Protocol):
    """A ``StableDiffusionPipeline``, as far as it is used here; its own class sets its components at run time and does not name them."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: PreTrainedTokenizerBase
    scheduler: Scheduler
    vae_scale_factor: int
    name_or_path: str

    def to(self, place: str | torch.dtype) -> Pipeline:
        """Itself, on a device or in a precision."""

    def __call__(
        self, prompt: str | list[str], *, num_inference_steps: int, guidance_scale: float, height: int, width: int
    ) -> object:
        """One picture, as diffusers draws it."""

    def set_progress_bar_config(self, *, disable: bool) -> None:
        """Whether a call shows its progress."""

    def save_pretrained(self, save_directory: str | Path, *, safe_serialization: bool = True) -> None:
        """Write a pipeline folder."""


class PipelineXL(Pipeline, Protocol):
    """A ``StableDiffusionXLPipeline``; ``lethe.diffusion.prompts.is_xl`` tells them apart."""

    text_encoder_2: CLIPTextModelWithProjection
    tokenizer_2: PreTrainedTokenizerBase
    config: Any


def typed(pipe: DiffusionPipeline) -> Pipeline:
    """``pipe`` itself; its class sets its components at run time, so no type checker can see that it has them."""
    return cast(Pipeline, pipe)


PARTS = {"unet": UNet2DConditionModel, "vae": AutoencoderKL, "text_encoder": CLIPTextModel}  # components with weights
PARTS_XL = PARTS | {"text_encoder_2": CLIPTextModelWithProjection}

# Values on top of the pipeline's own scheduler configuration (betas, prediction type, steps_offset, ...)
SCHEDULERS: dict[str, tuple[type[ConfigMixin], dict[str, Any]]] = {
    # DDIM's class default clips latents to [-1, 1], which is for pixel models
    "ddim": (DDIMScheduler, {"clip_sample": False}),
    "pndm": (PNDMScheduler, {"skip_prk_steps": True}),
    "lms": (LMSDiscreteScheduler, {"timestep_spacing": "linspace", "steps_offset": 0}),  # the class' own
    "dpmsolver++": (DPMSolverMultistepScheduler, {"algorithm_type": "dpmsolver++", "solver_order": 2}),
}


def load_pipeline(
    path_or_hub_id: str | Path, device: str = "cpu", dtype: torch.dtype = torch.float32, revision: str | None = None
) -> Pipeline:
    """Load a Stable Diffusion pipeline for inference and for editing.

    Args:
        path_or_hub_id: a pipeline folder, or ``"owner/name"`` on the Hugging Face Hub, which is fetched as a folder. Of weights in
            several variants the plain ones are loaded, else ``fp32``, ``bf16`` or ``fp16`` ones.
        device: ``"cpu"``, ``"cuda"`` or ``"cuda:0"``.
        dtype: of UNet, VAE and text encoders; ``torch.float16`` wants CUDA. The VAE of XL stays float32 then, where its configuration
            says ``force_upcast``: its values exceed 65,504.
        revision: commit on the hub, and only with a hub id.

    Returns:
        The pipeline without safety checker, UNet and VAE in channels-last layout, in eval mode, no parameter with gradients.

    Raises:
        FileNotFoundError, UnusableBaseError: see ``check_folder``.
        CorruptFileError: a file cannot be read, or its tensors are not those of its configuration; they are named.

    Examples:
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> type(pipe).__name__, pipe.unet.config["sample_size"]
        ('StableDiffusionPipeline', 8)
    """
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    folder = Path(path_or_hub_id)
    if isinstance(path_or_hub_id, str) and (revision or (not folder.exists() and path_or_hub_id.count("/") == 1)):
        left = {"safety_checker": None, "feature_extractor": None}  # not fetched
        folder = Path(StableDiffusionPipeline.download(path_or_hub_id, revision=revision, use_safetensors=True, **left))
    check_folder(folder)
    xl = pipeline_of(folder) == PIPELINE_XL
    parts = {  # of the VAE of XL `prepare_pipeline` decides in which precision it stays
        name: _load_part(folder, name, kind, torch.float32 if xl and name == "vae" else dtype)
        for name, kind in (PARTS_XL if xl else PARTS).items()
    }
    unused: dict[str, bool | None] = {"feature_extractor": None}
    unused |= (
        {"image_encoder": None, "add_watermarker": False} if xl else {"safety_checker": None, "requires_safety_checker": False}
    )
    with readable(folder, "a pipeline folder whose tokenizer and scheduler can be read"):
        pipe = (StableDiffusionXLPipeline if xl else StableDiffusionPipeline).from_pretrained(str(folder), **parts, **unused)
    return prepare_pipeline(typed(pipe), device, dtype)


def load_vae(folder: str | Path, device: str, dtype: torch.dtype) -> AutoencoderKL:
    """The VAE of a pipeline folder alone, as ``load_pipeline`` has it: channels-last layout, eval mode, no gradients."""
    vae = _load_part(Path(folder), "vae", AutoencoderKL, dtype)
    assert isinstance(vae, AutoencoderKL)
    return channels_last(_placed(vae, device, dtype).to(device))


def weighted(pipe: Pipeline) -> dict[str, nn.Module]:
    """The components with weights, by name."""
    return {name: getattr(pipe, name) for name in (PARTS_XL if is_xl(pipe) else PARTS)}


def _load_part(folder: Path, name: str, kind: type[ModelMixin | PreTrainedModel], dtype: torch.dtype) -> nn.Module:
    """A component with weights; whatever its files lack or hold too much is an error, since the libraries would fill it with chance."""
    logging = (diffusers_logging, transformers_logging)
    levels = [module.get_verbosity() for module in logging]
    for module in logging:
        module.set_verbosity(module.CRITICAL)  # what they would warn of is the error below
    try:
        with readable(folder / name, "a component that can be loaded", remedy="; copy or fetch it again"):
            loaded = kind.from_pretrained(
                str(folder),
                subfolder=name,
                variant=variant_of(folder, name) or None,
                use_safetensors=True,
                torch_dtype=dtype,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
            part, found = cast("tuple[nn.Module, dict[str, Any]]", loaded)  # a pair with `output_loading_info`
    finally:
        for module, level in zip(logging, levels, strict=True):
            module.set_verbosity(level)
    shapes = [
        (tensor, f"is {tuple(there)}, its configuration wants {tuple(own)}") for tensor, there, own in found["mismatched_keys"]
    ]
    lacking = [(tensor, "is missing, its configuration wants it") for tensor in found["missing_keys"]]
    unknown = [(tensor, "is not known to its configuration") for tensor in found["unexpected_keys"] if _counts(name, tensor)]
    if wrong := sorted(lacking) + sorted(shapes) + sorted(unknown):
        files = ", ".join(file.name for file in weight_files(folder, name))
        tensor, fault = wrong[0]
        more = f" ({len(wrong)} such tensors)" if len(wrong) > 1 else ""
        raise CorruptFileError(f"{folder / name}: tensor '{tensor}' of {files} {fault}{more}")
    return part


def _counts(component: str, tensor: str) -> bool:
    """Whether an unknown tensor says that configuration and weights do not belong together; text encoders carry harmless ones."""
    return not component.startswith("text_encoder") or ("encoder.layers." in tensor and not tensor.startswith("vision_model."))


def prepare_pipeline(pipe: Pipeline, device: str, dtype: torch.dtype) -> Pipeline:
    """``pipe`` itself, on ``device`` in ``dtype``, with the layout and the modes that ``load_pipeline`` promises."""
    overflows = dtype == torch.float16 and is_xl(pipe) and pipe.vae.config["force_upcast"]
    for name, module in weighted(pipe).items():
        own = torch.float32 if overflows and name == "vae" else dtype
        _placed(module, device, own)
    pipe = pipe.to(device)
    channels_last(pipe.unet)
    channels_last(pipe.vae)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _placed(module: M, device: str, dtype: torch.dtype) -> M:
    """``module`` itself, in eval mode, its parameters without gradients."""
    module.eval().requires_grad_(False)
    for parameter in module.parameters():
        # A copy: diffusers leaves weights on the CPU in the mapped file, whose pages count as the job's memory. In `dtype`,
        # since diffusers before 0.36 does not know that argument.
        parameter.data = parameter.data.to(device, dtype, copy=True)
    return module


def make_scheduler(name: str, steps: int, pipe: Pipeline) -> Scheduler:
    """A fresh sampler with the pipeline's noise schedule and its timesteps set.

    The timesteps are on the CPU: a sampler indexes its tables with them, and reading an index from a GPU would make the host
    wait for it at every step.

    Args:
        name: ``"ddim"`` (Song et al. 2021), ``"pndm"`` (Liu et al. 2022; ``steps + 1`` UNet calls; the default of SD v1.4),
            ``"lms"`` (linear multistep, Katherine Crowson's k-diffusion) or ``"dpmsolver++"`` (Lu et al. 2022, second order).
        steps: number of sampling steps, 1..training steps.
        pipe: whose ``scheduler.config`` gives betas, prediction type and offset.

    Examples:
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> make_scheduler("ddim", 4, pipe).timesteps
        tensor([751, 501, 251,   1])
    """
    if name not in SCHEDULERS:
        known = sorted(SCHEDULERS)
        raise UnknownNameError(f"unknown scheduler '{name}'; known: {', '.join(known)}{nearest(name, known)}")
    trained = int(pipe.scheduler.config.num_train_timesteps)
    if not 1 <= steps <= trained:
        raise ValueError(f"steps is {steps}; allowed are 1 to {trained}, the model's training timesteps")
    check_sampler(pipe.scheduler.config, name)
    kind, values = SCHEDULERS[name]
    scheduler = cast(Scheduler, kind.from_config(pipe.scheduler.config, **values))
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
    "write_base_record",
]
