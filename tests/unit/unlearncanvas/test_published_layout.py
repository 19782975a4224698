"""Images leave in the folders and the table of the published data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lethe.benchmarks.unlearncanvas.jobs.published_layout import write_layout
from lethe.diffusion.sources.base import SourceImage
from lethe.diffusion.sources.pack import pack_images
from lethe.diffusion.testbed.receivers import Receiver, receiver_records
from lethe.io.tables import write_json
from lethe.settings.unlearncanvas import Judge, UnlearnCanvas

CELLS = {"photo_sea": ("photo", "sea"), "gogh_sea": ("van gogh", "sea")}


def test_a_style_an_object_and_a_number_name_a_file(tmp_path: Path) -> None:
    receivers = [
        Receiver(place, name, name, f"A {thing} image in {style} style.", {"style": style, "object": thing})
        for place, (name, (style, thing)) in enumerate(CELLS.items())
    ]
    write_json(tmp_path / "receivers.json", receiver_records(receivers))
    grey = {name: 60 + 90 * place for place, name in enumerate(CELLS)}

    def images(name: str) -> list[SourceImage]:
        return [SourceImage(f"{number:04d}.png", np.full((8, 8, 3), grey[name] + 20 * number, np.uint8)) for number in range(2)]

    pack_images(list(CELLS), lambda name: iter(images(name)), tmp_path / "t.tar", tmp_path / "t.parquet")
    settings = UnlearnCanvas(judges=[Judge(style="style", object="object")])
    folder, table = tmp_path / "images", tmp_path / "images.parquet"
    write_layout(tmp_path / "t.tar", tmp_path / "t.parquet", tmp_path / "receivers.json", folder, table, settings)

    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*.jpg"))
    assert names == ["Seed_Images/Sea/1.jpg", "Seed_Images/Sea/2.jpg", "Van_Gogh/Sea/1.jpg", "Van_Gogh/Sea/2.jpg"]
    assert abs(np.asarray(Image.open(folder / "Van_Gogh/Sea/2.jpg")).mean() - 170) < 2
    rows = pd.read_parquet(table)
    assert list(rows.columns) == ["image", "text"] and rows["text"].iloc[2] == "A sea image in van gogh style."
    assert rows["image"].iloc[0] == (folder / "Seed_Images/Sea/1.jpg").read_bytes()
