"""M models of one architecture as one set of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from lethe.io.tables import readable
from lethe.io.tensors import read_tensors, write_joined


@dataclass(frozen=True)
class Stack:
    """The weights of M models, every tensor with a leading model axis.

    Attributes:
        parameters: name -> (M, *shape) float32, names as in the single model's ``state_dict``.
        buffers: name -> (M, *shape), e.g. running statistics of batch normalisation; empty for the stacked architectures.
    """

    parameters: dict[str, Tensor]
    buffers: dict[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        return next(iter(self.parameters.values())).shape[0]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(iter(self.parameters.values())).device

    def select(self, models: Sequence[int]) -> Stack:
        """A copy of some of the models, in the order asked for."""
        rows = torch.as_tensor(list(models), device=self.device)
        return self._each(lambda tensor: tensor.detach()[rows])

    def part(self, models: slice) -> Stack:
        """Consecutive models as views: gradients flow, and buffers are changed in place."""
        return Stack(*({name: tensor[models] for name, tensor in part.items()} for part in (self.parameters, self.buffers)))

    def clone(self) -> Stack:
        """A copy that shares no memory and carries no gradients."""
        return self._each(lambda tensor: tensor.detach().clone())

    def to(self, device: str | torch.device) -> Stack:
        """The same models on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Stack:
        return Stack(
            {name: change(tensor) for name, tensor in self.parameters.items()},
            {name: change(tensor) for name, tensor in self.buffers.items()},
        )

    def save(self, path: str | Path, header: dict[str, str]) -> None:
        """Write all models to one safetensors file, atomically and tensor by tensor; equal weights give equal bytes."""
        save_joined(path, [self], header)

    def _named(self) -> dict[str, Tensor]:
        """Tensors by their names in a file."""
        named = {f"parameters/{name}": tensor for name, tensor in self.parameters.items()}
        return named | {f"buffers/{name}": tensor for name, tensor in self.buffers.items()}

    @classmethod
    def load(cls, path: str | Path) -> Stack:
        """The inverse of ``save``; another file is a ``CorruptFileError``.

        Weights are maps of the file: those of models that are not asked for are never read.
        """
        tensors, _ = read_tensors(path, "lethe-stack")
        kinds: dict[str, dict[str, Tensor]] = {"parameters": {}, "buffers": {}}
        with readable(path, "a stack of models"):
            for key, tensor in tensors.items():
                kind, _, name = key.partition("/")
                if kind not in kinds or not name or not tensor.ndim:
                    raise ValueError(
                        f"tensor '{key}' {tuple(tensor.shape)}; allowed: parameters/ or buffers/, a model axis first"
                    )
                kinds[kind][name] = tensor
            sizes = {key: len(tensor) for key, tensor in tensors.items()}
            if not kinds["parameters"] or len(set(sizes.values())) != 1:
                raise ValueError(f"needs parameters, all of as many models; models per tensor: {sizes}")
            return cls(**kinds)


def save_joined(path: str | Path, stacks: Sequence[Stack], header: dict[str, str]) -> None:
    """Write all models of some stacks of one architecture, in order, as ``save`` would write them joined; they are never joined in memory."""
    write_joined(path, [stack._named() for stack in stacks], {"format": "lethe-stack", "version": "1", **header})


def gather(parts: Iterable[tuple[Sequence[int], Stack]], models: int) -> Stack:
    """One stack of models that come in parts, each part copied to its places as it comes and held no longer.

    Args:
        parts: places of some models, in 0..models-1, and these models, of one architecture. All places occur.
        models: M, at least 1.
    """
    whole: Stack | None = None
    for places, part in parts:
        if whole is None:
            whole = part._each(lambda tensor: torch.empty((models, *tensor.shape[1:]), dtype=tensor.dtype, device=tensor.device))
        rows = torch.as_tensor(list(places), device=part.device)
        for into, tensors in ((whole.parameters, part.parameters), (whole.buffers, part.buffers)):
            for name, tensor in tensors.items():
                into[name][rows] = tensor.detach()
    if whole is None:
        raise ValueError("no models to gather")
    return whole
