"""How the models of the embedded mini world are trained from nothing.

The default values are the final choices: the checkpoints under ``assets/mini`` were trained with exactly these.
``PretrainingSettings.smoke()`` is the same pipeline shrunk to seconds, for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from lethe.io.hashing import sha256_data
from lethe.settings.strict import Strict

HEAD = 64  # width of a head of a vision transformer
SIDE = 32  # height and width of the pictures of the mini world, pixels

Trained = Literal["tokenizer", "vae", "base", "clip", "backbone", "judge"]

SETTINGS_OF: dict[str, Trained] = {"clip": "clip", "backbone": "backbone", "classifier": "judge"}
"""Kind of an evaluator -> its part of the settings and of its checkpoint."""

_HELD_OUT = {"held_out"}  # all evaluators are measured on images that the judge's settings keep back
_READ: dict[Trained, Mapping[str, Any]] = {
    "tokenizer": {"tokenizer": True},
    "vae": {"bits": True, "vae": True, "base": {"unet": {"sample_size"}}},  # with the size of latents, which has to fit
    "base": {"bits": True, "tokenizer": True, "vae": True, "base": True, "sampling": True},
    "clip": {"bits": True, "tokenizer": True, "clip": True, "judge": _HELD_OUT},
    "backbone": {"bits": True, "backbone": True, "judge": _HELD_OUT},
    "judge": {"bits": True, "judge": True},
}

Widths = Annotated[tuple[Annotated[int, Field(gt=0, le=100_000)], ...], Field(min_length=1)]
"""Channels of each block."""


def check_divides(key: str, divisor: int, **values: int | tuple[int, ...]) -> None:
    """Raise a ``ValueError`` naming the first of ``values`` (or of its blocks) that ``divisor``, the value of ``key``, does not divide."""
    for name, value in values.items():
        for number in value if isinstance(value, tuple) else (value,):
            if number % divisor:
                raise ValueError(f"`{name}` is {value}; {number} is not a multiple of `{key}`, {divisor}")


class OptimizerSettings(Strict):
    """AdamW under a linear warm-up and a cosine decay to zero."""

    steps: int = Field(gt=0, le=100_000_000, description="optimizer steps")
    batch_size: int = Field(gt=0, le=100_000, description="images per step")
    learning_rate: float = Field(gt=0, le=100, description="peak learning rate")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps spent warming up")
    weight_decay: float = Field(0.01, ge=0, le=1, description="AdamW's weight decay, per step and unit of learning rate")
    gradient_clip: float = Field(1.0, gt=0, le=1e6, description="largest norm of the gradient")


class TokenizerSettings(Strict):
    """A word-level vocabulary over the captions of all tasks."""

    max_length: int = Field(12, gt=2, le=100_000, description="tokens per caption, begin and end included")


class VaeSettings(Strict):
    """The autoencoder shared by all tasks (``diffusers.AutoencoderKL``); each block but the last halves the resolution."""

    block_out_channels: Widths = Field(
        (16, 32, 64), description="channels of each block; each but the last halves the resolution"
    )
    layers_per_block: int = Field(1, gt=0, le=1000, description="residual layers of each block")
    latent_channels: int = Field(4, gt=0, le=100_000, description="channels of a latent")
    norm_num_groups: int = Field(
        8, gt=0, le=100_000, description="groups of each group normalisation; divides every number of channels"
    )
    start: str = Field(
        "",
        pattern="^([a-z][a-z0-9_]*)?$",
        description="shipped checkpoint that training starts from, as `vae`; empty: from nothing",
    )
    kl_weight: float = Field(1e-4, ge=0, le=1000, description="weight of the Kullback-Leibler term per latent element")
    optimizer: OptimizerSettings = Field(
        OptimizerSettings(steps=3200, batch_size=16, learning_rate=3e-3, weight_decay=1e-4), description="how it is trained"
    )

    @model_validator(mode="after")
    def _groups_divide(self) -> VaeSettings:
        check_divides("norm_num_groups", self.norm_num_groups, block_out_channels=self.block_out_channels)
        return self


class TextEncoderSettings(Strict):
    """The text encoder of a base (``transformers.CLIPTextModel``), trained jointly with the UNet."""

    width: int = Field(64, gt=0, le=100_000, description="length of a token's vector")
    intermediate: int = Field(128, gt=0, le=100_000, description="width of the feed-forward layers")
    layers: int = Field(2, gt=0, le=1000, description="number of layers")
    heads: int = Field(4, gt=0, le=1000, description="attention heads; divides `width`")

    @model_validator(mode="after")
    def _heads_divide(self) -> TextEncoderSettings:
        check_divides("heads", self.heads, width=self.width)
        return self


class UNetSettings(Strict):
    """The denoiser of a base (``diffusers.UNet2DConditionModel``)."""

    block_out_channels: Widths = Field((32, 64), description="channels of each block; each but the last halves the resolution")
    cross_attention: tuple[bool, ...] = Field((False, True), min_length=1, description="per block: does it attend to the text?")
    layers_per_block: int = Field(1, gt=0, le=1000, description="residual layers of each block")
    attention_heads: int = Field(4, gt=0, le=1000, description="attention heads; divides every number of channels")
    norm_num_groups: int = Field(
        8, gt=0, le=100_000, description="groups of each group normalisation; divides every number of channels"
    )
    sample_size: int = Field(8, gt=0, le=100_000, description="latent height and width")

    @model_validator(mode="after")
    def _one_flag_per_block(self) -> UNetSettings:
        if len(self.cross_attention) != len(self.block_out_channels):
            raise ValueError(
                f"cross_attention has {len(self.cross_attention)} entries for {len(self.block_out_channels)} blocks of block_out_channels"
            )
        check_divides("norm_num_groups", self.norm_num_groups, block_out_channels=self.block_out_channels)
        check_divides("attention_heads", self.attention_heads, block_out_channels=self.block_out_channels)
        return self


class NoiseScheduleSettings(Strict):
    """Stable Diffusion v1's forward process."""

    train_timesteps: int = Field(1000, gt=1, le=100_000, description="steps of the forward process")
    beta_start: float = Field(0.00085, gt=0, lt=1, description="variance of the noise that the first step adds")
    beta_end: float = Field(0.012, gt=0, lt=1, description="variance that the last step adds; above `beta_start`")
    beta_schedule: Literal["scaled_linear"] = Field("scaled_linear", description="how the variance grows: its square root evenly")

    @model_validator(mode="after")
    def _noise_grows(self) -> NoiseScheduleSettings:
        if self.beta_start >= self.beta_end:
            raise ValueError(f"`beta_start` is {self.beta_start}, `beta_end` {self.beta_end}; noise must grow")
        return self


