"""Options of image sources: which files a source reads. A source that is not listed here has none."""

from __future__ import annotations

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


OPTIONS: dict[str, type[SourceOptions]] = {
    "folder": FolderOptions,
    "lfw": LfwOptions,
    "sun_attributes": SunOptions,
    "fci_breeds": BreedOptions,
}
AnyOptions = SourceOptions | FolderOptions | LfwOptions | SunOptions | BreedOptions


def options_of(source: str, value: Any) -> SourceOptions:
    """The options of ``source``, validated; a fault is a ``ValueError`` naming key, value, what is allowed."""
    model = OPTIONS.get(source, SourceOptions)
    if isinstance(value, model):
        return value
    try:
        return model.model_validate(value, strict=True)
    except ValidationError as error:
        raise ValueError(f"of source '{source}': {'; '.join(fault_lines(error, model))}") from None
