"""Gates of a world, and what they rest on: a fault of the world turns its own gate red and no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lethe.benchmarks.unlearncanvas.probe import colour_kept, colour_probe
from lethe.benchmarks.unlearncanvas.world_gates import world_gates
from lethe.workflow.gates import GATES

JUDGES = {"style": 1.0, "object": 0.97, "style2": 0.99, "object2": 0.96}
FOUND: dict[str, Any] = {
    "colour_probe": 0.12,
    "chance": 1 / 9,
    "colour_kept": 0.99,
    "decoded": dict.fromkeys(JUDGES, 0.99),
    "prefixed": JUDGES,
    "never_seen": dict.fromkeys(JUDGES, 0.96),
    "seen": dict.fromkeys(JUDGES, 1.0),
}


def failed(**changed: Any) -> list[str]:
    return [gate.gate for gate in world_gates(FOUND | changed, ["object", "object2"]) if not gate.holds]


def test_every_gate_holds_in_a_sound_world_and_is_known_to_the_workflow() -> None:
    gates = world_gates(FOUND, ["object", "object2"])
    assert failed() == [] and len(gates) == 5
    assert {gate.gate for gate in gates} <= set(GATES["tables/unlearncanvas_gates_{task}.json"])


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"colour_probe": 0.6}, "canvas_style_is_no_colour"),
        ({"colour_kept": 0.4}, "canvas_autoencoder_keeps_colour"),
        ({"decoded": JUDGES}, "canvas_judges_know_decoded_images"),
        ({"prefixed": JUDGES | {"style2": 0.97}}, "canvas_prefix_changes_nothing"),
        ({"never_seen": JUDGES | {"object": 0.9}}, "canvas_unseen_cells_are_drawn"),
        ({"colour_kept": float("nan")}, "canvas_autoencoder_keeps_colour"),
    ],
)
def test_a_fault_turns_one_gate_red(changed: dict[str, Any], gate: str) -> None:
    assert failed(**changed) == [gate]


def test_a_world_without_a_base_that_lacks_cells_has_no_gate_of_them() -> None:
    names = [gate.gate for gate in world_gates({k: v for k, v in FOUND.items() if k not in ("seen", "never_seen")}, [])]
    assert "canvas_unseen_cells_are_drawn" not in names


def test_the_probe_finds_styles_that_are_colours_and_no_others() -> None:
    random = np.random.default_rng(0)
    values = np.repeat([0, 1, 2], 40)
    grey = random.integers(0, 255, (120, 8, 8, 3)).astype(np.uint8)
    tinted = grey // 2
    tinted[np.arange(120), :, :, values] += 120
    assert colour_probe(tinted[::2], values[::2], tinted[1::2], values[1::2]) == 1
    assert colour_probe(grey[::2], values[::2], grey[1::2], values[1::2]) < 0.6


def test_grey_copies_keep_no_colour_and_half_of_it_three_quarters() -> None:
    real = np.zeros((2, 4, 4, 3), np.uint8)
    real[0, ..., 0], real[1, ..., 2] = 120, 60
    grey = np.repeat(real.mean(-1, keepdims=True), 3, axis=-1).astype(np.uint8)
    assert colour_kept(real, grey) == pytest.approx(0, abs=1e-9)
    assert colour_kept(real, (real.astype(int) + grey).astype(np.uint8) // 2) == pytest.approx(0.75, abs=0.02)
