"""Zenodo's documented REST interface (developers.zenodo.org): public records, drafts, bucket uploads.

No client library does this: zenodo-get reads zenodo.org only, snakemake-storage-plugin-zenodo needs a token even to read and
cannot make a draft, zenodo-client and its like put the token into the query, where servers and proxies log it, and neither wait
on 429 nor find an interrupted draft again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from lethe.archive.client import Client
from lethe.archive.errors import ArchiveError, InterruptedRequestError, MovedError
from lethe.io.atomic import sync_file

PAGE = 100  # drafts per page
UPLOADS = 3  # attempts of a file whose checksum came back wrong
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RemoteFile:
    """A file as the repository reports it."""

    name: str
    size: int
    md5: str
    id: str = ""


@dataclass(frozen=True)
class Draft:
    """A deposition that is not published."""

    id: int
    doi: str
    bucket: str
    page: str


def md5_file(path: Path) -> str:
    """Hex MD5 of a file's bytes, the checksum that Zenodo keeps."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def read_record(client: Client, record: str) -> dict[str, Any]:
    """A public record with files, as the interface gives it.

    Raises:
        ArchiveError: anything else: the number of all versions of a record (says which number to use), a record whose files are
            restricted (says so), an answer without files.
    """
    where = f"{client.api}/records/{record}"
    newest = ""
    try:
        plain = client.json("GET", f"records/{record}")
    except MovedError as error:
        if found := re.search(r"/records/([0-9]+)/?$", urlsplit(urljoin(where, error.location)).path):
            newest = found[1]
        else:
            raise
    if newest:
        # not followed: tomorrow it would be another version, so other files
        raise ArchiveError(
            f"{where}: {record} is the number of all versions of a record; use the number of one, the newest is {newest} "
            f"(`archive: {{record: {newest}}}`)"
        )
    if not isinstance(plain, dict):
        raise ArchiveError(f"{where}: the answer is no record but {type(plain).__name__}")
    files = plain.get("files")
    metadata, access = plain.get("metadata"), plain.get("access")
    right = str((metadata if isinstance(metadata, dict) else {}).get("access_right") or "")
    right = right or str((access if isinstance(access, dict) else {}).get("files") or "")
    if not files and right and right not in ("open", "public"):
        raise ArchiveError(
            f"{where}: its files are restricted (metadata.access_right is {right!r}); only its owner can open them, "
            "or let you fetch them by hand"
        )
    if not isinstance(files, list) or not files:
        raise ArchiveError(f"{where}: the answer lists no files{f' (metadata.access_right is {right!r})' if right else ''}")
    return plain


def record_files(client: Client, record: str, plain: dict[str, Any]) -> list[RemoteFile]:
    """The files of a public record."""
    where = f"{client.api}/records/{record}"
    files = [_remote_file(where, entry) for entry in plain["files"]]
    if bare := [file.name for file in files if not file.md5]:
        raise ArchiveError(f"{where}: file '{bare[0]}' has no checksum")
    return files


def _remote_file(where: str, entry: Any) -> RemoteFile:
    """One entry of a list of files: of a record (key, size, ``md5:...``) or of a deposition (filename, filesize, bare MD5)."""
    if not isinstance(entry, dict):
        raise ArchiveError(f"{where}: an entry of its files is {entry!r}, not an object")
    name = entry.get("key") or entry.get("filename")
    size = str(entry.get("size", entry.get("filesize")) or 0)  # null while an upload is not finished; documented as text, too
    md5 = str(entry.get("checksum") or "").removeprefix("md5:")
    if isinstance(name, str) and (name in (".", "..") or re.search(r"[/\\\x00-\x1f]", name)):
        raise ArchiveError(f"{where}: file {name!r} has a name that leads to another folder")
    if not isinstance(name, str) or not size.isdecimal() or (md5 and not re.fullmatch("[0-9a-f]{32}", md5)):
        raise ArchiveError(f"{where}: file {name!r} has size {size} and checksum {entry.get('checksum')!r}; an MD5 was expected")
    return RemoteFile(name, int(size), md5, str(entry.get("id") or ""))


