"""Options of image sources: which files a source reads. A source that is not listed here has none."""

from __future__ import annotations

from itertools import accumulate
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError, model_validator

from lethe.settings.messages import fault_lines
from lethe.settings.strict import Strict
from lethe.settings.unlearncanvas_classes import IMAGES, OBJECTS, SEED_IMAGES, THEMES

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
    """A folder with one folder of images per entity, and ``entities.json`` if there are attributes."""

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


TRANSFER = "transfer"  # the split that style transfer looks at
SPLITS = ("training", "judges", "reference", "attack", TRANSFER)  # in the order in which they get their numbers


class Numbered(SourceOptions):
    """Images of every cell are numbered, and a number stands for one content in all styles: splits share no number."""

    FIRST: ClassVar[int] = 0  # the first number of a cell

    def numbers(self) -> dict[str, range]:
        """Split -> the numbers of its images."""
        ends = list(accumulate([self.FIRST, *self.counts.values()]))
        return {split: range(first, last) for split, first, last in zip(self.counts, ends, ends[1:], strict=False)}

    @property
    def counts(self) -> dict[str, int]:
        """Split -> how many images of each cell it has."""
        return {name: getattr(self, name) for name in SPLITS}

    def splits(self) -> tuple[str, ...]:
        """Every split that is not empty, but training."""
        return tuple(name for name, count in self.counts.items() if count and name != "training")

    def values(self) -> dict[str, list[str]]:
        """Attribute -> its values in the order of the classes of a published classifier; none is known of a drawn world."""
        return {}

    def cells(self) -> list[dict[str, Any]]:
        """The records of all cells, where they are known before a file is read."""
        return []


class CanvasOptions(Numbered):
    """How many images of each cell a split of the embedded UnlearnCanvas world has; images are numbered through the splits."""

    training: int = Field(200, ge=1, le=1000, description="of bases and methods")
    judges: int = Field(200, ge=10, le=1000, description="of the classifiers that judge")
    reference: int = Field(50, ge=2, le=1000, description="real images that distances of sets compare with")
    attack: int = Field(10, ge=0, le=1000, description="for attacks on unlearned models")
    transfer: int = Field(20, ge=0, le=1000, description="for style transfer; 0: it takes those of `reference`")


Folder = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Count = Annotated[int, Field(ge=0, le=IMAGES)]


class UnlearnCanvasOptions(Numbered):
    """The published UnlearnCanvas: which cells are taken, and how their twenty numbers are shared out, from 1 on."""

    FIRST: ClassVar[int] = 1

    path: Path = Field(description="folder of {Style}/{Object}/{k}.jpg, or of the parquet shards")
    themes: list[Folder] = Field(
        default=list(THEMES),
        min_length=2,
        description="styles and Seed_Images, in the order of the classes of the style classifier",
    )
    objects: list[Folder] = Field(
        default=list(OBJECTS), min_length=2, description="in the order of the classes of the object classifier"
    )
    photo: Folder = Field("Photo", description="how a prompt calls Seed_Images; the published samplers say Seed_Images")
    shorter: int = Field(
        512, ge=16, le=4096, description="pixels that the shorter side is brought to; a smaller picture is refused"
    )
    training: Annotated[int, Field(ge=1, le=IMAGES)] = Field(13, description="of bases and methods")
    judges: Count = Field(0, description="of classifiers that are trained here; 0: they see the images of training")
    reference: Count = Field(2, description="real images that distances of sets compare with")
    attack: Count = Field(3, description="for attacks on unlearned models")
    transfer: Count = Field(2, description="for style transfer: 19 and 20, as published; 0: it takes those of `reference`")

    @model_validator(mode="after")
    def _fits(self) -> UnlearnCanvasOptions:
        if SEED_IMAGES not in self.themes:
            raise ValueError(f"themes: '{SEED_IMAGES}' is missing, from which all others are painted")
        if self.photo in self.themes and self.photo != SEED_IMAGES:
            raise ValueError(f"photo: '{self.photo}' is a style too; allowed: another word")
        if (total := sum(self.counts.values())) > IMAGES:
            raise ValueError(f"splits: {self.counts} ask for {total} images of each cell; there are {IMAGES}")
        return self

    def inputs(self) -> list[str]:
        """The folder."""
        return [self.path]

    def values(self) -> dict[str, list[str]]:
        """Attribute -> its values in the order of the classes of a published classifier."""
        return {"style": [self.style(theme) for theme in self.themes], "object": list(self.objects)}

    def cells(self) -> list[dict[str, Any]]:
        """``name, style, object, dataset_n_original`` (training images) of every cell, theme by theme."""
        return [
            {"name": f"{theme}_{thing}", "style": self.style(theme), "object": thing, "dataset_n_original": self.training}
            for theme in self.themes
            for thing in self.objects
        ]

    def style(self, theme: str) -> str:
        """How a prompt calls a theme."""
        return self.photo if theme == SEED_IMAGES else theme


class PromptOptions(SourceOptions):
    """Concepts that are words first: their pictures are there or not."""

    names: list[str] = Field(min_length=1, max_length=10_000, description="the concepts")
    images: str = Field("", description="folder with a folder of pictures for some of them, called as they are; empty: none")

    def inputs(self) -> list[str]:
        """The folder, if there is one."""
        return [self.images] if self.images else []


OPTIONS: dict[str, type[SourceOptions]] = {
    "canvas": CanvasOptions,
    "folder": FolderOptions,
    "lfw": LfwOptions,
    "prompts": PromptOptions,
    "sun_attributes": SunOptions,
    "fci_breeds": BreedOptions,
    "unlearncanvas": UnlearnCanvasOptions,
    "unlearncanvas_parquet": UnlearnCanvasOptions,
}
AnyOptions = (
    SourceOptions | CanvasOptions | UnlearnCanvasOptions | FolderOptions | LfwOptions | PromptOptions | SunOptions | BreedOptions
)


def options_of(source: str, value: Any) -> SourceOptions:
    """The options of ``source``, validated; a fault is a ``ValueError`` naming key, value, what is allowed."""
    model = OPTIONS.get(source, SourceOptions)
    if isinstance(value, model):
        return value
    try:
        return model.model_validate({} if type(value) is SourceOptions else value, strict=True)  # the default is no options
    except ValidationError as error:
        raise ValueError(f"of source '{source}': {'; '.join(fault_lines(error, model))}") from None
