"""The real client against a local server that breaks on demand: every fault survived is counted, nothing is lost or doubled."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from pydantic import SecretStr
from tests.zenodo_server import TOKEN, Draft, Fault, ZenodoServer, md5

from lethe.archive.bundle import write_bundle
from lethe.archive.citation import CitationError
from lethe.archive.client import Client, Patience, retry_after
from lethe.archive.deposit import deposit_metadata, draft_key, make_draft, token_from, upload_all
from lethe.archive.errors import ArchiveError, BundleError, ManifestError, TokenError
from lethe.archive.manifest import MANIFEST, write_manifest
from lethe.archive.pull import fetch_bundle, fetch_manifest
from lethe.archive.records import check_record, fetched_record, read_records, records_yaml
from lethe.settings.archive import Archive, Publish

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server() -> Iterator[ZenodoServer]:
    with ZenodoServer() as server:
        yield server
    assert not server.leaks, "the token stood in an address"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(server: ZenodoServer, waits: list[float]) -> Client:
    return Client(server.api, SecretStr(TOKEN), Patience(attempts=4, first=0.5), sleep=waits.append)


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A folder with a manifest and three bundles."""
    bundles = []
    for place, name in enumerate(("images_a", "models_a", "tables")):
        (tmp_path / "results").mkdir(exist_ok=True)
        (tmp_path / f"results/{name}.bin").write_bytes(bytes([place]) * 200_000)
        bundles.append(write_bundle(tmp_path / f"{name}.tar", tmp_path / "results", [f"{name}.bin"], "images"))
    write_manifest(tmp_path / MANIFEST, "smoke", {}, bundles)
    return tmp_path


def metadata(world: str = "smoke") -> dict[str, Any]:
    return deposit_metadata(ROOT / "CITATION.cff", Publish(), world)


def publish(client: Client, ready: Path) -> dict[str, Any]:
    return upload_all(client, make_draft(client, metadata(), "smoke"), ready / MANIFEST, ready)


def check_whole(server: ZenodoServer, ready: Path) -> None:
    """One draft, with every file once and byte for byte."""
    assert len(server.drafts) == 1
    (draft,) = server.drafts.values()
    assert draft.files == {path.name: path.read_bytes() for path in [*ready.glob("*.tar"), ready / MANIFEST]}


FAULTS = [
    (Fault("429", times=2, retry_after="3"), [3.0, 3.0]),
    (Fault("429", "GET", "/files$", times=2), [0.5, 1.0]),
    (Fault("500", times=3), [0.5, 1.0, 2.0]),
    (Fault("502", "PUT", "depositions"), [0.5]),
    (Fault("503", "GET", "depositions$", retry_after="1"), [1.0]),
    (Fault("503", "POST"), [0.5]),
    (Fault("429", "POST", retry_after="2"), [2.0]),
    (Fault("drop", "PUT", "images_a"), [0.5]),
    (Fault("lost", "POST"), [0.5]),
    (Fault("lost", "GET", "/files$", times=2), [0.5, 1.0]),
    (Fault("half", "GET", "/files$"), [0.5]),
    (Fault("md5", times=2), []),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS, ids=[f"{f.kind}-{f.method}-{f.times}" for f, _ in FAULTS])
def test_a_fault_is_survived(
    server: ZenodoServer, client: Client, ready: Path, waits: list[float], fault: Fault, expected: list[float]
) -> None:
    if fault.path == "depositions":  # the metadata of a draft that is there already
        make_draft(client, metadata(), "smoke")
    server.faults.append(fault)
    times = fault.times
    receipt = publish(client, ready)
    assert server.survived == {fault.kind: times} and waits == expected
    check_whole(server, ready)
    sent_again = times if fault.kind == "md5" else 0
    assert server.puts.total() == 4 + sent_again
    assert [file["name"] for file in receipt["files"]] == ["images_a.tar", "manifest.json", "models_a.tar", "tables.tar"]


def test_an_upload_that_broke_off_is_replaced_in_the_next_run(server: ZenodoServer, client: Client, ready: Path) -> None:
    """Half a file is left in the draft and the patience ends; the next run finds the draft, keeps what is whole, sends the rest."""
    server.faults.append(Fault("drop", "PUT", "models_a", times=4))
    with pytest.raises(ArchiveError, match=r"given up after 4 attempts, last: PUT .*models_a.tar"):
        publish(client, ready)
    assert server.survived == {"drop": 4} and server.drafts[1000].files["models_a.tar"] is None
    receipt = publish(client, ready)
    check_whole(server, ready)
    assert server.puts == {"images_a.tar": 1, "models_a.tar": 1, "tables.tar": 1, MANIFEST: 1}
    assert receipt["doi"] == "10.5072/zenodo.1000" and receipt["others"] == []


