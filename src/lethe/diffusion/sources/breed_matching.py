"""Which row of the American Kennel Club (AKC) describes a breed of the FCI: the two write most names differently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

SUFFIXES = ("ian", "ish", "ese", "an", "en", "er", "s")
# What is taken out of the name of an FCI group before its words are counted, in this order.
GROUP_WORDS = {
    "sheepdogs": "shep",
    "pointing": "point",
    "terriers": "terrier",
    "retrievers": "retriever",
    "sighthounds": "sight",
    "dachshunds": "dachs",
    "_and": "",
    "_related_breeds": "",
    "_primitive_types": "",
}


@dataclass(frozen=True)
class KennelBreed:
    """A row of the AKC table.

    Attributes:
        name: its name there.
        group: its AKC group.
        synonyms: other names, from Pawsome; the own name is one more.
    """

    name: str
    group: str
    synonyms: tuple[str, ...] = ()


def bare(name: str) -> str:
    """Upper case without ``DOG``: ``"akita dog"`` -> ``"AKITA"``; also ``"dogo argentino"`` -> ``"O ARGENTINO"``, on both sides."""
    return " ".join(unicodedata.normalize("NFC", name).upper().replace("DOG", "").split())


def normal(text: str) -> str:
    """Lower case, without accents, doubled letters and doubled blanks: ``"Löwchen"`` -> ``"lowchen"``, ``"terrier"`` -> ``"terier"``.

    Letters that are no base letter with an accent (``"ø"``) are dropped, where the reference transliterates them.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    plain = decomposed.encode("ascii", "ignore").decode().casefold()
    return re.sub(r"\s+", " ", re.sub(r"(.)\1+", r"\1", plain)).strip()


def match_breed(name: str, group: str, rows: Sequence[KennelBreed]) -> str | None:
    """The AKC name of a breed, or None; the first rule that hits decides.

    1. the same name; 2. the same bare name; 3. the bare name is a bare synonym; 4. the same in normal form; 5. a vote: how many words
    of the breed's name and FCI group, without endings, are contained in a synonym and its AKC group; for n = 2, ..., 9 the row
    that alone has at least n.

    Args:
        name: of the folder of images, ``"akita dog"``.
        group: FCI group in lower case with underscores, ``"spitz_and_primitive_types"``.
        rows: the AKC table in its order; where several rows fit one of the rules 1 to 4, the first is taken.

    Source: Vision Unlearning 1.0.0, ``akc_find_closest_match``.
    """
    if any(row.name == name for row in rows):
        return name
    wanted = bare(name)
    for row in rows:
        if bare(row.name) == wanted:
            return row.name
    synonyms = [(row, bare(synonym)) for row in rows for synonym in (*row.synonyms, row.name)]
    for row, synonym in synonyms:
        if synonym == wanted:
            return row.name
    for row, synonym in synonyms:
        if normal(synonym) == normal(wanted):
            return row.name
    words = _words(wanted, group)
    votes = [(row, sum(word in f"{normal(synonym)} {normal(row.group)}" for word in words)) for row, synonym in synonyms]
    for least in range(2, 10):
        best = [row for row, count in votes if count >= least]
        if len(best) == 1:
            return best[0].name
    return None


def _words(name: str, group: str) -> set[str]:
    """Words of a bare name and an FCI group without endings; the last word keeps its ending, as in the reference."""
    for word, replacement in GROUP_WORDS.items():
        group = group.replace(word, replacement)
    text = f"{normal(name)} {normal(group)}"
    text = re.sub(r"[()]", "", text).replace("_", " ").replace("-", " ")
    for suffix in SUFFIXES:
        text = text.replace(f"{suffix} ", " ")
    return set(text.split())
