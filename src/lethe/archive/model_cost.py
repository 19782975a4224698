"""What the tables of a world tell of one model, for its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lethe.archive.model_card import Cost
from lethe.diffusion.metrics.specs import spec_of
from lethe.diffusion.metrics.words import words_of
from lethe.io.tables import read_json

RATES = {"ua": "UA ↑ (forgotten)", "ira": "IRA ↑ (same kind kept)", "cra": "CRA ↑ (other kind kept)"}


def cost_of_entity(interference: Path, floor: Path | None, name: str) -> Cost:
    """Every quantity that compares with the base: for what is forgotten, and for all else its mean and its worst.

    Args:
        interference: ``interferences_caused_by_*.json`` of the model. floor: ``noise_floor_{task}.json``; None: it is not there.
        name: of the receiver that is forgotten, as in the file.
    """
    content: Mapping[str, Mapping[str, float | None]] = read_json(interference)
    told = read_json(floor) if floor else {}
    rows = []
    for quantity in content[name]:
        spec = spec_of(quantity)
        others = {other: value for other, of in content.items() if other != name and (value := of[quantity]) is not None}
        worst = max(others, key=lambda other, of=others, spec=spec: spec.damage(of[other]), default=None)  # type: ignore[misc]
        mean = sum(others.values()) / len(others) if others else None
        low, high = (told.get(quantity, {}).get(key) for key in ("low", "high"))
        range_ = f"{_number(low)} to {_number(high)}" if low is not None and high is not None else "not measured"
        at_worst = "none" if worst is None else f"{_number(others[worst])} ({worst.replace('_', ' ')})"
        rows.append([f"{words_of(quantity)[0]} {spec.arrow}", _number(content[name][quantity]), _number(mean), at_worst, range_])
    columns = [
        "quantity",
        f"forgotten: {name.replace('_', ' ')}",
        f"mean of {len(content) - 1} others",
        "worst of them",
        "two seeds of the base",
    ]
    note = (
        "Each compares pictures of this model with those of the base, equal prompts, seeds and noise; the arrow says which way is healthy. "
        "What two seeds of the base differ by (95 % of them) is no harm."
    )
    return Cost(columns, rows, note)


def cost_of_concept(rows: Sequence[Mapping[str, Any]], method: str, concept: int) -> Cost | None:
    """UA, IRA and CRA of a model and of the base under every judge; None where the table has no such model.

    Args:
        rows: of ``unlearncanvas_concepts_{task}.csv``.
    """
    found = [row for name in ("base", method) for row in rows if row["method"] == name and int(row["concept"]) == concept]
    if {row["method"] for row in found} != {"base", method}:
        return None
    judges = sorted({key.removeprefix("ua_") for key in found[0] if key.startswith("ua_")})
    columns = ["model", *(f"{title}, judge {judge}" for judge in judges for title in RATES.values())]
    listed = [
        [str(row["method"]), *(_number(row[f"{rate}_{judge}"]) for judge in judges for rate in RATES)]  #
        for row in found
    ]
    return Cost(columns, listed, "Shares of pictures, 0 to 1, as classifiers see them (docs/unlearncanvas.md of Lethe).")


def _number(value: Any) -> str:
    return "no value" if value is None or value != value else f"{float(value):.4g}"
