"""Unlearners: one file per method, found by name without importing torch.

To add a method: write ``src/lethe/diffusion/methods/<name>.py``, add one line here and ``config/methods/<name>.yaml``; the
contract suite, every table and every figure then include it.
"""

from __future__ import annotations

from lethe.core.registry import Registry
from lethe.diffusion.methods.base import Unlearner

NONE = "none"
"""The reference that changes nothing: its models are the base."""

RETRAIN = "retrain"
"""The reference that never saw the entity: the base trained again without it, for a few entities of a task."""

UNLEARNERS: Registry[type[Unlearner]] = Registry("method")
UNLEARNERS.register("none", "lethe.diffusion.methods.none:NoChange")
UNLEARNERS.register("uce", "lethe.diffusion.methods.uce:UCE")
UNLEARNERS.register("distil", "lethe.diffusion.methods.distil:FADE")
UNLEARNERS.register("distil_module", "lethe.diffusion.methods.distil_module:SparseModuleFADE")
UNLEARNERS.register("distil_weight", "lethe.diffusion.methods.distil_weight:SparseWeightFADE")
UNLEARNERS.register("munba", "lethe.diffusion.methods.munba:MUNBa")
UNLEARNERS.register("munba_v1", "lethe.diffusion.methods.munba_v1:MUNBaV1")
UNLEARNERS.register("retrain", "lethe.diffusion.methods.retrain:Retrain")

PUBLISHED_METHODS = {"munba": "munba_v1"}
"""Our method -> the method that behaves as published, where the two differ in what is unlearned."""
