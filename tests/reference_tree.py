"""Write a corpus with the functions of Vision Unlearning 1.0.0 itself, and its own summary of it.

``python reference_tree.py PACKAGES FOLDER NAMES.json EMITTERS.json``: PACKAGES holds `vision_unlearning` and `seaborn`; FOLDER/assets is
written, embeddings under the names of its pipeline 05, which imports a module that the wheel lacks; NAMES are raw names of 100 people;
EMITTERS is method -> indices. Runs in FOLDER, since the reference reads ``assets`` there.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import lethe  # noqa: F401  (repairs a torchvision that does not fit torch, which the reference imports)

sys.path.insert(0, sys.argv[1])

import numpy as np
from PIL import Image
from vision_unlearning.benchmarks.I_care import embeddings as reference_embeddings
from vision_unlearning.benchmarks.I_care import metadata as reference_pairs
from vision_unlearning.benchmarks.I_care import pipeline_07_compute_interference_per_entity as pipeline_07
from vision_unlearning.datasets import testbed

TASK, SEEDS, EPOCHS, SIZE, EMBEDDED = "people", [42, 43], {"uce": 0, "distil": 400}, 4, 3


def picture(draw: np.random.Generator, folder: str, state: str, prompts: list[str]) -> None:
    os.makedirs(folder, exist_ok=True)
    for seed in SEEDS:
        for prompt in prompts:
            pixels = draw.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(os.path.join(folder, testbed.get_generated_dataset_file(state, seed, prompt)))


def embed(path: str) -> list[float]:
    return np.asarray(Image.open(path), dtype=float).reshape(-1)[:8].tolist()


def main(folder: str, names: list[str], emitters: dict[str, list[int]]) -> None:
    os.makedirs(os.path.join(folder, "assets", "datasets"))
    os.chdir(folder)
    draw = np.random.default_rng(0)
    records = [
        {"name": name, "dataset_n_original": 200 - place, "hpi": float(draw.normal(60, 5))} for place, name in enumerate(names)
    ]
    records[5]["hpi"] = float("nan")
    testbed.save_metadata_filtered(TASK, records)
    prompts = [f"An image of {testbed.get_target_overwrite(TASK, 'uce', name)[0]}" for name in names]
    expanded = [{**record, "name": testbed.get_target_overwrite(TASK, "uce", record["name"])[0]} for record in records]

    def session(place: str, state: str, output: str) -> None:
        picture(draw, place, state, prompts)
        found = reference_embeddings.embed_forgetting_session(place, SEEDS, prompts, expanded, state, TASK, embed)
        with open(output, "w", encoding="utf-8") as file:
            json.dump({"metadata": {"task": TASK, "embedding_dim": 8}, "embeddings": found}, file)

    session(testbed.get_shared_baseline_folder(TASK), "off", f"assets/datasets/embeddings_{TASK}_original.json")
    for method, indices in emitters.items():
        for index in indices:
            values = draw.normal(size=(len(names), 5)) * (9, 4, 0.005, 0.01, 0.2) + (3, -2, 0.02, 0.97, 0.7)
            keys = ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff")
            values[:, 2:] = values[:, 2:].clip(0, (0.06, 1.0, 1.0))
            content = {name: dict(zip(keys, map(float, row), strict=True)) for name, row in zip(names, values, strict=True)}
            reference_pairs.save_interference_per_pair(content, TASK, index, method, EPOCHS[method])
        for index in indices[:EMBEDDED]:
            name = expanded[index]["name"]
            place = testbed.get_generated_dataset_folder(TASK, method, EPOCHS[method], name)
            session(place, "on", f"assets/datasets/embeddings_{TASK}_{name}_{method}_{EPOCHS[method]:03d}.json")
    methods = list(emitters)
    pipeline_07.compute_for_task(
        TASK, methods, [EPOCHS[method] for method in methods], 0, len(names), "assets/datasets", "assets"
    )


if __name__ == "__main__":
    main(sys.argv[2], *(json.loads(Path(name).read_text()) for name in sys.argv[3:]))
