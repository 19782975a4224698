"""The kinds of deltas; ``lethe.diffusion.delta`` says what each means, reads them and applies them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor

from lethe.core.registry import UnknownNameError, nearest
from lethe.io.tensors import first_not_finite, write_tensors

if TYPE_CHECKING:
    from lethe.diffusion.pipeline import Pipeline
    from lethe.diffusion.tokens import Encoded

FORMAT, VERSION = "lethe-delta", "1"
COMPONENTS = ("unet", "text_encoder")
_RESERVED = {"format", "version", "kind", "base", "scale"}


@dataclass(frozen=True, eq=False)
class Delta(ABC):
    """What all kinds share; compare two deltas by ``digest``."""

    kind: ClassVar[str] = ""
    edits_weights: ClassVar[bool] = True  # False: the UNet stays as it is and only text embeddings are mapped

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""

    def scalars(self) -> dict[str, str]:
        """What is stored in the file's header beside kind and version."""
        return {}

    def map_embeddings(self, embeddings: Tensor, prompt: Encoded | None = None) -> Tensor:
        """Text embeddings (..., d) as this model's cross-attention reads them, conditional and unconditional alike.

        Args:
            prompt: whose embeddings (tokens, d) they are, for a map that depends on its tokens.
        """
        return embeddings

    @abstractmethod
    def new_weights(self, pipe: Pipeline) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Yield (name, parameter of ``pipe``, its new value in the parameter's dtype, device and shape)."""

    @property
    def edits_text(self) -> bool:
        """Whether the text encoder changes, so that prompts must be encoded anew."""
        return any(name.startswith("text_encoder.") for name in self.tensors())

    @cached_property
    def digest(self) -> str:
        """Hex SHA-256 of kind, scalars and tensors: equal digests draw equal images."""
        sha = hashlib.sha256(repr((self.kind, sorted(self.scalars().items()))).encode())
        for name, tensor in sorted(self.tensors().items()):
            sha.update(f"{name}{tensor.dtype}{tuple(tensor.shape)}".encode())
            sha.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return sha.hexdigest()

    def save(self, path: str | Path, base: str = "", extra: Mapping[str, str] | None = None) -> None:
        """Write a safetensors file atomically; equal deltas give equal bytes.

        Args:
            path: e.g. ``models/objects_003_uce_000/delta.safetensors``.
            base: ``base_digest`` of the base folder; ``load_delta`` refuses another base.
            extra: more strings for the header.

        Raises:
            ValueError: if a tensor holds NaN or infinity (training diverged), or ``extra`` uses a reserved key.
        """
        if clash := _RESERVED & set(extra or {}):
            raise ValueError(f"{path}: header key '{min(clash)}' is reserved; reserved: {', '.join(sorted(_RESERVED))}")
        if name := first_not_finite(self.tensors()):
            raise ValueError(f"{path}: tensor '{name}' of this {self.kind} delta holds NaN or infinity; training diverged?")
        header = {
            "format": FORMAT,
            "version": VERSION,
            "kind": self.kind,
            "base": base,
            **self.scalars(),
            **(extra or {}),
        }
        write_tensors(path, self.tensors(), header)


@dataclass(frozen=True, eq=False)
class NoneDelta(Delta):
    """The base itself: the no-op method, and every off image."""

    kind: ClassVar[str] = "none"
    edits_weights: ClassVar[bool] = False

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        return {}

    def new_weights(self, pipe: Pipeline) -> Iterator[tuple[str, Tensor, Tensor]]:
        """As in ``Delta``."""
        yield from ()


@dataclass(frozen=True, eq=False)
class TextMapDelta(Delta):
    """A linear map T = scale I + left^T right on the text embeddings; an UCE edit is one of rank (number of edits).

    Attributes:
        left, right: (k, d) float32, d the width of the text embeddings; k may be 0.
        scale: factor of the identity.
    """

    kind: ClassVar[str] = "text_map"
    edits_weights: ClassVar[bool] = False
    left: Tensor
    right: Tensor
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.left.ndim != 2 or self.left.shape != self.right.shape:
            raise ValueError(
                f"text_map: left is {tuple(self.left.shape)} and right {tuple(self.right.shape)}; both must be (k, d)"
            )
        for name in ("left", "right"):
            object.__setattr__(self, name, getattr(self, name).detach().to("cpu", torch.float32).contiguous())
        object.__setattr__(self, "scale", float(self.scale))

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        return {"left": self.left, "right": self.right}

    def scalars(self) -> dict[str, str]:
        """The scale, so that it reads back exactly."""
        return {"scale": repr(self.scale)}

    def matrix(self) -> Tensor:
        """T, (d, d) float32."""
        return self.scale * torch.eye(self.left.shape[1]) + self.left.T @ self.right

    def map_embeddings(self, embeddings: Tensor, prompt: Encoded | None = None) -> Tensor:
        """T h of every text embedding, computed in float32."""
        if embeddings.shape[-1] != self.left.shape[1]:
            raise ValueError(f"text_map is of width {self.left.shape[1]}, the text embeddings of {embeddings.shape[-1]}")
        left, right = self.left.to(embeddings.device), self.right.to(embeddings.device)
        h = embeddings.to(torch.float32)
        return (self.scale * h + (h @ right.T) @ left).to(embeddings.dtype)

    def new_weights(self, pipe: Pipeline) -> Iterator[tuple[str, Tensor, Tensor]]:
        """As in ``Delta``."""
        for name, weight in cross_attention_weights(pipe).items():
            if weight.shape[1] != self.left.shape[1]:
                raise ValueError(f"text_map is of width {self.left.shape[1]}, {name} reads {weight.shape[1]}")
            left, right = self.left.to(weight.device), self.right.to(weight.device)
            w = weight.detach().to(torch.float32)
            yield name, weight, (self.scale * w + (w @ left.T) @ right).to(weight.dtype)


@dataclass(frozen=True, eq=False)
class LoraDelta(Delta):
    """Low-rank additions W + B A.

    Attributes:
        factors: module name with component -> (A, B). A is (r, in) and B (out, r); for a convolution A is (r, in, kh, kw) and
            B (out, r, 1, 1), as peft has them. Scales such as alpha / r and signs belong inside B.
    """

    kind: ClassVar[str] = "lora"
    factors: Mapping[str, tuple[Tensor, Tensor]]

    def __post_init__(self) -> None:
        for module, (a, b) in self.factors.items():
            _check_component(module)
            if a.ndim < 2 or b.ndim < 2 or a.shape[0] != b.shape[1]:
                raise ValueError(
                    f"lora: {module} has A {tuple(a.shape)} and B {tuple(b.shape)}; allowed are (r, in) and (out, r)"
                )

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        pairs = sorted(self.factors.items())
        return {f"{module}.lora_{ab}": t for module, pair in pairs for ab, t in zip("AB", pair, strict=True)}

    def product(self, module: str, shape: torch.Size, device: torch.device) -> Tensor:
        """B A of a module as float32 in the shape of its weight."""
        a, b = (t.detach().to(device, torch.float32).flatten(1) for t in self.factors[module])
        if (b.shape[0], a.shape[1]) != (shape[0], shape[1:].numel()):
            raise ValueError(f"{self.kind}: {module}.weight is {tuple(shape)}, B A is ({b.shape[0]}, {a.shape[1]})")
        return (b @ a).reshape(shape)

    def new_weights(self, pipe: Pipeline) -> Iterator[tuple[str, Tensor, Tensor]]:
        """As in ``Delta``."""
        parameters = _parameters(pipe)
        for module in sorted(self.factors):
            name, weight = _find(parameters, f"{module}.weight")
            change = self.product(module, weight.shape, weight.device)
            yield name, weight, (weight.detach().to(torch.float32) + change).to(weight.dtype)


@dataclass(frozen=True, eq=False)
class SparseDelta(LoraDelta):
    """Masked low-rank additions W + mask * (B A) (SPARE per weight); a masked product has full rank, so the factors stay.

    Attributes:
        masks: module name -> bool tensor in the shape of its weight; a module without one is an error.
    """

    kind: ClassVar[str] = "sparse"
    masks: Mapping[str, Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if odd := set(self.factors) ^ set(self.masks):
            raise ValueError(f"sparse: module '{min(odd)}' has factors without a mask or a mask without factors")
        for module, mask in self.masks.items():
            if mask.dtype != torch.bool:
                raise ValueError(f"sparse: the mask of '{module}' is {mask.dtype}; it must be torch.bool")

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        packed = {}
        for module, mask in sorted(self.masks.items()):
            packed[f"{module}.mask"] = torch.from_numpy(np.packbits(mask.cpu().numpy()))
            packed[f"{module}.mask_shape"] = torch.tensor(mask.shape, dtype=torch.int64)
        return super().tensors() | packed

    def product(self, module: str, shape: torch.Size, device: torch.device) -> Tensor:
        """mask * (B A) as float32 in the shape of the weight."""
        mask = self.masks[module].to(device)
        if mask.shape != shape:
            raise ValueError(f"sparse: {module}.weight is {tuple(shape)}, its mask {tuple(mask.shape)}")
        return super().product(module, shape, device) * mask


@dataclass(frozen=True, eq=False)
class DenseDelta(Delta):
    """Replaced parameters.

    Attributes:
        values: parameter name with component -> new value, float16 or float32, in the parameter's shape.
    """

    kind: ClassVar[str] = "dense"
    values: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            _check_component(name)
            if value.dtype not in (torch.float16, torch.float32):
                raise ValueError(f"dense: {name} is {value.dtype}; allowed are torch.float16 and torch.float32")

    def tensors(self) -> dict[str, Tensor]:
        """What is stored, by name."""
        return dict(sorted(self.values.items()))

    def new_weights(self, pipe: Pipeline) -> Iterator[tuple[str, Tensor, Tensor]]:
        """As in ``Delta``."""
        parameters = _parameters(pipe)
        for key, value in self.tensors().items():
            name, weight = _find(parameters, key)
            if weight.shape != value.shape:
                raise ValueError(f"dense: {name} is {tuple(weight.shape)}, its replacement {tuple(value.shape)}")
            yield name, weight, value.to(weight.device, weight.dtype)


KINDS: dict[str, type[Delta]] = {k.kind: k for k in (NoneDelta, TextMapDelta, LoraDelta, SparseDelta, DenseDelta)}


def cross_attention_weights(pipe: Pipeline) -> dict[str, Tensor]:
    """The weights that read the text: ``unet.{module}.weight`` of every ``attn2`` ``to_k`` and ``to_v`` (32 in SD v1.4)."""
    return {
        f"unet.{name}.weight": module.weight
        for name, module in pipe.unet.named_modules()
        if "attn2" in name and name.endswith(("to_k", "to_v"))
    }


def _check_component(name: str) -> None:
    if name.split(".")[0] not in COMPONENTS or "." not in name:
        raise ValueError(f"name '{name}' must begin with a component: {', '.join(f'{c}.' for c in COMPONENTS)}")


def _parameters(pipe: Pipeline) -> dict[str, Tensor]:
    return {f"{c}.{name}": p for c in COMPONENTS for name, p in getattr(pipe, c).named_parameters()}


def _find(parameters: dict[str, Tensor], name: str) -> tuple[str, Tensor]:
    if name not in parameters:
        hint = nearest(name, list(parameters))
        raise UnknownNameError(f"the pipeline has no parameter '{name}'{hint}")
    return name, parameters[name]
