"""Which bases this version can unlearn, told from the configuration files of a pipeline folder.

Imports neither torch nor diffusers, so that a plan can ask. ``docs/bases.md`` has the table with the reasons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethe.io.tables import readable

PIPELINE, PIPELINE_XL = "StableDiffusionPipeline", "StableDiffusionXLPipeline"
SUPPORTED = (
    f"a {PIPELINE} with one CLIPTextModel, or a {PIPELINE_XL} with a CLIPTextModel and a CLIPTextModelWithProjection; "
    "with a UNet2DConditionModel that reads latents and text (of XL a pooled embedding and sizes too), and an AutoencoderKL"
)
CLASSES = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
CLASSES_XL = CLASSES | {"text_encoder_2": "CLIPTextModelWithProjection"}
OTHERS = {  # the usual guesses, and what stands in the way
    "StableDiffusionXLInpaintPipeline": "its UNet reads a mask beside the latents",
    "StableDiffusionXLImg2ImgPipeline": "it refines pictures, with the second text encoder alone and a score of aesthetics",
    "StableDiffusionInpaintPipeline": "its UNet reads a mask and a masked picture beside the latents (9 channels)",
    "StableDiffusionInstructPix2PixPipeline": "its UNet reads a picture beside the latents (8 channels)",
    "StableDiffusionUpscalePipeline": "its UNet reads a small picture beside the latents (7 channels)",
    "StableDiffusionDepth2ImgPipeline": "its UNet reads a depth map beside the latents (5 channels)",
    "StableDiffusion3Pipeline": "three text encoders, a transformer and flow matching",
    "FluxPipeline": "two text encoders, a transformer and flow matching",
    "LatentConsistencyModelPipeline": "its UNet reads the guidance scale",
}
OPTIONAL = {"safety_checker", "feature_extractor", "image_encoder"}  # components that are there or not; none is used
# UNet configuration -> what it would have to be given in each pass; must be null
UNGIVEN = {
    "addition_embed_type": "pooled embeddings and sizes",
    "class_embed_type": "a class",
    "num_class_embeds": "a class",
    "encoder_hid_dim": "embeddings of another encoder",
    "encoder_hid_dim_type": "embeddings of another encoder",
    "time_cond_proj_dim": "the guidance scale",
}
SIZES = 6  # numbers of an XL pipeline's micro-conditioning: height and width of original, crop and target
PREDICTIONS = ("epsilon", "v_prediction")
NOISE = "epsilon"


class UnusableBaseError(ValueError):
    """A base that is whole, but not of a kind that this version can unlearn; the message lists why."""


def read_config(path: Path) -> dict[str, Any]:
    """A component's configuration; damage is a ``CorruptFileError`` that names the file, which is the user's and stays."""
    with readable(path, "a configuration"):
        config = json.loads(path.read_text("utf-8"))
        if not isinstance(config, dict):
            raise ValueError("it must map keys to values")
    return config


def check_class(folder: Path) -> None:
    """Raise ``UnusableBaseError`` unless ``model_index.json`` names a pipeline of text to image with the usual components."""
    index = read_config(folder / "model_index.json")
    name = index.get("_class_name")
    if name not in (PIPELINE, PIPELINE_XL):
        reason = f" ({OTHERS[name]})" if isinstance(name, str) and name in OTHERS else ""
        raise UnusableBaseError(f"{folder}: a {name}{reason}; a base must be {SUPPORTED}")
    classes = CLASSES if name == PIPELINE else CLASSES_XL
    tokenizers = {"tokenizer"} if name == PIPELINE else {"tokenizer", "tokenizer_2"}
    parts = {key: value[-1] for key, value in index.items() if isinstance(value, list) and value}
    extra = sorted(key for key in set(parts) - set(classes) - tokenizers - {"scheduler"} - OPTIONAL if parts[key] is not None)
    faults = [f"model_index.json: component '{key}' ({parts[key]}) is not used" for key in extra]
    faults += [
        f"model_index.json: {key} is {'null' if parts[key] is None else repr(parts[key])}; allowed: {allowed}"
        for key, allowed in classes.items()
        if parts.get(key, allowed) != allowed
    ]
    if index.get("requires_aesthetics_score"):
        faults.append(
            "model_index.json: requires_aesthetics_score is set (a refiner?); each pass wants a score that nobody gives"
        )
    _raise(folder, faults)


def check_configs(folder: Path) -> None:
    """Raise one ``UnusableBaseError`` that lists every value by which a component cannot be used or does not fit another."""
    classes = CLASSES_XL if pipeline_of(folder) == PIPELINE_XL else CLASSES
    configs = {name: read_config(folder / name / "config.json") for name in classes}
    unet, vae, *texts = configs.values()
    scheduler = read_config(folder / "scheduler/scheduler_config.json")
    faults = _unet_faults(unet, vae, texts) + _vae_faults(vae) + _text_faults(folder, "", texts[0], CLASSES["text_encoder"])
    if len(texts) > 1:
        faults += _text_faults(folder, "_2", texts[1], CLASSES_XL["text_encoder_2"]) + _xl_faults(folder, unet, texts[1])
    faults += _noise_faults(scheduler)
    for name, config in configs.items():
        if config.get("quantization_config"):
            faults.append(f"{name}/config.json: quantization_config is set; weights must not be quantised")
    _raise(folder, faults)


def pipeline_of(folder: str | Path) -> str:
    """The class of a base's pipeline, ``PIPELINE`` or ``PIPELINE_XL`` if ``check_class`` let it pass."""
    return str(read_config(Path(folder) / "model_index.json").get("_class_name"))


