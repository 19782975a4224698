"""The code of a job: everything that its function imports, and what it asks registries for by name.

Nothing is listed by hand. A job that never loads a method does not depend on methods; one that asks ``METHODS`` for ``uce`` depends on
the module of ``uce`` and what that imports, and on no other method. One that reads what methods or metrics say of themselves depends on
what it reads, of the names that it asks for. ``lethe.execution.fingerprint`` says what of a module counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from lethe.core.registry import nearest
from lethe.execution.fingerprint import FILES, all_modules, closure, digest_of, facts_of, is_module
from lethe.io.tables import read_json, write_json

DECIDES_NO_RESULT = "tells what the code of a job is"
FOLDER = Path(".snakemake/code")  # what each hash stands for
RUNNER = {"lethe.execution.run"}  # calls the function of every job, after it has set up what torch computes with
Asked = Mapping[str, Iterable[str]]
"""Dotted registry, such as ``lethe.diffusion.methods.METHODS`` -> the names that a job asks it for."""

_parts: dict[str, dict[str, str]] = {}  # of this process: hash -> part -> digest


class UnknownCodeError(ValueError):
    """It cannot be told what the code of a job is; the message names the job's function and the registry."""


def code_of(target: str, asked: Asked, files: Iterable[str] = ()) -> str:
    """Hex digest (16 characters) of the code of a job.

    Args:
        target: the function that it calls, ``"lethe.diffusion.latents:encode_task"``, or the path of a script.
        asked: what it asks registries for. A registry that its imports do not lead to may stand here and does not count.
        files: paths of scripts and notebooks that it runs beside the function.

    Raises:
        UnknownCodeError: the imports lead to a registry for which nothing is said, or there is no such registry or name in it.
        ModuleNotFoundError: there is no such module.
    """
    return _code_of(
        target, tuple(sorted((registry, tuple(sorted(set(names)))) for registry, names in asked.items())), tuple(files)
    )


@cache
def _code_of(target: str, asked: tuple[tuple[str, tuple[str, ...]], ...], files: tuple[str, ...]) -> str:
    parts = parts_of(target, dict(asked), files)
    digest = digest_of(parts)
    _parts[digest] = parts
    return digest


def parts_of(target: str, asked: Asked, files: Iterable[str] = ()) -> dict[str, str]:
    """Every part of the code of a job and its digest; see ``code_of``.

    A part is a dotted module, the name of a script or a notebook, an entry of a registry, ``lethe.diffusion.methods.METHODS[uce]``, or what
    an entry says of itself, ``lethe.diffusion.methods.LOOKS[uce]``; the digest of an entry is what it stands for. Modules that decide no
    result are left out.
    """
    parts: dict[str, str] = {}
    modules: set[str] = set()
    waiting = {target, *files} if target.endswith(FILES) else {target.partition(":")[0], *files, *filter(is_module, RUNNER)}
    while waiting:
        modules |= closure(waiting)
        waiting = set()
        for registry in sorted(_led_to(modules) & registries()):
            for name in _names_asked(target, registry, asked):
                entry = _entries(registry)[name]
                parts[f"{registry}[{name}]"] = entry
                waiting |= {entry.partition(":")[0]} - modules
    for description in sorted(_led_to(modules) & descriptions().keys()):
        registry, *keys = descriptions()[description]
        for name in _names_asked(target, registry, asked):
            parts[f"{description}[{name}]"] = _said(_entries(registry)[name], keys)
    digests = {Path(module).name if module.endswith(FILES) else module: facts_of(module).digest for module in modules}
    return parts | {module: digest for module, digest in digests.items() if digest}


def keep_parts(folder: Path = FOLDER) -> None:
    """Write down what each hash of this process stands for, ``{folder}/{hash}.json``, for ``lethe why``."""
    folder.mkdir(parents=True, exist_ok=True)
    there = {file.stem for file in folder.iterdir()}
    for digest in _parts.keys() - there:
        write_json(folder / f"{digest}.json", _parts[digest])


def kept_parts(digest: str, folder: Path = FOLDER) -> dict[str, str] | None:
    """The parts that a hash stands for; None if nobody wrote them down."""
    file = folder / f"{digest}.json"
    if digest in _parts:
        return _parts[digest]
    return read_json(file) if file.is_file() else None


def _led_to(modules: set[str]) -> set[str]:
    """Every registry and every ``Descriptions``, dotted, that one of the modules imports."""
    return set().union(*map(_imported, modules))


@cache
def _imported(module: str) -> frozenset[str]:
    return frozenset(name for name in facts_of(module).names if name in registries() or name in descriptions())


def _said(entry: str, keys: list[str]) -> str:
    """Of what a class says of itself those keys, as text; what it does not say is said to be so."""
    module, _, name = entry.partition(":")
    about = facts_of(module).about.get(name, {})
    return ", ".join(f"{key}={about[key]}" for key in keys if key in about) or "nothing"


@cache
def registries() -> frozenset[str]:
    """Every registry of the package, dotted."""
    return frozenset(f"{module}.{name}" for module in all_modules() for name in facts_of(module).registries)


@cache
def descriptions() -> dict[str, list[str]]:
    """Every ``Descriptions`` of the package, dotted -> its registry, dotted, and the keys that it reads."""
    return {
        f"{module}.{name}": [f"{module}.{registry}", *keys]
        for module in all_modules()
        for name, (registry, *keys) in facts_of(module).descriptions.items()
    }


def _entries(registry: str) -> dict[str, str]:
    module, _, name = registry.rpartition(".")
    return facts_of(module).registries[name]


def _names_asked(target: str, registry: str, asked: Asked) -> Iterable[str]:
    known = sorted(registries())
    for other in asked:
        if other not in known:
            raise UnknownCodeError(
                f"{target}: there is no registry '{other}'; there are: {', '.join(known)}{nearest(other, known)}"
            )
    if registry not in asked:
        raise UnknownCodeError(
            f"{target} loads code by name from {registry}, but it is not said which names; so it is not known what the job depends on"
        )
    entries = _entries(registry)
    for name in asked[registry]:
        if name not in entries:
            raise UnknownCodeError(
                f"{target}: '{name}' is not in {registry}; there are: {', '.join(sorted(entries))}{nearest(name, list(entries))}"
            )
    return asked[registry]