class BaseModelSettings(Strict):
    """One task's text-to-image model: text encoder and UNet."""

    text_encoder: TextEncoderSettings = Field(TextEncoderSettings(), description="its text encoder")
    unet: UNetSettings = Field(UNetSettings(), description="its denoiser")
    noise: NoiseScheduleSettings = Field(NoiseScheduleSettings(), description="its forward process")
    caption_dropout: float = Field(0.1, ge=0, le=1, description="share of empty captions, for classifier-free guidance")
    filler_words: int = Field(
        0,
        ge=0,
        le=1000,
        description="at most so many random words stand before a caption, so that a model does not rest on where a word stands",
    )
    min_snr_gamma: float = Field(5.0, gt=0, le=1000, description="Hang et al. 2023, arXiv 2303.09556")
    ema_decay: float = Field(0.998, ge=0, lt=1, description="share of the running average of weights that each step keeps")
    popularity_scale: float = Field(50.0, gt=0, le=1e6, description="an entity is drawn with weight 1 + popularity / this")
    optimizer: OptimizerSettings = Field(
        OptimizerSettings(steps=1500, batch_size=64, learning_rate=2e-3), description="how it is trained"
    )


class ClipSettings(Strict):
    """A small open_clip model, trained contrastively on the images and captions of all tasks."""

    embed_dim: int = Field(64, gt=0, le=100_000, description="length of an embedding")
    image_size: int = Field(32, gt=0, le=100_000, description="height and width of its pictures in pixels")
    patch_size: int = Field(8, gt=0, le=100_000, description="height and width of a patch in pixels; divides `image_size`")
    vision_width: int = Field(96, gt=0, le=100_000, description="length of a patch's vector")
    vision_layers: int = Field(4, gt=0, le=1000, description="layers of the image encoder")
    head_width: int = Field(
        32, gt=0, le=100_000, description="width of an attention head of the image encoder; divides `vision_width`"
    )
    text_width: int = Field(64, gt=0, le=100_000, description="length of a token's vector")
    text_layers: int = Field(2, gt=0, le=1000, description="layers of the text encoder")
    text_heads: int = Field(4, gt=0, le=1000, description="attention heads of the text encoder; divides `text_width`")
    word_dropout: float = Field(0.1, ge=0, lt=1, description="share of captions that lose one word of the name")
    logit_scale: float = Field(
        15.0, gt=0, le=1000, description="fixed inverse temperature, so that scores of neighbours stay graded"
    )
    optimizer: OptimizerSettings = Field(
        OptimizerSettings(steps=800, batch_size=64, learning_rate=1e-3, weight_decay=0.05), description="how it is trained"
    )

    @model_validator(mode="after")
    def _sizes_divide(self) -> ClipSettings:
        check_divides("patch_size", self.patch_size, image_size=self.image_size)
        check_divides("head_width", self.head_width, vision_width=self.vision_width)
        check_divides("text_heads", self.text_heads, text_width=self.text_width)
        return self


