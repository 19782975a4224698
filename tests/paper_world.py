"""Small inputs in the formats of the paper world's data sets, with all 300 published names; pictures are 8 x 8.

What is invented: pictures, attributes, and entities beyond the published ones. What is not: names, headers, file layouts.
"""

from __future__ import annotations

import bz2
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from scipy.io import savemat

from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.fci_breeds import AKC, FCI, NAME_AKC
from lethe.diffusion.sources.sun_attributes import AFFORDANCES, ATTRIBUTES, ENVELOPE
from lethe.diffusion.testbed.selection import read_published
from lethe.io.unpack import unpack

REFERENCE = Path(__file__).parents[1] / "config" / "reference"
PUBLISHED = {task: read_published(REFERENCE / f"entities_{task}.csv") for task in ("breeds", "scenes", "people")}

GROUPS = (
    *("Sheepdogs and Cattledogs", "Pinscher and Schnauzer", "Terriers"),
    *("Spitz and primitive types", "Retrievers", "Companion and Toy Dogs"),
)
EXTRA_BREEDS = [f"zzz rival {number} dog" for number in range(6)]
HOUNDS = [
    f"zzz hound {number} dog" for number in range(12)
]  # of an excluded group, and so many that half of all need no grooming
EXTRA_SCENES = ["airfield", "zen_garden"]
OTHERS = {"Barry_Bonds": "BASEBALL PLAYER", "Bob_Woodward": "JOURNALIST", "Zico_Tester": "POLITICIAN"}
RICH = "Terriers", True  # the stratum with more breeds than its quota


def picture(number: int, suffix: str = "JPEG") -> bytes:
    """An encoded picture; equal numbers give equal bytes."""
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, suffix)
    return buffer.getvalue()


# --- people -------------------------------------------------------------------------------------------------------


