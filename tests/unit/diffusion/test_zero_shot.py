"""The shipped CLIP as a classifier of entities that no classifier was trained on: real digits, and names that it does not know."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lethe
from lethe.diffusion.metrics.base import ScoringBatch
from lethe.diffusion.metrics.clip import ClipScore, load_clip
from lethe.diffusion.metrics.run import load_scorer
from lethe.diffusion.metrics.scoring import ImageSet
from lethe.diffusion.metrics.zero_shot import SamePromptError, zero_shot_classifier
from lethe.diffusion.pretraining import EVALUATOR_FOLDERS
from lethe.diffusion.sources.digits import Digits
from lethe.diffusion.testbed.receivers import Receiver, of_entities
from lethe.settings.bases import Evaluator
from lethe.settings.pretraining import PretrainingSettings
from lethe.settings.scoring import Scoring

ASSETS = Path(lethe.__file__).parents[2] / "assets/mini"
EACH = 6  # pictures of a digit


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluators") / "clip"
    EVALUATOR_FOLDERS.load("clip")(folder, ASSETS / "clip.safetensors", ASSETS / "tokenizer.json", PretrainingSettings())
    return folder


def receivers(*names: str, style: str = "thing") -> list[Receiver]:
    return of_entities([{"name": name} for name in names], style)[0]


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    """Real pictures of every digit, each asked for by its own name."""
    source = Digits()
    names = [record["name"] for record in source.entities()]
    pixels = [image.pixels for name in names for image in islice(source.images(name), EACH)]
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2)
    images = F.interpolate(images.float(), 32).round().to(torch.uint8).contiguous()
    asked = np.repeat(np.arange(len(names)), EACH)
    return ImageSet(images, asked, np.tile(np.arange(EACH), len(names)), [f"An image of a {names[index]}" for index in asked])


def test_it_says_which_entity_a_picture_shows_and_is_the_metric_judge(clip: Path, digits: ImageSet) -> None:
    names = [record["name"] for record in Digits().entities()]
    scorer = load_scorer(
        {"clip": clip, "judge": clip},
        {"clip": Evaluator(kind="clip"), "judge": Evaluator(kind="zero_shot")},
        "own",
        receivers(*names),
        Scoring(metrics=["clip", "judge"]),
        "cpu",
        1,
    )
    table = scorer.score_baseline(digits).table
    assert set(table["judge"]) <= {0.0, 1.0} and table["judge"].mean() > 0.9
    swapped = ImageSet(digits.images, np.roll(digits.receivers, EACH), digits.seeds, digits.prompts)
    assert scorer.score_baseline(swapped).table["judge"].mean() < 0.1, "it says what is there, not what was asked for"


def test_its_logits_are_those_of_clip(clip: Path, digits: ImageSet) -> None:
    asked = receivers("one", "seven")
    found = zero_shot_classifier(clip, asked)
    assert found.classes == found.class_of == ["one", "seven"]
    score = ClipScore(*load_clip(str(clip)))
    columns = [
        score.score(ScoringBatch(digits.images, digits.receivers, [receiver.prompt] * len(digits.images)))["clip"]
        for receiver in asked
    ]
    expected = np.stack(columns, axis=1) / 100 * float(score.model.logit_scale.exp())
    np.testing.assert_allclose(found.logits(digits.images).numpy(), expected, rtol=1e-4)


def test_names_that_are_one_to_it_are_refused(clip: Path) -> None:
    with pytest.raises(SamePromptError, match="CLIP cannot tell 'wombat' and 'numbat' apart"):
        zero_shot_classifier(clip, receivers("one", "wombat", "numbat"))