class BackboneSettings(Strict):
    """A small timm vision transformer trained without labels (SimCLR), in DINO's role."""

    image_size: int = Field(32, gt=0, le=100_000, description="height and width of its pictures in pixels")
    patch_size: int = Field(8, gt=0, le=100_000, description="height and width of a patch in pixels; divides `image_size`")
    width: int = Field(96, gt=0, le=100_000, description="length of a patch's vector")
    depth: int = Field(4, gt=0, le=1000, description="number of layers")
    heads: int = Field(3, gt=0, le=1000, description="attention heads; divides `width`")
    projection: int = Field(64, gt=0, le=100_000, description="length of the vectors that are compared in training")
    temperature: float = Field(0.2, gt=0, le=100, description="of the softmax over similarities in training")
    optimizer: OptimizerSettings = Field(
        OptimizerSettings(steps=400, batch_size=64, learning_rate=1e-3, weight_decay=0.05), description="how it is trained"
    )

    @model_validator(mode="after")
    def _sizes_divide(self) -> BackboneSettings:
        check_divides("patch_size", self.patch_size, image_size=self.image_size)
        check_divides("heads", self.heads, width=self.width)
        return self


class JudgeSettings(Strict):
    """The independent classifier over the entities of all tasks that says whether a base draws what it is asked."""

    architecture: Literal["convnet", "convmixer", "vit"] = Field(
        "convnet",
        description="convnet: convolutions and pooling; convmixer: patches (Trockman & Kolter 2022, arXiv 2201.09792); vit: timm's vision "
        "transformer on 224 px in patches of 16",
    )
    channels: Widths = Field(
        (24, 48, 96), description="per resolution; of a convmixer or a vit the first is its width, one per block"
    )
    held_out: int = Field(5, gt=1, le=100_000, description="every n-th image of an entity is kept for the test")
    label_smoothing: float = Field(0.05, ge=0, lt=1, description="share of a label that is spread over all classes")
    optimizer: OptimizerSettings = Field(
        OptimizerSettings(steps=1200, batch_size=64, learning_rate=3e-3, weight_decay=0.05), description="how it is trained"
    )


class SamplingSettings(Strict):
    """How images are drawn when the quality of a base is measured."""

    sampler: Literal["ddim", "dpm"] = Field("dpm", description="ddim, or dpm for DPM-Solver++")
    steps: int = Field(12, gt=0, le=100_000, description="denoising steps")
    guidance: float = Field(3.0, ge=0, le=100, description="classifier-free guidance scale")


