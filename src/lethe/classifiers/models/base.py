"""The architecture protocol: how M models are initialised and run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lethe.classifiers.models.stack import Stack
from lethe.core.compiler import compiled

State = Mapping[str, Tensor]
Pass = Callable[[State, State, Tensor], Tensor]  # logits of parameters, buffers and images
Kind = Literal["conv", "linear", "norm", "other"]
_KINDS: list[tuple[tuple[type[nn.Module], ...], Kind]] = [
    ((nn.modules.conv._ConvNd,), "conv"),
    ((nn.Linear,), "linear"),
    ((nn.modules.batchnorm._BatchNorm, nn.GroupNorm, nn.LayerNorm), "norm"),
]


class Architecture(ABC):
    """A classifier of which M copies run at once.

    A subclass says how one model is built; it may override ``logits`` with a formulation that is faster for many models
    (grouped convolutions, batched matrix products). The default runs the models one after another.

    Attributes:
        classes: number of classes C.
        image_shape: (channels, height, width).
        kinds: parameter name -> kind of the module that holds it.
        blocks: parameter names by block, input first; the last ones are what CF-k and EU-k retrain. Without a stem.
        classifier: parameter names of the last layer.
        kernels: names of the weights of convolutions, without biases.
    """

    block_names: ClassVar[tuple[str, ...]]  # modules that are a block, input first
    classifier_name: ClassVar[str]  # the module that gives the logits
    at_once: ClassVar[int] = 1  # models per call; more would hold more memory and be no faster, where they run one after another
    _together = _compiled = False  # see ``training_passes``

    def __init__(self, classes: int, image_shape: tuple[int, int, int]) -> None:
        self.classes, self.image_shape = classes, image_shape
        with torch.random.fork_rng(devices=[]):
            self.template = self.build()
        self.kinds: dict[str, Kind] = {}
        for prefix, module in self.template.named_modules():
            kind: Kind = next((kind for types, kind in _KINDS if isinstance(module, types)), "other")
            for name, _ in module.named_parameters(recurse=False):
                self.kinds[f"{prefix}.{name}" if prefix else name] = kind
        self.blocks = tuple(self._below(name) for name in self.block_names)
        self.classifier = self._below(self.classifier_name)
        self.kernels = tuple(name for name, kind in self.kinds.items() if kind == "conv" and name.endswith("weight"))

    @abstractmethod
    def build(self) -> nn.Module:
        """One model with torch's random initialisation.

        ``init`` calls it under the seed of a model. The constructor calls it under none, for a template whose own weights are never used.
        """

    def init(self, seeds: Sequence[int]) -> Stack:
        """Freshly initialised models, model m from ``seeds[m]`` alone."""
        states = []
        for seed in seeds:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                states.append(self.build())
        parameters = [dict(model.named_parameters()) for model in states]
        buffers = [dict(model.named_buffers()) for model in states]
        return Stack(  # sorted, as a file gives them back: some methods draw tensors by their place
            {name: torch.stack([entry[name].detach() for entry in parameters]) for name in sorted(parameters[0])},
            {name: torch.stack([entry[name] for entry in buffers]) for name in sorted(buffers[0])},
        )

    def logits(self, stack: Stack, images: Tensor, train: bool = False) -> Tensor:
        """Logits (M, B, C) of images (M, B, *image_shape).

        ``train`` is torch's module mode: with batch normalisation the statistics come from the batch and the running ones in
        ``stack.buffers`` are updated in place. Gradients flow to ``stack.parameters``.
        """
        self.template.train(train)
        if len(stack) == 1:  # views: neither the weights, nor their gradients, nor the logits are copied
            parameters, buffers = (
                {name: tensor.squeeze(0) for name, tensor in part.items()} for part in (stack.parameters, stack.buffers)
            )
            one = self._compiled_one if train and self._compiled else self._one
            return one(parameters, buffers, images.squeeze(0)).unsqueeze(0)
        if train and self._together:
            return (self._compiled_all if self._compiled else self._all)(stack.parameters, stack.buffers, images)
        # unbound in one go: indexing would give every model a gradient of the size of the stack; buffers are changed in place
        unbound = {name: tensor.unbind(0) for name, tensor in stack.parameters.items()}
        rows = []
        for m, batch in enumerate(images):
            state = {name: tensors[m] for name, tensors in unbound.items()}
            rows.append(self._one(state, {name: tensor[m] for name, tensor in stack.buffers.items()}, batch))
        return torch.stack(rows)

    @contextmanager
    def training_passes(self, together: bool = False, compiled: bool = False) -> Iterator[None]:
        """How ``logits(..., train=True)`` runs the models of an architecture that has no formulation of its own for many.

        Args:
            together: all models in one call of every layer (``torch.vmap``), with the same random numbers, and not one after another.
                A GPU that one small model leaves idle does them in little more than its time. Sums are taken in another order.
            compiled: by ``torch.compile``, once per shape of a batch: fewer kernels are started. It needs a C++ compiler.
        """
        before = self._together, self._compiled
        self._together, self._compiled = together, compiled
        try:
            yield
        finally:
            self._together, self._compiled = before

    def _one(self, parameters: State, buffers: State, images: Tensor) -> Tensor:
        """Logits (B, C) of one model, whose tensors have no model axis."""
        return functional_call(self.template, {**parameters, **buffers}, (images,))

    def _all(self, parameters: State, buffers: State, images: Tensor) -> Tensor:
        """Logits (M, B, C) of M models in one call of every layer."""
        return torch.vmap(self._one, randomness="same")(parameters, buffers, images)

    @cached_property
    def _compiled_one(self) -> Pass:
        return compiled(self._one)

    @cached_property
    def _compiled_all(self) -> Pass:
        return compiled(self._all)

    def features(self, stack: Stack, images: Tensor) -> Tensor:
        """What the classifier is given, (M, B, D), of images (M, B, *image_shape): the penultimate representation, in evaluation mode."""
        given: list[Tensor] = []
        classifier = self.template.get_submodule(self.classifier_name)
        hook = classifier.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
        try:
            for m, batch in enumerate(images):
                self.template.eval()  # before every model: timm's TinyViT forgets the attention biases of the one before
                tensors = (*stack.parameters.items(), *stack.buffers.items())
                functional_call(self.template, {name: tensor[m] for name, tensor in tensors}, (batch,))
        finally:
            hook.remove()
        return torch.stack(given)

    def recipe(self) -> str:
        """Python that makes one model of this architecture as ``model``, for whoever loads an exported one (``lethe.classifiers.export``).

        An architecture that ``torch``, ``torchvision`` or ``timm`` can build says so; this one needs Lethe.
        """
        kind = type(self)
        return f"from {kind.__module__} import {kind.__name__}\nmodel = {kind.__name__}({self.classes}, {self.image_shape}).build()\n"

    def _below(self, module: str) -> tuple[str, ...]:
        return tuple(name for name in self.kinds if name.startswith(f"{module}."))


def recipe_of_layers(layers: nn.Module) -> str:
    """``Architecture.recipe`` of plain layers of PyTorch, one after another."""
    lines = [f"    {name}=nn.{layer!r}," for name, layer in layers.named_children()]
    return "\n".join(
        ["from collections import OrderedDict", "from torch import nn", "model = nn.Sequential(OrderedDict(", *lines, "))", ""]
    )
