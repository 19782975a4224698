"""What a repository may answer in place of a record: each is one error that says what to do, and nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.raw_server import head, serving
from tests.zenodo_server import TOKEN, ZenodoServer

from lethe.archive.client import Client, Patience
from lethe.archive.errors import ArchiveError, ManifestError
from lethe.archive.manifest import read_manifest
from lethe.archive.pull import fetch_from
from lethe.archive.records import fetched_record
from lethe.settings.archive import Archive


@pytest.fixture
def server() -> Iterator[ZenodoServer]:
    with ZenodoServer() as server:
        yield server


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((301, {}, {"Location": "/api/records/1"}), "76 is the number of all versions of a record; use .* the newest is 1 "),
        ((302, {}, {"Location": "1"}), "the newest is 1 "),
        ((301, {}, {"Location": "https://elsewhere.example/api/records/1"}), "the newest is 1 "),  # not asked
        ((301, {}, {"Location": "/login"}), "GET .*records/76: HTTP 301, it redirects to /login"),
        (
            (200, {"metadata": {"access_right": "restricted"}}, {}),
            "its files are restricted .metadata.access_right is 'restricted'",
        ),
        ((200, {"metadata": {"access_right": "embargoed"}, "files": []}, {}), "restricted .metadata.access_right is 'embargoed'"),
        ((200, {"metadata": {}, "access": {"files": "restricted"}, "files": []}, {}), "its files are restricted"),
        ((200, {"metadata": {"access_right": "open"}, "files": []}, {}), "lists no files .metadata.access_right is 'open'"),
        ((200, {"metadata": None}, {}), "lists no files"),
        ((200, [1], {}), "is no record but list"),
        ((200, {"files": [{"key": "../x", "size": 1, "checksum": "md5:" + "0" * 32}]}, {}), "'../x' has a name that leads"),
    ],
)
def test_a_record_that_cannot_be_fetched_says_why_and_what_to_do(server: ZenodoServer, answer: Any, message: str) -> None:
    server.plain["76"] = answer
    with pytest.raises(ArchiveError, match=message) as caught:
        fetched_record(Client(server.api), "76")
    assert f"{server.api}/records/76" in str(caught.value) and len(server.asked) == 1


def test_an_answer_that_is_too_long_is_not_kept(server: ZenodoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server.publish("77", {"a.tar": bytes(5000)})
    monkeypatch.setattr("lethe.archive.client.LARGEST", 100)
    with pytest.raises(ArchiveError, match="given up after 2 attempts, last: BodyError: .* bytes or more; allowed are 100"):
        Client(server.api, patience=Patience(attempts=2, first=0)).json("GET", "records/77")
    monkeypatch.undo()
    record = server.record("77")
    for file in record["files"]:
        file["size"] -= 1  # of fewer bytes than come
    server.plain["77"] = (200, record, {})
    with pytest.raises(ArchiveError, match=r"GET .*/a.tar/content: 5000 bytes or more; allowed are 4999"):
        fetch_from(Archive(record="77", api=server.api), "a.tar", tmp_path / "got/a.tar")
    assert not list((tmp_path / "got").iterdir())


def test_a_manifest_has_a_longest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lethe.archive.manifest.LONGEST", 10)
    (tmp_path / "manifest.json").write_text(" " * 11)
    with pytest.raises(ManifestError, match="manifest.json: 11 bytes; a manifest has 10 at most"):
        read_manifest(tmp_path / "manifest.json")


def test_a_redirect_of_a_file_takes_no_credentials_along(
    server: ZenodoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login me password secret\nmachine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with serving(monkeypatch) as other:
        other.answers["file"] = [head(body=b"text")]
        there = f"{other.url.replace('127.0.0.1', 'localhost')}file"
        server.plain["76"] = (302, {}, {"Location": there})
        Client(server.api, SecretStr(TOKEN)).download("records/76", tmp_path / "part", 4)
        assert (tmp_path / "part").read_bytes() == b"text"
        assert len(other.requests) == 1 and "authorization" not in other.requests[0].lower()
