"""Verdicts on receivers, where it is known what became of each picture; and how they are held against a judge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lethe.benchmarks.icare.verdict_agreement import Seen, agreement_table, truths
from lethe.benchmarks.icare.verdicts import VERDICTS, Centres, image_verdicts, of_most, verdict_table
from lethe.diffusion.metrics.embeddings import Embeddings

ENTITIES, SEEDS, WIDTH = 4, 20, 16
PLACES = np.eye(WIDTH)  # a direction for every entity, and others that are nobody's
NEW, NOBODY = PLACES[10], PLACES[11]  # what takes the emitter's place; nothing anybody drew
EMITTER = 0


def embeddings(directions: list[np.ndarray], seed: int, spread: float = 0.1) -> Embeddings:
    """SEEDS pictures of every receiver, scattered around its direction; of any length, since only directions count."""
    draw = np.random.default_rng(seed)
    images = np.concatenate([place + spread * draw.standard_normal((SEEDS, WIDTH)) / np.sqrt(WIDTH) for place in directions])
    images *= draw.uniform(0.5, 2.0, (len(images), 1))
    receivers, seeds = np.repeat(np.arange(len(directions)), SEEDS), np.tile(np.arange(SEEDS), len(directions))
    return Embeddings(receivers, seeds, np.zeros((len(images), 0), np.float32), images.astype(np.float32))


@pytest.fixture
def off() -> Embeddings:
    return embeddings(list(PLACES[:ENTITIES]), seed=0)


def words(off: Embeddings, places: list[np.ndarray]) -> list[str]:
    """The verdicts on receivers 1 to 3 of a model that forgot 0."""
    table = verdict_table(off, {"objects_000_uce_000": embeddings(places, seed=1)}, ENTITIES)
    assert table["receiver"].tolist() == [1, 2, 3], "an emitter is no receiver of itself"
    assert np.allclose(table[list(VERDICTS)].sum(axis=1), 1)
    return table["verdict"].tolist()


def test_pictures_that_another_seed_could_have_drawn_are_preserved(off: Embeddings) -> None:
    assert words(off, [NEW, *PLACES[1:ENTITIES]]) == ["preserved"] * 3


def test_what_became_the_emitter_or_its_substitute_bled_and_what_became_nothing_is_destroyed(off: Embeddings) -> None:
    assert words(off, [NEW, PLACES[EMITTER], NEW, NOBODY]) == ["bled", "bled", "destroyed"]
    assert words(off, [NEW, PLACES[2], PLACES[1], PLACES[3]]) == ["destroyed", "destroyed", "preserved"], (
        "another entity is no substitute"
    )
    assert words(off, [PLACES[2], PLACES[2], PLACES[2], PLACES[3]])[0] == "bled", "unless it took the emitter's place"


def test_what_moved_and_still_resembles_itself_most_drifted(off: Embeddings) -> None:
    moved = PLACES[1] + 0.6 * NOBODY
    assert words(off, [NEW, moved, PLACES[2], PLACES[3]]) == ["drifted", "preserved", "preserved"]


def test_the_threshold_is_in_spreads_of_the_base(off: Embeddings) -> None:
    centres = Centres.of(off, ENTITIES)
    assert np.allclose(centres.spread, centres.spread.mean(), rtol=0.3) and np.allclose(np.linalg.norm(centres.centre, axis=1), 1)
    on = embeddings([NEW, *PLACES[1:ENTITIES]], seed=1)
    found = image_verdicts(centres, on, EMITTER)
    assert found["moved"].median() == pytest.approx(1, abs=0.3), "another seed moves a picture by one spread"
    wide = embeddings(list(PLACES[:ENTITIES]), seed=0, spread=0.4)
    tight, loose = (
        (
            image_verdicts(Centres.of(base, ENTITIES), embeddings([NEW, *PLACES[1:ENTITIES]], 1, 0.4), EMITTER)["verdict"]
            == "preserved"
        )
        for base in (off, wide)
    )
    assert tight.mean() < 0.1 < 0.9 < loose.mean(), "what is far for a base that varies little is near for one that varies much"


def test_most_pictures_decide_and_of_equally_many_the_worse() -> None:
    assert of_most(["preserved", "drifted", "drifted"]) == "drifted"
    assert of_most(["preserved", "destroyed"]) == "destroyed"


def test_what_cannot_be_told_is_an_error(off: Embeddings) -> None:
    bare = Embeddings(off.receiver, off.seed, off.embedding)
    with pytest.raises(ValueError, match="verdicts need embeddings of CLIP"):
        Centres.of(bare, ENTITIES)
    with pytest.raises(ValueError, match=r"fewer than two images of receivers \[4\]"):
        Centres.of(off, ENTITIES + 1)


def test_truth_is_what_a_judge_sees_in_most_pictures() -> None:
    class_of, seen = [10, 11, 12, 13], {0: [20, 20, 20], 1: [11, 11, 20], 2: [20, 10, 12], 3: [13, 14, 15]}
    receivers = np.repeat(list(seen), 3)
    found = truths(Seen(receivers, np.concatenate(list(seen.values()))), 0, class_of)
    assert dict(zip(found["receiver"], found["truth"], strict=True)) == {1: "receiver", 2: "substitute", 3: "neither"}


def test_agreement_is_told_apart_for_emitters_that_were_tuned_on() -> None:
    pairs = [(emitter, receiver) for emitter in range(3) for receiver in range(3) if emitter != receiver]
    keys = pd.DataFrame(pairs, columns=["emitter", "receiver"]).assign(method="uce")
    verdicts = keys.assign(verdict=["preserved", "drifted", "bled", "destroyed", "preserved", "bled"])
    truth = keys.assign(truth=["receiver", "receiver", "substitute", "receiver", "neither", "substitute"])
    table = agreement_table(verdicts, truth, tuning=[0])
    told = table[table["method"] == "uce"].set_index(["emitters", "truth"])
    assert told.loc[("tuning", "all"), ["pairs", "agreement"]].tolist() == [2, 1.0]
    assert told.loc[("reported", "all"), ["pairs", "agreement"]].tolist() == [4, 0.5]
    assert told.loc[("reported", "substitute"), "agreement"] == 1.0 and told.loc[("reported", "receiver"), "agreement"] == 0.0
    assert table[table["method"] == "all"]["pairs"].sum() == told["pairs"].sum()
