"""How fast images are drawn and adapters trained, by this package and in the usual way, on a resident pipeline.

Nothing here depends on the size of the model or the device: tests run it on the CPU with a tiny pipeline.
"""

from __future__ import annotations

import io
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from PIL import Image
from torch import Tensor
from torch.nn.functional import mse_loss

from lethe.core.compiler import BACKEND
from lethe.diffusion.generate import Request, Sampling, generate
from lethe.diffusion.latents import encode_images, to_square
from lethe.diffusion.layout import to_layout
from lethe.diffusion.methods import METHODS
from lethe.diffusion.methods._common import seeded_generator
from lethe.diffusion.methods._lora_training import LoraTrainingConfig, adapters, find_modules
from lethe.diffusion.methods._training import Precision
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData
from lethe.diffusion.methods.munba import nash_weights
from lethe.diffusion.pipeline import Pipeline, encode_prompts
from lethe.io.shards import write_tar

IMAGES = 6  # training images per prompt
EMITTERS = 2  # trained in one call: what they share is paid once, as in a job, where ten share it
STOCK_MODE = "max-autotune"  # of torch.compile


@contextmanager
def elapsed(device: torch.device) -> Iterator[list[float]]:
    """A list that holds the seconds of the block afterwards, finished work on the device included."""

    def now() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    seconds: list[float] = []
    begin = now()
    yield seconds
    seconds.append(now() - begin)


class Rate(NamedTuple):
    """How fast images are drawn.

    Attributes:
        images_per_second: when everything is compiled and warm.
        first_seconds: what the first batch took longer than those after it, mostly to compile.
        images: (batch, size, size, 3) uint8, what the first batch drew; none of the stock pipeline.
    """

    images_per_second: float
    first_seconds: float
    images: np.ndarray | None = None

    def of_job(self, images: int) -> float:
        """Images per second of a whole job, what it compiles included.

        >>> Rate(5.0, 200.0).of_job(4000)
        4.0
        """
        return images / (self.first_seconds + images / self.images_per_second)


@contextmanager
def determinism(enabled: bool) -> Iterator[None]:
    """Ask torch and its compiler for deterministic kernels, or for any, for a while."""
    before, warn_only = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(enabled, warn_only=enabled)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warn_only)


@contextmanager
def _compiled_stock(pipe: Pipeline) -> Iterator[None]:
    """What diffusers' documentation advises: UNet and decoder compiled with the search for the fastest kernels."""
    unet, vae = pipe.unet, pipe.vae
    pipe.unet = torch.compile(unet, backend=BACKEND, mode=STOCK_MODE, fullgraph=True)  # type: ignore[assignment]
    vae.decode = torch.compile(vae.decode, backend=BACKEND, mode=STOCK_MODE, fullgraph=True)
    try:
        yield
    finally:
        pipe.unet = unet
        del vae.decode  # the method of its class is seen again


def plain_rate(pipe: Pipeline, prompts: Sequence[str], steps: int, size: int) -> Rate:
    """The stock pipeline, called once per prompt after one call to warm up, under torch's defaults.

    As much code does it: PNDM as configured, no deterministic kernels, memory layout of a freshly loaded pipeline; PNGs are
    not counted here, they are in ``shard_rate``.
    """
    for module in (pipe.unet, pipe.vae):
        to_layout(module, torch.contiguous_format)
    try:
        return _stock(pipe, [[prompt] for prompt in prompts], steps, size)
    finally:
        for module in (pipe.unet, pipe.vae):
            to_layout(module, torch.channels_last)


def stock_rate(pipe: Pipeline, prompts: Sequence[str], batch: int, steps: int, size: int, *, compiled: bool) -> Rate:
    """The stock pipeline as a careful user runs it: called with ``batch`` prompts, channels last, under torch's defaults.

    Args:
        compiled: UNet and decoder are compiled with ``max-autotune``.
    """
    asked = [prompts[number % len(prompts)] for number in range(batch)]
    torch.compiler.reset()  # nothing that was compiled for other rows is found again
    with _compiled_stock(pipe) if compiled else nullcontext():
        return _stock(pipe, [asked, asked], steps, size)


