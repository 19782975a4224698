"""Two convolutions and a linear layer: 1,898 parameters on 8 x 8 digits."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn import functional as F

from lethe.classifiers.models.base import Architecture, recipe_of_layers
from lethe.classifiers.models.description import ArchitectureDescription
from lethe.classifiers.models.stack import Stack


class TinyCnn(Architecture):
    """conv 3x3 to 8 - ReLU - max-pool 2 - conv 3x3 stride 2 to 16 - ReLU - linear. No normalisation layer.

    Its blocks for CF-k and EU-k are conv1, conv2 and the linear layer.
    """

    about = ArchitectureDescription(
        constant=1392, per_class=1, per_class_and_pixel=1, kept_per_pixel=28, at_once=64, cpu=0.06, gpu=0.003
    )
    block_names = ("conv1", "conv2", "fc")
    classifier_name = "fc"
    at_once = 64  # more spill the cache

    def build(self) -> nn.Module:
        """One model."""
        channels, height, width = self.image_shape
        if height % 4 or width % 4:
            raise ValueError(f"image_shape is {self.image_shape}; height and width must be multiples of 4")
        return nn.Sequential(
            OrderedDict(
                conv1=nn.Conv2d(channels, 8, 3, padding=1),
                relu1=nn.ReLU(),
                pool=nn.MaxPool2d(2),
                conv2=nn.Conv2d(8, 16, 3, stride=2, padding=1),
                relu2=nn.ReLU(),
                flatten=nn.Flatten(),
                fc=nn.Linear(16 * (height // 4) * (width // 4), self.classes),
            )
        )

    def logits(self, stack: Stack, images: Tensor, train: bool = False) -> Tensor:
        """As batched matrix products, samples on the last axis: every copy and sum then runs over adjacent numbers.

        On one CPU thread 1.5 to 2 times as fast as convolutions with one group per model.
        """
        p = stack.parameters
        return torch.baddbmm(p["fc.bias"][:, None], self.features(stack, images), p["fc.weight"].mT)

    def features(self, stack: Stack, images: Tensor) -> Tensor:
        """The maps of the second convolution, flattened: (M, B, H * W)."""
        p = stack.parameters
        models, batch, _, height, width = images.shape
        columns = _windows(images.permute(0, 2, 3, 4, 1))
        filters = _at_pool_positions(p["conv1.weight"])
        x = torch.baddbmm(p["conv1.bias"].repeat(1, 4)[..., None], filters, columns)
        x = _PoolRelu.apply(x.view(models, 4, -1))
        columns = _Columns.apply(x.view(models, 8, height // 2, width // 2, batch)).flatten(4).flatten(1, 3)
        x = torch.baddbmm(p["conv2.bias"][..., None], p["conv2.weight"].flatten(2), columns).relu()
        return x.view(models, -1, batch).mT

    def recipe(self) -> str:
        """Plain PyTorch."""
        return recipe_of_layers(self.template)


def _windows(x: Tensor) -> Tensor:
    """The 4 x 4 windows, stride 2, of images (M, C, H, W, B) padded by 1: (M, C * 16, H/2 * W/2 * B).

    A window holds what the four 3 x 3 convolutions see that one pooling cell compares.
    """
    height, width = x.shape[2:4]
    x = F.pad(x, (0, 0, 1, 1, 1, 1))
    parts = [x[:, :, i : i + height - 1 : 2, j : j + width - 1 : 2] for i in range(4) for j in range(4)]
    return torch.stack(parts, 2).flatten(3).flatten(1, 2)


def _at_pool_positions(weight: Tensor) -> Tensor:
    """3 x 3 filters (M, 8, C, 3, 3) at the four positions of a 4 x 4 window: (M, 4 * 8, C * 16)."""
    placed = [F.pad(weight, (j, 1 - j, i, 1 - i)) for i in range(2) for j in range(2)]
    return torch.stack(placed, 1).flatten(1, 2).flatten(2)


class _PoolRelu(Function):
    """(M, 4, n) -> (M, n): the ReLU of the largest of four. Equal ones share the gradient, as in ``amax``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.amax(1).clamp_min_(0)

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)
        ctx.save_for_forward(inputs[0], output)

    @staticmethod
    def jvp(ctx: Function, tangent: Tensor) -> Tensor:
        saved: tuple[Tensor, ...] = ctx.saved_tensors
        x, pooled = saved
        chosen = (x == pooled[:, None]).to(x.dtype)
        return (chosen * tangent).sum(1) * (pooled > 0) / chosen.sum(1).clamp_min(1)

    @staticmethod
    def backward(ctx: Function, gradient: Tensor) -> Tensor:
        saved: tuple[Tensor, ...] = ctx.saved_tensors
        x, pooled = saved
        if torch.is_grad_enabled():  # a derivative of this one, or torch.func
            chosen = (x == pooled[:, None]).to(x.dtype)
            return chosen * (gradient * (pooled > 0) / chosen.sum(1).clamp_min(1))[:, None]
        chosen = torch.eq(x, pooled[:, None], out=torch.empty_like(x))  # the same in one buffer
        return chosen.mul_((gradient * (pooled > 0) / chosen.sum(1).clamp_min_(1))[:, None])


# Rows (or columns) that tap i of a 3-tap filter sees with stride 2 and padding 1: (outputs that see the image, their inputs).
_TAPS = (
    (slice(1, None), slice(1, -1, 2)),
    (slice(None), slice(0, None, 2)),
    (slice(None), slice(1, None, 2)),
)


class _Columns(Function):
    """(M, C, H, W, B) -> (M, C, 3, 3, H/2, W/2, B): the windows of a 3 x 3 convolution with stride 2 and padding 1.

    Autograd would fill one zero tensor per slice on the way back; ``_Fold`` fills one in all.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        models, channels, height, width, batch = x.shape
        columns = x.new_zeros(models, channels, 3, 3, height // 2, width // 2, batch)
        for i, (to_row, row) in enumerate(_TAPS):
            for j, (to_column, column) in enumerate(_TAPS):
                columns[:, :, i, j, to_row, to_column] = x[:, :, row, column]
        return columns

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def jvp(ctx: Function, tangent: Tensor) -> Tensor:
        return _Columns.apply(tangent)

    @staticmethod
    def backward(ctx: Function, gradient: Tensor) -> Tensor:
        return _Fold.apply(gradient)


class _Fold(Function):
    """The transpose of ``_Columns``."""

    generate_vmap_rule = True

    @staticmethod
    def forward(columns: Tensor) -> Tensor:
        models, channels, _, _, height, width, batch = columns.shape
        x = columns.new_zeros(models, channels, 2 * height, 2 * width, batch)
        for i, (to_row, row) in enumerate(_TAPS):
            for j, (to_column, column) in enumerate(_TAPS):
                x[:, :, row, column] += columns[:, :, i, j, to_row, to_column]
        return x

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def jvp(ctx: Function, tangent: Tensor) -> Tensor:
        return _Fold.apply(tangent)

    @staticmethod
    def backward(ctx: Function, gradient: Tensor) -> Tensor:
        return _Columns.apply(gradient)
