"""What files a corpus has: a folder, or one listing of a repository that is kept."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lethe.archive.corpus.layout import tasks_in
from lethe.archive.corpus.read import read_names
from lethe.archive.errors import ArchiveError
from lethe.io.tables import CorruptFileError, read_json, write_json

LISTINGS = Path("resources/corpora")


class Tree:
    """Names and sizes of files, folder by folder.

    Attributes:
        name: what messages call it.
    """

    name: str

    def files(self, folder: str = "") -> Mapping[str, int]:
        """Name -> bytes of every file directly in a folder; none where there is no such folder. Hidden ones do not count."""
        raise NotImplementedError

    def folders(self, folder: str = "") -> list[str]:
        """Names of the folders directly in a folder."""
        raise NotImplementedError

    def entities(self, task: str) -> list[str]:
        """Raw names of the entities of a task, in index order."""
        raise NotImplementedError

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        folder, _, name = path.rpartition("/")
        return name in self.files(folder)

    @property
    def tasks(self) -> list[str]:
        """Tasks of which it has metadata."""
        return tasks_in(self.files())


class FolderTree(Tree):
    """A folder. Each of its folders is listed once, when it is asked for."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self.name = str(root)
        self._listed: dict[str, tuple[dict[str, int], list[str]]] = {}

    def files(self, folder: str = "") -> Mapping[str, int]:
        """See ``Tree.files``."""
        return self._list(folder)[0]

    def folders(self, folder: str = "") -> list[str]:
        """See ``Tree.folders``."""
        return self._list(folder)[1]

    def entities(self, task: str) -> list[str]:
        """See ``Tree.entities``."""
        return read_names(self.root / f"metadata_{task}_2_enriched_filtered.json")

    def _list(self, folder: str) -> tuple[dict[str, int], list[str]]:
        if folder not in self._listed:
            files, folders = {}, []
            place = self.root / folder
            for entry in sorted(os.scandir(place), key=lambda entry: entry.name) if place.is_dir() else ():
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    folders.append(entry.name)
                else:
                    files[entry.name] = entry.stat().st_size
            self._listed[folder] = files, folders
        return self._listed[folder]


class ListedTree(Tree):
    """A listing of a repository, as ``write_listing`` keeps it."""

    def __init__(self, listing: Mapping[str, Any]) -> None:
        self.name = f"{listing['repository']} at {listing['revision']}"
        self._entities: dict[str, list[str]] = listing["entities"]
        self._files: dict[str, dict[str, int]] = defaultdict(dict)
        self._folders: dict[str, dict[str, None]] = defaultdict(dict)
        for path, size in listing["files"].items():
            folder, _, name = path.rpartition("/")
            self._files[folder][name] = size
            while folder:
                parent, _, own = folder.rpartition("/")
                self._folders[parent][own] = None
                folder = parent

    def files(self, folder: str = "") -> Mapping[str, int]:
        """See ``Tree.files``."""
        return self._files.get(folder, {})

    def folders(self, folder: str = "") -> list[str]:
        """See ``Tree.folders``."""
        return list(self._folders.get(folder, {}))

    def entities(self, task: str) -> list[str]:
        """See ``Tree.entities``."""
        return self._entities[task]


def listing_file(repository: str, revision: str) -> Path:
    """Where the listing of a revision of a repository is kept."""
    return LISTINGS / f"{repository.replace('/', '+')}@{revision}.json"


def write_listing(repository: str, revision: str, endpoint: str, folder: Path = Path()) -> Path:
    """Ask the hub once for all files of a data set, fetch the metadata of its tasks, and keep both.

    Args:
        repository: ``owner/name``.
        revision: a commit or a tag.
        endpoint: address of the hub.
        folder: of the checkout.

    Returns:
        The file: ``repository, revision, files`` (path -> bytes), ``entities`` (task -> raw names).

    Raises:
        ArchiveError: the hub has no such data set or revision, or fails.
    """
    import tempfile

    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError

    from lethe.archive.huggingface import pull

    try:
        entries = HfApi(endpoint=endpoint, token=False).list_repo_tree(
            repository, repo_type="dataset", revision=revision, recursive=True
        )
        files = {entry.path: entry.size for entry in entries if hasattr(entry, "size")}
    except (HTTPError, OSError, ValueError, RuntimeError) as error:
        raise ArchiveError(f"{endpoint}/datasets/{repository} at {revision}: {' '.join(str(error).split())[:400]}") from None
    entities = {}
    with tempfile.TemporaryDirectory() as place:
        for task in tasks_in(files):
            name = f"metadata_{task}_2_enriched_filtered.json"
            pull(repository, name, Path(place, name), endpoint=endpoint, revision=revision)
            entities[task] = read_names(Path(place, name))
    path = folder / listing_file(repository, revision)
    write_json(path, {"repository": repository, "revision": revision, "files": files, "entities": entities}, indent=None)
    return path


def read_listing(path: str | Path) -> ListedTree:
    """A kept listing; one of another form is a ``CorruptFileError``."""
    content = read_json(path)
    if not isinstance(content, dict) or set(content) != {"repository", "revision", "files", "entities"}:
        raise CorruptFileError(f"{path}: expected repository, revision, files and entities; make it again with `lethe census`")
    return ListedTree(content)
