"""What the explorer of a large task costs: ``python -m tests.browser.measure_explorer 100 1000``.

A synthetic task of so many entities under three methods, with every metric of pairs, eight similarities and four seeds. Rows are written of
the base and of one model; their pictures are smooth noise of 128 pixels, which a photograph of that size exceeds about twofold.
Prints a line of JSON per size.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from tests.browser.browser import start
from tests.browser.page import Page
from tests.browser.served import served
from tests.explorer_world import OVERVIEW

from lethe.benchmarks.icare.explorer.page import write_page
from lethe.benchmarks.icare.explorer.rows import write_row
from lethe.benchmarks.icare.explorer.task import write_task
from lethe.benchmarks.icare.verdicts import VERDICTS
from lethe.diffusion.metrics.specs import comparisons, quantities, spec_of
from lethe.io.rows import ROWS, write_rows
from lethe.io.shards import index_path, write_shard
from lethe.io.tables import write_json

METHODS = ("uce", "distil", "munba")
SEEDS = (42, 43, 44, 45)
METRICS = comparisons(quantities())
SIMILARITIES = ("clip", "attr", "dino", "act", "true", *(f"weights_{method}" for method in METHODS))
MODEL, BASE = "breeds_000_uce_000", "breeds_baseline"
LOADED = "return performance.getEntriesByName('shown').length > 0"


def metadata(size: int) -> list[dict[str, Any]]:
    return [
        {"name": f"entity number {index}", "index": index, "is_unlearned": True, "group": f"group {index % 20}"}
        for index in range(size)
    ]


def write_pairs(path: Path, size: int, rng: np.random.Generator) -> None:
    with write_rows(path, least=ROWS) as append:
        for method in METHODS:
            for emitter in range(size):
                append(model_pairs(method, emitter, size, rng))


def model_pairs(method: str, emitter: int, size: int, rng: np.random.Generator) -> pd.DataFrame:
    """Pairs of a model: CLIP scores and the like move by a few units, shares and similarities by a few tenths."""
    values = {name: rng.normal(-1, 3, size) if spec_of(name).kind == "diff" else rng.beta(5, 2, size) for name in METRICS}
    rows = pd.DataFrame(values).assign(receiver=range(size)).melt("receiver", var_name="metric")
    return rows.assign(task="breeds", method=method, epochs=0, emitter=emitter)


def pictures(size: int, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray, dict[str, int]]]:
    for receiver in range(size):
        for seed in SEEDS:
            small = Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8))
            image = np.asarray(small.resize((144, 144), Image.Resampling.BICUBIC))  # larger than a thumbnail, as real ones are
            yield f"{receiver:03d}_{seed}.png", image, {"receiver": receiver, "seed": seed}


def write_first(folder: Path, size: int, sent: Any) -> None:
    """What the page shows before a row is opened; sends seconds and MB."""
    began = time.process_time()
    floor = {name: {"mean": 0.0, "low": -1.7, "high": 1.7} for name in METRICS if spec_of(name).kind == "diff"}
    rng = np.random.default_rng(2)
    index = pd.MultiIndex.from_product([METHODS, range(size), range(size)], names=["method", "emitter", "receiver"])
    verdicts = index.to_frame(index=False)
    verdicts["verdict"] = pd.Categorical.from_codes(rng.integers(0, len(VERDICTS), len(verdicts)), list(VERDICTS))
    similarities = dict.fromkeys(SIMILARITIES, folder / "similarity.json")
    worst = {"metric": "clip_diff", "pairs": [{"method": "uce", "emitter": 0, "receiver": 5, "value": -3.0}], "harmless": []}
    rows = [folder / "explorer/rows" / run for run in (BASE, MODEL)]
    task = (
        folder / "explorer/breeds",
        folder / "pairs.parquet",
        metadata(size),
        similarities,
        floor,
        OVERVIEW | {"worst": worst},
    )
    write_task(*task, METHODS, SEEDS, verdicts=verdicts, rows=rows)
    sent.put((time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3))


def write_world(folder: Path, size: int) -> tuple[float, float]:
    """The explorer below ``folder``; seconds of a processor and MB of the job that writes the matrices."""
    rng = np.random.default_rng(1)
    write_pairs(folder / "pairs.parquet", size, rng)
    names = [record["name"] for record in metadata(size)]
    alike = rng.beta(2, 2, (size, size))
    records = [{"emitter": name, **dict(zip(names, row.tolist(), strict=True))} for name, row in zip(names, alike, strict=True)]
    write_json(folder / "similarity.json", records)
    write_shard(folder / "pictures.tar", pictures(size, rng))
    shard = (folder / "pictures.tar", index_path(folder / "pictures.tar"))
    numbers = pd.DataFrame({"receiver": np.repeat(range(size), len(SEEDS)), "seed": np.tile(SEEDS, size)})
    of_base = numbers.assign(**{name: rng.normal(size=len(numbers)) for name in ("clip", "brisque", "judge")})
    of_model = of_base.assign(**{name: rng.normal(size=len(numbers)) for name in METRICS})
    write_page(folder / "explorer", "large", ["breeds"])
    write_row(folder / "explorer/rows" / BASE, of_base, None, shard, size, SEEDS, 128)
    write_row(folder / "explorer/rows" / MODEL, of_model, model_pairs("uce", 0, size, rng), shard, size, SEEDS, 128)
    fresh = multiprocessing.get_context("spawn")
    sent = fresh.Queue()
    job = fresh.Process(target=write_first, args=(folder, size, sent))
    job.start()
    found: tuple[float, float] = sent.get()
    job.join()
    return found


def measure(folder: Path, size: int, page: Page) -> dict[str, Any]:
    """Bytes that a browser asks for, step by step, and its times."""
    seconds, megabytes = write_world(folder, size)
    root = folder / "explorer"
    found: dict[str, Any] = {
        "entities": size,
        "methods": len(METHODS),
        "matrices_s": round(seconds),
        "matrices_mb": round(megabytes),
    }
    with served(root) as (url, asked):

        def loaded(what: str) -> None:
            time.sleep(1)  # pictures are asked for after the page is shown
            files = [root / name.lstrip("/").split("?")[0] for name in asked]
            sizes = {"pictures": 0, "data": 0}
            for file in files:
                sizes["pictures" if file.suffix == ".webp" else "data"] += file.stat().st_size if file.is_file() else 0
            found[f"{what}_kb"] = {kind: round(count / 1e3) for kind, count in sizes.items() if count}
            asked.clear()

        page.driver.get(f"{url}/index.html#task=breeds")
        page.wait(LOADED)
        found["opened_ms"] = round(page.run("return performance.getEntriesByName('shown')[0].startTime"))
        loaded("opening")
        began = time.monotonic()
        page.run("change({ view: 'matrix', method: 0, metric: task.offered[0], emitter: 0, receiver: 5 })")
        page.wait("return !document.getElementById('matrix').hidden")
        found["matrix_ms"] = round(1e3 * (time.monotonic() - began))
        loaded("matrix")
        page.run("change({ open: true })")
        page.shown(0, 0, 5)
        loaded("row")
        found["row_whole_kb"] = round(sum(file.stat().st_size for file in (root / "rows" / MODEL).iterdir()) / 1e3)
        found["all_matrices_mb"] = round(sum(file.stat().st_size for file in root.rglob("grids/**/*.js")) / 1e6, 1)
        found["heap_mb"] = round(page.run("return performance.memory.usedJSHeapSize") / 1e6)
    return found


def main(sizes: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        driver = start(folder)
        for size in sizes:
            (folder / str(size)).mkdir()
            print(json.dumps(measure(folder / str(size), size, Page(driver, folder))), flush=True)
        driver.quit()


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [100, 1000])