def _stock(pipe: Pipeline, batches: Sequence[list[str]], steps: int, size: int) -> Rate:
    device = next(pipe.vae.parameters()).device
    stock: Any = pipe  # which takes a list of prompts as well

    def draw(prompts: list[str]) -> None:
        stock(prompts, num_inference_steps=steps, guidance_scale=7.5, height=size, width=size)

    with determinism(False):
        with elapsed(device) as first:
            draw(batches[0])
        with elapsed(device) as seconds:
            for prompts in batches:
                draw(prompts)
    rate = sum(map(len, batches)) / seconds[0]
    return Rate(rate, max(0.0, first[0] - len(batches[0]) / rate))


def shard_rate(
    pipe: Pipeline,
    prompts: Sequence[str],
    batch: int,
    images: int,
    steps: int,
    size: int,
    *,
    compiled: bool,
    deterministic: bool = True,
    decoder: bool = False,
) -> Rate:
    """From prompts to a tar of PNGs, text encoding included; one batch before warms up (and compiles).

    Args:
        compiled: the UNet is. deterministic: kernels are, those that the compiler writes among them. decoder: it is compiled, too.
    """
    settings = Sampling("pndm", steps, guidance=7.5, batch_size=batch, size=size, compile=compiled, compile_decoder=decoder)

    def write(count: int, kept: list[np.ndarray]) -> None:
        requests = [Request(prompts[number % len(prompts)], number, 42) for number in range(count)]
        drawn = generate(pipe, requests, settings, world="bench", task="gpu", shape=batch)

        def members() -> Iterator[tuple[str, np.ndarray, dict[str, Any]]]:
            for request, image in drawn:
                kept.append(image)
                yield f"{request.receiver}.png", image, {}

        with tempfile.TemporaryDirectory() as folder:
            write_tar(Path(folder) / "images.tar", members())

    if compiled:
        torch.compiler.reset()
    kept: list[np.ndarray] = []
    with determinism(deterministic):
        with elapsed(pipe.unet.device) as first:
            write(batch, kept)
        with elapsed(pipe.unet.device) as seconds:
            write(images, [])
    rate = images / seconds[0]
    return Rate(rate, max(0.0, first[0] - batch / rate), np.stack(kept))


