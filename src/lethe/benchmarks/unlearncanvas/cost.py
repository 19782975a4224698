"""What a method costs: time, memory of a fresh process, and what has to be kept beyond the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lethe.core.records import ModelId
from lethe.diffusion.drift import drift_columns
from lethe.statistics.spread import spread

WEIGHTS = (".safetensors", ".bin")


def checkpoint_bytes(base: Path) -> int:
    """Bytes of all weights of a pipeline folder: what is kept by those who publish a whole model per concept."""
    return sum(file.stat().st_size for file in base.rglob("*") if file.suffix in WEIGHTS)


def cost_table(
    task: str, models: Sequence[tuple[ModelId, Mapping[str, Any], int]], runs: Mapping[str, Mapping[str, Any]], whole: int
) -> pd.DataFrame:
    """One row per method.

    Args:
        models: every model with its record and the bytes of its delta.
        runs: method -> result of ``measured_run.forget``.
        whole: bytes of a full checkpoint.

    Returns:
        ``task, method, epochs, n`` (models), ``setup_seconds`` (shared by the models of a job; empty where a method tells none), ``seconds`` of one
        model, ``delta_bytes`` and ``empty_prompt_drift`` (``lethe.diffusion.drift``; what a method costs that nobody asked for), each the mean
        with ``_sd, _smallest, _largest`` over models, ``checkpoint_bytes``, and of the run in a fresh
        process ``run_seconds`` (with what is set up), ``run_loaded_mb`` (with the base loaded), ``run_peak_mb, run_cuda_allocated_mb,
        run_cuda_reserved_mb, run_device``; empty for a method that was not run.
    """
    rows = []
    for method in dict.fromkeys(model.method for model, _, _ in models):
        own = [(model, record, size) for model, record, size in models if model.method == method]
        seconds = np.array([record["seconds"] for _, record, _ in own], dtype=float)
        sizes = np.array([size for _, _, size in own], dtype=float)
        shared = [record["seconds_shared"] for _, record, _ in own if "seconds_shared" in record]
        row = {"task": task, "method": method, "epochs": own[0][0].epochs, "n": len(own)}
        row |= {"setup_seconds": float(np.mean(shared)) if shared else np.nan}
        for name, values in (("seconds", seconds), ("delta_bytes", sizes)):
            row |= {name: values.mean(), **spread(name, values)}
        row |= drift_columns([record for _, record, _ in own])
        run = runs.get(method, {})
        row |= {"checkpoint_bytes": whole}
        for name in ("seconds", "loaded_mb", "peak_mb", "cuda_allocated_mb", "cuda_reserved_mb"):
            row[f"run_{name}"] = np.nan if run.get(name) is None else run[name]
        rows.append(row | {"run_device": run.get("device", "")})
    return pd.DataFrame(rows)
