"""Unlearners: one file per method, found by name without importing torch.

To add a method: write ``src/lethe/unlearners/<name>.py``, add one line here and ``config/methods/<name>.yaml``; the
contract suite, every table and every figure then include it.
"""

from __future__ import annotations

from lethe.registry import Registry
from lethe.unlearners.base import Unlearner

NONE = "none"
"""The reference that changes nothing: its models are the base."""

RETRAIN = "retrain"
"""The reference that never saw the entity: the base trained again without it, for a few entities of a task."""

UNLEARNERS: Registry[type[Unlearner]] = Registry("method")
UNLEARNERS.register("none", "lethe.unlearners.none:NoChange")
UNLEARNERS.register("uce", "lethe.unlearners.uce:UCE")
UNLEARNERS.register("distil", "lethe.unlearners.distil:FADE")
UNLEARNERS.register("distil_module", "lethe.unlearners.distil_module:SparseModuleFADE")
UNLEARNERS.register("distil_weight", "lethe.unlearners.distil_weight:SparseWeightFADE")
UNLEARNERS.register("munba", "lethe.unlearners.munba:MUNBa")
UNLEARNERS.register("munba_v1", "lethe.unlearners.munba_v1:MUNBaV1")
UNLEARNERS.register("retrain", "lethe.unlearners.retrain:Retrain")
