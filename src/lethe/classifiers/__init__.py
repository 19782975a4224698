"""Deep Unlearn (Cadet et al. 2024, arXiv 2410.01276): 18 methods that make a classifier forget some of its training data.

Thousands of small classifiers are trained here, so a model is never alone: ``Stack`` holds M models of one architecture and
everything (training, methods, metrics) works on all of them at once. A single model is a stack of one.

Methods are registered in ``lethe.classifiers.methods``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.classifiers.data.base import Provider
    from lethe.classifiers.models.base import Architecture

PROVIDERS: Registry[type[Provider]] = Registry("data set")
PROVIDERS.register("digits", "lethe.classifiers.data.digits:Digits")
PROVIDERS.register("fashion_mnist", "lethe.classifiers.data.idx:FashionMnist")
PROVIDERS.register("mnist", "lethe.classifiers.data.idx:Mnist")
PROVIDERS.register("cifar10", "lethe.classifiers.data.cifar:Cifar10")
PROVIDERS.register("cifar100", "lethe.classifiers.data.cifar:Cifar100")
PROVIDERS.register("utkface", "lethe.classifiers.data.utkface:UtkFace")

ARCHITECTURES: Registry[type[Architecture]] = Registry("architecture")
ARCHITECTURES.register("mlp", "lethe.classifiers.models.mlp:Mlp")
ARCHITECTURES.register("tinycnn", "lethe.classifiers.models.tinycnn:TinyCnn")
ARCHITECTURES.register("resnet18", "lethe.classifiers.models.resnet:ResNet18")
ARCHITECTURES.register("resnet18_cifar", "lethe.classifiers.models.resnet:ResNet18Cifar")
ARCHITECTURES.register("tinyvit", "lethe.classifiers.models.tinyvit:TinyVit")
