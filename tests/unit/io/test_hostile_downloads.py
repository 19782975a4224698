"""Answers that no download may believe: each is a DownloadError that names the address, and nothing of it is pinned."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.hostile_archives import archive, entry, tar
from tests.raw_server import RawServer, head, serving

from lethe.diffusion.sources.fci_breeds import AKC, NAME_AKC, PAWSOME
from lethe.diffusion.sources.lfw import PANTHEON, PICTURE, RACE
from lethe.io import download as module
from lethe.io.download import DownloadError, download, put_by_hand, receipt_path
from lethe.io.fileformat import missing_columns
from lethe.io.remote import RemoteFile
from lethe.io.web import AddressError, check_address
from lethe.settings.downloads import load_downloads
from lethe.settings.errors import SettingsError

ROOT = Path(__file__).parents[3]
TABLE = b"name,race,method\nA,x,m\n"
SHA = hashlib.sha256(TABLE).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    with serving(monkeypatch) as server:
        yield server


def remote(server: RawServer, **values: Any) -> RemoteFile:
    return RemoteFile.model_validate({"urls": [f"{server.url}a"], "kind": "csv", "columns": ["name", "race"], **values})


def moved(there: str, status: int = 302) -> bytes:
    return head(status, b"moved", Location=there)


BODIES = {  # status 200, and not the table
    "json": (b'{"error": "gone", "code": 7}', "not a csv file but starts with"),
    "json_list": (b'[{"error": 1}, {}]', "not a csv file but starts with"),
    "json_text": (b'"gone, sorry"', "no column 'name'"),
    "text": (b"Sorry, we are closed\n", "no column 'name'; expected name, race, found Sorry,  we are closed"),
    "text_of_one_word": (b"closed\n", "not a csv file"),
    "html": (b"<!DOCTYPE html>, sign in", "a web page"),
    "html_after_a_mark": (b"\xef\xbb\xbf\n <html><p>Hello, you", "a web page"),
    "html_part": (b"<p>Hello, you</p>", "not a csv file but starts with"),
    "xml": (b"<?xml version='1.0'?><Error><Code>NoSuchKey, really</Code></Error>", "a web page"),
    "other_table": (b"name,rase\nA,x\n", "no column 'race'; expected name, race, found name, rase; did you mean 'rase'"),
    "no_names": (b"A,x,m\nB,y,m\n", "no column 'name'"),
    "zeros": (b"name,race\0", "not a csv file"),
    "not_utf8": (b"\xff\xfen,a\n", "its columns cannot be read"),
    "empty": (b"", "it is empty"),
    "packed": (gzip.compress(TABLE), "not a csv file"),
}


@pytest.mark.parametrize("name", BODIES)
def test_another_body_is_not_pinned(server: RawServer, tmp_path: Path, name: str) -> None:
    body, message = BODIES[name]
    server.answers["a"] = [head(body=body, Content_Type="text/csv")]
    refused(server, tmp_path, remote(server), message)


ANSWERS: dict[str, tuple[list[bytes | None], dict[str, Any], str]] = {
    "encoded": ([head(body=gzip.compress(TABLE), Content_Encoding="gzip")], {}, "not a csv file"),
    "encoded_bomb": ([head(body=gzip.compress(bytes(10**7)), Content_Encoding="gzip")], {}, "not a csv file"),
    "encoded_in_a_way_nobody_knows": ([head(body=b"abc", Content_Encoding="br, zstd")], {}, "not a csv file"),
    "status_204": ([head(204)], {}, "HTTP status 204"),
    "status_203": ([head(203, TABLE)], {}, "HTTP status 203"),
    "status_300": ([head(300, TABLE)], {}, "HTTP status 300"),
    "status_304": ([head(304)], {}, "HTTP status 304"),
    "moved_without_a_place": ([head(301, TABLE)], {}, "HTTP status 301"),
    "status_401": ([head(401, WWW_Authenticate="Basic realm=x")], {}, "HTTP status 401"),
    "busy_forever": ([head(503, Retry_After="0")], {}, "HTTP status 503 (2 attempts"),
    "busy_for_an_odd_time": ([head(503, Retry_After="\u00b2")], {}, "HTTP status 503 (2 attempts"),
    "busy_for_ages": ([head(503, Retry_After="9" * 400)], {}, "asks to wait inf s"),
    "part_unasked": ([head(206, TABLE, Content_Range=f"bytes 0-{len(TABLE) - 1}/999")], {}, "another part came"),
    "longer_than_published": ([head(body=TABLE)], {"size": 20}, "23 bytes or more; allowed are 20"),
    "shorter_than_published": ([head(body=TABLE)], {"size": 30}, "23 bytes instead of 30"),
    "announces_a_petabyte": ([head(body=TABLE, Content_Length=10**15)], {}, "bytes or more; allowed are 20000000000"),
    "no_length": ([head(body=None) + TABLE], {}, "the server does not say how long the table is"),
    "cut": ([head(body=TABLE, Content_Length=1000)], {}, "Incomplete"),
    "two_lengths": ([head(body=TABLE, Content_Length="23, 5")], {}, "Content-Length contained multiple"),
    "odd_pieces": ([head(body=None, Transfer_Encoding="chunked") + b"zz\r\nabc"], {}, "Incomplete"),
    "cut_pieces": ([head(body=None, Transfer_Encoding="chunked") + b"18\r\n" + TABLE], {}, "Incomplete"),
    "no_http": ([b"220 ftp.example.org ready, welcome\r\n\r\n"], {}, "Connection"),
    "nothing": ([b""], {}, "Connection"),
    "silence": ([None], {}, "Timeout"),
    "long_head": ([b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n"], {}, "Connection"),
    "many_heads": ([b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n" + TABLE], {}, "Connection"),
    "other_bytes": ([head(body=TABLE + b"B,y,m\n")], {"sha256": SHA}, f"instead of {SHA} (published)"),
    "loop": ([moved("/a")], {}, "it redirects more than 10 times"),
    "moved_to_a_file": ([moved("file:///etc/passwd")], {}, "it redirects to file:///etc/passwd, which is not of the form"),
    "moved_to_ftp": ([moved("ftp://127.0.0.1/a")], {}, "it redirects to ftp://127.0.0.1/a, which is not of the form"),
    "moved_to_data": ([moved("data:text/csv,name")], {}, "which is not of the form"),
    "moved_unencrypted": ([moved("http://192.0.2.1/a")], {}, "http://192.0.2.1/a, which is not encrypted"),
    "moved_with_a_password": ([moved("http://me:secret@192.0.2.1/a")], {}, "//***@192.0.2.1/a, which holds a name or password"),
    "moved_to_no_address": ([moved("http://[1")], {}, "no address"),
    "moved_to_no_port": ([moved("http://192.0.2.1:x/")], {}, "no address"),
    "moved_to_nowhere": ([moved("/b"), None], {}, "HTTP status 404"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_is_refused(server: RawServer, tmp_path: Path, name: str) -> None:
    answers, values, message = ANSWERS[name]
    server.answers["a"] = list(answers)
    refused(server, tmp_path, remote(server, **values), message)
    assert len(server.requests) < 25


def refused(server: RawServer, folder: Path, entry: RemoteFile, message: str) -> None:
    """Nothing appears, nothing is pinned, and the message names the address; the right answer is then taken."""
    path = folder / "a.csv"
    with pytest.raises(DownloadError) as error:
        download(entry, path)
    assert f"{server.url}a" in str(error.value) and message in str(error.value), str(error.value)
    assert "secret" not in str(error.value)
    assert not path.exists() and not receipt_path(path).exists()
    server.answers["a"] = [head(body=TABLE)]
    download(entry.model_copy(update={"size": None}), path)
    assert path.read_bytes() == TABLE


@pytest.mark.parametrize("pieces", [False, True])
def test_a_body_without_end_has_one(server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: bool) -> None:
    monkeypatch.setattr(module, "LARGEST", 10**6)
    server.answers["a"] = [head(body=None, **({"Transfer_Encoding": "chunked"} if pieces else {}))]
    server.answers["a"][0] += b"4\r\nPK\x03\x04\r\n" if pieces else b"PK\x03\x04"
    server.endless["a"] = b"1000\r\n" + b"a,b\n" * 1024 + b"\r\n" if pieces else b"name,race\n" * 1000
    with pytest.raises(DownloadError, match=f"{server.url}a: 10[0-9]{{5}} bytes or more; allowed are 1000000"):
        download(remote(server, kind="zip"), tmp_path / "a.zip")
    assert not list(tmp_path.iterdir())


def test_a_page_without_end_is_left_after_its_first_bytes(server: RawServer, tmp_path: Path) -> None:
    server.answers["a"] = [head(body=None)]
    server.endless["a"] = b"<!doctype html>" * 10
    with pytest.raises(DownloadError, match=f"{server.url}a: not a zip file.*a web page"):
        download(remote(server, kind="zip"), tmp_path / "a.zip")
    assert not list(tmp_path.iterdir()) and len(server.requests) == 1


def test_a_redirect_whose_body_has_no_end_is_not_read(server: RawServer, tmp_path: Path) -> None:
    server.answers = {"a": [head(302, None, Location="/b")], "b": [head(body=TABLE)]}
    server.endless["a"] = bytes(1000)
    download(remote(server), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == TABLE


def test_a_drip_is_not_waited_for(server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lethe.io.web.SLOW_AFTER", 0.3)
    server.answers["a"] = [head(body=b"name,", Content_Length=10**6)]
    server.slow["a"] = 0.05
    with pytest.raises(DownloadError, match=rf"{server.url}a: \d+ bytes in \d+ s; too slow"):
        download(remote(server), tmp_path / "a.csv")
    assert not receipt_path(tmp_path / "a.csv").exists()


@pytest.mark.parametrize("place", ["bytes 0-11/23", "bytes 12-22/99", "bytes 13-22/23", "bytes 12-21/23", "items 12-22/23", None])
def test_another_part_than_the_missing_one_is_not_put_behind(server: RawServer, tmp_path: Path, place: str | None) -> None:
    rest = {"Content_Range": place} if place else {}
    server.answers["a"] = [head(body=TABLE[:12], Content_Length=23, ETag='"1"'), head(206, TABLE[12:], **rest), head(body=TABLE)]
    download(remote(server), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == TABLE and len(server.requests) == 3


def test_the_missing_part_is_put_behind(server: RawServer, tmp_path: Path) -> None:
    server.answers["a"] = [
        head(body=TABLE[:12], Content_Length=23, ETag='"1"'),
        head(206, TABLE[12:], Content_Range="bytes 12-22/23"),
    ]
    download(remote(server), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == TABLE and len(server.requests) == 2


def test_no_credentials_are_sent_and_no_name_is_taken(server: RawServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = "".join(f"machine {host} login me password secret\n" for host in ("127.0.0.1", "localhost"))
    (tmp_path / "netrc").write_text(netrc)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    there = server.url.replace("127.0.0.1", "localhost") + "b"
    server.answers["a"] = [head(302, Location=there, Set_Cookie="key=1; Path=/")]
    server.answers["b"] = [head(body=TABLE, Content_Disposition='attachment; filename="../evil.csv"')]
    download(remote(server), tmp_path / "got/a.csv")
    assert len(server.requests) == 2
    assert not [text for text in server.requests if "authorization" in text.lower() or "cookie" in text.lower()]
    assert sorted(p.name for p in tmp_path.rglob("*.csv*")) == ["a.csv", "a.csv.receipt.json"]


@pytest.mark.parametrize(
    ("url", "values", "message"),
    [
        ("http://192.0.2.1/a", {}, "http://192.0.2.1/a: it is not encrypted, and no checksum is known; allowed: https"),
        ("https://me:secret@192.0.2.1/a", {}, r"https://\*\*\*@192.0.2.1/a: it holds a name or password"),
        ("https://me@192.0.2.1/a", {"sha256": SHA}, r"https://\*\*\*@192.0.2.1/a: it holds a name or password"),
        ("file:///etc/passwd", {}, "file:///etc/passwd: it is not of the form https://host/path"),
        ("https:///a", {}, "not of the form"),
        ("https://[1/a", {}, "no address"),
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_asked_is_refused(tmp_path: Path, url: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(DownloadError, match=message) as error:
        download(RemoteFile.model_validate({"urls": [url], "kind": "csv", **values}), tmp_path / "a.csv")
    assert "secret" not in str(error.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("origin", "url", "unknown", "known"),
    [
        ("", "https://a.org/x", True, True),
        ("", "http://a.org/x", False, True),
        ("", "http://127.0.0.1/x", True, True),
        ("https://a.org/x", "https://b.org/x", True, True),
        ("https://a.org/x", "http://a.org/x", False, True),
        ("https://a.org/x", "http://localhost/x", False, False),
        ("http://localhost/x", "http://127.0.0.1:8/x", True, True),
        ("https://a.org/x", "https://me@b.org/x", False, False),
    ],
)
def test_encryption_or_a_checksum(origin: str, url: str, unknown: bool, known: bool) -> None:
    for verified, allowed in ((False, unknown), (True, known)):
        if allowed:
            check_address(url, verified, origin)
        else:
            with pytest.raises(AddressError, match="it redirects to" if origin else "it is not encrypted"):
                check_address(url, verified, origin)


def test_an_archive_that_would_not_be_unpacked_is_not_pinned(server: RawServer, tmp_path: Path) -> None:
    for kind, data in (("zip", archive(("../bad.txt", b"x"))), ("tar.gz", tar(entry("bad.bin", bytes(5 * 10**6))))):
        server.answers["a"] = [head(body=data)]
        with pytest.raises(DownloadError, match=f"{server.url}a: .*member '.*bad"):
            download(remote(server, kind=kind, columns=[]), tmp_path / "a")
        assert not list(tmp_path.iterdir())


def test_a_bomb_in_a_table_is_not_pinned(server: RawServer, tmp_path: Path) -> None:
    server.answers["a"] = [head(body=gzip.compress(b"name,race\n" + bytes(5 * 10**6)))]
    with pytest.raises(DownloadError, match="unpacks to far more bytes"):
        download(remote(server, kind="gz"), tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_a_table_by_hand_needs_its_columns_too(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("name,rase\n")
    table = RemoteFile(urls=[], kind="csv", columns=["name", "race"])
    with pytest.raises(DownloadError, match=r"own.csv cannot be used as a.csv: no column 'race'.*did you mean 'rase'"):
        put_by_hand(table, tmp_path / "own.csv", tmp_path / "got/a.csv", "")
    assert not (tmp_path / "got").exists() or not list((tmp_path / "got").iterdir())


def test_a_damaged_receipt_is_named(tmp_path: Path) -> None:
    receipt_path(tmp_path / "a.csv").write_text(json.dumps({"sha256": 7}))
    with pytest.raises(ValueError, match=r"a.csv.receipt.json: 'sha256' is 7; expected 64"):
        download(RemoteFile(urls=[], kind="csv"), tmp_path / "a.csv")


def test_columns_are_read_in_every_form_of_a_table(tmp_path: Path) -> None:
    import bz2

    import pandas as pd

    frame = pd.DataFrame({"name": ["A"], "full, name": ["A, B"]})
    (tmp_path / "csv").write_bytes(b"\xef\xbb\xbf" + frame.to_csv(index=False).encode())
    (tmp_path / "gz").write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    (tmp_path / "bz2").write_bytes(bz2.compress(frame.to_csv(index=False).encode()))
    frame.to_parquet(tmp_path / "parquet")
    for kind in ("csv", "gz", "bz2", "parquet"):
        assert missing_columns(tmp_path / kind, kind, ["name", "full, name"]) == ""  # type: ignore[arg-type]
        assert "no column 'nam'" in missing_columns(tmp_path / kind, kind, ["nam"])  # type: ignore[arg-type]


def test_every_table_of_the_list_says_what_its_source_needs() -> None:
    needed = {
        "lfw_train.parquet": PICTURE,
        "person_2025_update.csv.bz2": PANTHEON,
        "lfw_race.csv": RACE,
        "akc-data-latest.csv": tuple(name for name in AKC if name != NAME_AKC),  # pandas' name of a column without one
        "dog_breeds_pawsomeauthority.csv": PAWSOME,
    }
    found = {
        name: tuple(entry.columns) for name, entry in load_downloads(ROOT / "config/downloads.yaml").items() if entry.columns
    }
    assert found == needed


def test_a_list_with_an_address_that_may_not_be_asked_is_refused(tmp_path: Path) -> None:
    entry = {"kind": "zip", "licence": "x", "source": "y", "urls": ["http://example.org/a.zip"]}
    (tmp_path / "downloads.yaml").write_text(json.dumps({"files": {"a.zip": entry}}))
    with pytest.raises(SettingsError, match=r"a.zip.*http://example.org/a.zip: it is not encrypted, and no checksum is known"):
        load_downloads(tmp_path / "downloads.yaml")
    (tmp_path / "downloads.yaml").write_text(json.dumps({"files": {"a.zip": {**entry, "sha256": SHA}}}))
    assert load_downloads(tmp_path / "downloads.yaml")
