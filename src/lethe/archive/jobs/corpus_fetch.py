"""Single files and folders of a corpus at the Hugging Face Hub."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lethe.archive.corpus.tree import read_listing
from lethe.archive.errors import ArchiveError
from lethe.archive.huggingface import pull
from lethe.io.atomic import atomic_path
from lethe.settings.archive import Archive

AT_ONCE = 8


def fetch_file(listing: Path, file: Path, path: str, archive: Archive) -> None:
    """Bring one file.

    Args:
        listing: of the repository. path: in it. archive: which repository.
    """
    folder, _, name = path.rpartition("/")
    _pull(archive, path, file, read_listing(listing).files(folder)[name])


def fetch_folder(listing: Path, folder: Path, path: str, archive: Archive) -> None:
    """Bring all files of a folder, several at once; it appears when all are there.

    Args:
        listing: of the repository. path: of the folder in it. archive: which repository.
    """
    files = read_listing(listing).files(path)
    with atomic_path(folder) as part, ThreadPoolExecutor(AT_ONCE) as pool:
        part.mkdir(parents=True, exist_ok=True)
        list(pool.map(lambda name: _pull(archive, f"{path}/{name}", part / name, files[name]), files))


def _pull(archive: Archive, path: str, destination: Path, size: int) -> None:
    pull(archive.record, path, destination, endpoint=archive.endpoint, revision=archive.revision)
    if (found := destination.stat().st_size) != size:
        destination.unlink()
        raise ArchiveError(f"{archive.record}: '{path}' has {found} bytes; the listing says {size}")
