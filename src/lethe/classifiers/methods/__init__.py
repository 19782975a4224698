"""Methods that make classifiers forget: one file each, found by name without importing torch.

To add a method: write ``<name>.py`` beside this file (a class with ``about`` and ``contract``, see ``lethe.core.methods``) and one line below;
the contract suite then includes it, and so do tables and figures of a world whose `methods:` name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lethe.core.methods import MethodDescriptions
from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.classifiers.methods.base import Method

METHODS: Registry[type[Method[Any]]] = Registry("method")
METHODS.register("ft", "lethe.classifiers.methods.ft:FineTune")
METHODS.register("ga", "lethe.classifiers.methods.ga:GradientAscent")
METHODS.register("srl", "lethe.classifiers.methods.srl:SuccessiveRandomLabels")
METHODS.register("ngplus", "lethe.classifiers.methods.ngplus:NegGradPlus")
METHODS.register("cfk", "lethe.classifiers.methods.cfk:CatastrophicForgetting")
METHODS.register("euk", "lethe.classifiers.methods.euk:ExactUnlearning")
METHODS.register("euk_published", "lethe.classifiers.methods.euk_published:ExactUnlearningPublished")
METHODS.register("fcs", "lethe.classifiers.methods.fcs:ForgetContrast")
METHODS.register("msg", "lethe.classifiers.methods.msg:MaskedSmallGradients")
METHODS.register("msg_published", "lethe.classifiers.methods.msg_published:MaskedSmallGradientsPublished")
METHODS.register("cfw", "lethe.classifiers.methods.cfw:ConfuseWeights")
METHODS.register("cfw_published", "lethe.classifiers.methods.cfw_published:ConfuseWeightsPublished")
METHODS.register("prmq", "lethe.classifiers.methods.prmq:PruneReinitMatch")
METHODS.register("prmq_published", "lethe.classifiers.methods.prmq_published:PruneReinitMatchPublished")
METHODS.register("ct", "lethe.classifiers.methods.ct:ConvTranspose")
METHODS.register("kde", "lethe.classifiers.methods.kde:KnowledgeDistillationEntropy")
METHODS.register("kde_published", "lethe.classifiers.methods.kde_published:KnowledgeDistillationEntropyPublished")
METHODS.register("rni", "lethe.classifiers.methods.rni:RepeatedNoiseInjection")
METHODS.register("bt", "lethe.classifiers.methods.bt:BadTeacher")
METHODS.register("bt_published", "lethe.classifiers.methods.bt_published:BadTeacherPublished")
METHODS.register("salun", "lethe.classifiers.methods.salun:SalUn")
METHODS.register("salun_published", "lethe.classifiers.methods.salun_published:SalUnPublished")
METHODS.register("scrub", "lethe.classifiers.methods.scrub:Scrub")
METHODS.register("scrub_published", "lethe.classifiers.methods.scrub_published:ScrubPublished")
METHODS.register("iu", "lethe.classifiers.methods.iu:InfluenceUnlearning")
METHODS.register("iu_published", "lethe.classifiers.methods.iu_published:InfluenceUnlearningPublished")
METHODS.register("ff", "lethe.classifiers.methods.ff:FisherForgetting")
METHODS.register("ff_published", "lethe.classifiers.methods.ff_published:FisherForgettingPublished")
METHODS.register("ssd", "lethe.classifiers.methods.ssd:SelectiveDampening")
METHODS.register("l1_sparse", "lethe.classifiers.methods.l1_sparse:L1Sparse")
METHODS.register("delete", "lethe.classifiers.methods.delete:Delete")
METHODS.register("lotus", "lethe.classifiers.methods.lotus:Lotus")
METHODS.register("trew", "lethe.classifiers.methods.trew:TiltedReweighting")
METHODS.register("rum", "lethe.classifiers.methods.rum:RefinedUnlearning")

LOOKS = MethodDescriptions(METHODS, "title", "means", "published_of", "colour", "marker")
NEEDS = MethodDescriptions(METHODS, "needs")