def training_set(pipe: Pipeline, prompts: Sequence[str], size: int) -> tuple[list[bytes], UnlearnData]:
    """``IMAGES`` smooth random pictures per prompt: as JPEGs, and as the cached latents of the training split."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (IMAGES * len(prompts), 16, 16, 3), dtype=np.uint8)
    pictures = [Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC) for image in coarse]
    files = []
    for picture in pictures:
        buffer = io.BytesIO()
        picture.save(buffer, format="JPEG", quality=90)
        files.append(buffer.getvalue())
    entities = torch.arange(len(prompts)).repeat_interleave(IMAGES)
    latents = encode_images(pipe.vae, map(np.asarray, pictures), size)
    return files, UnlearnData(latents, entities, dict(enumerate(prompts)))


def cached_training(
    pipe: Pipeline, method: str, data: UnlearnData, steps: int, precision: Precision, together: int = 1, compiled: bool = False
) -> float:
    """Steps per second of a registered method, those of all emitters: all of its work but encoding, which is once per task.

    Args:
        together: emitters in a step; ``EMITTERS`` one after the other if it is 1.
        compiled: passes that are trained are, before the clock starts.
    """
    make: Callable[..., Method[Any]] = METHODS.load(method)
    count = max(EMITTERS, together)
    emitters = [Emitter.of_one(index, data.prompts[index], data.prompts[index]) for index in range(count)]

    def train(count: int, steps: int) -> None:
        unlearner = make(steps=steps, precision=precision, together=together, compile=compiled)
        list(unlearner.unlearn(pipe, emitters[:count], data, seed=0))

    if compiled:
        torch.compiler.reset()
    train(together, 2)  # warms up
    with elapsed(pipe.unet.device) as seconds:
        train(count, steps)
    return count * steps / seconds[0]


def uncached_training(
    pipe: Pipeline, method: str, files: Sequence[bytes], data: UnlearnData, steps: int, size: int, precision: Precision
) -> float:
    """Steps per second of the usual loop: every step decodes its images, encodes them with the VAE and encodes its captions.

    It asks for no more than the reference does (vision-unlearning 1.0, ``lora.py`` and ``fade.py``) and for less where that
    is wasteful by accident: the teacher runs without gradients, no worker processes are started per step. SPARE asks the
    teacher twice a step.

    Args:
        precision: of all passes; in bfloat16 autocast casts the float32 weights, as it does in such a loop.
    """
    config = LoraTrainingConfig()
    generator = seeded_generator(0, "uncached")
    step = {"distil": _fade_step, "munba": _munba_step}[method]
    forget, retain = ((data.receivers == 0).nonzero()[:, 0], (data.receivers != 0).nonzero()[:, 0])
    with adapters(pipe.unet, find_modules(pipe.unet, config.target_modules), config, generator) as placed:
        parameters = [placed.values]
        optimizer = torch.optim.AdamW(parameters, lr=config.learning_rate)

        def cast() -> AbstractContextManager[object]:
            return torch.autocast(pipe.unet.device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()

        def train() -> None:
            batches = []
            for rows, count in ((forget, config.forget_batch), (retain, config.retain_batch)):
                chosen = rows[torch.randint(len(rows), (count,), generator=generator)].tolist()
                captions = [data.prompts[int(data.receivers[row])] for row in chosen]
                with cast():
                    batches.append(_batch(pipe, [files[row] for row in chosen], captions, size))
            with cast():
                gradients = step(pipe, batches[0], batches[1], parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            config.clip(parameters)
            optimizer.step()

        for _ in range(2):
            train()
        with elapsed(pipe.unet.device) as seconds:
            for _ in range(steps):
                train()
    return steps / seconds[0]


Batch = tuple[Tensor, Tensor, Tensor, Tensor]  # noisy latents, timesteps, text embeddings, noise


def _batch(pipe: Pipeline, files: Sequence[bytes], captions: Sequence[str], size: int) -> Batch:
    device = pipe.unet.device
    pixels = torch.stack([to_square(torch.from_numpy(np.array(Image.open(io.BytesIO(file)))), size) for file in files])
    with torch.no_grad():
        latents = pipe.vae.encode(pixels.to(device)).latent_dist.sample().float() * pipe.vae.config["scaling_factor"]
        text = encode_prompts(pipe, captions).clone()
    noise = torch.randn_like(latents)
    timesteps = torch.randint(pipe.scheduler.config.num_train_timesteps, (len(latents),), device=device)
    return pipe.scheduler.add_noise(latents, noise, timesteps), timesteps, text, noise


def _predict(pipe: Pipeline, batch: Batch, text: Tensor | None = None) -> Tensor:
    predicted: Tensor = pipe.unet(batch[0], batch[1], encoder_hidden_states=batch[2] if text is None else text).sample
    return predicted.float()


def _fade_step(pipe: Pipeline, forget: Batch, retain: Batch, parameters: Sequence[Tensor]) -> Sequence[Tensor]:
    overwrite = encode_prompts(pipe, [""]).clone().expand_as(forget[2])
    layers = [module for module in pipe.unet.modules() if isinstance(module, BaseTunerLayer)]
    with torch.no_grad():
        for layer in layers:
            layer.enable_adapters(False)
        target_forget, target_retain = _predict(pipe, forget, overwrite), _predict(pipe, retain)
        for layer in layers:
            layer.enable_adapters(True)
    with torch.enable_grad():
        loss = 0.3 * mse_loss(_predict(pipe, forget), target_forget) + mse_loss(_predict(pipe, retain), target_retain)
        return torch.autograd.grad(loss, parameters)


def _munba_step(pipe: Pipeline, forget: Batch, retain: Batch, parameters: Sequence[Tensor]) -> Sequence[Tensor]:
    with torch.enable_grad():
        g_r, g_f = (torch.autograd.grad(mse_loss(_predict(pipe, batch), batch[3]), parameters) for batch in (retain, forget))
    a_r, a_f, _ = nash_weights(g_r, g_f)
    return [a_r * r - a_f * f for r, f in zip(g_r, g_f, strict=True)]
