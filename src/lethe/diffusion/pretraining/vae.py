"""The autoencoder shared by all tasks: 32 px images to 8x8x4 latents."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from diffusers.models import AutoencoderKL
from torch.nn import functional as F

from lethe.diffusion.layout import channels_last
from lethe.diffusion.pixels import check_finite
from lethe.diffusion.pretraining.architectures import vae_config
from lethe.diffusion.pretraining.loop import Trainer, check_images, to_unit
from lethe.settings.pretraining import VaeSettings


def build_vae(settings: VaeSettings) -> AutoencoderKL:
    """An untrained autoencoder, channels last."""
    return channels_last(AutoencoderKL(**vae_config(settings)))


def train_vae(
    images: torch.Tensor, settings: VaeSettings, seed: int, start: Mapping[str, torch.Tensor] | None = None
) -> AutoencoderKL:
    """Train on ``images`` (N, 3, H, W) uint8 and standardize the latents; from nothing, or from the weights ``start``.

    The loss is L1 + MSE on [-1, 1] + ``kl_weight`` times the Kullback-Leibler divergence per latent element.
    """
    check_images(images)
    torch.manual_seed(seed)
    vae = build_vae(settings).train()
    if start is not None:
        vae.load_state_dict(start)
    trainer = Trainer([vae], settings.optimizer, "vae")
    generator = torch.Generator().manual_seed(seed)
    for _ in trainer.steps():
        pixels = to_unit(images[torch.randint(len(images), (settings.optimizer.batch_size,), generator=generator)])
        posterior = vae.encode(pixels).latent_dist
        drawn = vae.decode(posterior.sample(generator)).sample
        divergence = 0.5 * (posterior.mean.square() + posterior.var - 1 - posterior.logvar).mean()
        trainer.update(F.l1_loss(drawn, pixels) + F.mse_loss(drawn, pixels) + settings.kl_weight * divergence)
    vae.eval().requires_grad_(False)
    _standardize(vae, encode_latents(vae, images))
    return vae


@torch.no_grad()
def encode_latents(vae: AutoencoderKL, images: torch.Tensor, batch_size: int = 128) -> torch.Tensor:
    """The latents' means, ``(N, C, H/4, W/4)`` float32, times the scaling factor."""
    check_images(images)
    parts = [vae.encode(to_unit(part)).latent_dist.mode() for part in images.split(batch_size)]
    return check_finite(torch.cat(parts).contiguous(), "latent of image") * vae.config["scaling_factor"]


@torch.no_grad()
def decode_latents(vae: AutoencoderKL, latents: torch.Tensor, batch_size: int = 128) -> torch.Tensor:
    """Images of latents, ``(N, 3, H, W)`` uint8; NaN or infinity is a ``NotFiniteError``."""
    parts = []
    for part in latents.split(batch_size):
        drawn = vae.decode((part / vae.config["scaling_factor"]).contiguous(memory_format=torch.channels_last)).sample
        check_finite(drawn, "decoded image")
        parts.append(((drawn.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8))
    return torch.cat(parts).contiguous()


@torch.no_grad()
def reconstruction_error(vae: AutoencoderKL, images: torch.Tensor) -> float:
    """Mean squared error on [-1, 1] after encoding and decoding."""
    return F.mse_loss(to_unit(decode_latents(vae, encode_latents(vae, images))), to_unit(images)).item()


@torch.no_grad()
def _standardize(vae: AutoencoderKL, latents: torch.Tensor) -> None:
    """Give each latent channel mean 0 and deviation 1 by folding an affine map into the 1x1 convolutions beside the latent.

    Stable Diffusion v1's pipelines know one scaling factor and no shift; a base on standardized latents learns faster.
    """
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    into, out = vae.quant_conv, vae.post_quant_conv
    if into is None or out is None or into.bias is None or out.bias is None:
        raise TypeError("this autoencoder has no 1x1 convolutions with biases beside its latent; see vae_config")
    channels = len(mean)
    into.weight[:channels] /= deviation[:, None, None, None]
    into.bias[:channels] = (into.bias[:channels] - mean) / deviation
    into.bias[channels:] -= 2 * deviation.log()
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight *= deviation[None, :, None, None]
