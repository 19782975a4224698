"""A small corpus in the layout of Vision Unlearning, written from its documented form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SEEDS = (42, 43)
PEOPLE = [
    "Ann_Bole", "Ann_Bole_Jr", "Bo_Cady-Dunn", "Cy_O'Dell", "Di_Este", "Ed_Fonda", "Flo_Gray", "Gus_Hale", "Ida_Jett", "Jo_Kerr",
]  # fmt: skip
EPOCHS = {"uce": 0, "distil": 400, "munba": 200}
KEYS = ("brisque_diff", "clip_diff", "rmse", "ssim", "dino_diff")


def prompt_name(name: str) -> str:
    return name.replace("_", " ")


def file_of(state: str, seed: int, name: str) -> str:
    return f"{state}_{seed:02}_An image of {prompt_name(name)}.png"


class CorpusTree:
    """Writes files below ``root``; every number comes from one seeded generator.

    Args:
        root: created.
        names: raw names of the entities.
        task: its name; prompts are those of people.
    """

    def __init__(self, root: Path, names: Sequence[str] = PEOPLE, seed: int = 0, task: str = "people") -> None:
        self.root, self.names, self.task = root, list(names), task
        self.draw = np.random.default_rng(seed)
        (root / "datasets").mkdir(parents=True)

    def json(self, path: str, content: Any) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
        return file

    def metadata(self) -> list[dict[str, Any]]:
        groups, kinds = ["Artist", "Athlete"], ["Q0_25", "Q75_100"]
        records = [
            {"name": name, "dataset_n_original": 400 - place, "birthyear": 1930 + 3 * place if place else float("nan")}
            | {
                "occupation_simplified": groups[place % 2],
                "hpi_bin": kinds[place // 2 % 2],
                "hpi": 60.0 + float(self.draw.normal()),
            }
            | {"parity": ["even", "odd"][place % 2], "curvature": ["low", "high"][place // 2 % 2], "value": 7 * place % 10}
            for place, name in enumerate(self.names)
        ]
        self.json(f"metadata_{self.task}_2_enriched_filtered.json", records)
        return records

    def similarities(self, kinds: Iterable[str] = ("clip", "jacc", "act")) -> None:
        """CLIP in the older form, records alone; the others as results."""
        for kind in kinds:
            values = self.draw.uniform(0, 1, (len(self.names),) * 2)
            values = (values + values.T) / 2
            records = [
                {"emitter": name, **dict(zip(self.names, row.tolist(), strict=True))}
                for name, row in zip(self.names, values, strict=True)
            ]
            if kind == "clip":
                self.json(f"similarity_clip_{self.task}.json", records)
            else:
                about = {"RT": "ResultTemplateSimilarityMatrix", "model": "sd1.4", "task": self.task, "similarity_metric": kind}
                self.json(f"results/SimilarityMatrix/sd1.4_{self.task}_{kind}.json", {"metadata": about, "result": records})

    def pairs_of(self, emitter: int) -> dict[str, dict[str, float]]:
        content = {}
        for place, name in enumerate(self.names):
            damage = 1.0 if place == emitter else 0.1
            values = (
                self.draw.normal(5, 9) * damage,
                -self.draw.exponential(9) * damage,
                self.draw.uniform(0.001, 0.02) * damage,
            )
            values += (1 - self.draw.uniform(0, 0.05) * damage, 1 - self.draw.uniform(0, 0.8) * damage)
            content[name] = dict(zip(KEYS, map(float, values), strict=True))
        return content

    def pairs(self, methods: Mapping[str, Iterable[int]], epochs: Mapping[str, int] = EPOCHS) -> None:
        for method, emitters in methods.items():
            for emitter in emitters:
                self.json(
                    f"datasets/interferences_caused_by_{self.task}_{emitter}_{method}_{epochs[method]}.json",
                    self.pairs_of(emitter),
                )

    def embeddings_of(self, shift: np.ndarray) -> list[dict[str, Any]]:
        vectors = self._means[:, None] + shift[:, None] + self.draw.normal(0, 0.1, (len(self.names), len(SEEDS), 5))
        return [
            {"prompted_entity": prompt_name(name), "seed": seed, "prompt": f"An image of {prompt_name(name)}"}
            | {"embedding": vectors[place, number].tolist()}
            for number, seed in enumerate(SEEDS)
            for place, name in enumerate(self.names)
        ]

    def embeddings(self, methods: Mapping[str, Iterable[int]], epochs: Mapping[str, int] = EPOCHS) -> None:
        """Of the base and of these models."""
        self._means = self.draw.normal(0, 1, (len(self.names), 5))
        nothing = np.zeros((len(self.names), 5))
        self.json(f"datasets/embeddings_{self.task}_original.json", {"metadata": {}, "embeddings": self.embeddings_of(nothing)})
        for method, emitters in methods.items():
            for emitter in emitters:
                shift = self.draw.normal(0, 0.2, nothing.shape)
                shift[emitter] *= 5
                about = {"task": self.task, "method": method, "embedding_dim": 5}
                name = f"embeddings_{self.task}_{prompt_name(self.names[emitter])}_{method}_{epochs[method]:03d}.json"
                self.json(f"datasets/{name}", {"metadata": about, "embeddings": self.embeddings_of(shift)})

    def noise(self, size: int = 32) -> np.ndarray:
        """(N, seeds, size, size, 3) what pictures begin from: a layout of a few areas."""
        coarse = self.draw.normal(0, 1, (len(self.names), len(SEEDS), 4, 4, 3))
        return np.kron(coarse, np.ones((1, 1, size // 4, size // 4, 1)))

    def pictures(self, folder: str, state: str, noise: np.ndarray, strength: float = 0.4) -> None:
        """Draw every prompt from ``noise`` and something of its own."""
        place = self.root / "datasets" / folder
        place.mkdir(exist_ok=True)
        lines = []
        for index, name in enumerate(self.names):
            own = self.draw.normal(0, strength, noise.shape[2:])
            for number, seed in enumerate(SEEDS):
                pixels = np.clip(128 + 40 * (noise[index, number] + own + np.sin(index)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / file_of(state, seed, name))
                lines.append({"file_name": file_of(state, seed, name), "text": f"An image of {prompt_name(name)}"})
        (place / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    def folder(self, emitter: int, method: str, epochs: Mapping[str, int] = EPOCHS) -> str:
        return f"generated_{self.task}_{prompt_name(self.names[emitter])}_{method}_{epochs[method]:03d}"


def write_corpus(root: Path, epochs: Mapping[str, int] = EPOCHS, task: str = "people") -> CorpusTree:
    """Ten people under three methods: UCE complete, FADE without two models, MUNBa of two models; embeddings and pictures of some.

    Of the pictures one folder is of the first generation: its on pictures share noise with its own off pictures, not with the base's.
    """
    tree = CorpusTree(root, task=task)
    everyone = range(len(tree.names))
    tree.metadata()
    tree.similarities()
    tree.pairs({"uce": everyone, "distil": [index for index in everyone if index not in (3, 7)], "munba": [0, 4]}, epochs)
    tree.embeddings({"uce": [0, 4], "distil": [0, 1, 2]}, epochs)
    shared, other = tree.noise(), tree.noise()
    tree.pictures(f"generated_{tree.task}_baseline", "off", shared)
    for method in epochs:
        tree.pictures(tree.folder(0, method, epochs), "on", shared)
    tree.pictures(tree.folder(1, "uce", epochs), "on", other)
    for state in ("on", "off"):
        tree.pictures(tree.folder(2, "distil", epochs), state, other)
    return tree
