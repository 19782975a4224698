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

from lethe.diffusion.attacks.judged import Judged, JudgeMetrics, judged
from lethe.diffusion.attacks.outcome import drawn, errors
from lethe.diffusion.attacks.references import of_non_members, of_shard
from lethe.diffusion.attacks.search import Reference, Search, free_vectors, relaxed_words
from lethe.diffusion.attacks.table import ANOTHER, EVERY, OWN, PROMPT, RANDOM, VECTORS, WORDS
from lethe.diffusion.attacks.vectors import Place, word_embeddings
from lethe.diffusion.attacks.words import allowed_words, first_successes, random_words
from lethe.diffusion.delta import Delta, load_delta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.methods._training import emitter_generator
from lethe.diffusion.metrics.studio import Studio, StudioSettings
from lethe.diffusion.testbed.receivers import Emitter
from lethe.io.tables import write_parquet
from lethe.settings.attack import Attack

log = logging.getLogger(__name__)
NO_PICTURE = ""  # of rows that no reference picture belongs to


def attack(
    base: Path,
    receivers: Path,
    emitters: Path,
    index: Path,
    deltas: list[Path],
    evaluators: list[Path],
    outcome: Path,
    task: str,
    method: str,
    concept: int,
    attacks: Attack,
    judges: list[JudgeMetrics],
    settings: StudioSettings,
    seed: int,
    threads: int,
    tar: Path | None = None,
    latents: Path | None = None,
) -> None:
    """Attack the model that forgot a concept with vectors and words, and one that forgot another concept with vectors.

    Args:
        tar, index: pictures that nothing was trained on; or ``latents`` and ``index``: those of membership inference, encoded.
        deltas: of the model that forgot the concept; of one of the same method that forgot another, if there is one.
        judges: who judges, and by which metrics.
        settings: with the seeds that are drawn. evaluators: its classifiers.
        outcome: one row per picture that was drawn, see ``lethe.diffusion.attacks.table``.
    """
    studio = Studio.load(base, receivers, emitters, evaluators, settings, task=task, threads=threads)
    emitter = studio.emitters[concept]
    if latents is not None:
        references = of_non_members(latents, index, studio.receivers, emitter, attacks)
    elif tar is not None:
        references = of_shard(studio.pipe, tar, index, studio.receivers, emitter, attacks, settings.generation.size)
    else:
        raise TypeError("an attack needs reference pictures: `tar`, or `latents`")
    trial = _Trial(studio, emitter, references, attacks, judges, seed)
    digest = base_digest(base)
    rows = []
    for model, path in zip((OWN, ANOTHER), deltas, strict=False):
        delta = load_delta(path, base=digest)
        steps = attacks.vectors.steps
        found = [*trial.vectors(delta, steps), *trial.words(delta)] if model == OWN else trial.vectors(delta, steps[-1:])
        rows += [{"task": task, "method": method, "concept": concept, "model": model, **row} for row in found]
    write_parquet(outcome, pd.DataFrame(rows))


@dataclass(frozen=True)
class _Trial:
    """Everything that attacks on one concept share."""

    studio: Studio
    emitter: Emitter
    references: Sequence[Reference]
    attacks: Attack
    judges: Sequence[JudgeMetrics]
    seed: int

    @property
    def _seeds(self) -> Sequence[int]:
        return self.studio.settings.seeds

    @property
    def _noise(self) -> dict[str, str]:
        """What the noise of pictures depends on, beside the picture."""
        return {"world": self.studio.settings.world, "task": self.studio.task}

    def vectors(self, delta: Delta, steps: Sequence[int]) -> list[dict[str, Any]]:
        """Rows of the prompt alone, and of free vectors after these numbers of steps."""
        own = self.attacks.vectors
        search = Search(
            own.count, own.place, steps, own.learning_rate, rows=self.attacks.rows, batch_size=self.attacks.batch_size
        )
        rows = self._outcome(PROMPT, 0, delta, self.references, None, own.place, self._seeds)
        for found in free_vectors(self.studio.pipe, delta, self.references, search, emitter=self.emitter, seed=self.seed):
            rows += self._outcome(VECTORS, found.steps, delta, self.references, found.vectors, own.place, self._seeds)
        return rows

    def words(self, delta: Delta) -> list[dict[str, Any]]:
        """Rows of random words, of words that were searched for, and of all sequences of words."""
        pipe, own, seeds = self.studio.pipe, self.attacks.words, self._seeds[:1]
        cells = list(dict.fromkeys(reference.receiver for reference in self.references))[: own.cells]
        references = [reference for reference in self.references if reference.receiver in cells]
        allowed = allowed_words(pipe, self.emitter, {receiver.index: receiver.prompt for receiver in self.studio.receivers})
        generators = [emitter_generator(self.seed, self.emitter, f"random words {r.receiver} {r.name}") for r in references]
        drawn_words = torch.stack([random_words(allowed, own.count, generator) for generator in generators])
        search = Search(
            own.count, own.place, [own.steps], own.learning_rate, own.weight_decay, self.attacks.rows, self.attacks.batch_size
        )
        (found,) = relaxed_words(pipe, delta, references, search, allowed, emitter=self.emitter, seed=self.seed)
        assert found.words is not None
        rows = []
        for name, steps, words in ((RANDOM, 0, drawn_words), (WORDS, own.steps, found.words)):
            vectors = word_embeddings(pipe, words).cpu()
            rows += self._outcome(name, steps, delta, references, vectors, own.place, seeds, words)
        return rows + (self._every(delta, cells, allowed, own.place, seeds) if own.exhaustive else [])

    def _outcome(
        self, name: str, steps: int, delta: Delta, references: Sequence[Reference], vectors: Tensor | None, place: Place,
        seeds: Sequence[int], words: Tensor | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """A row per reference picture and seed."""
        asked = [(reference.receiver, reference.prompt) for reference in references]
        loss = errors(self.studio.pipe, delta, references, vectors, place, self.attacks.batch_size, **self._noise, seed=self.seed)
        seen = self._judged(delta, asked, vectors, place, seeds)
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
                asked = [(cell, self.studio.receivers[cell].prompt)] * len(words)  # noqa: B023
                seen = self._judged(delta, asked, word_embeddings(self.studio.pipe, words).cpu(), place, seeds)
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

    def _judged(
        self, delta: Delta, asked: Sequence[tuple[int, str]], vectors: Tensor | None, place: Place, seeds: Sequence[int]
    ) -> Judged:
        """What judges see when receivers are asked for by their prompts, each with its vectors, in every seed."""
        studio = self.studio
        images = drawn(studio.drawing, delta, asked, vectors, place, seeds, studio.settings.generation, **self._noise)
        cells = np.repeat([cell for cell, _ in asked], len(seeds))
        numbers = np.arange(len(cells))  # in the place of seeds, since a cell is drawn with many attacks from one seed
        scores = studio.seen(images.reshape(-1, *images.shape[2:]), cells, numbers)
        return judged(scores, self.judges)

    def _text(self, words: Sequence[int]) -> str:
        return " ".join(self.studio.pipe.tokenizer.convert_ids_to_tokens(list(words)))
