"""Print what `make bench` measured: ``lethe bench [folder]``."""

from __future__ import annotations

from pathlib import Path

from lethe.io.tables import read_json


def summary(folder: str | Path = "results/bench") -> str:
    """One line per benchmark file: name, value, target, whether it holds."""
    lines = []
    for path in sorted(Path(folder).glob("*.json")):
        record = read_json(path)
        lines.append(
            f"{path.stem:18} {value_text(record['value']):64} target {value_text(record['target']):44} {'holds' if record['holds'] else 'FAILS'}"
        )
    return "\n".join(lines) or f"no benchmark in {folder}; run `make bench`"


def value_text(value: object) -> str:
    """A value or target of a benchmark in three digits; several as ``name value, name value``."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {value_text(entry)}" for key, entry in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)
