"""A local server that sends byte for byte what it was given, however wrong."""

from __future__ import annotations

import socketserver
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from tests.local_server import answering


class RawServer:
    """``answers``: path -> bytes of one answer after the other, the last one again and again; None says nothing.

    Attributes:
        endless: paths whose answer goes on with such bytes until the client hangs up, as fast as it reads.
        slow: paths whose answer goes on with a byte every so many seconds.
        requests: every request as it came, headers and all.
    """

    def __init__(self) -> None:
        self.answers: dict[str, list[bytes | None]] = {}
        self.endless: dict[str, bytes] = {}
        self.slow: dict[str, float] = {}
        self.requests: list[str] = []
        self.running = True
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                lines = []
                while (line := self.rfile.readline()) not in (b"\r\n", b""):
                    lines.append(line.decode("latin-1"))
                if lines:
                    with suppress(OSError):
                        server.answer(self, "".join(lines))

        class Threads(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.tcp = Threads(("127.0.0.1", 0), Handler)
        self.port = self.tcp.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def answer(self, connection: socketserver.StreamRequestHandler, request: str) -> None:
        """One answer, after which the connection is closed."""
        self.requests.append(request)
        path = request.split(" ")[1].lstrip("/")
        answers = self.answers.get(path, [head(404)])
        data = answers.pop(0) if len(answers) > 1 else answers[0]
        connection.wfile.write(data or b"")
        while self.running and data is None:
            time.sleep(0.02)
        while self.running and path in self.endless:
            connection.wfile.write(self.endless[path])
        while self.running and path in self.slow:
            connection.wfile.write(b"x")
            time.sleep(self.slow[path])


def head(status: int = 200, body: bytes | None = b"", **headers: str | int) -> bytes:
    """An answer; with ``body=None`` only its head, without a length."""
    lines = [f"HTTP/1.1 {status} as asked for"]
    if body is not None and "Content_Length" not in headers:
        headers["Content_Length"] = len(body)
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + (body or b"")


@contextmanager
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """A running server; downloads try twice, hardly pause and wait half a second."""
    server = RawServer()
    with answering(server.tcp, monkeypatch, ATTEMPTS=2, TIMEOUT=(0.5, 0.5)):
        try:
            yield server
        finally:
            server.running = False
