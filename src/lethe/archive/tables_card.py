"""What makes the tables of a published data set visible: the card whose ``configs`` the Hub's viewer shows, and Croissant metadata.

Croissant: "A metadata format for ML-ready datasets", version 1.0, http://mlcommons.org/croissant/1.0.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lethe.archive.citation import Citation
from lethe.archive.errors import ManifestError
from lethe.io.hashing import sha256_file
from lethe.io.tables import read_parquet, readable, write_parquet

if TYPE_CHECKING:
    import pandas as pd

CARD, CROISSANT = "README.md", "croissant.json"
COLUMNS = "columns.md"  # what every column means
FORMAT = "application/x-parquet"
READ = (".csv", ".parquet")
DATA = "data"  # folder of the tables: all are parquet, since `datasets` reads the files of one data set with one reader
CONFORMS = "http://mlcommons.org/croissant/1.0"
TERMS = (
    *(
        "citeAs",
        "column",
        "equivalentProperty",
        "extract",
        "field",
        "fileObject",
        "fileProperty",
        "fileSet",
        "format",
        "includes",
        "isLiveDataset",
        "jsonPath",
    ),
    *(
        "key",
        "md5",
        "parentField",
        "path",
        "recordSet",
        "references",
        "regex",
        "repeated",
        "replace",
        "separator",
        "source",
        "subField",
    ),
    *("samplingRate", "transform"),
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in TERMS},
}


class Table(NamedTuple):
    """A table of a data set.

    Attributes:
        name: of its configuration. path: in the repository. file: here.
        rows: how many. columns: name -> type of schema.org.
        row: what one row is. meanings: column -> what it means.
    """

    name: str
    path: str
    file: Path
    rows: int
    columns: Mapping[str, str]
    row: str
    meanings: Mapping[str, str]


def write_tables(files: Sequence[Path], folder: Path, told: Mapping[Path, tuple[str, Mapping[str, str]]]) -> list[Table]:
    """Write the tables among some files as parquet, each under the name of its file.

    Args:
        files: products; those that are no tables are left out. folder: where ``data/`` is made.
        told: of each, what one row is, and column -> what it means.

    Raises:
        ManifestError: two tables have one name. CorruptFileError: one cannot be read.
    """
    found: dict[str, Table] = {}
    for file in files:
        if file.suffix not in READ:
            continue
        if file.stem in found:
            raise ManifestError(f"{file}: another table is called '{file.stem}', too; allowed: one of each name")
        path = f"{DATA}/{file.stem}.parquet"
        place, data = folder / path, _read(file)
        place.parent.mkdir(exist_ok=True)
        if file.suffix == ".parquet":
            shutil.copyfile(file, place)
        else:
            write_parquet(place, data)
        columns = {str(name): _type(data[name]) for name in data.columns}
        found[file.stem] = Table(file.stem, path, place, len(data), columns, *told[file])
    return list(found.values())


def dataset_card(
    tables: Sequence[Table], world: str, title: str, license_: str, citation: Citation, bundles: Sequence[str]
) -> str:
    """The text of ``README.md``: every table is a configuration of the data set, the first is what the viewer opens with.

    Args:
        world: whose results these are. title: of the data set. license_: as the Hub names it.
        bundles: files of the record beside the tables.
    """
    from huggingface_hub import DatasetCardData

    configs: list[dict[str, Any]] = [{"config_name": table.name, "data_files": table.path} for table in tables]
    if configs:
        configs[0]["default"] = True
    head = DatasetCardData(license=license_, pretty_name=title, tags=["machine-unlearning", "croissant"], configs=configs or None)
    listed = [f"| `{table.name}` | {table.row} | {table.rows:,} | {len(table.columns)} | `{table.path}` |" for table in tables]
    example = [
        *("```python", "from datasets import load_dataset", ""),
        *(f'table = load_dataset("owner/name", "{table.name}")["train"].to_pandas()' for table in tables[:1]),
        "```",
    ]
    bundle_lines = [f"- `{name}`" for name in bundles]
    return "\n".join(
        [
            *(f"---\n{head.to_yaml()}\n---", "", f"# {title}", ""),
            f"What vision models lose besides what they were told to forget: results of the world `{world}` of Lethe.",
            *(
                "",
                "## Tables",
                "",
                "| configuration | one row is | rows | columns | file |",
                "|---|---|---|---|---|",
                *listed,
                "",
                *example,
                "",
            ),
            f"What every column means: [{COLUMNS}]({COLUMNS}). `{CROISSANT}` says the same for machines.",
            *("", "## Bundles", "", "Models, images and metadata are tars that `manifest.json` lists with sizes and hashes:", ""),
            *(*bundle_lines, "", "## Citation", "", _cited(citation), ""),
        ]
    )


def croissant(tables: Sequence[Table], world: str, title: str, license_: str, citation: Citation, address: str) -> dict[str, Any]:
    """Croissant 1.0 as JSON-LD: each table a file with its hash and a record set with its columns.

    Args:
        address: of the data set.
    """
    described = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": f"lethe-{world.replace('_', '-')}",
        "alternateName": title,
        "description": citation.abstract.strip(),
        "license": license_,
        "url": address,
        "version": citation.version,
        "creator": [_creator(author.full_name, author.is_person) for author in citation.authors],
        "citeAs": _cited(citation),
    }
    if citation.date_released:
        described["datePublished"] = citation.date_released.isoformat()
    return described | {
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": table.path,
                "name": table.path,
                "contentUrl": table.path,
                "contentSize": f"{table.file.stat().st_size} B",
                "encodingFormat": FORMAT,
                "sha256": sha256_file(table.file),
            }
            for table in tables
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": table.name,
                "name": table.name,
                "description": f"One row is {table.row}",
                "field": [_field(table, column) for column in table.columns],
            }
            for table in tables
        ],
    }


def _field(table: Table, column: str) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column}",
        "name": f"{table.name}/{column}",
        "description": table.meanings[column],
        "dataType": table.columns[column],
        "source": {"fileObject": {"@id": table.path}, "extract": {"column": column}},
    }


def _read(file: Path) -> pd.DataFrame:
    if file.suffix == ".parquet":
        return read_parquet(file)
    import pandas as pd

    with readable(file, "a table"):
        return pd.read_csv(file)


def _type(values: pd.Series) -> str:
    return {"b": "sc:Boolean", "i": "sc:Integer", "u": "sc:Integer", "f": "sc:Float"}.get(values.dtype.kind, "sc:Text")


def _creator(name: str, is_person: bool) -> dict[str, str]:
    return {"@type": "sc:Person" if is_person else "sc:Organization", "name": name}


def _cited(citation: Citation) -> str:
    authors = "; ".join(author.full_name for author in citation.authors)
    return f"{authors}: {citation.title}. Version {citation.version}."
