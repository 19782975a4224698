"""The results folder of a world as a Workflow Run RO-Crate.

``ro-crate-metadata.json`` says in linked data what the files beside it are: the workflow that was run, its configuration, who ran it
and when, and every product with size and SHA-256. Profiles: RO-Crate 1.1, Workflow RO-Crate 1.0, Workflow Run Crate 0.5
(https://www.researchobject.org/workflow-run-crate/profiles/0.5/workflow_run_crate/).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lethe.archive.citation import Author, Citation
from lethe.io.hashing import sha256_file

if TYPE_CHECKING:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
ENCODINGS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".smk": "text/plain",
    "": "text/plain",
    ".yaml": "application/yaml",
}


def run_crate(
    folder: str | Path,
    citation: Citation,
    record: Mapping[str, Any],
    workflow: str | Path,
    inputs: Sequence[str | Path],
    products: Sequence[str | Path],
) -> dict[str, Any]:
    """The content of ``ro-crate-metadata.json``.

    Args:
        folder: the crate, ``results/{world}``; every path below must lie in it.
        citation: who made it, under which licence.
        record: the content of ``provenance/run.json``.
        workflow: the copied Snakefile, with the rules below a folder ``rules`` beside it.
        inputs: what the run was given, the configuration first.
        products: what came out.

    Returns:
        JSON-LD as plain data; equal files and records give equal data.

    Raises:
        ValueError: for a path outside ``folder``.
        FileNotFoundError: for one that does not exist.
    """
    from rocrate.rocrate import ROCrate

    folder, workflow = Path(folder), Path(workflow)
    crate = ROCrate(version="1.1")
    crate.metadata.extra_terms = {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}  # not in the context of 1.1
    root = crate.root_dataset
    authors = [_agent(crate, author, number) for number, author in enumerate(citation.authors)]
    licence = _entity(crate, f"https://spdx.org/licenses/{citation.license}", "CreativeWork", name=citation.license)
    rules = [_file(crate, folder, path) for path in sorted(workflow.parent.glob("rules/**/*.smk"))]
    main = crate.add_workflow(
        dest_path=_place(folder, workflow),
        main=True,
        lang="snakemake",
        lang_version=record["software"]["packages"]["snakemake"],
        properties=_facts(workflow)
        | {"name": "Lethe", "version": record["software"]["lethe"], "conformsTo": {"@id": WORKFLOW_PROFILE}},
    )
    main["license"], main["author"], main["creator"], main["hasPart"] = licence, _plain(authors), _plain(authors), rules
    given = [_file(crate, folder, path) for path in inputs]
    made = [_file(crate, folder, path) for path in products]
    main["input"] = _parameter(crate, "#configuration", "configuration", given[:1])
    main["output"] = _parameter(crate, "#products", "tables, figures and notebooks", made)
    action = _entity(
        crate,
        "#run",
        "CreateAction",
        name=f"Run of the target {record['target']}",
        description=_description(record),
        startTime=record["start"],
        endTime=record["end"],
        actionStatus="http://schema.org/CompletedActionStatus",
    )
    action["instrument"], action["agent"], action["object"], action["result"] = main, _plain(authors), _plain(given), made
    root["name"], root["description"] = citation.title, citation.abstract.strip()
    root["keywords"], root["version"] = ", ".join(citation.keywords), citation.version
    root["datePublished"] = record["end"]
    root["license"], root["author"], root["mentions"] = licence, _plain(authors), action
    root["conformsTo"] = [
        _entity(crate, address, "CreativeWork", name=name, version=version) for address, (name, version) in PROFILES.items()
    ]
    content: dict[str, Any] = crate.metadata.generate()
    return content


def _entity(crate: ROCrate, identifier: str, kind: str, **properties: Any) -> ContextEntity:
    from rocrate.model.contextentity import ContextEntity

    given = {key: value for key, value in properties.items() if value}
    return crate.add(ContextEntity(crate, identifier, properties={"@type": kind} | given))


def _agent(crate: ROCrate, author: Author, number: int) -> ContextEntity:
    identifier = author.orcid or f"#author-{number}"
    if not author.is_person:
        return _entity(crate, identifier, "Organization", name=author.full_name)
    name = " ".join(filter(None, (author.given_names, author.family_names)))
    return _entity(crate, identifier, "Person", name=name, affiliation=author.affiliation)


def _place(folder: Path, path: str | Path) -> str:
    return Path(path).resolve().relative_to(folder.resolve()).as_posix()


def _facts(path: str | Path) -> dict[str, str]:
    size = str(Path(path).stat().st_size)
    return {"contentSize": size, "sha256": sha256_file(path), "encodingFormat": ENCODINGS[Path(path).suffix]}


def _file(crate: ROCrate, folder: Path, path: str | Path) -> Any:
    return crate.add_file(dest_path=_place(folder, path), properties={"name": Path(path).name} | _facts(path))


def _plain(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else values  # RO-Crate 1.1 recommends no lists of one


def _parameter(crate: ROCrate, identifier: str, name: str, files: Sequence[Any]) -> ContextEntity:
    parameter = _entity(crate, identifier, "FormalParameter", name=name, additionalType="File", valueRequired=True)
    parameter["conformsTo"] = {"@id": "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"}
    parameter["workExample"] = _plain(files)
    for file in files:
        file["exampleOfWork"] = parameter
    return parameter


def _description(record: Mapping[str, Any]) -> str:
    code, jobs = record["code"], sum(entry["jobs"] for entry in record["rules"].values())
    commit = f"commit {code['commit']}{' with changes' if code['dirty'] else ''}" if code["commit"] else code["reason"]
    return f"{jobs} measured jobs; code: {commit}; details in provenance/run.json"
