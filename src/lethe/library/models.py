"""A text-to-image model, and what it has forgotten: load it, draw with it, save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from lethe.diffusion.delta import Delta, Intervention, NoneDelta, applied
from lethe.diffusion.exported import ExportError
from lethe.diffusion.generate import Request, Sampling, generate
from lethe.diffusion.layout import channels_last
from lethe.diffusion.pipeline import Pipeline, load_pipeline, write_base_record


@dataclass(frozen=True)
class Model:
    """A Stable Diffusion model, as it was loaded or after it forgot something.

    The weights of ``pipe`` are never changed: what was forgotten is ``delta``, which is put on while pictures are drawn or saved.

    Attributes:
        pipe: the pipeline of diffusers that was loaded. delta: the change by which it forgot; of a loaded model none.
        record: what the method told of its run: steps, seconds, and what else it counts. Empty for a loaded model.
        size: height and width of its pictures in pixels.
    """

    pipe: Pipeline
    delta: Delta = field(default_factory=NoneDelta)
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Height and width of its pictures in pixels."""
        return int(self.pipe.unet.config["sample_size"]) * self.pipe.vae_scale_factor

    def draw(
        self,
        prompts: str | Sequence[str],
        seeds: Sequence[int] = (0,),
        *,
        steps: int = 20,
        guidance: float = 7.5,
        scheduler: str = "dpmsolver++",
        batch_size: int = 8,
    ) -> list[Image.Image]:
        """Pictures, prompt by prompt, one for each seed.

        All prompts of a seed begin with the same noise, under this model and under every other one. So a picture after forgetting can be held
        against the same picture before.

        Args:
            prompts: one, or several. seeds: one picture of every prompt for each.
            steps: of the sampler. guidance: classifier-free guidance scale. scheduler: ``ddim``, ``pndm``, ``lms`` or ``dpmsolver++``.
            batch_size: pictures at once; changes speed and memory.

        Returns:
            RGB pictures of ``size``.

        Raises:
            ValueError: no prompt or no seed, or a setting out of range.
            UnknownNameError: an unknown scheduler; names the nearest.
            NotFiniteError: the model draws NaN.

        Examples:
            >>> import lethe
            >>> model = lethe.load("results/mini/base/objects")
            >>> pictures = model.draw(["An image of a four", "An image of a one"], seeds=[42, 43], steps=2)
            >>> len(pictures), pictures[0].size
            (4, (32, 32))
        """
        texts = [prompts] if isinstance(prompts, str) else list(prompts)
        if not texts or not len(seeds):
            raise ValueError(f"draw: {len(texts)} prompts and {len(seeds)} seeds; allowed: at least one of each")
        requests = [Request(text, 0, int(seed), self.delta) for text in texts for seed in seeds]
        sampling = Sampling(scheduler, steps, guidance, batch_size, self.size, noise="seed")
        return [Image.fromarray(pixels) for _, pixels in generate(self.pipe, requests, sampling, world="library", task="")]

    def save(self, folder: str | Path) -> Path:
        """Write the model as a folder that ``lethe.load``, plain diffusers and ``lethe audit --unlearned`` read.

        Returns:
            The folder.

        Raises:
            FileExistsError: the folder is there and holds something.
            ExportError: a method that acts while a picture is drawn (``seot``, ``spm``): no weights are the model.

        Examples:
            >>> import lethe
            >>> model = lethe.load("results/mini/base/objects")
            >>> unlearned = lethe.forget(model, "four", keep=["one"], prompt="An image of a {concept}")
            >>> sorted(path.name for path in unlearned.save("without_four").iterdir())[:3]
            ['base.json', 'model_index.json', 'scheduler']
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder}: holds something already; allowed: a new or an empty folder")
        if isinstance(self.delta, Intervention):
            raise ExportError(
                f"{folder}: a '{self.delta.kind}' delta acts while a picture is drawn, so no weights are the model; "
                "`delta.save(FILE)` keeps it"
            )
        with applied(self.pipe, self.delta):
            for parameter in (*self.pipe.unet.parameters(), *self.pipe.vae.parameters()):
                parameter.data = parameter.data.contiguous()  # channels last, as they are held, is no layout of a file
            self.pipe.save_pretrained(folder, safe_serialization=True)
        for part in (self.pipe.unet, self.pipe.vae):
            channels_last(part)
        write_base_record(folder, {"made_by": "lethe.library", **self.record})
        return folder


def load(path_or_hub_id: str | Path, *, device: str = "cpu", half: bool = False, revision: str | None = None) -> Model:
    """Load a Stable Diffusion model (1.x, 2.x or XL) from a folder, or from the Hugging Face Hub.

    Args:
        path_or_hub_id: a folder as diffusers writes it, or ``"owner/name"``.
        device: ``"cpu"`` or ``"cuda"``. half: weights in float16, for a GPU. revision: a commit, and only with a hub id.

    Raises:
        FileNotFoundError: no such folder, or what it lacks.
        UnusableBaseError: a pipeline of another kind.

    Examples:
        >>> import lethe
        >>> lethe.load("results/mini/base/objects").size
        32
    """
    return Model(load_pipeline(path_or_hub_id, device, torch.float16 if half else torch.float32, revision))
