"""Which methods can unlearn a base, by what the base predicts. Only the plan asks, so no job depends on this list."""

from __future__ import annotations

from lethe.diffusion.methods import UNLEARNERS

NOISE_LOSSES = ("distil", "distil_module", "distil_weight", "munba", "munba_v1")
"""Methods whose losses are in terms of the noise that a base predicts; the others never ask what it predicts."""


def reason_against(method: str, prediction: str) -> str:
    """Why a method cannot unlearn a base that predicts ``prediction`` (``prediction_type`` of its scheduler, empty: not known yet);
    empty if it can.
    """
    if method not in NOISE_LOSSES or prediction in ("", "epsilon"):
        return ""
    able = ", ".join(name for name in UNLEARNERS if name not in NOISE_LOSSES)
    return (
        f"its prediction_type is '{prediction}', and the loss of the method '{method}' is of the noise ('epsilon'); "
        f"methods for this base: {able}"
    )
