"""Which methods can unlearn a base, by what the base predicts."""

from __future__ import annotations

from lethe.diffusion.methods import NEEDS


def reason_against(method: str, prediction: str) -> str:
    """Why a method cannot unlearn a base that predicts ``prediction`` (``prediction_type`` of its scheduler, empty: not known yet);
    empty if it can.
    """
    if not NEEDS.needs(method, "noise") or prediction in ("", "epsilon"):
        return ""
    able = ", ".join(name for name in sorted(NEEDS) if not NEEDS.needs(name, "noise"))
    return (
        f"its prediction_type is '{prediction}', and the loss of the method '{method}' is of the noise ('epsilon'); "
        f"methods for this base: {able}"
    )
