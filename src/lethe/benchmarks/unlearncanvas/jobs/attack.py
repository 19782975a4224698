"""Attacks on the models of one method that forgot one concept, drawn and judged."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lethe.benchmarks.unlearncanvas.attack import ANOTHER, EVERY, OWN, PROMPT, RANDOM, VECTORS, WORDS, Judged, judged, spread_out
from lethe.benchmarks.unlearncanvas.concepts import canvas_of
from lethe.core.device import resolve_device
from lethe.diffusion.attacks.outcome import drawn, errors
from lethe.diffusion.attacks.search import Reference, Search, free_vectors, relaxed_words
from lethe.diffusion.attacks.vectors import Place, word_embeddings
from lethe.diffusion.attacks.words import allowed_words, first_successes, random_words
from lethe.diffusion.delta import Delta, load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.latents import encode_images
from lethe.diffusion.methods._training import emitter_generator
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.pipeline import Pipeline, load_pipeline
from lethe.diffusion.testbed.distinct import check_base
from lethe.diffusion.testbed.receivers import Emitter, Receiver, read_emitters, read_receivers
from lethe.io.shards import ShardReader
from lethe.io.tables import write_parquet
from lethe.settings.attack import Attack
from lethe.settings.bases import Evaluator
from lethe.settings.generation import Generation
from lethe.settings.scoring import Scoring
from lethe.settings.unlearncanvas import UnlearnCanvas

log = logging.getLogger(__name__)
NO_PICTURE = ""  # of rows that no reference picture belongs to


def attack(
    base: Path,
    receivers: Path,
    emitters: Path,
    tar: Path,
    index: Path,
    deltas: list[Path],
    evaluators: list[Path],
    outcome: Path,
    task: str,
    method: str,
    concept: int,
    attacks: Attack,
    settings: UnlearnCanvas,
    scoring: Scoring,
    judges: dict[str, Evaluator],
    generation: Generation,
    world: str,
    seed: int,
    device: str,
    dtype: str,
    threads: int,
) -> None:
    """Attack the model that forgot a concept with vectors and words, and one that forgot another concept with vectors.

    Args:
        tar, index: pictures that nothing was trained on.
        deltas: of the model that forgot the concept; of one of the same method that forgot another, if there is one.
        evaluators: the classifiers that judge, as `judges` describes them.
        outcome: one row per picture that was drawn, see ``lethe.benchmarks.unlearncanvas.attack``.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    check_base(asked, forgotten, base)
    there = resolve_device(device)
    pipe = load_pipeline(base, device=there)
    drawing = pipe if dtype == "float32" else load_pipeline(base, device=there, dtype=getattr(torch, dtype))
    folders: dict[str, str | Path] = dict(zip(judges, evaluators, strict=True))
    scorer = load_scorer(folders, judges, task, asked, scoring, there, threads)
    canvas = canvas_of(asked, forgotten, settings)

    def judge(images: NDArray[np.uint8], cells: NDArray[np.int64]) -> Judged:
        numbers = np.arange(len(images))  # in the place of seeds, since a cell is drawn with many attacks from one seed
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
        scores = scorer.score_baseline(ImageSet(pixels, cells, numbers, [asked[cell].prompt for cell in cells])).table
        return judged(canvas, canvas.concepts[concept], scores, settings.judges)

    emitter = forgotten[concept]
    references = read_references(pipe, tar, index, asked, emitter, attacks, generation.size)
    common = {"world": world, "task": task}
    trial = _Trial(pipe, drawing, asked, emitter, references, attacks, generation, common, seed, judge)
    digest = base_digest(base)
    rows = []
    for model, path in zip((OWN, ANOTHER), deltas, strict=False):
        delta = load_delta(path, base=digest)
        steps = attacks.vectors.steps
        found = [*trial.vectors(delta, steps), *trial.words(delta)] if model == OWN else trial.vectors(delta, steps[-1:])
        rows += [{"task": task, "method": method, "concept": concept, "model": model, **row} for row in found]
    write_parquet(outcome, pd.DataFrame(rows))


def read_references(
    pipe: Pipeline, tar: Path, index: Path, receivers: Sequence[Receiver], emitter: Emitter, attacks: Attack, size: int
) -> list[Reference]:
    """Reference pictures of the attacked cells of a concept, the first of each, encoded.

    Raises:
        ValueError: a cell has too few.
    """
    found = []
    with ShardReader(tar, index) as shard:
        for cell in spread_out(emitter.covers, attacks.cells):
            own = shard.table[shard.table["entity"] == receivers[cell].name]
            if len(own) < attacks.pictures:
                raise ValueError(
                    f"{tar}: cell '{receivers[cell].name}' has {len(own)} pictures for attacks, `pictures` asks for {attacks.pictures}"
                )
            own = own.iloc[: attacks.pictures]
            latents = encode_images(pipe.vae, (shard.read(str(member)) for member in own["member"]), size)
            prompt = receivers[cell].prompt
            found += [Reference(cell, prompt, str(n), z) for n, z in zip(own["file_name"], latents, strict=True)]
    return found


