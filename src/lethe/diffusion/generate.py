"""Many images of many models from one resident pipeline.

The stock pipeline call takes one text transformation and one noise generator per batch. Here every row of a batch has its own
noise (``lethe.diffusion.noise``) and its own map of the text embeddings, so models that differ in that map only (``none``,
``text_map``) share batches and the unmodified UNet. Models with other weights are applied one after another and taken back, and one that
acts while an image is made (``lethe.diffusion.interventions``) acts on batches of its own.

Batches have one shape within a job, filled up by repeating their last row where needed. The shape follows from the images per
model and ``batch_size``, and an image's row from its model alone, never from which other models a job holds: a resumed job, the
baseline and a no-op model all give the same bits. The row matters: on the CPU torch's group normalisation (channels last) gives
each thread an equal share of all pixels of a batch, so an image that two threads share is summed in another order.

On a GPU a batch is sampled while the one before it is decoded, copied to the host and checked (``lethe.diffusion.overlap``),
and the host waits for nothing between the first and the last step of a batch: timesteps are on the device already, the
sampler's tables are indexed on the host, NaN is looked for in finished latents and pixels. With ``compile`` the UNet is compiled once per
batch shape, with ``compile_decoder`` the VAE's decoder; the weights of the next model are copied into the same parameters, so nothing is
compiled again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor

from lethe.core.compiler import compiled
from lethe.core.device import to_device
from lethe.core.progress import progress
from lethe.diffusion.delta import Delta, Intervention, NoneDelta, applied
from lethe.diffusion.interventions import Moment
from lethe.diffusion.kept import Latent, decoded, read_by_vae, rows_at_once
from lethe.diffusion.noise import initial_noise
from lethe.diffusion.overlap import overlapped
from lethe.diffusion.pipeline import make_scheduler
from lethe.diffusion.pixels import CAUSES, NotFiniteError, finite_rows
from lethe.diffusion.prompts import beside_text, read_prompts, unconditional
from lethe.diffusion.tokens import Encoded, with_ids

if TYPE_CHECKING:
    from lethe.diffusion.interventions import StepHook
    from lethe.diffusion.pipeline import Pipeline

Image = TypeVar("Image")  # pixels, or the latents that become them


class SamplingLike(Protocol):
    """How images are drawn; ``Sampling`` or the settings of the same fields."""

    @property
    def scheduler(self) -> str:
        """Name of the sampler."""

    @property
    def steps(self) -> int:
        """Sampling steps."""

    @property
    def guidance(self) -> float:
        """Classifier-free guidance scale."""

    @property
    def batch_size(self) -> int:
        """Most images per UNet call."""

    @property
    def size(self) -> int:
        """Pixels of a side."""

    @property
    def noise(self) -> str:
        """Whether every ``image`` has initial noise of its own, or all prompts of a ``seed`` share it."""

    @property
    def negative_prompt(self) -> str:
        """What guidance leads away from."""

    @property
    def compile(self) -> bool:
        """Whether the UNet is compiled."""

    @property
    def compile_decoder(self) -> bool:
        """Whether the VAE's decoder is compiled."""


@dataclass(frozen=True)
class Sampling:
    """How images are drawn.

    Attributes:
        scheduler: ``ddim``, ``pndm``, ``dpmsolver++`` or ``lms``.
        steps: sampling steps.
        guidance: classifier-free guidance scale (Ho and Salimans 2022); at 1.0 the unconditional pass is left out.
        batch_size: most images per UNet call (the call sees twice as many rows under guidance).
        size: height and width in pixels, a multiple of the VAE factor.
        compile: compile the UNet (``torch.compile``, one graph): pays off on a GPU, after about a minute.
        compile_decoder: compile the VAE's decoder, too. Pictures then differ in last bits from those of kept latents.
        noise: ``image``: every image has initial noise of its own; ``seed``: all prompts of a seed begin with the same.
        negative_prompt: what guidance leads away from; empty is the unconditional prompt.
    """

    scheduler: str = "pndm"
    steps: int = 50
    guidance: float = 7.5
    batch_size: int = 25
    size: int = 512
    compile: bool = False
    compile_decoder: bool = False
    noise: str = "image"
    negative_prompt: str = ""


@dataclass(frozen=True)
class Request:
    """One wanted image: of which model, of what, from which noise; ``run`` is the model's name, for messages alone."""

    prompt: str
    receiver: int
    seed: int
    delta: Delta = field(default_factory=NoneDelta)
    run: str = ""

    @property
    def key(self) -> tuple[str, str, int, int]:
        """Requests of equal key have equal images."""
        return self.delta.digest, self.prompt, self.receiver, self.seed


Key = tuple[str, str, int, int]