def test_an_answer_that_is_lost_after_the_upload_sends_nothing_twice(server: ZenodoServer, client: Client, ready: Path) -> None:
    """The bytes are there but nobody said so: the draft is looked at before anything is sent again."""
    server.faults.append(Fault("lost", "PUT", "images_a"))
    publish(client, ready)
    check_whole(server, ready)
    assert server.puts.total() == 4 and server.survived == {"lost": 1}


def test_a_rerun_sends_nothing(server: ZenodoServer, client: Client, ready: Path) -> None:
    first = publish(client, ready)
    puts = server.puts.total()
    assert publish(client, ready) == first and server.puts.total() == puts == 4
    assert [method for method, _ in server.asked].count("POST") == 1


def test_a_file_with_other_content_is_replaced_and_strangers_are_left(server: ZenodoServer, client: Client, ready: Path) -> None:
    make_draft(client, metadata(), "smoke")
    server.drafts[1000].files |= {"tables.tar": b"old", "README.md": b"by hand"}
    assert publish(client, ready)["others"] == ["README.md"]
    assert server.drafts[1000].files.pop("README.md") == b"by hand"
    check_whole(server, ready)


def test_the_draft_of_a_killed_run_is_found_among_many(server: ZenodoServer, client: Client) -> None:
    for number in range(130):  # more than a page
        server.drafts[1000 + number] = Draft(metadata(f"world{number}"))
    found = make_draft(client, metadata("world3"), "world3")
    assert len(server.drafts) == 130 and found["id"] == 1003
    server.drafts[1003].published = True  # a published one is not touched again
    assert make_draft(client, metadata("world3"), "world3")["id"] == 1130
    server.drafts[1007].metadata = server.drafts[1008].metadata
    with pytest.raises(ArchiveError, match=r"2 drafts hold the key .*\(1007, 1008\)"):
        make_draft(client, metadata("world8"), "world8")


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault("401", times=9), TokenError, "token was refused"),
        (Fault("403", "POST", times=9), TokenError, "deposit:write"),
        (Fault("html", times=9), ArchiveError, "text/html; charset=utf-8 instead of JSON.*Maintenance"),
        (Fault("html", "GET", times=9), ArchiveError, "instead of JSON"),
        (Fault("md5", times=9), ArchiveError, "arrived 3 times with md5"),
        (Fault("500", times=9), ArchiveError, "given up after 4 attempts, last: PUT .* HTTP 500"),
        (Fault("429", retry_after="7200"), ArchiveError, "come back in 7200 s"),
        (Fault("503", "POST", times=9), ArchiveError, "no draft after 4 attempts"),
        (Fault("404", times=9), ArchiveError, "HTTP 404"),
        (Fault("echo", times=9), ArchiveError, r"Authorization: Bearer \*\*\*"),
    ],
    ids=lambda value: f"{value.kind}-{value.method}" if isinstance(value, Fault) else "",
)
def test_what_cannot_be_survived_is_one_clear_error_without_the_token(
    server: ZenodoServer,
    client: Client,
    ready: Path,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    kind: type[ArchiveError],
    message: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults.append(fault)
    with pytest.raises(ArchiveError, match=message) as caught:
        publish(client, ready)
    assert type(caught.value) is kind and len(str(caught.value)) < 600
    assert server.survived[fault.kind] >= 1
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    trace = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert TOKEN not in trace + caplog.text + str(caught.value.__dict__)
    server.faults.clear()  # and the same command goes on
    publish(client, ready)
    check_whole(server, ready)


def test_the_token_goes_to_the_repository_only(server: ZenodoServer, client: Client) -> None:
    with pytest.raises(ArchiveError, match="leads to another host, http://elsewhere.example"):
        client.json("PUT", "http://elsewhere.example/api/files/x")
    with ZenodoServer() as other:
        assert client._session.auth is not None
        asked = client._session.auth(client._session.prepare_request(requests.Request("GET", other.api)))
        assert "Authorization" not in asked.headers


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENODO_TOKEN", " ")
    with pytest.raises(ArchiveError, match="ZENODO_TOKEN holds no token"):
        token_from("ZENODO_TOKEN")


def test_a_bundle_that_changed_is_not_uploaded(client: Client, ready: Path, server: ZenodoServer) -> None:
    (ready / "tables.tar").write_bytes(b"changed")
    with pytest.raises(ManifestError, match=r"tables.tar changed after"):
        publish(client, ready)
    assert not server.puts


def test_retry_after_reads_both_forms() -> None:
    assert retry_after("120") == 120 and retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None and retry_after(None) is None


# --- metadata -----------------------------------------------------------------------------------------------------


def test_metadata_holds_what_a_record_needs(tmp_path: Path) -> None:
    plain = metadata()
    assert {"title", "upload_type", "description", "creators", "access_right", "license"} <= set(plain)
    assert draft_key(plain["title"], "smoke") in plain["notes"]
    assert plain["related_identifiers"][0] == {"identifier": "10.5281/zenodo.18649818", "relation": "isDerivedFrom"}
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    people = [{"family-names": "Doe", "given-names": "Jo", "orcid": "https://orcid.org/0000-0002-1694-233X", "affiliation": "X"}]
    (tmp_path / "CITATION.cff").write_text(yaml.safe_dump(cff | {"authors": people, "repository-code": "https://example.org/c"}))
    plain = deposit_metadata(tmp_path / "CITATION.cff", Publish(title="T", communities=["c"]), "smoke")
    assert plain["creators"] == [{"name": "Doe, Jo", "affiliation": "X", "orcid": "0000-0002-1694-233X"}]
    assert plain["title"] == "T" and plain["communities"] == [{"identifier": "c"}]
    assert {"identifier": "https://example.org/c", "relation": "isCompiledBy"} in plain["related_identifiers"]
    (tmp_path / "CITATION.cff").write_text(yaml.safe_dump(cff | {"abstract": ""}))
    with pytest.raises(CitationError, match="abstract: String should have"):
        deposit_metadata(tmp_path / "CITATION.cff", Publish(), "smoke")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"api": "https://zenodo.org/api"}, "confirm: zenodo.org"),
        ({"api": "https://zenodo.org/api", "confirm": "yes"}, "confirm: zenodo.org"),
        ({"api": "https://sandbox.zenodo.org.evil.example/api"}, "not the sandbox"),
        ({"api": "http://sandbox.zenodo.org/api"}, "not encrypted"),
        ({"api": "https://token@zenodo.org/api"}, "not an address"),
        ({"huggingface": "x"}, "owner/name"),
        ({"related": [{"identifier": "x", "relation": "isDerivedfrom"}]}, "did you mean 'isDerivedFrom'"),
    ],
)
def test_an_unsafe_setting_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Publish.model_validate(values)