def prediction_of(folder: str | Path) -> str:
    """What the UNet of a base predicts: ``epsilon``, the noise, or ``v_prediction`` (Salimans and Ho 2022)."""
    return str(read_config(Path(folder) / "scheduler/scheduler_config.json").get("prediction_type", NOISE))


def check_sampling(folder: str | Path, sampler: str, size: int) -> None:
    """Raise a ``ValueError`` if a base cannot be sampled with these settings (``generation.scheduler`` and ``size`` in pixels)."""
    check_sampler(read_config(Path(folder) / "scheduler/scheduler_config.json"), sampler)
    factor = 2 ** (len(read_config(Path(folder) / "vae/config.json").get("block_out_channels", [0])) - 1)
    if size % factor:
        raise ValueError(
            f"{folder}: its VAE halves pictures to 1/{factor}; generation.size is {size}, allowed are multiples of {factor}"
        )


def check_sampler(config: Mapping[str, Any], sampler: str) -> None:
    """Raise a ``ValueError`` if a sampler would drop a value of a base's scheduler configuration that decides its pictures."""
    if sampler in ("pndm", "lms") and config.get("rescale_betas_zero_snr"):
        raise ValueError(
            f"scheduler_config.json says rescale_betas_zero_snr, which the sampler '{sampler}' does not know; "
            "allowed for this base: ddim, dpmsolver++"
        )


def _raise(folder: Path, faults: list[str]) -> None:
    if faults:
        listed = "".join(f"\n  - {fault}" for fault in faults)
        raise UnusableBaseError(f"{folder} cannot be used as a base; it must be {SUPPORTED}:{listed}")


def _unet_faults(unet: dict[str, Any], vae: dict[str, Any], texts: list[dict[str, Any]]) -> list[str]:
    where, faults = "unet/config.json:", []
    if (name := unet.get("_class_name", CLASSES["unet"])) != CLASSES["unet"]:
        faults.append(f"{where} _class_name is '{name}'; allowed: {CLASSES['unet']}")
    latent, reads, gives = vae.get("latent_channels", 4), unet.get("in_channels", 4), unet.get("out_channels", 4)
    if reads != latent:
        kind = {9: " (an inpainting model?)", 8: " (edits pictures?)", 7: " (an upscaler?)", 5: " (reads depth?)"}.get(reads, "")
        faults.append(f"{where} in_channels is {reads}{kind}, but vae/config.json: latent_channels is {latent}")
    if gives != latent:
        faults.append(f"{where} out_channels is {gives}, but vae/config.json: latent_channels is {latent}")
    ungiven = UNGIVEN if len(texts) == 1 else {key: what for key, what in UNGIVEN.items() if key != "addition_embed_type"}
    faults += [
        f"{where} {key} is {unet[key]!r}, so each pass wants {what}; it must be null"
        for key, what in ungiven.items()
        if unet.get(key) is not None
    ]
    widths, own = unet.get("cross_attention_dim", 1280), [text.get("hidden_size", 512) for text in texts]
    if set(widths if isinstance(widths, list) else [widths]) != {sum(own)}:
        read = " and ".join(f"text_encoder{number}/config.json" for number in ("", "_2")[: len(own)])
        said = " + ".join(map(str, own))
        faults.append(f"{where} cross_attention_dim is {widths}, but {read}: hidden_size is {said}")
    blocks = unet.get("down_block_types", ["CrossAttnDownBlock2D"])
    if not any("CrossAttn" in str(block) for block in blocks):
        faults.append(f"{where} down_block_types {blocks} read no text; one of them must be CrossAttnDownBlock2D")
    return faults