def batch_shape(requests: Sequence[Request], batch_size: int) -> int:
    """Rows per batch: the images of the largest model in as few batches as ``batch_size`` allows, evenly filled.

    Examples:
        >>> batch_shape([Request("a cat", receiver=0, seed=seed) for seed in range(50)], batch_size=40)
        25
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
    most = max(Counter(digest for digest, *_ in {request.key for request in requests}).values())
    return -(-most // -(-most // batch_size))


def plan(requests: Sequence[Request], shape: int, mixed: bool = False) -> list[list[Request]]:
    """Distinct requests in batches of at most ``shape``, every model in batches of its own.

    With ``mixed`` models without weight edits share batches in order of appearance: where an image stands, and with it its last
    bits, then depends on the other models.

    Examples:
        >>> batches = plan([Request("a cat", receiver=0, seed=seed) for seed in (1, 2, 3, 1)], shape=2)
        >>> [[request.seed for request in batch] for batch in batches]
        [[1, 2], [3]]
    """
    groups: dict[str, dict[Key, Request]] = {}
    for request in requests:
        delta = request.delta
        shared = mixed and not (delta.edits_weights or isinstance(delta, Intervention))
        groups.setdefault("" if shared else delta.digest, {}).setdefault(request.key, request)
    batches = []
    for group in groups.values():
        rows = list(group.values())
        batches += [rows[i : i + shape] for i in range(0, len(rows), shape)]
    return batches


def generate(
    pipe: Pipeline,
    requests: Sequence[Request],
    settings: SamplingLike,
    *,
    world: str,
    task: str,
    what: str = "generate",
    shape: int | None = None,
    ahead: int | None = None,
) -> Iterator[tuple[Request, np.ndarray]]:
    """Yield ``(request, image)`` in the order of ``requests``; image uint8 (size, size, 3).

    Distinct requests are drawn once: ten no-op models cost one. A model's images have the same bits whichever other models are
    asked for; at another batch shape, or where models share batches (``shape``), they differ by at most 1/255. The pipeline's
    weights are as before when the iterator ends or is closed.

    Args:
        pipe: from ``load_pipeline``; CPU float32, or CUDA in float16, bfloat16 or float32. Latents stay float32 throughout.
        requests: whole models, so that the batch shape does not depend on what a resumed job has left to do.
        settings: how images are drawn.
        world, task: part of the identity of the initial noise.
        what: title of the progress line.
        shape: rows per batch instead of ``batch_shape``; models without weight edits then share batches, worth it where many
            models have few images each.
        ahead: batches that are sampled while an earlier one is decoded; by default 1 on a GPU, and 0 on the CPU, where it would
            use more threads than the job declares. Pictures do not depend on it.

    Raises:
        ValueError: if ``size`` is no multiple of the VAE factor.
        NotFiniteError: if a model draws NaN or infinity.

    Examples:
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> requests = [Request("An image of a four", receiver=3, seed=seed) for seed in (42, 43)]
        >>> sampling = Sampling(scheduler="dpmsolver++", steps=2, guidance=3.0, size=32)
        >>> [image.shape for _, image in generate(pipe, requests, sampling, world="mini", task="objects")]
        [(32, 32, 3), (32, 32, 3)]
    """
    if not requests:
        return
    sampler = _Sampler(pipe, settings, world, task)
    rows = shape or batch_shape(requests, settings.batch_size)
    batches = plan(requests, rows, mixed=shape is not None)
    images = _images(sampler, requests, batches, rows, int(sampler.on_gpu) if ahead is None else ahead, sampler.decode)
    yield from progress(images, total=len(requests), unit="image", what=what)


def generate_latents(
    pipe: Pipeline, requests: Sequence[Request], settings: SamplingLike, *, world: str, task: str, what: str = "generate"
) -> Iterator[tuple[Request, Latent]]:
    """Yield ``(request, latent)``: what ``generate`` decodes, so that its pictures can be made later (``lethe.diffusion.kept``).

    Args and errors as of ``generate``.

    Examples:
        >>> from lethe.diffusion.pipeline import load_pipeline
        >>> pipe = load_pipeline("results/mini/base/objects")
        >>> requests = [Request("An image of a four", receiver=3, seed=seed) for seed in (42, 43)]
        >>> sampling = Sampling(scheduler="dpmsolver++", steps=2, guidance=3.0, size=32)
        >>> [tuple(latent.values.shape) for _, latent in generate_latents(pipe, requests, sampling, world="mini", task="objects")]
        [(4, 8, 8), (4, 8, 8)]
    """
    if not requests:
        return
    sampler = _Sampler(pipe, settings, world, task)
    rows = batch_shape(requests, settings.batch_size)
    latents = _images(sampler, requests, plan(requests, rows), rows, int(sampler.on_gpu), sampler.keep)
    yield from progress(latents, total=len(requests), unit="image", what=what)


def _images(
    sampler: _Sampler,
    requests: Sequence[Request],
    batches: list[list[Request]],
    shape: int,
    ahead: int,
    finish: Callable[[_Latents], Iterable[Image]],
) -> Iterator[tuple[Request, Image]]:
    number_of = {request.key: number for number, batch in enumerate(batches) for request in batch}
    order = dict.fromkeys(number_of[request.key] for request in requests)  # a batch is drawn when its first image is wanted
    wanted = Counter(request.key for request in requests)  # an image is dropped after its last use
    ready: dict[Key, Image] = {}
    current = ""
    sampler.encode(requests)
    with ExitStack() as stack:
        weights = stack.enter_context(ExitStack())

        def sample(number: int) -> _Latents:
            nonlocal current
            batch = batches[number]
            digest = batch[0].delta.digest if batch[0].delta.edits_weights else ""
            if digest != current:
                weights.close()
                current = digest
                if digest:
                    weights.enter_context(applied(sampler.pipe, batch[0].delta))
            return sampler.draw(batch, shape)

        drawn = stack.enter_context(closing(overlapped(order, sample, finish, ahead)))
        for request in requests:
            key = request.key
            if key not in ready:
                ready.update(zip((row.key for row in batches[number_of[key]]), next(drawn), strict=True))
            wanted[key] -= 1
            yield request, ready[key] if wanted[key] else ready.pop(key)


@dataclass(frozen=True)
class _Latents:
    """A batch that is sampled: its rows, float32 latents of the whole batch shape, and when a GPU has finished them."""

    rows: Sequence[Request]
    values: Tensor
    finished: torch.cuda.Event | None


class _Sampler:
    """Draws batches; keeps one embedding per distinct prompt and text map."""

    def __init__(self, pipe: Pipeline, settings: SamplingLike, world: str, task: str) -> None:
        self.pipe, self.settings, self.world, self.task = pipe, settings, world, task
        factor = pipe.vae_scale_factor
        if settings.size < factor or settings.size % factor:
            raise ValueError(f"size is {settings.size}; it must be a multiple of the VAE factor {factor}")
        side = settings.size // factor
        self.latent = (int(pipe.unet.config["in_channels"]), side, side)
        self.device: torch.device = pipe.unet.device
        self.on_gpu = self.device.type == "cuda"
        self.unet = compiled(pipe.unet) if settings.compile else pipe.unet
        self.vae_decode = compiled(pipe.vae.decode) if settings.compile_decoder else pipe.vae.decode
        self.decoding = torch.cuda.Stream(self.device) if self.on_gpu else None
        self._prompts: dict[tuple[str, str, bool], Encoded] = {}
        self._mapped: dict[tuple[str, str, bool], Tensor] = {}

    def encode(self, requests: Sequence[Request]) -> None:
        """Encode and map all prompts before the first batch, so that no batch waits for a copy; needs no edited encoder."""
        for request in requests:
            if not request.delta.edits_text:
                self.embedding(request.delta, request.prompt)
                if self.settings.guidance > 1.0:
                    self.embedding(request.delta, self.settings.negative_prompt, True)

    def embedding(self, delta: Delta, prompt: str, negative: bool = False) -> Tensor:
        """(tokens, width) of a prompt, encoded by the text encoder of ``delta`` and mapped by it."""
        key = (delta.digest, prompt, negative)
        if key not in self._mapped:
            found = self.prompt(delta, prompt, negative)
            self._mapped[key] = delta.map_embeddings(found.states, found)
        return self._mapped[key]

    def prompt(self, delta: Delta, prompt: str, negative: bool = False) -> Encoded:
        """A prompt as the text encoder of ``delta`` reads it, not mapped; ``negative``: guidance leads away from it."""
        key = (delta.digest if delta.edits_text else "", prompt, negative)
        if key not in self._prompts:
            text = unconditional(self.pipe, prompt) if negative else read_prompts(self.pipe, [prompt])
            self._prompts[key] = with_ids(self.pipe, [prompt], *text)[prompt]
        return self._prompts[key]

    @torch.inference_mode()
    def draw(self, batch: Sequence[Request], shape: int) -> _Latents:
        """Sample a batch in ``shape`` rows; on a GPU this returns when the work is queued, not when it is done."""
        padded = [*batch, *[batch[-1]] * (shape - len(batch))]
        delta = batch[0].delta
        if not isinstance(delta, Intervention):
            return self._sampled(batch, padded, self.unet, None)
        with delta.session(self.pipe, [self.prompt(delta, row.prompt) for row in padded]) as hook:
            return self._sampled(batch, padded, self.pipe.unet, hook)

    def _sampled(
        self, batch: Sequence[Request], padded: Sequence[Request], unet: Callable[..., Sequence[Tensor]], hook: StepHook | None
    ) -> _Latents:
        settings = self.settings
        guided = settings.guidance > 1.0
        asked = [(row.delta, row.prompt, False) for row in padded]
        if guided:
            asked = [(row.delta, settings.negative_prompt, True) for row in padded] + asked
        embeddings = torch.stack([self.embedding(*one) for one in asked])
        pooled = [found for one in asked if (found := self.prompt(*one).pooled) is not None]
        beside = beside_text(torch.stack(pooled) if pooled else None, settings.size, settings.size)
        places = [r.receiver if settings.noise == "image" else 0 for r in padded]
        noise = torch.stack(
            [initial_noise(self.world, self.task, place, r.seed, self.latent) for place, r in zip(places, padded, strict=True)]
        )
        scheduler = make_scheduler(settings.scheduler, settings.steps, self.pipe)
        latents = to_device(noise, self.device) * scheduler.init_noise_sigma
        steps = to_device(scheduler.timesteps, self.device)
        for number, (step, step_there) in enumerate(zip(scheduler.timesteps, steps, strict=True)):
            scaled = scheduler.scale_model_input(latents, step).to(embeddings.dtype)
            read = hook.before(Moment(number, len(steps), step_there), scaled, embeddings) if hook else embeddings
            scaled = (torch.cat([scaled, scaled]) if guided else scaled).contiguous(memory_format=torch.channels_last)
            # a clone: a view into `steps` has an offset of its own, and compiled code may want aligned inputs
            predicted = unet(scaled, step_there.clone(), encoder_hidden_states=read, return_dict=False, **beside)[0].float()
            if guided:
                unconditional, conditional = predicted.chunk(2)
                predicted = unconditional + settings.guidance * (conditional - unconditional)
            latents = scheduler.step(predicted, step, latents, return_dict=False)[0]
        finished = torch.cuda.current_stream(self.device).record_event() if self.on_gpu else None
        return _Latents(batch, latents, finished)

    @torch.inference_mode()
    def decode(self, drawn: _Latents) -> np.ndarray:
        """uint8 (rows, size, size, 3); decoded in equal parts, so that every row is decoded at the same batch shape.

        On a GPU the work goes to a stream of its own, behind the sampling of ``drawn`` and beside that of the next batch.

        Raises:
            NotFiniteError: if a latent or a decoded pixel is NaN or infinite; model, prompt and seed are named.
        """
        vae, latents = self.pipe.vae, drawn.values
        with self._behind(drawn):
            at_once = rows_at_once(len(latents), self.settings.size)
            parts = [decoded(self.vae_decode, part) for part in read_by_vae(vae, latents).split(at_once)]
            images, finite = (torch.cat(found) for found in zip(*parts, strict=True))
            array: np.ndarray = images.contiguous().cpu().numpy()  # waits for this stream alone
            self._check(
                drawn.rows, finite_rows(latents).tolist(), finite.tolist(), "decoded its finite latents to NaN or infinity"
            )
        return array[: len(drawn.rows)]

    @torch.inference_mode()
    def keep(self, drawn: _Latents) -> list[Latent]:
        """What ``decode`` would decode, on the CPU.

        Raises:
            NotFiniteError: if a latent is NaN or infinite; model, prompt and seed are named.
        """
        with self._behind(drawn):
            at_once = rows_at_once(len(drawn.values), self.settings.size)
            read = read_by_vae(self.pipe.vae, drawn.values)
            finite = finite_rows(drawn.values).tolist(), finite_rows(read).tolist()
            self._check(drawn.rows, *finite, "would read NaN or infinity in place of its finite latents")
            kept = read.contiguous().cpu()
        return [Latent(kept[row], row % at_once, at_once) for row in range(len(drawn.rows))]

    @contextmanager
    def _behind(self, drawn: _Latents) -> Iterator[None]:
        """On a GPU the stream of decoding, once ``drawn`` is finished."""
        with torch.cuda.stream(self.decoding) if self.decoding else nullcontext():
            if self.decoding and drawn.finished:
                self.decoding.wait_event(drawn.finished)
            yield

    def _check(self, rows: Sequence[Request], sampled: Sequence[bool], read: Sequence[bool], fault: str) -> None:
        """Name the first model that drew NaN and what made it, ``fault`` if the VAE did; filled-up rows repeat the last one."""
        for row, latent, picture in zip(rows, sampled, read, strict=False):
            if latent and picture:
                continue
            base, run = self.pipe.name_or_path, f"{row.run}: " if row.run else ""
            part = f"the VAE {fault} ({self.pipe.vae.dtype})"
            if not latent:
                part = f"its latents are NaN or infinite after the last step ({self.pipe.unet.dtype})"
            raise NotFiniteError(
                f"{run}a '{row.delta.kind}' model ({row.delta.digest[:12]}) of the base '{base}' drew NaN for prompt "
                f"'{row.prompt}', seed {row.seed}: {part}. {CAUSES}"
            )
