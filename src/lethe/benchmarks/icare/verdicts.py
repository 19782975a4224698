"""What becomes of a receiver when an emitter is unlearned: one word a pair, by where CLIP sees its pictures.

With the base's own pictures every entity k has a centre c_k (mean of CLIP's image embeddings of its off images, each of unit length) and a
*spread* s_k: the mean distance 1 - cosine of an off image to the centre of the others, so what another seed alone does. The *substitute* is the
centre of what the unlearned model draws where it is asked for the emitter. A picture x of receiver r, drawn after emitter e was unlearned, is

- **preserved** if its distance to c_r is at most ``THRESHOLD`` x s_r: another seed of the base could have drawn it;
- **bled** else, if it is nearer to c_e or to the substitute than to c_r, and as near to that as its own spread times ``THRESHOLD``;
- **drifted** else, if c_r is still the nearest of all centres;
- **destroyed** else: it shows neither.

The verdict of a pair is that of most of its pictures; of equally many the worse one. An emitter is no receiver of itself here.

CLIP's embeddings are used and not the backbone's, since they tell entities apart: by the nearest centre of the other images every one of the
480 off images of the mini world finds its entity, with the backbone 78 %.

The threshold was not fitted: it is that of the source. On the tuning emitters of the mini world every value from 1.5 to 8 agrees with the judge
in 99 % of 216 pairs or more (``lethe.benchmarks.icare.verdict_agreement``), so nothing spoke for another one; docs/measures.md tells the others.

Source: the idea, the four words and a threshold of three seed spreads are those of Vision Unlearning's receiver_damage.py
(LeonardoSanBenitez/vision-unlearning, benchmarks/I_care/ablations/entity_strings_audit); centres, CLIP and the rules above are ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lethe.core.records import ModelId
from lethe.diffusion.metrics.embeddings import Embeddings

Floats = NDArray[np.float64]
Verdict = Literal["destroyed", "bled", "drifted", "preserved"]
VERDICTS: tuple[Verdict, ...] = ("destroyed", "bled", "drifted", "preserved")  # the worst first
THRESHOLD = 3.0  # spreads of the base


@dataclass(frozen=True)
class Centres:
    """Where CLIP sees the entities of a task, as the base draws them.

    Attributes:
        centre: (N, d) of unit length. spread: (N,) mean distance of an off image to the centre of the others.
    """

    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, off: Embeddings, entities: int) -> Centres:
        """Those of the off images of ``entities`` receivers.

        Raises:
            ValueError: no CLIP embeddings, or a receiver with fewer than two images, which has no spread.
        """
        images = _unit(_clip(off))
        of = [images[off.receiver == receiver] for receiver in range(entities)]
        if few := [receiver for receiver, found in enumerate(of) if len(found) < 2]:
            raise ValueError(f"the base has fewer than two images of receivers {few[:5]}; a spread needs two seeds")
        return cls(np.stack([_unit(found.mean(0)) for found in of]), np.array([spread(found) for found in of]))


def spread(images: Floats) -> float:
    """Mean distance of each of (n, d) images of unit length, n > 1, to the centre of the others."""
    others = _unit(images.sum(0) - images)
    return float(np.mean(1 - (images * others).sum(1)))


def image_verdicts(centres: Centres, on: Embeddings, emitter: int, threshold: float = THRESHOLD) -> pd.DataFrame:
    """The verdict of every on image of a model, but those of the emitter itself.

    Returns:
        ``receiver, seed, verdict, moved``; ``moved`` is the distance to the receiver's centre in spreads.

    Raises:
        ValueError: no CLIP embeddings, or fewer than two images of the emitter.
    """
    images = _unit(_clip(on))
    own = images[on.receiver == emitter]
    if len(own) < 2:
        raise ValueError(f"{len(own)} images of the emitter {emitter}; what takes its place needs two")
    substitute, wide = _unit(own.mean(0)), max(spread(own), float(centres.spread[emitter]))
    asked = on.receiver != emitter
    receivers, images = on.receiver[asked], images[asked]
    away = 1 - images @ centres.centre.T
    from_own = away[np.arange(len(images)), receivers]
    others = np.stack([away[:, emitter], 1 - images @ substitute])  # the emitter, its substitute
    near = (others <= threshold * np.array([[centres.spread[emitter]], [wide]])) & (others < from_own)
    nearest = np.column_stack([away, others[1]]).argmin(1)
    found = np.full(len(images), "destroyed", dtype=object)
    found[nearest == receivers] = "drifted"
    found[near.any(0)] = "bled"
    found[from_own <= threshold * centres.spread[receivers]] = "preserved"
    moved = from_own / centres.spread[receivers]
    return pd.DataFrame({"receiver": receivers, "seed": on.seed[asked], "verdict": found, "moved": moved})


def of_most(words: Sequence[str], worst_first: Sequence[str] = VERDICTS) -> str:
    """The most frequent word; of equally frequent ones that which comes first in ``worst_first``.

    >>> of_most(["preserved", "bled", "preserved", "bled"])
    'bled'
    """
    counts = Counter(words)
    return max(worst_first, key=lambda word: (counts[word], -worst_first.index(word)))


def verdict_table(off: Embeddings, on: Mapping[str, Embeddings], entities: int, threshold: float = THRESHOLD) -> pd.DataFrame:
    """The verdict of every pair of every model.

    Args:
        off: of the base.
        on: name of a model -> its embeddings.
        entities: N.

    Returns:
        ``method, epochs, emitter, receiver, verdict``, the share of images of each of ``VERDICTS``, ``moved`` (mean distance to the receiver's
        centre in spreads), ``threshold``.
    """
    centres, rows = Centres.of(off, entities), []
    for name, embeddings in on.items():
        model = ModelId.parse(name)
        for receiver, images in image_verdicts(centres, embeddings, model.index, threshold).groupby("receiver", sort=True):
            words = images["verdict"].tolist()
            row: dict[str, Any] = {"method": model.method, "epochs": model.epochs, "emitter": model.index, "receiver": receiver}
            row |= {"verdict": of_most(words)} | {word: words.count(word) / len(words) for word in VERDICTS}
            rows.append(row | {"moved": images["moved"].mean(), "threshold": threshold})
    return pd.DataFrame(rows, columns=["method", "epochs", "emitter", "receiver", "verdict", *VERDICTS, "moved", "threshold"])


def _clip(embeddings: Embeddings) -> Floats:
    if embeddings.clip is None:
        raise ValueError("verdicts need embeddings of CLIP, which images have where the metric 'clip' is scored")
    return embeddings.clip.astype(np.float64)


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found
