"""Low-rank terms on modules of a UNet, with a strength for every row of a batch.

A module y = W x + b becomes y + m B A x, with the m of the row. SPM (arXiv 2312.16145) calls this a membrane: weights stay as they are,
and the same UNet is the base where m = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.functional import conv2d, linear

from lethe.core.registry import UnknownNameError, nearest

Factors = tuple[Tensor, Tensor]


@contextmanager
def membrane(unet: nn.Module, factors: Mapping[str, Factors], strengths: Tensor | float) -> Iterator[None]:
    """Within the block every named module adds its term; afterwards, also after an error, none does.

    Args:
        unet: whose modules are named.
        factors: module name (without component) -> A and B: ``(r, in)`` and ``(out, r)`` of a linear module, ``(r, in, kh, kw)`` and
            ``(out, r, 1, 1)`` of a convolution. Scales stand inside B. Their dtype and device are the module's.
        strengths: m of every row, or one for all. A pass of k times as many rows repeats them: under guidance both halves of a batch
            have the strengths of their rows.

    Raises:
        UnknownNameError: the UNet has no such module.
        ValueError: factors of another shape than the module's.
    """
    handles = []
    try:
        for name, pair in factors.items():
            module = _checked(unet, name, pair)
            handles.append(module.register_forward_hook(_term(pair, strengths)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _checked(unet: nn.Module, name: str, pair: Factors) -> nn.Module:
    modules = dict(unet.named_modules())
    if name not in modules:
        raise UnknownNameError(f"the UNet has no module '{name}'{nearest(name, list(modules))}")
    module, (a, b) = modules[name], pair
    weight = module.get_parameter("weight")
    wanted = (a.shape[0], *weight.shape[1:]), (weight.shape[0], a.shape[0], *(1,) * (weight.ndim - 2))
    if (tuple(a.shape), tuple(b.shape)) != wanted:
        raise ValueError(f"{name} has A {tuple(a.shape)} and B {tuple(b.shape)}; its weight is {tuple(weight.shape)}")
    return module


def _term(pair: Factors, strengths: Tensor | float) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    a, b = pair

    def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        x = inputs[0]
        if isinstance(module, nn.Conv2d):
            own = conv2d(conv2d(x, a, None, module.stride, module.padding, module.dilation), b)
        else:
            own = linear(linear(x, a), b)
        if isinstance(strengths, Tensor):
            scale = strengths.repeat(len(x) // len(strengths)).to(own.dtype)
            own = own * scale.view(-1, *(1,) * (own.ndim - 1))
        elif strengths != 1.0:
            own = own * strengths
        return output + own

    return add