def test_production_needs_its_name_twice() -> None:
    assert Publish(api="https://zenodo.org/api/", confirm="zenodo.org").api == "https://zenodo.org/api"


# --- pull ---------------------------------------------------------------------------------------------------------


def pulled(server: ZenodoServer, ready: Path) -> Archive:
    server.publish("77", {path.name: path.read_bytes() for path in [*ready.glob("*.tar"), ready / MANIFEST]})
    return Archive(images="archive", record="77", api=server.api)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("429", "GET", "content", times=2, retry_after="0"),
        Fault("503", "GET", "content", retry_after="0"),
        Fault("drop", "GET", "content"),
        Fault("half", "GET", "content"),
        Fault("half", "GET", "records/77$"),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_bundle_is_pulled_without_a_token(
    server: ZenodoServer, ready: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("lethe.archive.client.time.sleep", waits.append)
    archive = pulled(server, ready)
    fetch_manifest(archive, ready / "got" / MANIFEST)
    server.faults.append(fault)
    fetch_bundle(archive, ready / "got" / MANIFEST, ready / "got/tables.tar")
    assert server.survived.total() == len(waits) >= 1
    assert (ready / "got/tables.tar").read_bytes() == (ready / "tables.tar").read_bytes()
    assert sorted(path.name for path in (ready / "got").iterdir()) == [MANIFEST, "tables.tar"]


def test_a_download_goes_on_where_it_was_killed(server: ZenodoServer, ready: Path) -> None:
    archive = pulled(server, ready)
    data = (ready / "tables.tar").read_bytes()
    (ready / "got").mkdir()
    (ready / f"got/.tables.tar.{md5(data)}.part").write_bytes(data[:150_000])
    fetch_bundle(archive, ready / MANIFEST, ready / "got/tables.tar")
    assert (ready / "got/tables.tar").read_bytes() == data


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda server: server.faults.append(Fault("html", "GET", "content")), ArchiveError, "HTML page instead of the file"),
        (lambda server: server.faults.append(Fault("html", "GET", "records/77$")), ArchiveError, "instead of JSON"),
        (lambda server: server.records["77"].pop("tables.tar"), ArchiveError, "holds no 'tables.tar'; it holds images_a.tar"),
        (lambda server: server.records.pop("77"), ArchiveError, "HTTP 404"),
        (lambda server: server.faults.append(Fault("404", "GET", "content")), ArchiveError, "HTTP 404.*as asked for"),
        (lambda server: server.faults.append(Fault("403", "GET", "content")), TokenError, "the record is not public"),
        (lambda server: server.records["77"].__setitem__("tables.tar", b"other"), BundleError, "5 bytes, the manifest lists"),
    ],
)
def test_a_wrong_record_is_one_clear_error_and_leaves_nothing(
    server: ZenodoServer, ready: Path, spoil: Any, error: type[ArchiveError], message: str
) -> None:
    archive = pulled(server, ready)
    spoil(server)
    with pytest.raises(ArchiveError, match=message) as caught:
        fetch_bundle(archive, ready / MANIFEST, ready / "got/tables.tar")
    assert type(caught.value) is error
    assert not list((ready / "got").glob("*")) if (ready / "got").exists() else True


