"""Deep Unlearn (Cadet et al. 2024, arXiv 2410.01276): 18 methods that make a classifier forget some of its training data.

Thousands of small classifiers are trained here, so a model is never alone: ``Stack`` holds M models of one architecture and
everything (training, methods, metrics) works on all of them at once. A single model is a stack of one.

To add a method: write ``methods/<name>.py`` and one line below; the contract suite, every table and every figure then include it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.registry import Registry

if TYPE_CHECKING:
    from lethe.deepunlearn.data.base import Provider
    from lethe.deepunlearn.methods.base import Method
    from lethe.deepunlearn.models.base import Architecture

PROVIDERS: Registry[type[Provider]] = Registry("data set")
PROVIDERS.register("digits", "lethe.deepunlearn.data.digits:Digits")
PROVIDERS.register("fashion_mnist", "lethe.deepunlearn.data.idx:FashionMnist")
PROVIDERS.register("mnist", "lethe.deepunlearn.data.idx:Mnist")
PROVIDERS.register("cifar10", "lethe.deepunlearn.data.cifar:Cifar10")
PROVIDERS.register("cifar100", "lethe.deepunlearn.data.cifar:Cifar100")
PROVIDERS.register("utkface", "lethe.deepunlearn.data.utkface:UtkFace")

ARCHITECTURES: Registry[type[Architecture]] = Registry("architecture")
ARCHITECTURES.register("mlp", "lethe.deepunlearn.models.mlp:Mlp")
ARCHITECTURES.register("tinycnn", "lethe.deepunlearn.models.tinycnn:TinyCnn")
ARCHITECTURES.register("resnet18", "lethe.deepunlearn.models.resnet:ResNet18")
ARCHITECTURES.register("tinyvit", "lethe.deepunlearn.models.tinyvit:TinyVit")

METHODS: Registry[type[Method]] = Registry("method")
METHODS.register("ft", "lethe.deepunlearn.methods.ft:FineTune")
METHODS.register("ga", "lethe.deepunlearn.methods.ga:GradientAscent")
METHODS.register("srl", "lethe.deepunlearn.methods.srl:SuccessiveRandomLabels")
METHODS.register("ngplus", "lethe.deepunlearn.methods.ngplus:NegGradPlus")
METHODS.register("cfk", "lethe.deepunlearn.methods.cfk:CatastrophicForgetting")
METHODS.register("euk", "lethe.deepunlearn.methods.euk:ExactUnlearning")
METHODS.register("euk_released", "lethe.deepunlearn.methods.euk_released:ExactUnlearningReleased")
METHODS.register("fcs", "lethe.deepunlearn.methods.fcs:ForgetContrast")
METHODS.register("msg", "lethe.deepunlearn.methods.msg:MaskedSmallGradients")
METHODS.register("cfw", "lethe.deepunlearn.methods.cfw:ConfuseWeights")
METHODS.register("cfw_released", "lethe.deepunlearn.methods.cfw_released:ConfuseWeightsReleased")
METHODS.register("prmq", "lethe.deepunlearn.methods.prmq:PruneReinitMatch")
METHODS.register("ct", "lethe.deepunlearn.methods.ct:ConvTranspose")
METHODS.register("kde", "lethe.deepunlearn.methods.kde:KnowledgeDistillationEntropy")
METHODS.register("kde_released", "lethe.deepunlearn.methods.kde_released:KnowledgeDistillationEntropyReleased")
METHODS.register("rni", "lethe.deepunlearn.methods.rni:RepeatedNoiseInjection")
METHODS.register("bt", "lethe.deepunlearn.methods.bt:BadTeacher")
METHODS.register("bt_released", "lethe.deepunlearn.methods.bt_released:BadTeacherReleased")
METHODS.register("salun", "lethe.deepunlearn.methods.salun:SalUn")
METHODS.register("salun_released", "lethe.deepunlearn.methods.salun_released:SalUnReleased")
METHODS.register("scrub", "lethe.deepunlearn.methods.scrub:Scrub")
METHODS.register("scrub_released", "lethe.deepunlearn.methods.scrub_released:ScrubReleased")
METHODS.register("iu", "lethe.deepunlearn.methods.iu:InfluenceUnlearning")
METHODS.register("iu_released", "lethe.deepunlearn.methods.iu_released:InfluenceUnlearningReleased")
METHODS.register("ff", "lethe.deepunlearn.methods.ff:FisherForgetting")
METHODS.register("ff_released", "lethe.deepunlearn.methods.ff_released:FisherForgettingReleased")

# these methods change convolutions and fine-tune; where there are none they only fine-tune
NEED_CONVOLUTIONS = frozenset({"ct", "msg", "cfw", "cfw_released"})
WITHOUT_CONVOLUTIONS = frozenset({"mlp"})


def only_fine_tunes(method: str, architecture: str) -> bool:
    """Whether a method comes down to fine-tuning on an architecture: shown in tables, not ranked and not attacked."""
    return method in NEED_CONVOLUTIONS and architecture in WITHOUT_CONVOLUTIONS
