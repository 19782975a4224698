"""What figures ask a configuration, before any job runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lethe.diffusion.plan.models import Models
    from lethe.settings.models import Settings

DECIDES_NO_RESULT = "what is asked when figures are planned"


class World(NamedTuple):
    """What a configuration has, as far as figures ask.

    Attributes:
        settings: of the world.
        models: the unlearned diffusion models that follow from them.
        architectures: of classifiers, all that are known.
    """

    settings: Settings
    models: Models
    architectures: Sequence[str]
