"""Deep Unlearn (Cadet et al. 2024, arXiv 2410.01276): 18 methods that make a classifier forget some of its training data.

Thousands of small classifiers are trained here, so a model is never alone: ``Stack`` holds M models of one architecture and
everything (training, methods, metrics) works on all of them at once. A single model is a stack of one.

To add a method: write ``methods/<name>.py`` and one line below; the contract suite, every table and every figure then include it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.classifiers.data.base import Provider
    from lethe.classifiers.methods.base import Method
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
ARCHITECTURES.register("tinyvit", "lethe.classifiers.models.tinyvit:TinyVit")

METHODS: Registry[type[Method]] = Registry("method")
METHODS.register("ft", "lethe.classifiers.methods.ft:FineTune")
METHODS.register("ga", "lethe.classifiers.methods.ga:GradientAscent")
METHODS.register("srl", "lethe.classifiers.methods.srl:SuccessiveRandomLabels")
METHODS.register("ngplus", "lethe.classifiers.methods.ngplus:NegGradPlus")
METHODS.register("cfk", "lethe.classifiers.methods.cfk:CatastrophicForgetting")
METHODS.register("euk", "lethe.classifiers.methods.euk:ExactUnlearning")
METHODS.register("euk_released", "lethe.classifiers.methods.euk_released:ExactUnlearningReleased")
METHODS.register("fcs", "lethe.classifiers.methods.fcs:ForgetContrast")
METHODS.register("msg", "lethe.classifiers.methods.msg:MaskedSmallGradients")
METHODS.register("cfw", "lethe.classifiers.methods.cfw:ConfuseWeights")
METHODS.register("cfw_released", "lethe.classifiers.methods.cfw_released:ConfuseWeightsReleased")
METHODS.register("prmq", "lethe.classifiers.methods.prmq:PruneReinitMatch")
METHODS.register("ct", "lethe.classifiers.methods.ct:ConvTranspose")
METHODS.register("kde", "lethe.classifiers.methods.kde:KnowledgeDistillationEntropy")
METHODS.register("kde_released", "lethe.classifiers.methods.kde_released:KnowledgeDistillationEntropyReleased")
METHODS.register("rni", "lethe.classifiers.methods.rni:RepeatedNoiseInjection")
METHODS.register("bt", "lethe.classifiers.methods.bt:BadTeacher")
METHODS.register("bt_released", "lethe.classifiers.methods.bt_released:BadTeacherReleased")
METHODS.register("salun", "lethe.classifiers.methods.salun:SalUn")
METHODS.register("salun_released", "lethe.classifiers.methods.salun_released:SalUnReleased")
METHODS.register("scrub", "lethe.classifiers.methods.scrub:Scrub")
METHODS.register("scrub_released", "lethe.classifiers.methods.scrub_released:ScrubReleased")
METHODS.register("iu", "lethe.classifiers.methods.iu:InfluenceUnlearning")
METHODS.register("iu_released", "lethe.classifiers.methods.iu_released:InfluenceUnlearningReleased")
METHODS.register("ff", "lethe.classifiers.methods.ff:FisherForgetting")
METHODS.register("ff_released", "lethe.classifiers.methods.ff_released:FisherForgettingReleased")

# these methods change convolutions and fine-tune; where there are none they only fine-tune
NEED_CONVOLUTIONS = frozenset({"ct", "msg", "cfw", "cfw_released"})
WITHOUT_CONVOLUTIONS = frozenset({"mlp"})


def only_fine_tunes(method: str, architecture: str) -> bool:
    """Whether a method comes down to fine-tuning on an architecture: shown in tables, not ranked and not attacked."""
    return method in NEED_CONVOLUTIONS and architecture in WITHOUT_CONVOLUTIONS
