"""Retraining without the emitter: the reference that every method is compared with."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field
from torch import Tensor

from lethe.core.methods import Contract, MethodDescription
from lethe.diffusion.delta import DenseDelta
from lethe.diffusion.methods._common import check_emitters
from lethe.diffusion.methods.base import Emitter, Method, UnlearnData, Unlearned
from lethe.diffusion.pipeline import Pipeline
from lethe.diffusion.pretraining.assets import as_trained
from lethe.io.tensors import read_tensors
from lethe.settings.hyperparameters import Hyperparameters

COMPONENTS = ("unet", "text_encoder")


class RetrainConfig(Hyperparameters):
    """Where the retrained weights are."""

    weights: dict[int, Path] = Field(
        default_factory=dict,
        description="emitter index -> safetensors of a base trained without it, keys unet.* and text_encoder.*",
    )


class Retrain(Method[RetrainConfig]):
    """Exact unlearning: replace all weights of UNet and text encoder by those of a base trained without the emitter.

    Source: the definition of exact unlearning, e.g. Bourtoule et al., "Machine Unlearning", arXiv 1912.03817. The training
    is done by ``lethe.diffusion.pretraining``; here its result becomes a delta, so that it is drawn and scored as any other method.
    """

    about = MethodDescription(
        title="retrain",
        means="trained without the target",
        paper="exact unlearning, e.g. arXiv 1912.03817",
        colour="#000000",
        marker="*",
        reference="retrained",
        needs=("words",),
    )
    contract = Contract(small={}, direction="loss")
    Config = RetrainConfig

    def unlearn(self, pipe: Pipeline, emitters: Sequence[Emitter], data: UnlearnData, *, seed: int) -> Iterator[Unlearned]:
        """Yield one dense delta per emitter.

        Raises:
            ValueError: an emitter without retrained weights or without a prompt; weights that do not fit the pipeline.
            FileNotFoundError: a weight file that does not exist.
        """
        check_emitters(emitters, data, rows=False)
        for emitter in emitters:
            if emitter.index not in self.config.weights:
                known = sorted(self.config.weights)
                raise ValueError(
                    f"emitter {emitter.index} ('{emitter.name}') has no retrained weights; there are some for {known}"
                )
        for emitter in emitters:
            begin = time.monotonic()
            path = self.config.weights[emitter.index]
            tensors, _ = read_tensors(path)
            changed = _check(path, as_trained(tensors), pipe)
            record = {"steps": 0, "seconds": time.monotonic() - begin, "weights": str(path), "tensors": len(changed)}
            yield Unlearned(emitter, DenseDelta(changed), record)


def _check(path: Path, tensors: dict[str, Tensor], pipe: Pipeline) -> dict[str, Tensor]:
    """``tensors`` as they are stored, if they are exactly the pipeline's parameters."""
    own = {f"{name}.{key}": value for name in COMPONENTS for key, value in getattr(pipe, name).named_parameters()}
    if wrong := sorted(set(tensors) ^ set(own)):
        raise ValueError(f"{path}: keys differ from the pipeline's in {len(wrong)} places, e.g. '{wrong[0]}'")
    for key, value in tensors.items():
        if value.shape != own[key].shape:
            raise ValueError(f"{path}: '{key}' has shape {tuple(value.shape)}, the pipeline's {tuple(own[key].shape)}")
    return tensors
