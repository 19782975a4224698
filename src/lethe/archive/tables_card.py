"""What makes the tables of a published data set visible: the card whose ``configs`` the Hub's viewer shows, and Croissant metadata.

Croissant: "A metadata format for ML-ready datasets", version 1.0, http://mlcommons.org/croissant/1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lethe.archive.citation import Citation
from lethe.archive.errors import ManifestError
from lethe.io.hashing import sha256_file
from lethe.io.tables import read_parquet, readable

if TYPE_CHECKING:
    import pandas as pd

CARD, CROISSANT = "README.md", "croissant.json"
FORMATS = {".csv": "text/csv", ".parquet": "application/x-parquet"}
CONFORMS = "http://mlcommons.org/croissant/1.0"
TERMS = (
    *(
        "citeAs",
        "column",
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
    "transform",
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
    """

    name: str
    path: str
    file: Path
    rows: int
    columns: Mapping[str, str]


def tables_of(files: Sequence[Path], results: Path) -> list[Table]:
    """The tables among some files, each under the name of its file.

    Args:
        files: products; those that are no tables are left out. results: the folder of the world.

    Raises:
        ManifestError: two tables have one name.
    """
    found: dict[str, Table] = {}
    for file in files:
        if file.suffix not in FORMATS:
            continue
        if file.stem in found:
            raise ManifestError(f"{file} and {found[file.stem].file}: two tables are called '{file.stem}'")
        data = _read(file)
        columns = {str(name): _type(data[name]) for name in data.columns}
        found[file.stem] = Table(file.stem, file.relative_to(results).as_posix(), file, len(data), columns)
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
    listed = [f"| `{table.name}` | {table.rows:,} | {len(table.columns)} | `{table.path}` |" for table in tables]
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
            *("", "## Tables", "", "| configuration | rows | columns | file |", "|---|---|---|---|", *listed, "", *example, ""),
            "What the columns mean: docs/results.md and docs/architecture.md of Lethe. `croissant.json` says the same for machines.",
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
                "encodingFormat": FORMATS[table.file.suffix],
                "sha256": sha256_file(table.file),
            }
            for table in tables
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": table.name,
                "name": table.name,
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
