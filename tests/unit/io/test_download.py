"""Downloads: resumed, retried, checked; files that are what they say."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import tarfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat
from tests.file_server import Cut, FileServer, Refuse, serving

from lethe.io.download import ATTEMPTS, DownloadError, download, put_by_hand, receipt_path
from lethe.io.fileformat import incomplete, wrong_format
from lethe.io.remote import RemoteFile
from lethe.settings.downloads import load_downloads
from lethe.settings.errors import SettingsError

ROOT = Path(__file__).parents[3]
BODY = gzip.compress(np.random.default_rng(0).bytes(300_000), mtime=0)  # several packets
OTHER = gzip.compress(np.random.default_rng(1).bytes(300_000), mtime=0)
SHA = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    with serving(monkeypatch) as server:
        server.files = {"a.gz": BODY}
        yield server


def remote(server: FileServer, **values: object) -> RemoteFile:
    return RemoteFile.model_validate({"urls": [server.url + "a.gz"], "kind": "gz", **values})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_dropped_connection_is_resumed(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Cut(0.4), Cut(0.7)]
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY and names(tmp_path) == ["a.gz"]
    assert [asked for _, asked in server.requests] == [None, f"bytes={int(len(BODY) * 0.4)}-", f"bytes={int(len(BODY) * 0.7)}-"]


def test_progress_counts_not_attempts(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Cut(share / 20) for share in range(1, 2 * ATTEMPTS)]
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY


def test_the_next_process_goes_on_where_this_one_stopped(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Cut()] * (ATTEMPTS + 1)
    with pytest.raises(DownloadError, match="Incomplete.*attempts without progress"):
        download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert names(tmp_path) == [".a.gz.part", ".a.gz.part.json"]
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY
    assert server.requests[-1][1] == f"bytes={len(BODY) // 2}-"


def test_a_server_without_range_sends_all_again(server: FileServer, tmp_path: Path) -> None:
    server.ranges = False
    server.faults = [Cut()]
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY


def test_a_file_that_changes_meanwhile_is_never_mixed(server: FileServer, tmp_path: Path) -> None:
    server.validators = True
    server.faults = [Cut()] * (ATTEMPTS + 1)
    with pytest.raises(DownloadError):
        download(remote(server), tmp_path / "a.gz")
    server.files["a.gz"] = OTHER
    download(remote(server), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == OTHER


def test_without_checksum_and_validator_nothing_is_resumed(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Cut()]
    download(remote(server), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY
    assert [asked for _, asked in server.requests] == [None, None]


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(server: FileServer, tmp_path: Path, as_date: bool) -> None:
    # a date has whole seconds, so 2 of them are at least 1 away
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    server.faults = [Refuse(429, {"Retry-After": value})]
    begin = time.monotonic()
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert time.monotonic() - begin > 0.9
    assert (tmp_path / "a.gz").read_bytes() == BODY


def test_a_server_that_asks_for_too_long_a_pause_is_left_alone(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Refuse(429, {"Retry-After": "3600"})]
    with pytest.raises(DownloadError, match="HTTP status 429; asks to wait 3600 s"):
        download(remote(server), tmp_path / "a.gz")
    assert len(server.requests) == 1


def test_a_busy_server_is_asked_again(server: FileServer, tmp_path: Path) -> None:
    server.faults = [Refuse(503)] * (ATTEMPTS - 1)
    download(remote(server, sha256=SHA), tmp_path / "a.gz")
    assert len(server.requests) == ATTEMPTS


def test_the_first_download_decides_where_no_checksum_is_published(server: FileServer, tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    download(remote(server), path)
    receipt = json.loads(receipt_path(path).read_text())
    assert (receipt["sha256"], receipt["size"], receipt["url"]) == (SHA, len(BODY), server.url + "a.gz")
    download(remote(server), path)
    assert len(server.requests) == 1  # it is there
    path.unlink()
    server.files["a.gz"] = OTHER
    with pytest.raises(DownloadError) as error:
        download(remote(server), path)
    for part in (SHA, hashlib.sha256(OTHER).hexdigest(), server.url + "a.gz", str(path), str(receipt_path(path))):
        assert part in str(error.value)
    assert names(tmp_path) == ["a.gz.receipt.json"]


@pytest.mark.parametrize(
    ("body", "values", "message"),
    [
        (b"<!DOCTYPE html><p>sign in", {}, "not a gz file but starts with b'<!DOCTYPE.*a web page"),
        (b"PK\x03\x04....", {}, r"not a gz file.*expected b'\\x1f\\x8b'"),
        (b"", {}, "it is empty"),
        (BODY[:-100], {}, "truncated: Compressed file ended"),
        (BODY[:-100], {"size": len(BODY)}, f"{len(BODY) - 100} bytes instead of {len(BODY)}"),
        (OTHER, {"sha256": SHA}, f"sha256 is {hashlib.sha256(OTHER).hexdigest()} instead of {SHA} .published"),
    ],
)
def test_a_wrong_body_is_named_and_not_kept(
    server: FileServer, tmp_path: Path, body: bytes, values: dict[str, object], message: str
) -> None:
    server.files["a.gz"] = body
    server.length = False
    with pytest.raises(DownloadError, match=message):
        download(remote(server, **values), tmp_path / "a.gz")
    assert not list(tmp_path.iterdir()) and len(server.requests) <= 2


def test_the_next_address_is_tried_and_all_are_named(server: FileServer, tmp_path: Path) -> None:
    urls = [server.url + "nothing.gz", server.url + "a.gz"]
    download(remote(server, urls=urls), tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == BODY
    server.files.clear()
    with pytest.raises(DownloadError, match="nothing.gz: HTTP status 404; .*a.gz: HTTP status 404"):
        download(remote(server, urls=urls), tmp_path / "b.gz")


def test_a_file_that_was_put_by_hand_is_checked_too(tmp_path: Path) -> None:
    entry = RemoteFile(urls=[], kind="gz")
    source, path = tmp_path / "by_hand.gz", tmp_path / "downloads" / "a.gz"
    with pytest.raises(FileNotFoundError, match="by_hand.gz does not exist: ask for it"):
        put_by_hand(entry, source, path, "ask for it")
    source.write_bytes(BODY[:-100])
    with pytest.raises(DownloadError, match="by_hand.gz cannot be used as a.gz: truncated"):
        put_by_hand(entry, source, path, "ask for it")
    source.write_bytes(BODY)
    put_by_hand(entry, source, path, "ask for it")
    assert path.read_bytes() == BODY and json.loads(receipt_path(path).read_text())["sha256"] == SHA
    source.unlink()  # the taken one may be a link to it
    source.write_bytes(OTHER)
    with pytest.raises(DownloadError, match=f"instead of {SHA} .of the first download"):
        put_by_hand(entry, source, path, "ask for it")
    assert path.read_bytes() == BODY


def samples(folder: Path) -> dict[str, bytes]:
    """A small file of every kind."""
    with zipfile.ZipFile(folder / "zip", "w") as archive:
        archive.writestr("a.txt", "text")
    with tarfile.open(folder / "tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.txt"))
    pd.DataFrame({"a": [1]}).to_parquet(folder / "parquet")
    savemat(folder / "mat.mat", {"a": np.ones(3)})
    (folder / "mat.mat").rename(folder / "mat")
    made = {kind: (folder / kind).read_bytes() for kind in ("zip", "tar.gz", "parquet", "mat")}
    return made | {"gz": gzip.compress(b"text"), "bz2": bz2.compress(b"text"), "csv": b"a,b\n1,2\n"}


def test_every_kind_is_told_from_the_others(tmp_path: Path) -> None:
    made = samples(tmp_path)
    path = tmp_path / "sample"
    for kind, data in made.items():
        path.write_bytes(data)
        assert not wrong_format(path, kind) and not incomplete(path, kind), kind
        strangers = {other for other in made if not wrong_format(path, other)} - {kind}
        assert strangers <= {"gz", "tar.gz"}, f"{kind} passes as {strangers}"
        if kind not in ("csv", "mat"):
            path.write_bytes(data[:-5])
            assert incomplete(path, kind), f"a cut {kind} passes"


def test_the_list_of_downloads_is_valid_and_says_where_from() -> None:
    entries = load_downloads(ROOT / "config/downloads.yaml")
    assert len(entries) == 8
    for entry in entries.values():
        assert entry.licence and entry.source and all(url.startswith("https://") for url in entry.urls)


def test_a_wrong_list_of_downloads_names_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "downloads.yaml"
    entry = {"kind": "zip", "licence": "x", "source": "y"}
    path.write_text(json.dumps({"files": {"a.zip": {**entry, "urls": []}, "b.zip": {**entry, "urls": ["z"], "sha265": "0"}}}))
    with pytest.raises(SettingsError) as error:
        load_downloads(path)
    assert "give either `urls` or `by_hand`" in str(error.value)
    assert "unknown key 'sha265'" in str(error.value) and "did you mean 'sha256'" in str(error.value)
