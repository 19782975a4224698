"""Where images and attributes come from. Names are resolved lazily; see ``base.EntitySource``."""

from __future__ import annotations

from lethe.registry import Registry
from lethe.sources.base import EntitySource

SOURCES: Registry[type[EntitySource]] = Registry("source")
SOURCES.register("digits", "lethe.sources.digits:Digits")
SOURCES.register("rendered_breeds", "lethe.sources.breeds:RenderedBreeds")
SOURCES.register("rendered_scenes", "lethe.sources.scenes:RenderedScenes")
SOURCES.register("rendered_people", "lethe.sources.people:RenderedPeople")
SOURCES.register("folder", "lethe.sources.folder:ImageFolder")
SOURCES.register("lfw", "lethe.sources.lfw:Lfw")
SOURCES.register("sun_attributes", "lethe.sources.sun_attributes:SunAttributes")
SOURCES.register("fci_breeds", "lethe.sources.fci_breeds:FciBreeds")

# sources that can draw an entity anew, beyond its packed images (a method ``unseen``); named here, so that a plan imports none
REDRAWN = ("rendered_breeds", "rendered_scenes", "rendered_people")


def no_unseen(members: str, source: str, trained_here: bool) -> str:
    """Why a task has no images for membership inference; empty if it has.

    Args:
        members: ``scoring.membership.members``.
        source: where the task's images come from.
        trained_here: whether its base is trained by this workflow, so that its training images are known.
    """
    if members == "none":
        return "scoring.membership.members is 'none'; set it to 'base' or 'unlearning'"
    if members == "unlearning":
        return ""
    other = "; scoring.membership.members: unlearning asks about the images shown to the methods instead"
    if not trained_here:
        return f"what a pretrained base was trained on is not known{other}"
    if source not in REDRAWN:
        return (
            f"the base was trained on every image of the source '{source}', so no entity has an image it never saw "
            f"(sources that can draw more: {', '.join(REDRAWN)}){other}"
        )
    return ""
