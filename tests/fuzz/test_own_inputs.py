"""Pictures, tables and lists that users bring, damaged or odd in many ways: read, or refused with one message that names the file.

A larger run, with 50 times as many cases: LETHE_FUZZ=50 python -m pytest -s tests/fuzz/test_own_inputs.py
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.io import savemat
from tests.fuzz.harness import LONGEST
from tests.paper_world import cells, picture

from lethe.core.registry import UnknownNameError
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.fci_breeds import AKC, FCI, NAME_AKC, PAWSOME
from lethe.diffusion.sources.pack import SourceError, pack_source
from lethe.diffusion.testbed.metadata import enrich
from lethe.diffusion.testbed.schema import MetadataError
from lethe.io.images import FORMATS, decode_image
from lethe.io.tables import CorruptFileError

TIMES = int(os.environ.get("LETHE_FUZZ", "1"))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"
WORDS = (
    *("", " ", "NA", "None", "null", "nan", "inf", "-inf", "1e400", "1,954", "c. 1954", "-7", "1954.5", "0x10", "True", "9" * 30),
    *(
        "Müller",
        "猫",
        "🐈",
        "a;b",
        "#",
        '"',
        "'",
        "\\",
        "\t",
        "x" * 5000,
        "=1+1",
        "../x",
        "/etc",
        "a\0b",
        "\r",
        "\ufeff",
        "\u202e",
    ),
)


def damaged(data: bytes, draw: random.Random) -> bytes:
    """Some bytes cut off, changed, doubled or put in."""
    kind, at = draw.randrange(8), draw.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + draw.randbytes(draw.randrange(1, 9)) + data[at + draw.randrange(9) :]
    if kind == 3:
        return data[:at] + data[max(0, at - 40) : at] + data[at:]
    if kind == 4:
        return data[:at] + bytes(draw.randrange(1, 40)) + data[at:]
    if kind == 5:
        head = draw.randrange(min(len(data), 64))  # where formats say what they are
        return data[:head] + bytes([data[head] ^ 1 << draw.randrange(8)]) + data[head + 1 :]
    if kind == 6:
        return data[:at] + data[at + draw.randrange(1, 20) :]
    return draw.choice((b"", POINTER, b"<!doctype html>", b"\0" * 100, b"\xff\xfe" + data, b"\xef\xbb\xbf" + data))


def odd_table(data: bytes, draw: random.Random) -> bytes:
    """A csv with odd cells, columns, separators or encodings, or with damaged bytes."""
    rows = [line.split(",") for line in data.decode().splitlines()]
    kind, row, column = draw.randrange(8), draw.randrange(len(rows)), draw.randrange(len(rows[0]))
    if kind <= 2:
        rows[row][column] = draw.choice(WORDS)
    elif kind == 3:
        rows = [[cell for place, cell in enumerate(line) if place != column] for line in rows]
    elif kind == 4:
        rows = [[*line, line[column]] for line in rows[: draw.randrange(1, len(rows) + 1)]]
    elif kind == 5:
        for line in rows[1:]:
            line[column] = draw.choice(WORDS)
    else:
        return damaged(data, draw) if kind == 6 else data.decode().replace(",", draw.choice(";\t")).encode()
    text = "\n".join(",".join(line) for line in rows) + "\n"
    return text.encode(draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252")), "replace")


def odd_json(data: bytes, draw: random.Random) -> bytes:
    """Records with odd keys and values, or damaged bytes."""
    records: list[Any] = json.loads(data)
    kind, number = draw.randrange(5), draw.randrange(len(records))
    values = (*WORDS, None, 7, 1.5, 10**400, True, [], {}, ["a"], {"a": 1}, "\ud800", "\x1b[31m")
    if kind == 0:
        records[number] = draw.choice(values)
    elif kind == 1:
        records[number][draw.choice(("name", "legs", "dataset_n_original"))] = draw.choice(values)
    elif kind == 2:
        records[number][draw.choice(WORDS)] = records[number].pop("name")
    elif kind == 3:
        records = records * draw.randrange(2)
    else:
        return damaged(data, draw)
    return json.dumps(records, ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")


Mutation = Callable[[bytes, random.Random], bytes]


def folder_source(folder: Path) -> tuple[str, dict[str, Any]]:
    """Entities in a folder."""
    (folder / "entities.json").write_text('[{"name": "cat", "legs": 4}, {"name": "Müller", "legs": 2}]')
    for name in ("cat", "Müller"):
        (folder / "images" / name).mkdir(parents=True)
        (folder / "images" / name / "0.png").write_bytes(picture(0, "PNG"))
    return "folder", {"path": folder}


def people(folder: Path) -> tuple[str, dict[str, Any]]:
    """LFW with its tables."""
    names = ["A_B_0001.jpg", "A_B_0002.jpg", "Null_0001.jpg"]
    image = pa.array(
        [{"bytes": picture(n), "path": ""} for n in range(3)], pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    )
    pq.write_table(pa.table({"filename": names, "image": image}), folder / "lfw.parquet", write_page_checksum=True)
    (folder / "pantheon.csv").write_text(
        "slug,name,birthyear,gender,occupation,bplace_country,hpi\nA_B,A B,1954,M,ACTOR,NA,70\nNull,Null,1960,F,ACTOR,France,50.5\n"
    )
    (folder / "race.csv").write_text("name,race,method,image,date\nA_B,x,m,i,d\nNull,y,m,i,d\n")
    return "lfw", {"images": [folder / "lfw.parquet"], "pantheon": folder / "pantheon.csv", "race": folder / "race.csv"}


def scenes(folder: Path) -> tuple[str, dict[str, Any]]:
    """SUN Attributes, not compressed, so that damage reaches the values."""
    savemat(folder / "attributes.mat", {"attributes": cells([f"attribute {number}" for number in range(102)])})
    savemat(folder / "images.mat", {"images": cells(["a/abbey/1.jpg", "a/abbey/2.jpg"])})
    savemat(folder / "attributeLabels_continuous.mat", {"labels_cv": np.full((2, 102), 2 / 3)})
    (folder / "a" / "abbey").mkdir(parents=True)
    for number in (1, 2):
        (folder / "a" / "abbey" / f"{number}.jpg").write_bytes(picture(number))
    return "sun_attributes", {"images": folder, "attributes": folder}


def breeds(folder: Path) -> tuple[str, dict[str, Any]]:
    """Breeds with their three tables."""
    for name in ("akita dog", "null dog"):
        (folder / "images" / name).mkdir(parents=True)
        (folder / "images" / name / "1.jpg").write_bytes(picture(0))
    fci = pd.DataFrame({"id": [1, 2], "name": ["AKITA", "NULL"], "group": ["Toy Dogs", "NA"]}).reindex(columns=list(FCI))
    fci.to_csv(folder / "fci.csv", index=False)
    akc: dict[str, Any] = dict.fromkeys(AKC, 1.5) | {
        NAME_AKC: ["Akita", "Null"],
        "popularity": ["46", "of"],
        "group": "Toy Group",
    }
    pd.DataFrame(akc).rename(columns={NAME_AKC: ""}).to_csv(folder / "akc.csv", index=False)
    pawsome = pd.DataFrame([("Akita", "Working", "Akita Inu", 5), ("Null", "Toy", None, 1)], columns=[*PAWSOME, "Energy"])
    pawsome.to_csv(folder / "pawsome.csv", index=False)
    return "fci_breeds", {"images": folder / "images", **{name: folder / f"{name}.csv" for name in ("fci", "akc", "pawsome")}}


# source, file, how it is changed, how often
FILES: list[tuple[Callable[[Path], tuple[str, dict[str, Any]]], str, Mutation, int]] = [
    (folder_source, "entities.json", odd_json, 150),
    (folder_source, "images/cat/0.png", damaged, 50),
    (people, "pantheon.csv", odd_table, 100),
    (people, "race.csv", odd_table, 60),
    (people, "lfw.parquet", damaged, 100),
    (scenes, "attributes.mat", damaged, 20),
    (scenes, "images.mat", damaged, 30),
    (scenes, "attributeLabels_continuous.mat", damaged, 20),
    (breeds, "fci.csv", odd_table, 60),
    (breeds, "akc.csv", odd_table, 80),
    (breeds, "pawsome.csv", odd_table, 60),
]


def refused(said: Exception, file: str) -> str:
    """What is wrong with a refusal, or nothing."""
    message = str(said)
    if not isinstance(said, CorruptFileError | UnknownNameError | SourceError | FileNotFoundError):
        return f"{type(said).__name__}: {message}"
    if file not in message:
        return f"does not name {file}: {message}"
    if len(message) > LONGEST or "\n" in message or "delete" in message:
        return f"not one short message: {message}"
    return ""


@pytest.mark.parametrize(("make", "file", "change", "count"), FILES, ids=[f"{make.__name__}: {file}" for make, file, *_ in FILES])
def test_own_files_are_read_or_refused_by_name(
    tmp_path: Path, make: Callable[[Path], tuple[str, dict[str, Any]]], file: str, change: Mutation, count: int
) -> None:
    source, options = make(tmp_path)
    whole = (tmp_path / file).read_bytes()
    draw, faults, outcomes = random.Random(0), [], Counter[str]()
    out = tmp_path / "out"
    for number in range(-1, count * TIMES):
        (tmp_path / file).write_bytes(whole if number < 0 else change(whole, draw))
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        try:
            read = SOURCES.load(source)(**options)
            pack_source(read, *(out / name for name in ("a.tar", "a.parquet", "records.json", "distance.json")))
        except Exception as error:  # whatever else than a refusal comes out is the finding
            if fault := refused(error, Path(file).name):
                shown = (tmp_path / file).read_bytes()[:300]
                faults.append(f"case {number}: {fault}\n    {shown!r}")
            outcomes["refused"] += 1
        else:
            outcomes["read"] += 1
            try:
                enrich(read.entities())
            except MetadataError:
                outcomes["refused later"] += 1
    print(f"{file}: {dict(outcomes)}")
    assert outcomes["read"] > 0 and outcomes["refused"] > 0
    assert not faults, f"{len(faults)} of {count * TIMES}:\n" + "\n".join(faults[:20])


def pictures() -> list[tuple[str, bytes]]:
    """Small pictures of every format in the modes that it has."""
    base = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8))
    found = []
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000)
    real = Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8))
    for kind in FORMATS:
        for image in (*(base.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")), deep, real):
            buffer = io.BytesIO()
            try:
                image.save(buffer, kind, exif=exif)
            except (OSError, ValueError, KeyError):
                continue  # the format has no such mode
            found.append((f"{kind} {image.mode}", buffer.getvalue()))
    for kind in ("GIF", "PNG", "TIFF", "WEBP"):
        buffer = io.BytesIO()
        base.save(buffer, kind, save_all=True, append_images=[base.rotate(180)])
        found.append((f"{kind} twice", buffer.getvalue()))
    return found


def test_damaged_pictures_are_read_or_refused_by_name() -> None:
    draw, faults, outcomes = random.Random(0), [], Counter[str]()
    for name, whole in pictures():
        assert decode_image(whole, name).pixels.dtype == np.uint8
        for number in range(40 * TIMES):
            data = damaged(whole, draw)
            try:
                pixels = decode_image(data, "a/b.img, row 7").pixels
            except Exception as error:  # as above
                outcomes["refused"] += 1
                if fault := refused(error, "a/b.img, row 7"):
                    faults.append(f"{name}, case {number}: {fault}\n    {data[:300]!r}")
            else:
                outcomes["read"] += 1
                if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
                    faults.append(f"{name}, case {number}: {pixels.dtype} {pixels.shape}")
    print(f"pictures: {dict(outcomes)}")
    assert outcomes["read"] > 100 and outcomes["refused"] > 500
    assert not faults, f"{len(faults)}:\n" + "\n".join(faults[:20])
