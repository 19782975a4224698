"""Which models are attacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lethe.core.methods import RETRAINED, UNCHANGED
from lethe.diffusion.methods import ROLES

if TYPE_CHECKING:
    from lethe.diffusion.plan.models import Models
    from lethe.settings.attack import Attack


def attacked(models: Models, task: str, attack: Attack) -> list[str]:
    """Methods of a task whose models are attacked: what changes nothing, what was retrained, and those that are named."""
    references = [method for method in models.methods_of(task) if ROLES.role(method) in (UNCHANGED, RETRAINED)]
    return list(dict.fromkeys([*references, *attack.methods]))
