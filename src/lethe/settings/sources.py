"""Options of image sources: which files a source reads. A source that is not listed here has none."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated, Any

from pydantic import Field, ValidationError

from lethe.settings.messages import fault_lines
from lethe.settings.strict import Strict

Path = Annotated[str, Field(min_length=1)]  # as text, so that settings stay plain data


class SourceOptions(Strict):
    """No options: the entities are drawn by the package or ship with a library."""

    def inputs(self) -> list[str]:
        """Files and folders that the source reads."""
        return []

    def splits(self) -> tuple[str, ...]:
        """Sets of images that it keeps apart from those of training; none: every image is for training."""
        return ()


class FolderOptions(SourceOptions):
    """A folder with ``entities.json`` and ``images/{name}/``."""

    path: Path = Field(description="the folder")

    def inputs(self) -> list[str]:
        """The folder."""
        return [self.path]


class LfwOptions(SourceOptions):
    """Labeled Faces in the Wild with attributes of Pantheon."""

    images: list[Path] = Field(min_length=1, description="parquet shards, or one folder Name/Name_0001.jpg")
    pantheon: Path = Field(description="Pantheon's table of persons, csv or csv.bz2")
    race: Path | None = Field(None, description="table name,race,method,image,date; without it there is no column `race`")
    initial: int = Field(500, ge=1, le=1_000_000, description="so many persons, the most photographed, are looked at")

    def inputs(self) -> list[str]:
        """Images and tables."""
        return [*self.images, self.pantheon, *([self.race] if self.race else [])]


class SunOptions(SourceOptions):
    """The SUN Attribute database."""

    images: Path = Field(description="folder of images, e.g. a/abbey/sun_x.jpg")
    attributes: Path = Field(description="folder with attributes.mat, images.mat, attributeLabels_continuous.mat")

    def inputs(self) -> list[str]:
        """Both folders."""
        return [self.images, self.attributes]


class BreedOptions(SourceOptions):
    """Images of the breeds of the FCI with attributes of AKC and Pawsome."""

    images: Path = Field(description="folder with one folder of images per breed")
    fci: Path | None = Field(None, description="table of FCI breeds; `FCI Breeds.csv` in `images` if not given")
    akc: Path = Field(description="table of AKC breeds")
    pawsome: Path | None = Field(None, description="table of Pawsome; without it there are neither its columns nor its synonyms")
    initial: int = Field(500, ge=1, le=1_000_000, description="so many breeds, those with most images, are looked at")

    def inputs(self) -> list[str]:
        """The folder and the tables."""
        return [self.images, self.akc, *(path for path in (self.fci, self.pawsome) if path)]


class CanvasOptions(SourceOptions):
    """How many images of each cell a split of the embedded UnlearnCanvas world has; images are numbered through the splits."""

    training: int = Field(200, ge=1, le=1000, description="of bases and methods")
    judges: int = Field(200, ge=10, le=1000, description="of the classifiers that judge")
    reference: int = Field(50, ge=2, le=1000, description="real images that distances of sets compare with")
    attack: int = Field(10, ge=0, le=1000, description="for attacks on unlearned models")
    transfer: int = Field(20, ge=0, le=1000, description="for style transfer")

    def numbers(self) -> dict[str, range]:
        """Split -> the numbers of its images."""
        ends = list(accumulate([0, *self.counts.values()]))
        return {split: range(first, last) for split, first, last in zip(self.counts, ends, ends[1:], strict=False)}

    @property
    def counts(self) -> dict[str, int]:
        """Split -> how many images of each cell it has."""
        return {name: getattr(self, name) for name in CanvasOptions.model_fields}

    def splits(self) -> tuple[str, ...]:
        """Every split that is not empty, but training."""
        return tuple(name for name, count in self.counts.items() if count and name != "training")


OPTIONS: dict[str, type[SourceOptions]] = {
    "canvas": CanvasOptions,
    "folder": FolderOptions,
    "lfw": LfwOptions,
    "sun_attributes": SunOptions,
    "fci_breeds": BreedOptions,
}
AnyOptions = SourceOptions | CanvasOptions | FolderOptions | LfwOptions | SunOptions | BreedOptions


def options_of(source: str, value: Any) -> SourceOptions:
    """The options of ``source``, validated; a fault is a ``ValueError`` naming key, value, what is allowed."""
    model = OPTIONS.get(source, SourceOptions)
    if isinstance(value, model):
        return value
    try:
        return model.model_validate({} if type(value) is SourceOptions else value, strict=True)  # the default is no options
    except ValidationError as error:
        raise ValueError(f"of source '{source}': {'; '.join(fault_lines(error, model))}") from None
