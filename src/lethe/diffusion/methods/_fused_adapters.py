"""Low-rank adapters in few kernels, of several models at once.

Linear layers that read one input (query, key and value of self-attention; key and value of cross-attention) share their products: with
their frozen weights W on top of each other, their factors A likewise and their factors B along a diagonal,

    y = x W^T + bias + (x A^T) B^T

is three products forward and five backward, for all of them. The factors have a leading axis: rows of a batch belong in equal, consecutive
shares to the adapters of that axis, and each adapter gets the gradient of its own rows alone. So several models are trained in one step, or
one model has the gradients of several losses from one pass.

Numbers are those of separate layers but for rounding: one product adds to the other before it is rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn
from torch.autograd import Function

DIVISORS = ("rescale_output_factor", "output_scale_factor")  # of attention and of residual blocks in diffusers


class _One:
    """1.0 as a divisor that starts no kernel."""

    def __rtruediv__(self, tensor: Tensor) -> Tensor:
        return tensor


class _Product(Function):
    """y = x W^T + bias + (x A^T) B^T with a frozen W."""

    @staticmethod
    def forward(ctx: Function, x: Tensor, weight: Tensor, bias: Tensor | None, a: Tensor, b: Tensor) -> Tensor:
        """(g, m, out).

        Args:
            x: (g, m, in). weight: (out, in). bias: (out,). a: (g, r, in). b: (g, out, r).
        """
        rows = x.flatten(0, 1)
        base = rows @ weight.t() if bias is None else torch.addmm(bias, rows, weight.t())
        low = torch.bmm(x, a.transpose(1, 2))
        ctx.save_for_backward(x, low, weight, a, b)
        return base.view(*x.shape[:2], len(weight)).baddbmm_(low, b.transpose(1, 2))

    @staticmethod
    def backward(ctx: Function, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of x, where it has one, and of both factors."""
        saved: tuple[Tensor, ...] = ctx.saved_tensors
        x, low, weight, a, b = saved
        of_low = torch.bmm(gradient, b)
        of_b, of_a = torch.bmm(gradient.transpose(1, 2), low), torch.bmm(of_low.transpose(1, 2), x)
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (gradient.flatten(0, 1) @ weight).view(x.shape).baddbmm_(of_low, a)
        return of_x, None, None, of_a, of_b


