"""Pantheon's occupations in the three kinds that the people of the published testbed are balanced over."""

from __future__ import annotations

from lethe.core.records import Fidelity

ARTISTS = ("Actor", "Singer", "Musician", "Film director", "Comedian", "Writer", "Artist", "Model")
ATHLETES = (
    "Tennis player",
    "Basketball player",
    "Racing driver",
    "Swimmer",
    "Athlete",
    "Golfer",
    "Boxer",
    "Cyclist",
    "Skater",
    "Soccer player",
    "Baseball player",
    "American football player",
    "Cricketer",
)
MISSPELT = "Baseball player"  # the reference looks for "Baseball player ", with a blank that no row has
KINDS = dict.fromkeys(ARTISTS, "Artist") | dict.fromkeys(ATHLETES, "Athlete")


def occupation_in_three(occupation: str, fidelity: Fidelity = "corrected") -> str:
    """``"Artist"`` or ``"Athlete"`` where the occupation is one of theirs, else the occupation itself (``"Politician"``).

    Args:
        occupation: as Pantheon writes it, capitalised: ``"Film director"``.
        fidelity: ``"published"`` leaves ``"Baseball player"`` as it is, so that the filter by kind drops baseball players.

    Source: Vision Unlearning 1.0.0, ``pipeline_01``.
    """
    if fidelity == "published" and occupation == MISSPELT:
        return occupation
    return KINDS.get(occupation, occupation)
