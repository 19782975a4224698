"""What is known of a source before anything is read: its columns, and how many entities it has at most.

A plan imports no source and opens no file of one, so that these names stand here a second time; a test compares them with the sources.
"""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """What is known of a source.

    Attributes:
        columns: of its records beside ``name`` and ``dataset_n_original``.
        entities: how many it has; None if a file decides.
        distance: whether it knows how unlike two of its entities are.
        people: whether its pictures may show people.
    """

    columns: tuple[str, ...]
    entities: int | None = None
    distance: bool = False
    people: bool = True


KNOWN = {
    "digits": Known(("value", "parity", "loops", "strokes", "curvature", "popularity"), 10, people=False),
    "rendered_breeds": Known(
        ("group", "grooming_frequency_value", "ears", "tail", "height_cm", "popularity"), 12, True, people=False
    ),
    "rendered_scenes": Known(
        ("sports", "natural", "horizon", "texture", "openness", "height", "popularity"), 12, True, people=False
    ),
    "rendered_people": Known(
        ("occupation_simplified", "gender", "birthyear", "hpi", "hair", "glasses", "beard", "hat", "popularity"), 12, True
    ),
    "canvas": Known(("style", "object"), 54, True, people=False),
    "unlearncanvas": Known(("style", "object"), None, True),
    "unlearncanvas_parquet": Known(("style", "object"), None, True),
    "lfw": Known(("name_pantheon", "birthyear", "gender", "occupation", "bplace_country", "hpi", "race")),
}
"""Sources whose columns do not depend on what is read. ``race`` of LFW exists only where a table of it is given."""

SHIPPED = {
    "objects": "digits",
    "breeds": "rendered_breeds",
    "scenes": "rendered_scenes",
    "people": "rendered_people",
    "canvas": "canvas",
}
"""Task -> its source, of the tasks whose models are shipped in ``assets/mini``."""
SHIPPED_RETRAINED = {"objects": (3,), "breeds": (3,), "scenes": (3,), "people": (3,), "canvas": (0, 1, 6, 7)}
"""Task -> the emitters without each of which its base is shipped too."""
SHIPPED_BASES = (*SHIPPED, "canvas_held_out")
SHIPPED_PARTS = dict.fromkeys(("canvas", "canvas_held_out"), ("canvas_vae", "canvas_tokenizer"))
"""Base -> names of its shipped autoencoder and tokenizer, where they are not ``vae`` and ``tokenizer``."""
SHIPPED_EVALUATORS = ("clip", "backbone", "judge", "style", "object", "style2", "object2")


def knows_distance(source: str) -> bool:
    """Whether a source is known to know how unlike two of its entities are, so that there is a true similarity."""
    return source in KNOWN and KNOWN[source].distance


def may_show(source: str, subject: str) -> bool:
    """Whether pictures of a source may show a subject: all but those that are known not to.

    >>> may_show("digits", "people"), may_show("lfw", "people"), may_show("digits", "")
    (False, True, True)
    """
    return subject != "people" or source not in KNOWN or KNOWN[source].people
