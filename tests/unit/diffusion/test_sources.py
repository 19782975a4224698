"""The rendered worlds are what the benchmark needs them to be; the contract of all sources is tested in tests/contract."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.digits import upscale
from lethe.diffusion.sources.drawing import MARGIN, SCALE, colours, pattern, sampling_weight, seeded

EMBEDDED = ["digits", "rendered_breeds", "rendered_people", "rendered_scenes"]
RENDERED = EMBEDDED[1:]
NOT_ATTRIBUTES = {"name", "dataset_n_original"}


def names(source):
    return [record["name"] for record in source.entities()]


def some(source, name, count):
    return [image.pixels for image in itertools.islice(source.images(name), count)]


@pytest.mark.parametrize("key", EMBEDDED)
def test_attributes_are_typed(key):
    records = SOURCES.load(key)().entities()
    kinds = Counter()
    for attribute in records[0].keys() - NOT_ATTRIBUTES:
        types = {type(record[attribute]) for record in records}
        assert len(types) == 1, f"{attribute} mixes {types}"
        assert len({record[attribute] for record in records}) > 1, f"{attribute} is constant"
        kinds["numeric" if types <= {int, float} else "categorical"] += 1
    assert kinds["numeric"] >= 2 and kinds["categorical"] >= 2
    weights = [sampling_weight(record["popularity"]) for record in records]
    assert 2 < max(weights) / min(weights) <= 3


def test_digits_are_those_of_scikit_learn():
    source, data = SOURCES.load("digits")(), load_digits()
    assert sum(record["dataset_n_original"] for record in source.entities()) == 1797
    for value, name in enumerate(names(source)):
        for image in source.images(name):
            row = int(image.file_name.removesuffix(".png"))
            assert data.target[row] == value
            assert np.array_equal(image.pixels, upscale(data.images[row]))
    assert math.isnan(source.attribute_distance("one", "seven"))


def test_upscaling_keeps_the_real_pixels():
    grey = load_digits().images[0]
    # 10 cells (8 and the margin) on 32 px: the sample nearest to the middle of each cell.
    middles = ((np.arange(1, 9) + 0.5) * 3.2).astype(int)
    kept = upscale(grey)[np.ix_(middles, middles, [0])][:, :, 0]
    assert np.corrcoef(kept.ravel(), grey.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("key", RENDERED)
def test_picture_does_not_depend_on_how_many_are_asked_for(key):
    few, many = SOURCES.load(key)(images_per_entity=2), SOURCES.load(key)(images_per_entity=5)
    name = names(few)[0]
    assert len(list(few.images(name))) == few.entities()[0]["dataset_n_original"] == 2
    assert all(np.array_equal(one, two) for one, two in zip(some(few, name, 2), some(many, name, 2), strict=True))
    assert not np.array_equal(*some(few, name, 2))
    with pytest.raises(ValueError, match="images_per_entity is 0"):
        SOURCES.load(key)(images_per_entity=0)


@pytest.mark.parametrize("key", RENDERED)
def test_distance_is_a_dissimilarity_with_spread(key):
    source = SOURCES.load(key)()
    assert sum(weight for weight, _ in source.DRAWN.values()) == pytest.approx(1)
    for attribute, (_, span) in source.DRAWN.items():
        for record in source.RECORDS:
            assert span is None or span[0] <= record[attribute] <= span[1]
    pairs = list(itertools.combinations(names(source), 2))
    distances = [source.attribute_distance(*pair) for pair in pairs]
    assert all(source.attribute_distance(name, name) == 0 for name in names(source))
    assert all(source.attribute_distance(b, a) == d for (a, b), d in zip(pairs, distances, strict=True))
    assert min(distances) > 0 and max(distances) <= 1
    # Mantel's test needs close and distant pairs.
    assert sum(distance <= 0.25 for distance in distances) >= 5
    assert sum(distance >= 0.75 for distance in distances) >= 5


@pytest.mark.parametrize("key", RENDERED)
def test_picture_changes_iff_a_drawn_attribute_changes(key):
    source = SOURCES.load(key)
    for attribute in source.RECORDS[0]:
        values = {record[attribute] for record in source.RECORDS}
        for record in source.RECORDS:
            plan = source.plan(record)
            for value in values - {record[attribute]}:
                changed = (source.plan({**record, attribute: value}) != plan)[MARGIN * SCALE : -MARGIN * SCALE]
                assert changed.any() == (attribute in source.DRAWN), f"{record['name']}: {attribute} -> {value}"


@pytest.mark.parametrize("key", RENDERED)
def test_distance_agrees_with_the_plans(key):
    source = SOURCES.load(key)()
    frame = slice(MARGIN * SCALE, -MARGIN * SCALE)
    plans = {record["name"]: source.plan(record)[frame, frame] for record in source.RECORDS}
    pairs = list(itertools.combinations(plans, 2))
    share = [(plans[a] != plans[b]).mean() for a, b in pairs]
    assert min(share) > 0.04  # of the frame: about 40 px of 1,024 tell the closest pair apart
    truth = [source.attribute_distance(*pair) for pair in pairs]
    assert spearmanr(share, truth).statistic > 0.6


@pytest.mark.parametrize("key", RENDERED)
def test_colour_does_not_give_the_entity_away(key):
    source = SOURCES.load(key)()
    means = np.array([[pixels.mean((0, 1)) for pixels in some(source, name, 60)] for name in names(source)])
    means = (means - means.mean((0, 1))) / means.std((0, 1))
    labels = np.repeat(np.arange(len(means)), 30)
    probe = LogisticRegression(max_iter=300).fit(means[:, :30].reshape(-1, 3), labels)
    assert probe.score(means[:, 30:].reshape(-1, 3), labels) < 0.3  # chance is 0.083


def test_strata_of_the_balanced_design_are_filled():
    def strata(key, *attributes):
        records = SOURCES.load(key)().entities()
        columns = []
        for attribute in attributes:
            values = [record[attribute] for record in records]
            if isinstance(values[0], float):
                middle = statistics.median(values)
                values = [value > middle for value in values]
            columns.append(values)
        return sorted(Counter(zip(*columns, strict=True)).values())

    assert strata("rendered_breeds", "grooming_frequency_value", "group") == [3] * 4
    assert strata("rendered_scenes", "sports", "natural") == [3] * 4
    assert strata("rendered_people", "occupation_simplified", "hpi") == [2] * 6


def test_luminance_order_of_the_roles():
    for number in range(50):
        background, body, second, ink, light, skin = colours(seeded("test", number)) @ np.array([0.299, 0.587, 0.114])
        assert ink < min(body, second) and max(body, second) < min(background, skin) and background < light


def test_errors_name_the_value():
    with pytest.raises(UnknownNameError, match="unknown pattern 'stripe'.*did you mean 'stripes'"):
        pattern("stripe")
    with pytest.raises(ValueError, match="popularity is 101"):
        sampling_weight(101)
    breeds = SOURCES.load("rendered_breeds")
    with pytest.raises(ValueError, match="grooming_frequency_value is 1.2"):
        breeds.plan({**breeds.RECORDS[0], "grooming_frequency_value": 1.2})
