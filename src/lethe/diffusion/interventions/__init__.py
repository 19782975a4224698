"""Deltas that act while an image is made: by the prompt's tokens, row by row of a batch, or at every step of a drawing."""

from lethe.diffusion.interventions.base import Intervention, Moment, StepHook
from lethe.diffusion.interventions.gated_lora import GatedLoraDelta
from lethe.diffusion.interventions.suppress_eot import SuppressEotDelta

__all__ = ["INTERVENTIONS", "GatedLoraDelta", "Intervention", "Moment", "StepHook", "SuppressEotDelta"]

INTERVENTIONS: dict[str, type[Intervention]] = {kind.kind: kind for kind in (GatedLoraDelta, SuppressEotDelta)}
