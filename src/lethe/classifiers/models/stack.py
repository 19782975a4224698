"""M models of one architecture as one set of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from lethe.io.tables import readable
from lethe.io.tensors import read_tensors, write_tensors


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
        """Write all models to one safetensors file, atomically; equal weights give equal bytes."""
        tensors = {f"parameters/{name}": tensor for name, tensor in self.parameters.items()}
        tensors |= {f"buffers/{name}": tensor for name, tensor in self.buffers.items()}
        write_tensors(path, tensors, {"format": "lethe-stack", "version": "1", **header})

    @classmethod
    def load(cls, path: str | Path) -> Stack:
        """The inverse of ``save``; another file is a ``CorruptFileError``."""
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


def join(stacks: Sequence[Stack]) -> Stack:
    """All models of some stacks of one architecture, in order."""
    return Stack(
        {name: torch.cat([stack.parameters[name].detach() for stack in stacks]) for name in stacks[0].parameters},
        {name: torch.cat([stack.buffers[name].detach() for stack in stacks]) for name in stacks[0].buffers},
    )
