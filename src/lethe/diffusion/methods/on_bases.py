"""Which methods can unlearn a base, by the class of its pipeline and by what it predicts."""

from __future__ import annotations

from pathlib import Path

from lethe.diffusion.methods import NEEDS
from lethe.diffusion.supported import NOISE, PIPELINE_XL, pipeline_of, prediction_of


def reason_against(method: str, prediction: str, pipeline: str) -> str:
    """Why a method cannot unlearn a base; empty if it can.

    Args:
        prediction: what the base predicts, ``prediction_type`` of its scheduler; empty: not known yet.
        pipeline: the class of its pipeline; empty: not known yet.

    Examples:
        >>> reason_against("esd", "v_prediction", "StableDiffusionPipeline")
        ''
    """
    able = [name for name in sorted(NEEDS) if not _against(name, prediction, pipeline)]
    reason = _against(method, prediction, pipeline)
    return f"{reason}; methods for this base: {', '.join(able)}" if reason else ""


def _against(method: str, prediction: str, pipeline: str) -> str:
    if pipeline == PIPELINE_XL and not NEEDS.knows_xl(method):
        return f"it is a {pipeline}, whose two text encoders the method '{method}' does not know"
    if prediction not in ("", NOISE) and NEEDS.needs(method, "noise"):
        return f"its prediction_type is '{prediction}', and the method '{method}' was published for '{NOISE}'"
    return ""


def check_method(method: str, base: str | Path) -> None:
    """Raise a ``ValueError`` if a method cannot unlearn the base in a folder; a plan knows it before, but for a base that is yet to be fetched."""
    if reason := reason_against(method, prediction_of(base), pipeline_of(base)):
        raise ValueError(f"{base}: {reason}")
