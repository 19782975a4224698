"""A world is published, and somebody without its models and images recomputes its tables from the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workflow.conftest import Clone, clone_to, planned_jobs
from tests.zenodo_server import TOKEN, Fault, ZenodoServer

pytestmark = pytest.mark.workflow
RESULTS = Path("results/smoke")
PUBLISH = RESULTS / "publish"


@pytest.fixture(scope="module")
def server() -> Iterator[ZenodoServer]:
    with ZenodoServer() as server:
        yield server


def publish(clone: Clone, server: ZenodoServer, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> str:
    monkeypatch.setenv("ZENODO_TOKEN", token)
    output = clone.snakemake("-c2", "publish", "--config", f"publish={{api: {server.api}}}", check=False)
    check_no_token(clone, output, server)
    return output


def check_no_token(clone: Clone, output: str, server: ZenodoServer) -> None:
    """The token is in nothing that was printed, written or asked for."""
    assert TOKEN not in output and not server.leaks
    ours = [
        clone.folder / name for name in ("results/smoke/publish", "results/smoke/archive", "logs", "benchmarks", ".snakemake")
    ]
    files = [file for folder in ours for file in folder.rglob("*") if file.is_file()]
    assert files and not [file for file in files if TOKEN.encode() in file.read_bytes()]


@pytest.fixture(scope="module")
def published(finished: Clone, server: ZenodoServer) -> Clone:
    """The finished world, published by a run that was first refused and then met every passing fault."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        server.faults = [Fault("401", "POST")]
        refused = publish(finished, server, monkeypatch)
        assert refused.startswith("exit 1") and "TokenError" in refused and "token was refused" in refused
        assert not server.drafts and not (finished.folder / PUBLISH / "receipt.json").exists()
        server.faults = [
            Fault("lost", "POST"),
            Fault("429", "PUT", "models_objects_uce", retry_after="1"),
            Fault("500", "PUT", "images_objects_uce"),
            Fault("drop", "PUT", "images_objects_baseline"),
            Fault("md5", "PUT", "tables"),
        ]
        output = publish(finished, server, monkeypatch)
        assert not output.startswith("exit"), output[-4000:]
    return finished


def test_a_world_is_published_whole_and_once(published: Clone, server: ZenodoServer) -> None:
    assert server.survived == {"401": 1, "lost": 1, "429": 1, "500": 1, "drop": 1, "md5": 1}
    assert len(server.drafts) == 1
    (draft,) = server.drafts.values()
    folder = published.folder / PUBLISH
    assert draft.files == {file.name: file.read_bytes() for file in [*folder.glob("bundles/*.tar"), folder / "manifest.json"]}
    assert set(server.puts.values()) == {1, 2} and server.puts["tables.tar"] == 2  # the one whose checksum was wrong
    receipt = json.loads((folder / "receipt.json").read_text())
    assert receipt["doi"] == "10.5072/zenodo.1000" and receipt["others"] == []
    assert {file["name"] for file in receipt["files"]} == set(draft.files)


def test_publishing_again_does_nothing(published: Clone, server: ZenodoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = len(server.asked)
    assert "Nothing to be done" in publish(published, server, monkeypatch)
    assert len(server.asked) == asked


def test_tables_come_out_of_the_record_byte_for_byte(
    published: Clone, server: ZenodoServer, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh clone, no token: images from the record, nothing unlearned, nothing generated."""
    monkeypatch.delenv("ZENODO_TOKEN", raising=False)
    server.publish("77", {name: data for name, data in server.drafts[1000].files.items() if data is not None})
    reviewer = clone_to(tmp_path_factory.mktemp("reviewer") / "le the")
    server.faults = [Fault("half", "GET", "images_objects_uce.tar/content"), Fault("503", "GET", "records/77$", retry_after="0")]
    archive = f"archive={{record: 77, api: '{server.api}', images: archive, metadata: archive}}"
    output = reviewer.snakemake("-c2", "tables", "--config", archive)
    ran = set(planned_jobs(output))
    assert {"images_from_archive", "baseline_from_archive", "score", "task_tables", "summary"} <= ran
    assert not {"unlearn", "unlearn_1", "generate", "generate_1", "generate_baseline", "latents", "source", "base"} & ran
    assert not (reviewer.folder / RESULTS / "models").exists()
    files = [
        f for pattern in ("*.parquet", "*.json", "tables/*", "datasets/*.json") for f in (reviewer.folder / RESULTS).glob(pattern)
    ]
    names = {file.relative_to(reviewer.folder).as_posix() for file in files}
    assert len(names) > 50 and f"{RESULTS}/pairs_objects.parquet" in names and f"{RESULTS}/tables/unlearning_objects.csv" in names
    assert [n for n in names if (reviewer.folder / n).read_bytes() != (published.folder / n).read_bytes()] == []
    check_no_token(reviewer, output, server)


def test_a_record_of_other_settings_is_refused(published: Clone, server: ZenodoServer) -> None:
    server.faults = []
    if "77" not in server.records:
        server.publish("77", {name: data for name, data in server.drafts[1000].files.items() if data is not None})
    settings = ("generation={guidance: 2.5}", "world=other", f"archive={{record: 77, api: '{server.api}', metadata: archive}}")
    target = "results/other/metadata_objects_2_enriched_filtered.json"
    output = published.snakemake("-c1", target, "--config", *settings, check=False)
    assert output.startswith("exit 1") and "the record was made with other settings: world is 'smoke' in the record" in output


PLANS = [
    ({"models"}, {"models_from_archive", "models_from_archive_1", "generate"}, {"unlearn", "unlearn_1", "latents"}),
    ({"images"}, {"images_from_archive", "metadata", "similarities"}, {"generate", "unlearn"}),
    ({"images", "metadata"}, {"metadata_from_archive", "score"}, {"metadata", "similarities", "base", "source"}),
    (
        {"metadata", "models", "images", "tables"},
        {"tables_from_archive", "interference_from_archive"},
        {"score", "task_tables", "fetch_record"},
    ),
]


@pytest.mark.parametrize(("kinds", "there", "gone"), PLANS, ids=["models", "images", "images-metadata", "all"])
def test_each_class_is_built_or_pulled(clone: Clone, kinds: set[str], there: set[str], gone: set[str]) -> None:
    archive = ", ".join(f"{kind}: archive" for kind in sorted(kinds))
    jobs = set(
        planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--config", f"archive={{record: 77, {archive}}}", "--", "tables"))
    )
    assert there <= jobs and not gone & jobs


def test_only_publishing_needs_a_token(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENODO_TOKEN", raising=False)
    assert "publish_manifest" in planned_jobs(clone.snakemake("-n", "--quiet", "rules", "--", "publish_manifest"))
    output = clone.snakemake("-n", "publish", check=False)
    assert output.startswith("exit 1") and "ZENODO_TOKEN" in output and "undefined" in output


def test_production_needs_a_confirmation(clone: Clone) -> None:
    output = clone.snakemake("-n", "publish", "--config", "publish={api: https://zenodo.org/api}", check=False)
    assert output.startswith("exit 1") and "publish={api: https://zenodo.org/api, confirm: zenodo.org}" in output
    assert "Traceback" not in output
