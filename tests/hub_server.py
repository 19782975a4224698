"""A local server that speaks the part of the Hugging Face Hub that `huggingface_hub` 2.x uses to push and pull a data set, and to push a model.

The calls were found by reading and running the library: create the repository, ask how each file is to be sent (`preupload`),
send large ones through Git LFS (`batch`, PUT, `verify`), commit (lines of JSON; small files inline), list the tree, and per
download a HEAD and a GET of `resolve`. What is missing: Xet, the library's default transport where `hf_xet` is installed; it is a
protocol of its own between two binaries, so tests switch it off (`HF_HUB_DISABLE_XET`), which every hub still supports.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import yaml

HUB_TOKEN = "hf_s3cretT0kenOfNobody4711"


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def checked_card(content: str) -> tuple[int, dict[str, Any]]:
    """Status and answer to a README.md: the real hub wants a head of YAML with a licence, and tells what it does not like."""
    found = re.match(r"---\n(.*?)\n---\n", content, re.DOTALL)
    head = yaml.safe_load(found[1]) if found else None
    if not isinstance(head, dict):
        return 400, {"error": "no metadata", "errors": [{"message": "the head is no mapping"}], "warnings": []}
    warnings = [] if "license" in head else [{"message": "no license"}]
    return 200, {"errors": [], "warnings": warnings}


class HubServer:
    """Use as ``with HubServer() as hub``; ``hub.endpoint`` is its address. Files named `*.tar` go through LFS."""

    def __init__(self) -> None:
        self.repositories: dict[str, list[dict[str, bytes]]] = {}  # name -> commits, each a whole tree
        self.visibility: dict[str, str] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, bool]] = []  # method, path, with a token
        self.sent: Counter[str] = Counter()
        self.fail: dict[tuple[str, str], list[int]] = {}  # (method, pattern) -> status codes to answer first
        self.survived: Counter[int] = Counter()
        self.spoiled: set[str] = set()  # files that are delivered with other bytes
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def oid(self, repository: str) -> str:
        return hashlib.sha1(f"{repository}{len(self.repositories[repository])}".encode()).hexdigest()

    def tree(self, repository: str) -> dict[str, bytes]:
        commits = self.repositories[repository]
        return commits[-1] if commits else {}

    def _handler(outer) -> type[BaseHTTPRequestHandler]:  # `self` is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def answer(self, status: int, content: Any = None, **headers: str) -> None:
                data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            def serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = unquote(urlsplit(self.path).path)
                token = self.headers.get("Authorization")
                outer.asked.append((self.command, path, token is not None))
                for (method, pattern), codes in outer.fail.items():
                    if codes and method == self.command and re.search(pattern, path):
                        outer.survived[codes[0]] += 1
                        return self.answer(codes.pop(0), {"error": f"as asked for, you sent {self.headers}"})
                if self.command in ("PUT", "POST") and "/lfs-store/" not in path and token != f"Bearer {HUB_TOKEN}":
                    return self.answer(401, {"error": "Invalid username or password."})
                return self.route(path, body)

            do_GET = do_HEAD = do_PUT = do_POST = serve

            def route(self, path: str, body: bytes) -> None:
                if path == "/api/repos/create":
                    plain = json.loads(body)
                    name = f"{plain['organization'] or 'me'}/{plain['name']}"
                    new = name not in outer.repositories
                    outer.repositories.setdefault(name, [])
                    outer.visibility.setdefault(name, plain.get("visibility", "public"))
                    return self.answer(200 if new else 409, {"url": f"{outer.endpoint}/datasets/{name}"})
                if path == "/api/validate-yaml":
                    return self.answer(*checked_card(json.loads(body)["content"]))
                if found := re.fullmatch(r"/lfs-store/([0-9a-f]{64})", path):
                    if hashlib.sha256(body).hexdigest() != found[1]:
                        return self.answer(400, {"error": "the bytes do not have this hash"})
                    outer.blobs[found[1]] = body
                    outer.sent[found[1]] += 1
                    return self.answer(200)
                if path == "/lfs-verify":
                    return self.answer(200 if json.loads(body)["oid"] in outer.blobs else 404)
                if found := re.fullmatch(r"(?:/datasets)?/(.+)\.git/info/lfs/objects/batch", path):
                    return self.answer(200, {"transfer": "basic", "objects": [self.lfs(o) for o in json.loads(body)["objects"]]})
                if found := re.fullmatch(r"/api/(?:datasets|models)/([^/]+/[^/]+)/(\w+)/([^/]+)(?:/(.+))?", path):
                    if found[1] not in outer.repositories:
                        return self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
                    if found[2] == "tree":
                        return self.api_tree(found[1], f"{found[4]}/" if found[4] else "")
                    return getattr(self, f"api_{found[2]}")(found[1], body)
                if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
                    return self.resolve(found[1], found[2], found[3])
                return self.answer(404, {"error": f"no route for {path}"})

            def lfs(self, asked: dict[str, Any]) -> dict[str, Any]:
                if asked["oid"] in outer.blobs:
                    return asked
                actions = {"upload": {"href": f"{outer.endpoint}/lfs-store/{asked['oid']}"}}
                return asked | {"actions": actions | {"verify": {"href": f"{outer.endpoint}/lfs-verify"}}}

            def described(self, path: str, data: bytes) -> dict[str, Any]:
                plain = {"type": "file", "path": path, "size": len(data), "oid": git_blob(data)}
                large = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
                return plain | ({"lfs": large} if path.endswith(".tar") else {})

            def api_preupload(self, repository: str, body: bytes) -> None:
                files = []
                for file in json.loads(body)["files"]:
                    there = outer.tree(repository).get(file["path"])
                    about = self.described(file["path"], there) if there is not None else {}
                    oid = about.get("lfs", about).get("oid")
                    mode = "lfs" if file["path"].endswith(".tar") else "regular"
                    files.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
                self.answer(200, {"files": files})

            def api_commit(self, repository: str, body: bytes) -> None:
                tree = dict(outer.tree(repository))
                for line in body.splitlines():
                    operation = json.loads(line)
                    value = operation["value"]
                    if operation["key"] == "file":
                        tree[value["path"]] = base64.b64decode(value["content"])
                    elif operation["key"] == "lfsFile":
                        tree[value["path"]] = outer.blobs[value["oid"]]
                with outer.lock:
                    outer.repositories[repository].append(tree)
                oid = outer.oid(repository)
                self.answer(
                    200, {"success": True, "commitOid": oid, "commitUrl": f"{outer.endpoint}/datasets/{repository}/commit/{oid}"}
                )

            def api_tree(self, repository: str, folder: str) -> None:
                files = outer.tree(repository).items()
                self.answer(200, [self.described(path, data) for path, data in files if path.startswith(folder)])

            def api_revision(self, repository: str, body: bytes) -> None:
                self.answer(200, {"id": repository, "sha": outer.oid(repository), "siblings": [], "tags": []})

            def resolve(self, repository: str, revision: str, path: str) -> None:
                if repository not in outer.repositories:
                    return self.answer(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
                if path not in outer.tree(repository):
                    return self.answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
                data = outer.tree(repository)[path]
                about = self.described(path, data)
                etag = f'"{about.get("lfs", about)["oid"]}"'
                if path in outer.spoiled:
                    data = b"x" * len(data)
                self.answer(200, data, ETag=etag, X_Repo_Commit=outer.oid(repository), X_Linked_Size=str(len(data)))

        return Handler
