"""A random Stable Diffusion pipeline folder, small enough for unit tests.

The classes are those of Stable Diffusion v1.4 (``UNet2DConditionModel``, ``AutoencoderKL``, ``CLIPTextModel``), so whatever
works on this folder meets the same module names and interfaces there. Every image is noise; the numbers are reproducible.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import AutoencoderKL
    from transformers import CLIPTextConfig, PreTrainedTokenizerFast

TEXT_WIDTH = 32  # d of the text embeddings (n, TOKENS, d)
TEXT_WIDTH_2, POOLED = 48, 40  # of the second text encoder of XL: width of its states and of its pooled embedding
TOKENS = 12  # length of every padded prompt
LATENT = (4, 8, 8)  # channels, height, width
IMAGE = 32  # pixels: the VAE scales by 4
VOCABULARY = "a an image of the photo digit zero one two three four five six seven eight nine dog cat red blue green park lake"
WORDS = VOCABULARY.split()


def _tokenizer(words: Sequence[str]) -> PreTrainedTokenizerFast:
    """One token per word, ``<bos> words <eos> <eos> ...`` as CLIP pads; unknown words become ``<unk>``."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = ["<bos>", "<eos>", "<unk>", *dict.fromkeys(word.lower() for word in words)]
    vocabulary = {word: number for number, word in enumerate(names)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="<bos> $A <eos>", special_tokens=[("<bos>", 0), ("<eos>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        pad_token="<eos>",
        model_max_length=TOKENS,
    )


def _vae(**config: float) -> AutoencoderKL:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=LATENT[0],
        norm_num_groups=4,
        sample_size=IMAGE,
        **config,
    )


def _text_config(words: int, width: int, **config: object) -> CLIPTextConfig:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=words,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
        **config,
    )


def make_tiny_pipeline(folder: str | Path, seed: int = 0, words: Sequence[str] | None = None) -> Path:
    """Write a random ``StableDiffusionPipeline`` folder (about 1 MB, under a second) and its ``base.json``.

    Args:
        folder: where to write; must not hold another pipeline.
        seed: of the random weights; equal seeds and words give equal weights.
        words: vocabulary of the word-level tokenizer in lower case; ``WORDS`` by default. Others become ``<unk>``.

    Returns:
        The folder. UNet: channels (16, 32), 8x8x4 latents, cross-attention width 32, 12 tokens; VAE: factor 4.
    """
    import torch
    from diffusers import PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel

    from lethe.diffusion.pipeline import write_base_record

    folder = Path(folder)
    tokenizer = _tokenizer(WORDS if words is None else words)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(
            sample_size=LATENT[1],
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=2,
            norm_num_groups=8,
        )
        vae = _vae()
        text_encoder = CLIPTextModel(_text_config(len(tokenizer), TEXT_WIDTH))
    # The settings of SD v1.4, which the stock pipeline class demands
    scheduler = PNDMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    pipe = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    write_base_record(folder, {"made_by": "tests/tiny_pipeline.py", "seed": seed})
    return folder


def make_tiny_xl_pipeline(folder: str | Path, seed: int = 0) -> Path:
    """Write a random ``StableDiffusionXLPipeline`` folder and its ``base.json``, with the settings of Stable Diffusion XL 1.0 where size is none.

    Returns:
        The folder. UNet: channels (16, 32), 8x8x4 latents, cross-attention width 32 + 48, pooled width 40, 12 tokens; VAE: factor 4.
    """
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    from lethe.diffusion.pipeline import write_base_record

    folder = Path(folder)
    tokenizer = _tokenizer(WORDS)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        unet = UNet2DConditionModel(
            sample_size=LATENT[1],
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            transformer_layers_per_block=(1, 2),
            use_linear_projection=True,
            cross_attention_dim=TEXT_WIDTH + TEXT_WIDTH_2,
            attention_head_dim=(2, 4),
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + POOLED,
            norm_num_groups=8,
        )
        vae = _vae(scaling_factor=0.13025)
        first = CLIPTextModel(_text_config(len(tokenizer), TEXT_WIDTH))
        second = CLIPTextModelWithProjection(_text_config(len(tokenizer), TEXT_WIDTH_2, projection_dim=POOLED, hidden_act="gelu"))
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading"
    )
    pipe = StableDiffusionXLPipeline(
        vae=vae,
        text_encoder=first,
        text_encoder_2=second,
        tokenizer=tokenizer,
        tokenizer_2=_tokenizer(WORDS),
        unet=unet,
        scheduler=scheduler,
        add_watermarker=False,
    )
    pipe.save_pretrained(folder)
    write_base_record(folder, {"made_by": "tests/tiny_pipeline.py", "seed": seed})
    return folder


@lru_cache(maxsize=1)
def shared_tiny_pipeline() -> Path:
    """One folder for a whole pytest process (read it only); removed when the interpreter ends."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="lethe_tiny_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return make_tiny_pipeline(folder / "pipeline")


if __name__ == "__main__":
    print(make_tiny_pipeline(sys.argv[1]))
