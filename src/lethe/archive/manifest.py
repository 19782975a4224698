"""The table of contents of a published record: one JSON that lists every bundle and every file in it.

A record is a few large tars (*bundles*), because repositories take at most about a hundred files, and this manifest. It is read
strictly: what is not exactly as written here is an error, since paths and sizes in it decide what is written to a disk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from lethe.archive.errors import ManifestError
from lethe.core.registry import nearest
from lethe.io.tables import write_json
from lethe.settings.archive import Kind
from lethe.settings.strict import Name

MANIFEST = "manifest.json"  # its name in a record
LONGEST = 1 << 26  # bytes of a manifest; ten thousand files take three million
LARGEST = 2**53  # bytes; larger integers are not exact in every JSON reader
PLAIN = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")


def relative_path(value: str) -> str:
    """``value`` if it is a plain relative path (letters, digits, ``_ . -``, separated by single ``/``), else a ``ValueError``.

    Examples:
        >>> relative_path("models/breeds_003_uce_000/delta.safetensors")
        'models/breeds_003_uce_000/delta.safetensors'
        >>> relative_path("../secret")
        Traceback (most recent call last):
            ...
        ValueError: not a plain relative path (letters, digits, '_', '.', '-', single '/'; no '..')
    """
    if not PLAIN.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValueError("not a plain relative path (letters, digits, '_', '.', '-', single '/'; no '..')")
    if len(value) > 200:
        raise ValueError("longer than 200 characters")
    return value


RelativePath = Annotated[str, AfterValidator(relative_path)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Size = Annotated[int, Field(ge=0, le=LARGEST)]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Member(_Exact):
    """One file of a bundle.

    Attributes:
        path: relative to ``results/{world}/``, also its name in the tar.
        kind: class of the artefact.
        size: bytes.
        sha256: of its bytes.
    """

    path: RelativePath
    kind: Kind
    size: Size
    sha256: Sha256


class Bundle(_Exact):
    """One tar of a record.

    Attributes:
        file: its name in the record.
        size: bytes.
        sha256: of its bytes.
        md5: of its bytes; the checksum that Zenodo keeps.
        members: in the order of the tar.
    """

    file: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.tar$", max_length=100)]
    size: Size
    sha256: Sha256
    md5: Md5
    members: Annotated[list[Member], Field(min_length=1)]


class Manifest(_Exact):
    """Everything a record holds.

    Attributes:
        format: fixed, so that another JSON is never taken for a manifest.
        world: whose results these are.
        settings: the settings that decide what is on the images; a reader with other ones is refused.
        bundles: the tars.
    """

    format: Literal["lethe-archive-1"]
    world: Name
    settings: dict[str, Any]
    bundles: Annotated[list[Bundle], Field(min_length=1)]

    @model_validator(mode="after")
    def _unambiguous(self) -> Manifest:
        _no_duplicates("bundle", [bundle.file for bundle in self.bundles])
        paths = [member.path for bundle in self.bundles for member in bundle.members]
        _no_duplicates("member", paths)
        files = {path.casefold() for path in paths}
        for path in paths:
            for end in [place for place, letter in enumerate(path) if letter == "/"]:
                if path[:end].casefold() in files:
                    raise ValueError(f"member '{path[:end]}' is a file and, for member '{path}', a folder")
        return self

    def bundle(self, file: str) -> Bundle:
        """The bundle of a name; an unknown one is a ``ManifestError`` with the nearest match."""
        for bundle in self.bundles:
            if bundle.file == file:
                return bundle
        names = [bundle.file for bundle in self.bundles]
        raise ManifestError(f"the record holds no bundle '{file}'; it holds {', '.join(names)}{nearest(file, names)}")

    def check_settings(self, ours: dict[str, Any]) -> None:
        """Raise a ``ManifestError`` naming the first key whose value differs between the record and ``ours``."""
        if difference := _difference(self.settings, ours, ""):
            raise ManifestError(f"the record was made with other settings: {difference}; use its settings or build the images")


def _no_duplicates(what: str, names: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:  # file systems that do not tell cases apart would let one overwrite the other
        if name.casefold() in seen:
            raise ValueError(f"{what} '{name}' is listed twice (first as '{seen[name.casefold()]}')")
        seen[name.casefold()] = name


def _difference(theirs: Any, ours: Any, where: str) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in ours:  # the record may know more tasks than we ask for
            if found := _difference(theirs.get(key), ours[key], f"{where}.{key}" if where else str(key)):
                return found
        return ""
    return "" if theirs == ours else f"{where} is {theirs!r} in the record, {ours!r} here"


def read_manifest(path: str | Path) -> Manifest:
    """The manifest at ``path``.

    Raises:
        ManifestError: if it is no JSON, or anything in it is missing, unknown, of another type, out of range or listed twice.
        FileNotFoundError: if there is none.

    Examples:
        >>> member = Member(path="tables/pairs.csv", kind="tables", size=3, sha256="0" * 64)
        >>> bundle = Bundle(file="tables.tar", size=2048, sha256="0" * 64, md5="0" * 32, members=[member])
        >>> _ = write_manifest(MANIFEST, "mini", {"steps": 8}, [bundle])
        >>> [member.path for member in read_manifest(MANIFEST).bundle("tables.tar").members]
        ['tables/pairs.csv']
    """
    if (size := Path(path).stat().st_size) > LONGEST:
        raise ManifestError(f"{path}: {size} bytes; a manifest has {LONGEST} at most")
    return parse_manifest(Path(path).read_bytes(), str(path))


def parse_manifest(data: bytes, name: str = MANIFEST) -> Manifest:
    """The manifest in ``data``; ``name`` is used in messages. Raises as ``read_manifest``.

    Examples:
        >>> parse_manifest(b'{"format": "lethe-archive-2"}')
        Traceback (most recent call last):
            ...
        lethe.archive.errors.ManifestError: manifest.json: format: Input should be 'lethe-archive-1', got 'lethe-archive-2' (and 3 more faults)
    """
    try:
        plain = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{name}: not valid JSON ({str(error)[:200]})") from None
    try:
        return Manifest.model_validate(plain)
    except ValidationError as error:
        raise ManifestError(f"{name}: {_message(error)}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for place, (key, _) in enumerate(pairs) if key in dict(pairs[:place]))
        raise ValueError(f"key '{twice}' is given twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _message(error: ValidationError) -> str:
    faults = error.errors(include_url=False)
    first = faults[0]
    where = ".".join(str(part) for part in first["loc"]) or "manifest"
    value = repr(first["input"])
    text = f"{where}: {first['msg'].removeprefix('Value error, ')}"
    if first["type"] not in ("missing", "extra_forbidden") and len(value) < 200:
        text += f", got {value}"
    return text + (f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else "")


def write_manifest(path: str | Path, world: str, settings: dict[str, Any], bundles: list[Bundle]) -> Manifest:
    """Write and return the manifest of ``bundles``; what ``read_manifest`` would refuse is never written.

    Examples:
        >>> member = Member(path="tables/pairs.csv", kind="tables", size=3, sha256="0" * 64)
        >>> bundle = Bundle(file="tables.tar", size=2048, sha256="0" * 64, md5="0" * 32, members=[member])
        >>> write_manifest(MANIFEST, "mini", {"steps": 8}, [bundle]).world
        'mini'
    """
    plain = {"format": "lethe-archive-1", "world": world, "settings": settings, "bundles": [b.model_dump() for b in bundles]}
    manifest = parse_manifest(json.dumps(plain).encode(), str(path))
    write_json(path, plain, indent=1)
    return manifest