def fetch_file(client: Client, record: str, file: RemoteFile, destination: Path) -> None:
    """Download one file of a public record; it appears under its name only when its MD5 is right.

    A killed download goes on where it was: the part file beside the destination is kept.

    Raises:
        ArchiveError: as ``Client.download``; or the checksum is wrong.
    """
    # not links.self of the record, which has been wrong before (zenodo/zenodo issue 2486)
    part = destination.with_name(f".{destination.name}.{file.md5}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    client.download(f"records/{record}/files/{quote(file.name)}/content", part, file.size)
    if part.stat().st_size != file.size or (found := md5_file(part)) != file.md5:
        length = part.stat().st_size
        part.unlink()
        raise ArchiveError(
            f"{client.api}/records/{record}: '{file.name}' came as {length} bytes"
            f"{f' with md5 {found}' if length == file.size else ''}, the record lists {file.size} bytes with md5 {file.md5}"
        )
    sync_file(part)
    os.replace(part, destination)


# --- drafts: these need a token -----------------------------------------------------------------------------------


def _drafts(client: Client) -> Iterator[dict[str, Any]]:
    seen: set[int] = set()
    page = 1
    while True:
        found = client.json("GET", "deposit/depositions", params={"status": "draft", "size": PAGE, "page": page})
        if not isinstance(found, list):
            raise ArchiveError(f"{client.api}/deposit/depositions: a list was expected, got {type(found).__name__}")
        new = [entry for entry in found if isinstance(entry, dict) and entry.get("id") not in seen]
        if not new:
            return
        seen.update(entry["id"] for entry in new)
        yield from new
        page += 1


def find_draft(client: Client, key: str) -> dict[str, Any] | None:
    """The unpublished deposition whose notes hold ``key``; two of them are an ``ArchiveError``."""
    found = [d for d in _drafts(client) if key in str((d.get("metadata") or {}).get("notes")) and not d.get("submitted")]
    if len(found) > 1:
        ids = ", ".join(str(entry["id"]) for entry in found)
        raise ArchiveError(f"{client.api}: {len(found)} drafts hold the key '{key}' ({ids}); discard all but one there")
    return found[0] if found else None


def ensure_draft(client: Client, metadata: dict[str, Any], key: str) -> Draft:
    """The draft that holds ``key``, with this metadata: found, or else created. One that a killed run made is found again.

    Creating is the one request that must not be repeated blindly: where its answer was lost, the drafts are listed again first.

    Args:
        client: with a token.
        metadata: of the deposition; its ``notes`` must hold ``key``.
        key: tells this draft from every other one of the account.

    Raises:
        ArchiveError: the server refuses, or says nothing of a DOI and a bucket.
    """
    if key not in str(metadata.get("notes")):
        raise ValueError(f"metadata.notes lack the key '{key}', so the draft could not be found again")
    problem = ""
    for attempt in range(1, client.patience.attempts + 1):
        if (found := find_draft(client, key)) is not None:
            log.info("draft %s is there", found["id"])
            return _draft(client, client.json("PUT", f"deposit/depositions/{found['id']}", body={"metadata": metadata}))
        try:
            return _draft(client, client.json("POST", "deposit/depositions", body={"metadata": metadata}, once=True))
        except InterruptedRequestError as error:
            problem, asked = str(error), error.wait
        if attempt < client.patience.attempts:
            client.wait(problem, attempt, asked)
    raise ArchiveError(f"no draft after {client.patience.attempts} attempts, last: {problem}")


def _draft(client: Client, plain: Any) -> Draft:
    try:
        reserved = plain["metadata"]["prereserve_doi"]["doi"]
        bucket, number = plain["links"]["bucket"], int(plain["id"])
        page = plain["links"].get("html", "")
    except (KeyError, TypeError, ValueError):
        missing = True
    else:
        missing = False
    if missing:
        raise ArchiveError(f"{client.api}/deposit/depositions: the answer lacks id, links.bucket or metadata.prereserve_doi.doi")
    return Draft(number, str(reserved), client.url(str(bucket)), str(page))


def draft_files(client: Client, draft: Draft) -> dict[str, RemoteFile]:
    """name -> file, of everything in a draft."""
    where = f"deposit/depositions/{draft.id}/files"
    found = client.json("GET", where)
    if not isinstance(found, list):
        raise ArchiveError(f"{client.api}/{where}: a list was expected, got {type(found).__name__}")
    return {file.name: file for file in (_remote_file(f"{client.api}/{where}", entry) for entry in found)}


def upload(client: Client, draft: Draft, path: Path, md5: str) -> bool:
    """Bring one file into a draft unless it is there with this checksum; returns whether bytes were sent.

    A file of this name with another checksum, or a half one that a broken connection left, is removed first; after an answer
    that got lost the draft is looked at before anything is sent again. What the server received is compared with ``md5``.

    Raises:
        ArchiveError: the checksum came back wrong ``UPLOADS`` times, or any fault outlasted the patience.
    """
    size = path.stat().st_size
    interrupted = wrong = 0
    while True:
        there = draft_files(client, draft).get(path.name)
        if there is not None and (there.md5, there.size) == (md5, size):
            log.info("%s is there, %d bytes", path.name, size)
            return bool(interrupted)
        if there is not None:
            client.json("DELETE", f"deposit/depositions/{draft.id}/files/{there.id}", missing_ok=True)
        problem = ""
        try:
            answer = client.json("PUT", f"{draft.bucket}/{quote(path.name)}", file=path, once=True)
        except InterruptedRequestError as error:
            problem, asked = str(error), error.wait
        if problem:
            interrupted += 1
            if interrupted == client.patience.attempts:
                raise ArchiveError(f"given up after {interrupted} attempts, last: {problem}")
            client.wait(problem, interrupted, asked)
            continue
        reported = str((answer or {}).get("checksum", "")).removeprefix("md5:")
        if reported == md5:
            log.info("%s sent, %d bytes", path.name, size)
            return True
        wrong += 1
        if wrong == UPLOADS:
            raise ArchiveError(f"{client.api}: {path.name} arrived {UPLOADS} times with md5 {reported}; here it is {md5}")
        log.warning("%s arrived with md5 %s instead of %s; sending it again", path.name, reported, md5)