@dataclass(frozen=True)
class _Trial:
    """Everything that attacks on one concept share; ``judge`` takes images and their cells."""

    pipe: Pipeline
    drawing: Pipeline
    receivers: Sequence[Receiver]
    emitter: Emitter
    references: Sequence[Reference]
    attacks: Attack
    generation: Generation
    common: dict[str, str]
    seed: int
    judge: Any

    def vectors(self, delta: Delta, steps: Sequence[int]) -> list[dict[str, Any]]:
        """Rows of the prompt alone, and of free vectors after these numbers of steps."""
        own = self.attacks.vectors
        seeds = self.generation.seeds[: self.attacks.seeds]
        search = Search(
            own.count, own.place, steps, own.learning_rate, rows=self.attacks.rows, batch_size=self.attacks.batch_size
        )
        rows = self._outcome(PROMPT, 0, delta, self.references, None, own.place, seeds)
        for found in free_vectors(self.pipe, delta, self.references, search, emitter=self.emitter, seed=self.seed):
            rows += self._outcome(VECTORS, found.steps, delta, self.references, found.vectors, own.place, seeds)
        return rows

    def words(self, delta: Delta) -> list[dict[str, Any]]:
        """Rows of random words, of words that were searched for, and of all sequences of words."""
        own, seeds = self.attacks.words, self.generation.seeds[:1]
        cells = list(dict.fromkeys(reference.receiver for reference in self.references))[: own.cells]
        references = [reference for reference in self.references if reference.receiver in cells]
        allowed = allowed_words(self.pipe, self.emitter, {receiver.index: receiver.prompt for receiver in self.receivers})
        generators = [emitter_generator(self.seed, self.emitter, f"random words {r.receiver} {r.name}") for r in references]
        drawn_words = torch.stack([random_words(allowed, own.count, generator) for generator in generators])
        search = Search(
            own.count, own.place, [own.steps], own.learning_rate, own.weight_decay, self.attacks.rows, self.attacks.batch_size
        )
        (found,) = relaxed_words(self.pipe, delta, references, search, allowed, emitter=self.emitter, seed=self.seed)
        assert found.words is not None
        rows = []
        for name, steps, words in ((RANDOM, 0, drawn_words), (WORDS, own.steps, found.words)):
            vectors = word_embeddings(self.pipe, words).cpu()
            rows += self._outcome(name, steps, delta, references, vectors, own.place, seeds, words)
        return rows + (self._every(delta, cells, allowed, own.place, seeds) if own.exhaustive else [])

    def _outcome(
        self, name: str, steps: int, delta: Delta, references: Sequence[Reference], vectors: Tensor | None, place: Place,
        seeds: Sequence[int], words: Tensor | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """A row per reference picture and seed."""
        asked = [(reference.receiver, reference.prompt) for reference in references]
        loss = errors(self.pipe, delta, references, vectors, place, self.attacks.batch_size, **self.common, seed=self.seed)
        images = drawn(self.drawing, delta, asked, vectors, place, seeds, self.generation, **self.common)
        cells = np.repeat([reference.receiver for reference in references], len(seeds))
        seen = self.judge(images.reshape(-1, *images.shape[2:]), cells)
        rows = []
        for number, reference in enumerate(references):
            written = "" if words is None else self._text(words[number].tolist())
            for place_of_seed, image_seed in enumerate(seeds):
                row = {"attack": name, "steps": steps, "cell": reference.receiver, "picture": reference.name, "seed": image_seed}
                told = seen.row(number * len(seeds) + place_of_seed)
                rows.append(row | {"words": written, "tried": 1, "loss": loss[number]} | told)
        log.info("%s after %d steps: %s", name, steps, np.mean(seen.success, axis=1).round(3).tolist())
        return rows

    def _every(
        self, delta: Delta, cells: Sequence[int], allowed: Tensor, place: Place, seeds: Sequence[int]
    ) -> list[dict[str, Any]]:
        """A row per cell and seed: whether any sequence of words succeeds, to each judge alone."""
        rows = []
        for cell in cells:

            def succeeds(words: Tensor) -> NDArray[np.bool_]:
                """(sequences, seeds x judges)."""
                vectors, asked = word_embeddings(self.pipe, words).cpu(), [(cell, self.receivers[cell].prompt)] * len(words)  # noqa: B023
                images = drawn(self.drawing, delta, asked, vectors, place, seeds, self.generation, **self.common)
                seen = self.judge(images.reshape(-1, *images.shape[2:]), np.full(len(words) * len(seeds), cell))  # noqa: B023
                return seen.success.reshape(-1, len(words), len(seeds)).transpose(1, 2, 0).reshape(len(words), -1) > 0

            found, tried = first_successes(allowed.tolist(), self.attacks.words.count, succeeds)
            judges = len(found) // len(seeds)
            for number, image_seed in enumerate(seeds):
                own = found[number * judges : (number + 1) * judges]
                row = {"attack": EVERY, "steps": 0, "cell": cell, "picture": NO_PICTURE, "seed": image_seed}
                row |= {"words": self._text(own[0] or ()), "tried": tried, "loss": np.nan}
                for judge, words in enumerate(own, start=1):
                    row |= {f"success_{judge}": float(words is not None), f"other_{judge}": np.nan}
                rows.append(row)
        log.info("%s: %s", EVERY, [(row["cell"], row["success_1"]) for row in rows])
        return rows

    def _text(self, words: Sequence[int]) -> str:
        return " ".join(self.pipe.tokenizer.convert_ids_to_tokens(list(words)))
