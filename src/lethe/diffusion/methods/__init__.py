"""Methods that make diffusion models forget: one file each, found by name without importing torch.

To add a method: write ``<name>.py`` beside this file (a class with ``about`` and ``contract``, see ``lethe.core.methods``), add one line here
and ``config/methods/diffusion/<name>.yaml``; the contract suite then includes it, and so do tables and figures of a world whose `methods:` name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lethe.core.methods import MethodDescriptions
from lethe.core.registry import Registry

if TYPE_CHECKING:
    from lethe.diffusion.methods.base import Method

METHODS: Registry[type[Method[Any]]] = Registry("method")
METHODS.register("none", "lethe.diffusion.methods.none:NoChange")
METHODS.register("uce", "lethe.diffusion.methods.uce:UCE")
METHODS.register("distil", "lethe.diffusion.methods.distil:SPARE")
METHODS.register("distil_module", "lethe.diffusion.methods.distil_module:SPAREModules")
METHODS.register("distil_weight", "lethe.diffusion.methods.distil_weight:SPAREWeights")
METHODS.register("munba", "lethe.diffusion.methods.munba:MUNBa")
METHODS.register("munba_published", "lethe.diffusion.methods.munba_published:MUNBaPublished")
METHODS.register("esd", "lethe.diffusion.methods.esd:ESD")
METHODS.register("esd_noised", "lethe.diffusion.methods.esd_noised:ESDNoised")
METHODS.register("ca", "lethe.diffusion.methods.ca:CA")
METHODS.register("salun", "lethe.diffusion.methods.salun:SalUn")
METHODS.register("salun_published", "lethe.diffusion.methods.salun_published:SalUnPublished")
METHODS.register("noise", "lethe.diffusion.methods.noise:NoiseControl")
METHODS.register("retrain", "lethe.diffusion.methods.retrain:Retrain")
METHODS.register("fmn", "lethe.diffusion.methods.fmn:FMN")
METHODS.register("erasediff", "lethe.diffusion.methods.erasediff:EraseDiff")
METHODS.register("erasediff_published", "lethe.diffusion.methods.erasediff_published:EraseDiffPublished")
METHODS.register("scissorhands", "lethe.diffusion.methods.scissorhands:Scissorhands")
METHODS.register("scissorhands_published", "lethe.diffusion.methods.scissorhands_published:ScissorhandsPublished")
METHODS.register("sa", "lethe.diffusion.methods.sa:SA")
METHODS.register("spm", "lethe.diffusion.methods.spm:SPM")
METHODS.register("seot", "lethe.diffusion.methods.seot:SEOT")
METHODS.register("seot_soft", "lethe.diffusion.methods.seot_soft:SEOTSoft")
METHODS.register("hirm", "lethe.diffusion.methods.hirm:HiRM")
METHODS.register("speed", "lethe.diffusion.methods.speed:SPEED")
METHODS.register("rece", "lethe.diffusion.methods.rece:RECE")
METHODS.register("sham", "lethe.diffusion.methods.sham:Sham")

LOOKS = MethodDescriptions(METHODS, "title", "means", "published_of", "colour", "marker")
NEEDS = MethodDescriptions(METHODS, "needs", "xl")
ROLES = MethodDescriptions(METHODS, "reference")
PREPARED = MethodDescriptions(METHODS, "prepares")
VARIANTS = MethodDescriptions(METHODS, "published_of")
