"""Hold finished products against the hashes that their jobs wrote (``lethe verify``)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lethe.core.registry import UnknownNameError, nearest
from lethe.io import checksums

DECIDES_NO_RESULT = "reads what is finished"

APART = (checksums.FOLDER, ".work")  # what lies below a world and is no product


class Verdict(NamedTuple):
    """What a look at the products of a root has found.

    Attributes:
        root: ``results/{world}`` or ``resources``.
        products: how many have hashes.
        wrong: product -> what is wrong with it, in words.
        unknown: files without hashes, which nobody can judge: made by an older version, by hand, or by a job that is not done.
    """

    root: Path
    products: int
    wrong: dict[Path, str]
    unknown: list[Path]


def roots(names: list[str], folder: str | Path = ".") -> list[Path]:
    """The folders to look at: those of the named worlds, or of all worlds and the downloads.

    Raises:
        UnknownNameError: no such world; the nearest is named.

    Examples:
        >>> [str(root) for root in roots([])]
        ['results/mini']
        >>> roots(["mimi"])
        Traceback (most recent call last):
            ...
        lethe.core.registry.UnknownNameError: no world 'mimi' in results; there: mini; did you mean 'mini'?
    """
    folder = Path(folder)
    worlds = {path.name: path for path in sorted((folder / "results").glob("*")) if path.is_dir()}
    if not names:
        return [root for root in (*worlds.values(), folder / "resources") if root.is_dir()]
    for name in names:
        if name not in worlds:
            known = ", ".join(worlds) or "none"
            raise UnknownNameError(f"no world '{name}' in {folder / 'results'}; there: {known}{nearest(name, list(worlds))}")
    return [worlds[name] for name in names]


def verify(root: Path) -> Verdict:
    """Read every product below ``root`` and compare.

    Examples:
        >>> verdict = verify(Path("results/mini"))
        >>> verdict.products, verdict.wrong
        (0, {})
    """
    wrong, known, count = {}, set(), 0
    for product, record in checksums.products(root):
        count += 1
        known.add(product)
        if problem := checksums.compare(root, product, record):
            wrong[product] = problem
    return Verdict(root, count, wrong, _unknown(root, root, known))


def _unknown(root: Path, folder: Path, known: set[Path]) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path in known or path.name.startswith(".") or (folder == root and path.name in APART):
            continue
        found += _unknown(root, path, known) if path.is_dir() and not path.is_symlink() else [path]
    return found


def text(verdict: Verdict) -> str:
    """The verdict in words: every wrong product with the command that makes it again.

    Examples:
        >>> print(text(Verdict(Path("results/mini"), 12, {}, [])))
        results/mini: 12 of 12 products are as they were made
    """
    lines = [f"{verdict.root}: {verdict.products - len(verdict.wrong)} of {verdict.products} products are as they were made"]
    for product, problem in verdict.wrong.items():
        lines += [f"  {problem}", f"    make it again: {checksums.remake(product)}"]
    if verdict.unknown:
        shown = ", ".join(str(path) for path in verdict.unknown[:3])
        lines.append(
            f"  {len(verdict.unknown)} files have no checksum and were not judged: {shown}{' ...' if len(verdict.unknown) > 3 else ''}"
        )
    return "\n".join(lines)