class _Laid(Function):
    """The factors of a vector where products want them, zeros between the blocks of a diagonal."""

    @staticmethod
    def forward(ctx: Function, values: Tensor, factor: Tensor, places: Tensor, sources: Tensor, dtype: torch.dtype) -> Tensor:
        """(g, size) in ``dtype``.

        Both ways elements are read and never written by index, since writing on a GPU would sort all indices to be deterministic.

        Args:
            values: (g, p). factor: (p,), what they are multiplied with.
            places: (p,) where each is in the result. sources: (size,) which is at each place; p where none is.
        """
        ctx.save_for_backward(factor, places)
        scaled = (values * factor).to(dtype)
        return torch.cat([scaled, scaled.new_zeros(len(scaled), 1)], dim=1).index_select(1, sources)

    @staticmethod
    def backward(ctx: Function, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the values."""
        saved: tuple[Tensor, ...] = ctx.saved_tensors
        factor, places = saved
        return gradient.index_select(1, places) * factor, None, None, None, None


@dataclass
class _Readers:
    """Linear layers that read one input.

    Attributes:
        names: of the modules. layers: the modules.
        weight, bias: theirs, one on top of the other.
        a, b: factors of all adapters, (g, r, in) and (g, out, r), as of the pass.
        seen, parts: the input that was read last, and what the layers make of it until each was asked.
    """

    names: list[str]
    layers: list[nn.Linear]
    weight: Tensor
    bias: Tensor | None
    a: Tensor | None = None
    b: Tensor | None = None
    seen: Tensor | None = None
    parts: list[Tensor | None] | None = None

    def ask(self, place: int, x: Tensor) -> Tensor:
        """What the layer at ``place`` makes of ``x``; the others are worked out with the first."""
        found = self.parts[place] if self.parts is not None and self.seen is x else None
        if found is None or self.parts is None:
            assert self.a is not None and self.b is not None
            rows = x.to(self.weight.dtype).reshape(len(self.a), -1, x.shape[-1])
            y = _Product.apply(rows, self.weight, self.bias, self.a, self.b)
            split = y.view(*x.shape[:-1], len(self.weight)).split([layer.out_features for layer in self.layers], dim=-1)
            self.seen, self.parts = x, list(split)
            found = split[place]
        self.parts[place] = None
        if not any(part is not None for part in self.parts):
            self.forget()
        return found

    def forget(self) -> None:
        """Hold no tensors of a pass."""
        self.seen = self.parts = None


class _Reader(nn.Module):
    """Stands where one of the layers stood."""

    def __init__(self, readers: _Readers, place: int) -> None:
        super().__init__()
        self._ask: Callable[[Tensor], Tensor] = lambda x: readers.ask(place, x)

    def forward(self, x: Tensor) -> Tensor:
        return self._ask(x)


def shared_inputs(unet: nn.Module, modules: Sequence[str]) -> list[list[str]]:
    """``modules`` in groups of those that read one input, in their order.

    >>> from diffusers.models.attention_processor import Attention
    >>> block = nn.ModuleDict({"attn1": Attention(8, dim_head=8, heads=1), "attn2": Attention(8, cross_attention_dim=4, dim_head=8, heads=1)})
    >>> shared_inputs(block, ["attn1.to_q", "attn1.to_k", "attn1.to_v", "attn2.to_q", "attn2.to_k", "attn2.to_v"])
    [['attn1.to_q', 'attn1.to_k', 'attn1.to_v'], ['attn2.to_q'], ['attn2.to_k', 'attn2.to_v']]
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in modules:
        parent, _, last = name.rpartition(".")
        layer = unet.get_submodule(parent)
        key: tuple[str, ...] = (name,)
        if isinstance(layer, Attention) and last in ("to_q", "to_k", "to_v"):
            key = (parent, "text" if layer.is_cross_attention and last != "to_q" else "own")
        groups.setdefault(key, []).append(name)
    return list(groups.values())


class Fused:
    """Fused adapters on a UNet; ``take_back`` gives it what it had.

    Attributes:
        order: the modules in the order of their factors in ``values``: A and B of the first, of the second and so on.
        values: (models, p) float32, the factors of each model: what is trained.
        leaf: (losses x models, p): what gradients are taken of; ``values`` itself where there is one loss.
    """

    def __init__(
        self, unet: nn.Module, modules: Sequence[str], rank: int, scale: float, *, models: int, losses: int, kept: torch.dtype
    ) -> None:
        """Put adapters on linear layers, whose frozen weights have the type of the passes already.

        Args:
            rank: of each factor. scale: what B A is multiplied with.
            models: adapters that are trained together. losses: of each of which every model has a gradient of its own.
            kept: type of ``values``.

        Raises:
            ValueError: a module is no linear layer.
        """
        self.unet, self.losses, self.kept = unet, losses, kept
        self._readers: list[_Readers] = []
        for names in shared_inputs(unet, modules):
            layers: list[nn.Linear] = []
            for name in names:
                layer = unet.get_submodule(name)
                if not isinstance(layer, nn.Linear):
                    raise ValueError(f"fused: '{name}' is no linear layer; set fused to false, or name other target_modules")
                layers.append(layer)
            weight = torch.cat([layer.weight.detach() for layer in layers]) if len(layers) > 1 else layers[0].weight.detach()
            bias = None
            if any(layer.bias is not None for layer in layers):
                bias = torch.cat(
                    [weight.new_zeros(len(layer.weight)) if layer.bias is None else layer.bias.detach() for layer in layers]
                )
            self._readers.append(_Readers(names, layers, weight, bias))
        self._lay_out(modules, rank, scale, models)
        self._divisors: list[tuple[nn.Module, str]] = []
        for readers in self._readers:
            for place, name in enumerate(readers.names):
                unet.set_submodule(name, _Reader(readers, place))
        self._hook = unet.register_forward_pre_hook(lambda *_: self._bind())

    def _lay_out(self, modules: Sequence[str], rank: int, scale: float, models: int) -> None:
        """Where each element of ``values`` goes: A of a group's layers on top of each other, B along a diagonal."""
        starts: dict[str, int] = {}
        size = 0
        device = self._readers[0].weight.device
        shapes = {
            name: (layer.out_features, layer.in_features)
            for readers in self._readers
            for name, layer in zip(readers.names, readers.layers, strict=True)
        }
        for name in modules:
            starts[name] = size
            size += rank * sum(shapes[name])
        places, factor = torch.empty(size, dtype=torch.int64), torch.ones(size, dtype=self.kept)
        self._cuts: list[tuple[int, ...]] = []
        end = 0
        for readers in self._readers:
            low, (out, width) = rank * len(readers.names), readers.weight.shape
            row = 0
            for number, name in enumerate(readers.names):
                begin, (height, _) = starts[name], shapes[name]
                middle, last = begin + rank * width, begin + rank * (width + height)
                places[begin:middle] = torch.arange(rank * width) + end + number * rank * width
                block = (row + torch.arange(height))[:, None] * low + number * rank + torch.arange(rank)
                places[middle:last] = block.flatten() + end + low * width
                factor[middle:last] = scale
                row += height
            self._cuts.append((low, width, out))
            end += low * (width + out)
        sources = torch.full((end,), size)
        sources[places] = torch.arange(size)
        self._places, self._sources, self._factor = places.to(device), sources.to(device), factor.to(device)
        self.order = list(modules)
        self.shapes = [(rank, shapes[name]) for name in modules]
        self.values = torch.zeros(models, size, device=device, dtype=self.kept, requires_grad=True)
        self.leaf = self.values
        if self.losses > 1:
            self.leaf = self.values.new_zeros(self.losses * models, size, requires_grad=True)

    def skip_divisions(self) -> None:
        """Have divisions by 1 start no kernel until ``take_back``; a compiler leaves them out by itself, and cannot read what does this."""
        self._divisors = [(m, name) for m in self.unet.modules() for name in DIVISORS if getattr(m, name, None) == 1.0]
        for module, name in self._divisors:
            setattr(module, name, _One())

    def factors(self) -> list[list[tuple[str, Tensor, Tensor]]]:
        """Per model its (module, A, B), views of ``values`` without gradient."""
        found: list[list[tuple[str, Tensor, Tensor]]] = []
        for row in self.values.detach():
            begin, of_model = 0, []
            for name, (rank, (out, width)) in zip(self.order, self.shapes, strict=True):
                middle, end = begin + rank * width, begin + rank * (width + out)
                of_model.append((name, row[begin:middle].view(rank, width), row[middle:end].view(out, rank)))
                begin = end
            found.append(of_model)
        return found

    def _bind(self) -> None:
        """Give every layer its factors of this moment; gradients flow back to ``leaf``."""
        if self.leaf is not self.values:
            with torch.no_grad():
                self.leaf.view(self.losses, *self.values.shape).copy_(self.values)
        laid = _Laid.apply(self.leaf, self._factor, self._places, self._sources, self._readers[0].weight.dtype)
        pieces = iter(laid.split([size for low, width, out in self._cuts for size in (low * width, low * out)], dim=1))
        for readers, (low, width, out) in zip(self._readers, self._cuts, strict=True):
            readers.forget()
            readers.a, readers.b = next(pieces).view(-1, low, width), next(pieces).view(-1, out, low)

    def take_back(self) -> None:
        """Let the UNet have its own layers again."""
        self._hook.remove()
        for module, name in self._divisors:
            setattr(module, name, 1.0)
        for readers in self._readers:
            for name, layer in zip(readers.names, readers.layers, strict=True):
                self.unet.set_submodule(name, layer)
