"""Which tasks have images that their base never saw, for membership inference. A plan asks; it imports no source."""

from __future__ import annotations

# sources that can draw an entity anew, beyond its packed images (a method ``unseen``)
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
