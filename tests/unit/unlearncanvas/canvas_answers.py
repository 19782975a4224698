"""A canvas of four styles (one is the photo) and three objects, and answers in which chosen images are wrong."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from lethe.benchmarks.unlearncanvas.answers import BASE, answer_set
from lethe.benchmarks.unlearncanvas.concepts import Canvas, canvas_of
from lethe.diffusion.testbed.receivers import Emitter, Receiver
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas

STYLES, OBJECTS, SEEDS = ("photo", "a", "b", "c"), ("x", "y", "z"), (1, 2)
JUDGES = [Judge(style="style", object="object"), Judge(style="style2", object="object2")]
SETTINGS = UnlearnCanvas(judges=JUDGES)
Image = tuple[str, str, int]  # style and object asked for, seed


def receivers() -> list[Receiver]:
    return [
        Receiver(len(OBJECTS) * row + column, f"{style}_{thing}", "", f"{thing} in {style}", {"style": style, "object": thing})
        for row, style in enumerate(STYLES)
        for column, thing in enumerate(OBJECTS)
    ]


def emitters(*targets: tuple[str, str, str]) -> list[Emitter]:
    """Each of style, object and what takes its place; a style or object that is empty is not asked for."""
    found = []
    for index, (style, thing, guide) in enumerate(targets):
        covered = [
            r
            for r in receivers()
            if r.attributes["style"] in (style or r.attributes["style"])
            and r.attributes["object"] in (thing or r.attributes["object"])
        ]
        overwrite = {
            r.index: (f"{r.attributes['object']} in {guide}" if not thing else f"{guide} in {r.attributes['style']}")
            if guide
            else ""
            for r in covered
        }
        found.append(Emitter(index, style or thing, tuple(r.index for r in covered), tuple(r.prompt for r in covered), overwrite))
    return found


def canvas(*targets: tuple[str, str, str]) -> Canvas:
    return canvas_of(receivers(), emitters(*targets), SETTINGS)


def scores(
    style: Collection[Image] = (),
    thing: Collection[Image] = (),
    seeds: Sequence[int] = SEEDS,
    drawn: tuple[str, str] = ("b", "y"),
) -> pd.DataFrame:
    """What two judges see. In the images of ``style`` (``thing``) the first judge sees another style (object) than asked for.

    Args:
        drawn: the style and object that is seen instead, or the photo and x where that was asked for.
    """
    rows = []
    for receiver in receivers():
        asked = receiver.attributes
        for seed in seeds:
            image = (asked["style"], asked["object"], seed)
            row = {"receiver": receiver.index, "seed": seed, "constant": 0.0}
            for name, wrong, instead, spare in (("style", style, drawn[0], "photo"), ("object", thing, drawn[1], "x")):
                seen = asked[name] if image not in wrong else instead if instead != asked[name] else spare
                for metric, value in ((name, seen), (f"{name}2", asked[name])):
                    p = np.float32(0.75 + 0.01 * receiver.index)
                    row |= {f"{metric}_pred": value, f"{metric}_p": p, f"{metric}_jpeg_pred": value, f"{metric}_jpeg_p": p}
                    row |= {
                        f"{metric}_asked_p": p if value == asked[name] else np.float32(0.125),
                        metric: float(value == asked[name]),
                    }
            rows.append(row)
    return pd.DataFrame(rows)


def base_answers(of: Canvas, *wrong: Collection[Image], seeds: Sequence[int] = SEEDS) -> pd.DataFrame:
    return answer_set(of, scores(*wrong, seeds=seeds), JUDGES, BASE)


def answers(of: Canvas, method: str, *models: pd.DataFrame) -> pd.DataFrame:
    """The answer set of a method: the scores of the model of each concept, in order."""
    sets = [answer_set(of, found, JUDGES, method, 3, concept) for found, concept in zip(models, of.concepts, strict=False)]
    return pd.concat(sets, ignore_index=True)