class PretrainingSettings(Strict):
    """Every model of the mini world."""

    bits: Literal[8, 16] = Field(
        16, description="of a weight in a checkpoint; what is rounded away is lost before quality is measured"
    )

    tokenizer: TokenizerSettings = Field(TokenizerSettings(), description="from words to tokens, for all tasks")
    vae: VaeSettings = Field(VaeSettings(), description="the autoencoder of all tasks")
    base: BaseModelSettings = Field(BaseModelSettings(), description="the text-to-image model of each task")
    clip: ClipSettings = Field(ClipSettings(), description="the evaluator that scores a picture against its prompt")
    backbone: BackboneSettings = Field(BackboneSettings(), description="the evaluator that compares two pictures, in DINO's role")
    judge: JudgeSettings = Field(JudgeSettings(), description="the classifier that names what a picture shows")
    sampling: SamplingSettings = Field(
        SamplingSettings(), description="how pictures are drawn when the quality of a base is measured"
    )

    @model_validator(mode="after")
    def _pictures_fit(self) -> PretrainingSettings:
        blocks, latent = len(self.vae.block_out_channels), self.base.unet.sample_size
        if latent * 2 ** (blocks - 1) != SIDE:
            raise ValueError(
                f"base.unet.sample_size: {latent}, but {blocks} blocks of vae.block_out_channels make {SIDE / 2 ** (blocks - 1):g} of {SIDE} pixels"
            )
        if self.judge.architecture != "convnet" and len(set(self.judge.channels)) > 1:
            raise ValueError(f"judge.channels: {self.judge.channels}; all blocks of a {self.judge.architecture} have one width")
        if self.judge.architecture == "vit" and self.judge.channels[0] % HEAD:
            raise ValueError(
                f"judge.channels: {self.judge.channels[0]}; the width of a vit is a multiple of {HEAD}, one head each"
            )
        if self.judge.architecture == "convnet" and SIDE % 2 ** len(self.judge.channels):
            raise ValueError(f"judge.channels: {len(self.judge.channels)} halvings of {SIDE} pixels; at most 5")
        return self

    def part(self, model: Trained) -> dict[str, Any]:
        """The settings that the training of ``model`` reads, as plain data: a change of any other trains nothing anew.

        A base reads its tokenizer and its autoencoder too, and is measured on samples.

        >>> sorted(PretrainingSettings().part("clip"))
        ['bits', 'clip', 'judge', 'tokenizer']
        """
        return self.model_dump(include=_READ[model])

    def over(self, changes: Mapping[str, Any]) -> PretrainingSettings:
        """These settings with ``changes``, a part of the same tree.

        Raises:
            ValidationError: a key or a value that is not allowed.

        >>> PretrainingSettings().over({"base": {"optimizer": {"steps": 7}}}).base.optimizer.steps
        7
        """
        return PretrainingSettings.model_validate(_merged(self.model_dump(), changes)) if changes else self

    @classmethod
    def smoke(cls, steps: int = 3) -> PretrainingSettings:
        """The same models at their smallest, trained for ``steps`` steps: proves that the code runs, draws nothing."""

        def short(batch_size: int = 8, learning_rate: float = 1e-3) -> OptimizerSettings:
            return OptimizerSettings(steps=steps, batch_size=batch_size, learning_rate=learning_rate)

        return cls(
            vae=VaeSettings(block_out_channels=(8, 8, 16), norm_num_groups=4, optimizer=short()),
            base=BaseModelSettings(
                text_encoder=TextEncoderSettings(width=16, intermediate=16, layers=1, heads=2),
                unet=UNetSettings(block_out_channels=(8, 16), norm_num_groups=4, attention_heads=2),
                optimizer=short(),
            ),
            clip=ClipSettings(
                embed_dim=16, vision_width=32, vision_layers=1, text_width=16, text_layers=1, text_heads=2, optimizer=short()
            ),
            backbone=BackboneSettings(patch_size=8, width=24, depth=1, projection=16, optimizer=short()),
            judge=JudgeSettings(channels=(8, 8, 16), optimizer=short()),
            sampling=SamplingSettings(steps=2),
        )


def _merged(whole: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """``whole`` with the leaves of ``changes`` in their places."""
    deeper = {
        key: _merged(whole[key], entry)
        for key, entry in changes.items()
        if isinstance(entry, dict) and isinstance(whole.get(key), dict)
    }
    return whole | dict(changes) | deeper


def settings_sha256(settings: BaseModel | dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of ``settings``: equal exactly where every value is equal."""
    data = settings.model_dump(mode="json") if isinstance(settings, BaseModel) else settings
    return sha256_data(data)
