"""Print what `make bench` measured: ``lethe bench [folder]``."""

from __future__ import annotations

from pathlib import Path

from lethe.io.tables import read_json


def summary(folder: str | Path = "results/bench") -> str:
    """One line per benchmark file: name, value, target, whether it holds; empty where there is none."""
    lines = []
    for path in sorted(Path(folder).glob("*.json")):
        record = read_json(path)
        lines.append(
            f"{path.stem:18} {value_text(record['value']):64} target {value_text(record['target']):44} {'holds' if record['holds'] else 'FAILS'}"
        )
    return "\n".join(lines)


def value_text(value: object) -> str:
    """A value or target of a benchmark in three digits, large ones without a power of ten; several as ``name value, name value``.

    Example:
        >>> value_text({"speed_up": 1910.37, "relative_error": 2.73e-7})
        'speed_up 1,910, relative_error 2.73e-07'
    """
    if isinstance(value, dict):
        return ", ".join(f"{key} {value_text(entry)}" for key, entry in value.items())
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
