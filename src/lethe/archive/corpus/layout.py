"""Names of files in the layout of Vision Unlearning, relative to its folder.

Entities stand in paths by name: models by the raw one, images and embeddings by that of the prompt, files of pairs by index. Numbers of
epochs have three digits, but in files of pairs. What is said of the base comes last, before an ending (``_sdxl``; of Stable Diffusion 1.4
nothing). Source: ``datasets/testbed.py`` and ``benchmarks/I_care/metadata.py`` of Vision Unlearning 1.0.0; the suffix from its repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lethe.core.records import METHOD, ModelId
from lethe.diffusion.testbed.names import prompt, prompt_name

METADATA = re.compile(r"metadata_(?P<task>[a-z0-9]+(?:_[a-z0-9]+)*)_2_enriched_filtered\.json")
PAIRS = re.compile(
    r"interferences_caused_by_(?P<task>.+?)_(?P<index>\d+)_(?P<method>[a-z]\w*?)_(?P<epochs>\d+)(?P<suffix>_[a-z][a-z0-9.]*)?\.json"
)
SIMILARITIES = {"clip": "clip", "attr": "jacc", "dino": "dino", "act": "act"}
"""Our kind of similarity -> theirs."""
FOLDER = "datasets"
OF_NAMES = rf"_(?P<method>{METHOD})_(?P<epochs>\d{{3}})(?P<suffix>_[a-z][a-z0-9.]*)?"  # follows the name of an entity
BASE = "sd1.4"  # what results say of a base without a suffix


@dataclass(frozen=True)
class Named:
    """What a folder or file that names an entity is of."""

    index: int
    method: str
    epochs: int
    suffix: str


class Layout:
    """Paths of one base.

    Args:
        suffix: what names say of the base, such as ``_sdxl``.

    >>> Layout().images("people", "person", "George_W_Bush", ModelId("people", 0, "uce", 0))
    'datasets/generated_people_George W Bush_uce_000'
    """

    def __init__(self, suffix: str = "") -> None:
        self.suffix = suffix

    def metadata(self, task: str) -> str:
        """The entities of a task."""
        return f"metadata_{task}_2_enriched_filtered.json"

    def similarities(self, task: str, kind: str) -> list[str]:
        """Where a similarity may be, the newest form first: a result with metadata, or records alone."""
        theirs, base = SIMILARITIES.get(kind, kind), self.suffix.removeprefix("_") or BASE
        return [f"results/SimilarityMatrix/{base}_{task}_{theirs}.json", f"similarity_{theirs}_{task}{self.suffix}.json"]

    def pairs(self, model: ModelId) -> str:
        """What a model does to every receiver."""
        return f"{FOLDER}/interferences_caused_by_{model.task}_{model.index}_{model.method}_{model.epochs}{self.suffix}.json"

    def embeddings(self, style: str, name: str, model: ModelId) -> str:
        """Embeddings of a model's images; ``name`` is the raw one."""
        end = f"{model.method}_{model.epochs:03d}{self.suffix}.json"
        return f"{FOLDER}/embeddings_{model.task}_{prompt_name(style, name)}_{end}"

    def embeddings_of_base(self, task: str) -> str:
        """Embeddings of the images of the base."""
        return f"{FOLDER}/embeddings_{task}_original{self.suffix}.json"

    def images(self, task: str, style: str, name: str, model: ModelId) -> str:
        """The folder of a model's images; one of the first generation holds those of the base, too."""
        return f"{FOLDER}/generated_{task}_{prompt_name(style, name)}_{model.method}_{model.epochs:03d}{self.suffix}"

    def images_of_base(self, task: str) -> str:
        """The folder of the images of the base."""
        return f"{FOLDER}/generated_{task}_baseline{self.suffix}"

    def models(self, task: str, name: str, model: ModelId) -> str:
        """The folder of a model."""
        return f"models/{task}_{name}_{model.method}_{model.epochs:03d}{self.suffix}"


def picture(state: str, seed: int, style: str, name: str) -> str:
    """The file of a picture: ``on`` (unlearned) or ``off`` (base).

    >>> picture("on", 42, "thing", "akita dog")
    'on_42_An image of an akita dog.png'
    """
    return f"{state}_{seed:02}_{prompt(style, name)}.png"


def pictures(state: str, seeds: Sequence[int], style: str, names: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """(receiver, seed, file) of every picture of a folder, receiver by receiver.

    Examples:
        >>> list(pictures("off", [42, 43], "thing", ["akita dog"]))
        [(0, 42, 'off_42_An image of an akita dog.png'), (0, 43, 'off_43_An image of an akita dog.png')]
    """
    for receiver, name in enumerate(names):
        for seed in seeds:
            yield receiver, seed, picture(state, seed, style, name)


def read_named(text: str, beginning: str, names: Mapping[str, int]) -> Named | None:
    """What ``{beginning}{name}_{method}_{epochs}{suffix}`` is of; None where no name of ``names`` (-> index) fits.

    The longest name wins: that of one entity may begin as another's does.

    >>> read_named("generated_people_Bob Hope_uce_000", "generated_people_", {"Bob Hope": 1, "Bob": 0})
    Named(index=1, method='uce', epochs=0, suffix='')
    """
    rest = text.removeprefix(beginning)
    for name in sorted((name for name in names if rest.startswith(f"{name}_")), key=len, reverse=True):
        if found := re.fullmatch(OF_NAMES, rest[len(name) :]):
            return Named(names[name], found["method"], int(found["epochs"]), found["suffix"] or "")
    return None


def tasks_in(files: Iterable[str]) -> list[str]:
    """The tasks whose metadata are among some files.

    Examples:
        >>> tasks_in(["metadata_people_2_enriched_filtered.json", "README.md"])
        ['people']
    """
    return sorted(found["task"] for file in files if (found := METADATA.fullmatch(file)))
