"""What must hold of a world: no style is a colour, the autoencoder keeps what judges look at, prompts and cells compose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lethe.core.gate import Gate

COLOUR_PROBE, COLOUR_KEPT, DECODED = 0.6, 0.95, 0.98
STYLE, OBJECT, COMPOSED = 0.98, 0.95, 0.05


def world_gates(found: Mapping[str, Any], objects: list[str]) -> list[Gate]:
    """Gates on what ``lethe.benchmarks.unlearncanvas.jobs.world`` measured.

    Args:
        found: its figures.
        objects: the judges of objects; the others judge styles.
    """
    probe = found["colour_probe"]
    how = f"accuracy of a linear classifier of the mean colour for the style; chance is {found['chance']:.3f}"
    kept = "share of the variance of mean colour that images keep in the autoencoder"
    gates = [
        Gate("canvas_style_is_no_colour", probe, COLOUR_PROBE, probe < COLOUR_PROBE, how, probe),
        Gate(
            "canvas_autoencoder_keeps_colour",
            found["colour_kept"],
            COLOUR_KEPT,
            found["colour_kept"] >= COLOUR_KEPT,
            kept,
            found["colour_kept"],
        ),
        _least("canvas_judges_know_decoded_images", found["decoded"], DECODED, "real images, encoded and decoded"),
    ]
    seen = {name: value for name, value in found["prefixed"].items()}
    short = [value - (OBJECT if name in objects else STYLE) for name, value in seen.items()]
    told = ", ".join(f"{name} {value:.3f}" for name, value in seen.items())
    how = f"furthest that a judge is below {STYLE} (style) or {OBJECT} (object) with three words in front of each prompt: {told}"
    gates.append(Gate("canvas_prefix_changes_nothing", min(short), 0.0, min(short) >= 0, how, short))
    if "never_seen" in found:
        losses = [found["seen"][name] - value for name, value in found["never_seen"].items()]
        told = ", ".join(f"{name} {value:.3f}" for name, value in found["never_seen"].items())
        how = f"largest loss of a judge from cells that a base saw to cells that it never saw: {told}"
        gates.append(Gate("canvas_unseen_cells_are_drawn", max(losses), COMPOSED, max(losses) <= COMPOSED, how, losses))
    return gates


def _least(name: str, judged: Mapping[str, float], target: float, what: str) -> Gate:
    worst = min(judged, key=lambda judge: judged[judge])
    how = f"smallest accuracy over the judges on {what}: {worst}"
    return Gate(name, judged[worst], target, judged[worst] >= target, how, list(judged.values()))
