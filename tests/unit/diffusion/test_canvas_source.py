"""The embedded UnlearnCanvas: images of all styles are painted from one seed image, and no split shares a number."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from lethe.diffusion.sources.canvas import PHOTO, RenderedCanvas
from lethe.diffusion.sources.canvas_styles import STYLES, match_means
from lethe.diffusion.sources.canvas_things import THINGS, photograph
from lethe.diffusion.sources.drawing import seeded
from lethe.settings.sources import CanvasOptions

OPTIONS = {"training": 3, "judges": 10, "reference": 2, "attack": 1, "transfer": 0}


@pytest.fixture(scope="module")
def canvas() -> RenderedCanvas:
    return RenderedCanvas(**OPTIONS)


def test_splits_share_no_image_number_and_cover_them_all() -> None:
    options = CanvasOptions(**OPTIONS)
    numbers = options.numbers()
    assert all(not set(one) & set(other) for one, other in combinations(numbers.values(), 2))
    assert sorted(number for split in numbers.values() for number in split) == list(range(16))
    assert options.splits() == ("judges", "reference", "attack")


def test_an_image_of_a_style_has_the_mean_colours_of_its_seed_image(canvas: RenderedCanvas) -> None:
    for thing in THINGS:
        seeds = [image.pixels for image in canvas.images(f"{PHOTO}_{thing}")]
        for style in STYLES:
            painted = [image.pixels for image in canvas.images(f"{style}_{thing}")]
            for one, other in zip(seeds, painted, strict=True):
                assert np.abs(one.mean((0, 1)) - other.mean((0, 1))).max() < 1, (style, thing)
                assert np.abs(one.astype(int) - other).mean() > 5, (style, thing)


def test_colours_place_and_light_are_the_images_own() -> None:
    first, second = (photograph("fish", seeded("test", number)) for number in range(2))
    assert np.abs(first - second).mean() > 0.05
    assert np.array_equal(first, photograph("fish", seeded("test", 0)))


def test_means_are_met_although_values_are_clipped() -> None:
    dark, wanted = np.zeros((8, 8, 3)), np.full((8, 8, 3), 0.7)
    dark[:4] = 1
    assert np.allclose(match_means(dark, wanted).mean((0, 1)), 0.7, atol=1e-3)


def test_cells_are_all_combinations(canvas: RenderedCanvas) -> None:
    records = canvas.entities()
    assert {(record["style"], record["object"]) for record in records} == {(s, t) for s in (PHOTO, *STYLES) for t in THINGS}
    assert canvas.attribute_distance("photo_fish", "neon_fish") == 0.5 == canvas.attribute_distance("photo_fish", "photo_boat")
