"""The real zenodo-get, which knows zenodo.org only, against the local server: through a proxy that answers for that name."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.zenodo_server import Fault, ZenodoServer

from lethe.archive.client import Client
from lethe.archive.errors import ArchiveError
from lethe.archive.fetch import FetchError, fetch_record
from lethe.archive.records import check_record, fetched_record

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate of the local zenodo.org")


def certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key of a zenodo.org that only this test believes."""
    crt, key = folder / "crt.pem", folder / "key.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=zenodo.org", "-addext", "subjectAltName=DNS:zenodo.org", "-keyout", str(key), "-out", str(crt)]
    subprocess.run(["openssl", "req", "-x509", *curve, *names], check=True, capture_output=True)
    return crt, key


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def zenodo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZenodoServer]:
    crt, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)

    class Proxy(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_CONNECT(self) -> None:
            assert self.path == "zenodo.org:443", self.path
            self.send_response(200)
            self.end_headers()
            with (
                context.wrap_socket(self.connection, server_side=True) as client,
                socket.create_connection(("127.0.0.1", urlsplit(server.api).port or 0)) as inner,
            ):
                back = threading.Thread(target=copy, args=(inner, client), daemon=True)
                back.start()
                copy(client, inner)
                back.join(5)
            self.close_connection = True

    with ZenodoServer() as server, ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_address[1]}")
        monkeypatch.setenv("SSL_CERT_FILE", str(crt))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(crt))
        yield server
        proxy.shutdown()


def test_zenodo_get_brings_a_whole_record_without_a_token(zenodo: ZenodoServer, tmp_path: Path) -> None:
    files = {"images.tar": b"pixels" * 5000, "manifest.json": b"{}"}
    zenodo.publish("77", files)
    zenodo.faults = [Fault("429", "GET", "records/77$", retry_after="0"), Fault("503", "GET", "images.tar", retry_after="0")]
    known = fetched_record(Client(zenodo.api), "77")  # meets the 429
    fetch_record("77", tmp_path / "got")
    assert {path.name: path.read_bytes() for path in (tmp_path / "got").iterdir()} == files
    check_record(tmp_path / "got", "77", known)
    assert zenodo.survived == {"429": 1, "503": 1} and not [url for _, url in zenodo.asked if "token" in url]
    (tmp_path / "got/images.tar").unlink()
    with pytest.raises(ArchiveError, match="'images.tar' is listed in config/archive.yaml and was not fetched"):
        check_record(tmp_path / "got", "77", known)


def test_a_record_whose_checksum_is_wrong_is_refused(
    zenodo: ZenodoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zenodo.publish("77", {"images.tar": b"pixels"})
    monkeypatch.setattr("tests.zenodo_server.md5", lambda data: "0" * 32)
    with pytest.raises(FetchError, match="record 77 was not fetched.*Checksum is INCORRECT for images.tar"):
        fetch_record("77", tmp_path / "got")


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "in/outside.txt", "..", "a\\b"])
def test_a_file_name_that_leads_elsewhere_is_refused_before_anything_is_fetched(
    zenodo: ZenodoServer, tmp_path: Path, name: str
) -> None:
    zenodo.publish("77", {"good.txt": b"x", name: b"y"})
    with pytest.raises(ArchiveError, match="https://zenodo.org/api/records/77: file .* has a name that leads to another folder"):
        fetch_record("77", tmp_path / "got")
    assert not (tmp_path / "got").exists() and [path for _, path in zenodo.asked] == ["/api/records/77"]
