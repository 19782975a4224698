"""A local server that speaks the part of Zenodo's REST interface that Lethe uses, and breaks on demand.

Written from developers.zenodo.org: public records, depositions, bucket uploads. Everything it was asked is kept, so that a test
can say what was sent how often and whether a token ever stood in an address.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "s3cret-t0ken-of-nobody-4711"


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


@dataclass
class Fault:
    """What goes wrong with the next requests that fit.

    kind: an HTTP status as text; ``drop`` (the connection breaks half way through the request's body, before anything is done);
    ``lost`` (it is done, the answer never comes); ``half`` (the answer breaks off half way); ``html`` (a page instead of an
    answer); ``md5`` (a checksum of other bytes is reported); ``echo`` (500, and the page repeats the request's headers).
    """

    kind: str
    method: str = "PUT"
    path: str = "."
    times: int = 1
    retry_after: str | None = None


@dataclass
class Draft:
    metadata: dict[str, Any]
    files: dict[str, bytes | None] = field(default_factory=dict)  # None: an upload that broke off
    published: bool = False


class ZenodoServer:
    """Use as ``with ZenodoServer() as server``; ``server.api`` is the base address."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, bytes]] = {}
        self.plain: dict[
            str, tuple[int, dict[str, Any], dict[str, str]]
        ] = {}  # number -> an answer as it is: status, content, headers
        self.drafts: dict[int, Draft] = {}
        self.faults: list[Fault] = []
        self.survived: Counter[str] = Counter()
        self.asked: list[tuple[str, str]] = []  # method and address with query
        self.puts: Counter[str] = Counter()  # name -> complete uploads
        self.leaks: list[str] = []  # addresses that held the token
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.api = f"http://127.0.0.1:{self._http.server_address[1]}/api"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def fault(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, counted."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    self.survived[fault.kind] += 1
                    return fault
        return None

    def publish(self, number: str, files: dict[str, bytes]) -> None:
        """Make a public record."""
        self.records[number] = files

    def record(self, number: str) -> dict[str, Any]:
        files = [
            {
                "id": f"id-{name}",
                "key": name,
                "size": len(data),
                "checksum": f"md5:{md5(data)}",
                "links": {"self": f"https://zenodo.org/api/records/{number}/files/{name}/content"},
            }
            for name, data in self.records[number].items()
        ]
        about = {"title": "A record", "version": "1", "license": {"id": "cc-by-4.0"}, "doi": f"10.5072/zenodo.{number}"}
        return {"id": int(number), "doi": f"10.5072/zenodo.{number}", "metadata": about, "files": files}

    def deposition(self, number: int) -> dict[str, Any]:
        draft = self.drafts[number]
        reserved = {"prereserve_doi": {"doi": f"10.5072/zenodo.{number}", "recid": number}}
        links = {"bucket": f"{self.api}/files/bucket-{number}", "html": f"{self.api[:-4]}/deposit/{number}"}
        return {"id": number, "metadata": draft.metadata | reserved, "links": links, "submitted": draft.published}

    def listing(self, number: int) -> list[dict[str, Any]]:
        found = self.drafts[number].files.items()
        return [
            {"id": f"id-{name}", "filename": name, "filesize": len(data), "checksum": md5(data)}
            if data is not None
            else {"id": f"id-{name}", "filename": name, "filesize": None, "checksum": None}
            for name, data in found
        ]

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # `self` is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # headers and body in one packet
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def answer(self, status: int, content: Any = None, kind: str = "application/json", **headers: str) -> None:
                data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                half = self.met is not None and self.met.kind == "half"
                self.wfile.write(data[: len(data) // 2] if half else data)
                if half:
                    self.hang_up()

            def hang_up(self) -> None:
                self.wfile.flush()
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (OSError, ValueError):  # our own hang-up, or the client's
                    self.close_connection = True

            def serve(self) -> None:
                self.met = None
                parts = urlsplit(self.path)
                path = unquote(parts.path)
                outer.asked.append((self.command, self.path))
                if TOKEN in self.path:
                    outer.leaks.append(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                self.met = fault = outer.fault(self.command, path)
                if fault is not None and fault.kind == "drop":
                    self.rfile.read(length // 2)
                    bucket = re.fullmatch(r"/api/files/bucket-(\d+)/(.+)", path)
                    if bucket:
                        outer.drafts[int(bucket[1])].files[bucket[2]] = None
                    return self.hang_up()
                body = self.rfile.read(length)
                if fault is not None and fault.kind.isdecimal():
                    extra = {"Retry_After": fault.retry_after} if fault.retry_after is not None else {}
                    return self.answer(int(fault.kind), {"message": "as asked for"}, **extra)
                if fault is not None and fault.kind == "echo":
                    return self.answer(400, f"<p>{self.headers}</p>".encode(), "text/html")
                if fault is not None and fault.kind == "html":
                    return self.answer(200, b"<!doctype html><title>Maintenance</title>", "text/html; charset=utf-8")
                self.route(path, parse_qs(parts.query), body)

            do_GET = do_PUT = do_POST = do_DELETE = serve

            def finish(self) -> None:
                with suppress(OSError, ValueError):  # hung up
                    super().finish()

            def done(self, status: int, content: Any = None) -> None:
                if self.met is not None and self.met.kind == "lost":
                    return self.hang_up()
                return self.answer(status, content)

            def route(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
                if (found := re.fullmatch(r"/api/records/(\d+)", path)) and found[1] in outer.plain:
                    status, content, headers = outer.plain[found[1]]
                    return self.answer(status, content, **headers)
                if found := re.fullmatch(r"/api/records/(\d+)", path):
                    known = found[1] in outer.records
                    return self.done(200 if known else 404, outer.record(found[1]) if known else {"message": "no such record"})
                if found := re.fullmatch(r"/api/records/(\d+)/files/([^/]+)/content", path):
                    return self.content(outer.records[found[1]][found[2]])
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return self.answer(401, {"message": "The server could not verify that you are authorized", "status": 401})
                if path == "/api/deposit/depositions" and self.command == "GET":
                    size, page = int(query["size"][0]), int(query["page"][0])
                    open_ones = [number for number, draft in sorted(outer.drafts.items()) if not draft.published]
                    chosen = open_ones[size * (page - 1) : size * page]
                    return self.done(200, [outer.deposition(number) for number in chosen])
                if path == "/api/deposit/depositions":
                    with outer.lock:
                        number = 1000 + len(outer.drafts)
                        outer.drafts[number] = Draft(json.loads(body)["metadata"])
                    return self.done(201, outer.deposition(number))
                if found := re.fullmatch(r"/api/deposit/depositions/(\d+)", path):
                    outer.drafts[int(found[1])].metadata = json.loads(body)["metadata"]
                    return self.done(200, outer.deposition(int(found[1])))
                if found := re.fullmatch(r"/api/deposit/depositions/(\d+)/files", path):
                    return self.done(200, outer.listing(int(found[1])))
                if found := re.fullmatch(r"/api/deposit/depositions/(\d+)/files/id-(.+)", path):
                    gone = outer.drafts[int(found[1])].files.pop(found[2], b"") == b""
                    return self.done(404 if gone else 204)
                if found := re.fullmatch(r"/api/files/bucket-(\d+)/(.+)", path):
                    files = outer.drafts[int(found[1])].files
                    if found[2] in files:  # stricter than Zenodo: nothing is ever overwritten
                        return self.answer(409, {"message": "the file exists"})
                    wrong = self.met is not None and self.met.kind == "md5"
                    files[found[2]] = body[:-1] if wrong else body
                    outer.puts[found[2]] += 1
                    return self.done(201, {"key": found[2], "size": len(body), "checksum": f"md5:{md5(files[found[2]] or b'')}"})
                return self.answer(404, {"message": f"no route for {path}"})

            def content(self, data: bytes) -> None:
                begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
                if begin and int(begin[1]) >= len(data):
                    return self.answer(416)
                if begin:
                    place = f"bytes {begin[1]}-{len(data) - 1}/{len(data)}"
                    return self.answer(206, data[int(begin[1]) :], "application/octet-stream", Content_Range=place)
                return self.answer(200, data, "application/octet-stream")

        return Handler