def _vae_faults(vae: dict[str, Any]) -> list[str]:
    where, faults = "vae/config.json:", []
    if (name := vae.get("_class_name", CLASSES["vae"])) != CLASSES["vae"]:
        faults.append(f"{where} _class_name is '{name}'; allowed: {CLASSES['vae']}")
    for key in ("in_channels", "out_channels"):
        if vae.get(key, 3) != 3:
            faults.append(f"{where} {key} is {vae[key]}; a picture has 3 channels")
    scale = vae.get("scaling_factor", 0.18215)
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not 0 < scale < float("inf"):
        faults.append(f"{where} scaling_factor is {scale!r}; it must be a positive number")
    faults += [
        f"{where} {key} is {vae[key]}, which is not applied to latents here; it must be null"
        for key in ("shift_factor", "latents_mean", "latents_std")
        if vae.get(key)
    ]
    return faults


def _text_faults(folder: Path, number: str, text: dict[str, Any], allowed: str) -> list[str]:
    """Of the text encoder of class ``allowed`` and its tokenizer, whose names end in ``number``."""
    faults, tokenizer = [], f"tokenizer{number}"
    names = text.get("architectures") or [allowed]
    if names[0] != allowed:
        faults.append(f"text_encoder{number}/config.json: architectures is {names}; allowed: {allowed}")
    longest, positions = _longest(folder, tokenizer), text.get("max_position_embeddings", 77)
    if not isinstance(longest, int) or not 2 <= longest <= positions:
        faults.append(
            f"{tokenizer}/tokenizer_config.json: model_max_length is {longest}; "
            f"allowed: 2 to the {positions} positions of the text encoder (max_position_embeddings)"
        )
    vocabularies = (("tokenizer.json",), ("vocab.json", "merges.txt"))
    if not any(all(_filled(folder / tokenizer / name) for name in names) for names in vocabularies):
        faults.append(f"{tokenizer}: no vocabulary; it needs tokenizer.json, or vocab.json and merges.txt")
    return faults


def _longest(folder: Path, tokenizer: str) -> Any:
    return read_config(folder / tokenizer / "tokenizer_config.json").get("model_max_length")


def _xl_faults(folder: Path, unet: dict[str, Any], text: dict[str, Any]) -> list[str]:
    """What of XL does not fit: ``text`` is the second text encoder."""
    faults = []
    if (kind := unet.get("addition_embed_type")) != "text_time":
        faults.append(f"unet/config.json: addition_embed_type is {kind!r}; allowed: 'text_time'")
    width = text.get("projection_dim", 512) + SIZES * (unet.get("addition_time_embed_dim") or 0)
    if (reads := unet.get("projection_class_embeddings_input_dim")) != width:
        faults.append(
            f"unet/config.json: projection_class_embeddings_input_dim is {reads}, but text_encoder_2/config.json: projection_dim and "
            f"{SIZES} sizes of addition_time_embed_dim are {width}"
        )
    lengths = [_longest(folder, tokenizer) for tokenizer in ("tokenizer", "tokenizer_2")]
    if lengths[0] != lengths[1]:
        faults.append(f"tokenizer_2/tokenizer_config.json: model_max_length is {lengths[1]}, that of tokenizer {lengths[0]}")
    return faults


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _noise_faults(scheduler: dict[str, Any]) -> list[str]:
    where, faults = "scheduler/scheduler_config.json:", []
    if (found := scheduler.get("prediction_type", NOISE)) not in PREDICTIONS:
        faults.append(f"{where} prediction_type is '{found}'; allowed: {', '.join(PREDICTIONS)}")
    if scheduler.get("trained_betas") is None:
        # a scheduler made from this one would take defaults of its own, and draw wrong pictures without a word
        faults += [
            f"{where} {key} is missing, so the noise schedule is not known (flow matching and EDM have none)"
            for key in ("beta_start", "beta_end", "beta_schedule")
            if scheduler.get(key) is None
        ]
    return faults
