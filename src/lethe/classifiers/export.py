"""Single models of a stack for other tools: a state dict that torchvision, timm or plain PyTorch loads, and how."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from torch import Tensor

from lethe.classifiers.data.base import Provider
from lethe.classifiers.models.base import Architecture
from lethe.classifiers.models.stack import Stack

LIBRARIES = ("torch", "torchvision", "timm")


def state_dict(architecture: Architecture, stack: Stack, model: int) -> dict[str, Tensor]:
    """The state dict of one model of a stack, in the order of the module that ``architecture.recipe()`` makes.

    Buffers that a module makes anew and does not save, such as timm's indices of attention biases, are left out.

    Args:
        model: its place in the stack, from 0.

    Raises:
        IndexError: the stack has no such model.
        ValueError: it is a stack of another architecture; names the first tensor that is missing or of another shape.

    >>> from lethe.classifiers.models.mlp import Mlp
    >>> mlp = Mlp(10, (1, 8, 8))
    >>> list(state_dict(mlp, mlp.init([0, 1]), 1))
    ['fc1.weight', 'fc1.bias', 'fc.weight', 'fc.bias']
    """
    if not 0 <= model < len(stack):
        raise IndexError(f"model {model} of a stack of {len(stack)}; allowed: 0 to {len(stack) - 1}")
    tensors = stack.parameters | stack.buffers
    wanted = architecture.template.state_dict()
    for name, tensor in wanted.items():
        found = tuple(tensors[name].shape[1:]) if name in tensors else "missing"
        if found != tuple(tensor.shape):
            raise ValueError(f"tensor '{name}' is {found}; {type(architecture).__name__} has {tuple(tensor.shape)}")
    return {name: tensors[name][model] for name in wanted}


def description(architecture: Architecture, provider: Provider, file: str) -> dict[str, Any]:
    """How a state dict in ``file`` is loaded, and what the model is to be given.

    Returns:
        Plain data. ``build``: Python that makes the module as ``model``. ``load``: Python that fills it. ``versions``: of the libraries
        that were here. ``classes``: their number; labels are 0 and more. ``image_shape``: (channels, height, width). ``mean``, ``std``: per
        channel, of pixels in [0, 1]. ``input``: what becomes of an image, in words.
    """
    channels, height, width = provider.image_shape
    return {
        "build": architecture.recipe(),
        "load": f'from safetensors.torch import load_file\nmodel.load_state_dict(load_file("{file}"))\nmodel.eval()\n',
        "versions": {name: version(name) for name in LIBRARIES},
        "classes": provider.classes,
        "image_shape": [channels, height, width],
        "mean": list(provider.mean),
        "std": list(provider.std),
        "input": f"pixels in [0, 1], resized to {height} x {width} (bilinear, with antialias) if of another size, "
        f"{'grey' if channels == 1 else 'a grey image in all channels'}; then (pixel - mean) / std per channel",
    }