def image_counts() -> dict[str, int]:
    """Images per person: the published order is that of the counts, the last have five."""
    counts = {name: 5 + (99 - index) // 4 for index, name in enumerate(PUBLISHED["people"])}
    return counts | dict.fromkeys(OTHERS, 5) | {"Nobody_Known": 4}


def write_lfw(folder: Path) -> Path:
    """A parquet shard as ``bitmind/lfw``; rows are not sorted by name."""
    rows = [(f"{name}_{number + 1:04d}.jpg", name) for name, count in image_counts().items() for number in range(count)]
    rows = [rows[place] for place in np.random.default_rng(0).permutation(len(rows))]
    encoded = {name: picture(number) for number, name in enumerate(image_counts())}
    image = pa.array(
        [{"bytes": encoded[name], "path": file_name} for file_name, name in rows],
        pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    )
    path = folder / "lfw_train.parquet"
    pq.write_table(pa.table({"filename": pa.array([file_name for file_name, _ in rows]), "image": image}), path)
    return path


def write_pantheon(folder: Path) -> Path:
    """Pantheon's table, compressed; most people by slug, some only by a longer name."""
    occupations = ("POLITICIAN", "TENNIS PLAYER", "ACTOR")
    rows = []
    for index, name in enumerate([*PUBLISHED["people"], *OTHERS]):
        written = "George W. Bush" if name == "George_W_Bush" else name.replace("_", " ")
        rows.append(
            {
                "wd_id": f"Q{index}",
                "slug": written.replace(" ", "_"),
                "name": written,
                "occupation": OTHERS.get(name, occupations[index % 3]),
                "birthyear": 1900.0 + index,
                "gender": "F" if index % 2 else "M",
                "bplace_country": "Nowhere",
                "hpi": 50 + (37 * index % 101) / 4,
            }
        )
    path = folder / "person_2025_update.csv.bz2"
    path.write_bytes(bz2.compress(pd.DataFrame(rows).to_csv(index=False).encode()))
    return path


def write_race(folder: Path) -> Path:
    """The race table, with an invented value for everybody."""
    rows = [
        {"name": name, "race": "unknown", "method": "test", "image": f"{name}_0001.jpg", "date": "2026-01-01"}
        for name in image_counts()
    ]
    path = folder / "lfw_race.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


# --- scenes -------------------------------------------------------------------------------------------------------


def cells(strings: list[str]) -> np.ndarray:
    """As scipy reads a cell array of strings: (n, 1) objects."""
    array = np.empty((len(strings), 1), dtype=object)
    array[:, 0] = strings
    return array


def write_sun(folder: Path, per_scene: int = 2) -> tuple[Path, Path]:
    """Both archives of the SUN Attribute database: (images, attributes)."""
    scenes = sorted([*PUBLISHED["scenes"], *EXTRA_SCENES])
    names = [*AFFORDANCES, *ENVELOPE]
    names += [f"material {number}" for number in range(ATTRIBUTES - len(names))]
    paths, labels = [], []
    for scene in scenes:
        index = PUBLISHED["scenes"].index(scene) if scene in PUBLISHED["scenes"] else 0
        # four strata of 25 published scenes; both extra ones in the first
        votes = dict.fromkeys(names, 0.0) | {
            "sports": index // 2 % 2 * 2 / 3,
            "natural": index % 2 * 1.0,
            "cold": float(index == 7),
        }
        nested = "/".join(scene.rsplit("_", 1))  # "w/waterfall/cascade"
        for number in range(per_scene):
            paths.append(f"{scene[0]}/{nested}/sun_{scene}{number}.jpg")
            labels.append([votes[name] for name in names])
    images, attributes = folder / "SUNAttributeDB_Images.tar.gz", folder / "SUNAttributeDB.tar.gz"
    with tarfile.open(images, "w:gz", compresslevel=1) as tar:
        for number, path in enumerate(paths):
            add(tar, f"images/{path}", picture(number // per_scene))
    with tarfile.open(attributes, "w:gz") as tar:
        for file, variable, value in (
            ("attributes.mat", "attributes", cells(names)),
            ("images.mat", "images", cells(paths)),
            ("attributeLabels_continuous.mat", "labels_cv", np.array(labels)),
        ):
            buffer = io.BytesIO()
            savemat(buffer, {variable: value})
            add(tar, f"SUNAttributeDB/{file}", buffer.getvalue())
    return images, attributes


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file to a tar."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


# --- breeds -------------------------------------------------------------------------------------------------------


def breed_table() -> pd.DataFrame:
    """name, FCI group, grooming above the median, AKC's popularity as text; the text order is the published order."""
    ranks = ["of", *sorted(map(str, range(1, 100)), reverse=True)]  # "of" is what stands in AKC's table
    strata = [(group, wavy) for group in GROUPS for wavy in (False, True) if (group, wavy) != RICH]
    rows = []
    places = [
        index for index in range(100) if index % 8 != 0 or index // 8 >= 12
    ]  # 88 breeds in eleven strata, twelve in the rich one
    for index, name in enumerate(PUBLISHED["breeds"]):
        group, wavy = strata[places.index(index) % 11] if index in places else RICH
        rows.append((name, group, wavy, ranks[index]))
    # as text lower than all others of their stratum, as numbers higher
    rows += [(name, *RICH, f"10{number}") for number, name in enumerate(EXTRA_BREEDS)]
    rows += [(name, "Sighthounds", False, "120") for name in HOUNDS]
    rows.append(("zzz ungroomed dog", "Terriers", None, "99"))
    return pd.DataFrame(rows, columns=["name", "group", "wavy", "popularity"])


def bare_name(name: str) -> str:
    """The breed's name in the tables: without the word dog where the folder only adds it."""
    return name.removesuffix(" dog")


def write_breeds(folder: Path, per_breed: int = 2) -> dict[str, Path]:
    """The repository of images as GitHub packs it, with FCI's table, and the tables of AKC and Pawsome."""
    table = breed_table()
    fci = pd.DataFrame(
        {"id": range(1, len(table) + 1), "name": table["name"].map(bare_name).str.upper(), "group": table["group"]}
    )
    fci = fci.assign(section="Small sized Terriers", country="GREAT BRITAIN").reindex(columns=list(FCI))
    paths = {
        "images": folder / "dog_breeds.zip",
        "akc": folder / "akc-data-latest.csv",
        "pawsome": folder / "dog_breeds_pawsomeauthority.csv",
    }
    with zipfile.ZipFile(paths["images"], "w") as archive:
        top = "Dog-Breeds-Dataset-0123abc"
        archive.writestr(f"{top}/FCI Breeds.csv", fci.to_csv(index=False))
        archive.writestr(f"{top}/README.md", "# Dog-Breeds-Dataset")
        archive.writestr(f"{top}/.idea/modules.xml", "<xml/>")
        for number, name in enumerate(table["name"]):
            for image in range(per_breed):
                archive.writestr(f"{top}/{name}/Image_{image + 1}.jpg", picture(number))
    akc: dict[str, Any] = dict.fromkeys(AKC)
    akc[NAME_AKC] = table["name"].map(lambda name: bare_name(name).title())
    akc |= {"popularity": table["popularity"], "group": "Working Group", "temperament": "Calm, Proud"}
    akc["grooming_frequency_value"] = table["wavy"].map({True: 0.8, False: 0.2})
    akc["grooming_frequency_category"] = table["wavy"].map({True: "Daily Brushing", False: "Occasional Bath/Brush"})
    pd.DataFrame(akc).rename(columns={NAME_AKC: ""}).to_csv(paths["akc"], index=False)
    pawsome = [("Akita", "Working", "Japanese Akita, Akita Inu", "Large", 5), ("Unknown Breed", "Toy", None, "Small", 1)]
    columns = ["Breed Name", "Group", "Other Names", "Size", "Energy Rating"]
    pd.DataFrame(pawsome, columns=columns).to_csv(paths["pawsome"], index=False)
    return paths


# --- all ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PaperWorld:
    """Sources of the paper world over small inputs.

    Attributes:
        options: source -> its options.
    """

    options: dict[str, dict[str, Any]]

    def source(self, name: str, **changes: Any) -> Any:
        """A source, with some options changed."""
        return SOURCES.load(name)(**{**self.options[name], **changes})


def write_world(folder: Path) -> PaperWorld:
    """Write the inputs of all three sources and unpack the archives."""
    sun_images, sun_attributes = write_sun(folder)
    breeds = write_breeds(folder)
    unpacked = {}
    for archive in (sun_images, sun_attributes, breeds["images"]):
        unpacked[archive] = folder / "unpacked" / archive.name
        unpack(archive, unpacked[archive])
    return PaperWorld(
        {
            "lfw": {"images": [write_lfw(folder)], "pantheon": write_pantheon(folder), "race": write_race(folder)},
            "sun_attributes": {"images": unpacked[sun_images], "attributes": unpacked[sun_attributes]},
            "fci_breeds": {"images": unpacked[breeds["images"]], "akc": breeds["akc"], "pawsome": breeds["pawsome"]},
        }
    )
