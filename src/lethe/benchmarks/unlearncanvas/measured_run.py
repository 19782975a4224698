"""One concept forgotten in a process of its own, for its memory: ``python -m lethe.benchmarks.unlearncanvas.measured_run < run.json``.

A job shares what it imported with others, so its own peak cannot be told. This process begins with nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

MB = 1e6


def measure(run: Mapping[str, Any]) -> dict[str, Any]:
    """Run ``forget`` in a fresh process; its result.

    Args:
        run: arguments of ``forget``, as plain data.

    Raises:
        RuntimeError: it ended with an error, which the message holds.
    """
    package = str(Path(__file__).parents[3])
    found = subprocess.run(
        [sys.executable, "-m", __spec__.name],
        input=json.dumps(run),
        env=os.environ | {"PYTHONPATH": package},
        capture_output=True,
        text=True,
    )
    if found.returncode:
        raise RuntimeError(f"{run['method']} failed in a process of its own:\n{found.stderr[-4000:]}")
    told: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return told


def forget(
    base: str,
    receivers: str,
    emitters: str,
    latents: str,
    method: str,
    hyperparameters: Mapping[str, Any],
    emitter: int,
    seed: int,
    device: str,
    fidelity: Any,
    threads: int,
) -> dict[str, Any]:
    """Forget one concept, and throw the model away.

    Returns:
        ``method, emitter, device``; ``load_seconds`` and ``loaded_mb``, of the base; ``seconds`` of the method, with what it sets up;
        ``peak_mb``, the most main memory of the whole process; on a GPU ``cuda_allocated_mb, cuda_reserved_mb``, else None.
    """
    import torch

    from lethe.core.device import setup_torch
    from lethe.diffusion.methods import METHODS
    from lethe.diffusion.methods.run import training_data
    from lethe.diffusion.pipeline import load_pipeline
    from lethe.diffusion.testbed.receivers import chosen, read_emitters, read_receivers

    setup_torch(threads)
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    data = training_data(latents, asked, forgotten, fidelity)
    unlearner = METHODS.load(method)(**hyperparameters)
    begin = time.monotonic()
    pipe: Any = load_pipeline(base, device=device) if unlearner.needs_pipeline else None
    loaded, load_seconds = resident("VmRSS"), time.monotonic() - begin
    begin = time.monotonic()
    data = replace(data, prepared=unlearner.prepare(pipe, data, seed=seed))
    for _ in unlearner.unlearn(pipe, chosen(forgotten, [emitter]), data, seed=seed):
        pass
    seconds = time.monotonic() - begin
    cuda = device.startswith("cuda")
    return {
        "method": method,
        "emitter": emitter,
        "device": device,
        "load_seconds": load_seconds,
        "seconds": seconds,
        "loaded_mb": loaded,
        "peak_mb": resident("VmHWM"),
        "cuda_allocated_mb": torch.cuda.max_memory_allocated() / MB if cuda else None,
        "cuda_reserved_mb": torch.cuda.max_memory_reserved() / MB if cuda else None,
    }


def resident(field: str) -> float:
    """Main memory of this process in MB: now (``VmRSS``), or at most since it began (``VmHWM``). Linux tells it, and nothing else does.

    ``getrusage`` is not asked: its maximum is inherited from the process that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024 / MB
    raise ValueError(f"/proc/self/status has no {field}")


if __name__ == "__main__":
    print(json.dumps(forget(**json.load(sys.stdin))))