def test_a_damaged_download_is_refused(server: ZenodoServer, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = pulled(server, ready)
    monkeypatch.setattr("tests.zenodo_server.md5", lambda data: "0" * 32)
    with pytest.raises(ArchiveError, match=r"'tables.tar' came as \d+ bytes with md5 .* the record lists .* with md5 0000"):
        fetch_bundle(archive, ready / MANIFEST, ready / "got/tables.tar")
    assert not list((ready / "got").iterdir())


def test_a_manifest_that_is_none_is_refused(server: ZenodoServer, ready: Path) -> None:
    archive = pulled(server, ready)
    server.records["77"][MANIFEST] = b"<html></html>"
    with pytest.raises(ManifestError, match="not valid JSON"):
        fetch_manifest(archive, ready / "got" / MANIFEST)
    assert not list((ready / "got").iterdir())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"images": "archive"}, "the record must be named"),
        ({"record": "owner/name"}, "no record of zenodo; allowed: a number"),
        ({"record": "10.5281/zenodo.18649818"}, "no record of zenodo; allowed: a number.*did you mean '18649818'"),
        ({"record": "https://doi.org/10.5281/zenodo.18649818"}, "did you mean '18649818'"),
        ({"record": "https://zenodo.org/records/1"}, "did you mean '1'"),
        ({"record": "https://zenodo.org/record/12/files/a.zip?download=1"}, "did you mean '12'"),
        ({"record": "https://zenodo.org/api/records/1/versions/latest"}, "did you mean '1'"),
        ({"record": "\u0661\u0662"}, "no record of zenodo; allowed: a number"),
        ({"record": "77", "host": "huggingface"}, "owner/name"),
        ({"record": "a/b/c", "host": "huggingface"}, "owner/name"),
        ({"api": "http://zenodo.org/api"}, "not encrypted"),
    ],
)
def test_a_wrong_archive_setting_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Archive.model_validate(values)


# --- config/archive.yaml ------------------------------------------------------------------------------------------


def test_the_index_of_records_is_filled_from_the_public_interface(server: ZenodoServer, ready: Path) -> None:
    server.publish("18649818", {"a.zip": b"aaa"})
    known = read_records(ROOT / "config/archive.yaml")
    assert known["18649818"].doi == "10.5281/zenodo.18649818" and known["18649818"].files is None
    found = fetched_record(Client(server.api), "18649818")
    (ready / "archive.yaml").write_text(records_yaml({"18649818": found}))
    assert read_records(ready / "archive.yaml") == {"18649818": found}
    (ready / "a.zip").write_bytes(b"aaa")
    check_record(ready, "18649818", found)
    (ready / "a.zip").write_bytes(b"aab")
    with pytest.raises(ArchiveError, match="'a.zip' differs from config/archive.yaml"):
        check_record(ready, "18649818", found)
    assert not [address for _, address in server.asked if "token" in address]
