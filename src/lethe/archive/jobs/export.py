"""An unlearned model for other tools, with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lethe.archive.model_card import PICTURES, UNKNOWN, BaseOf, Cost, model_card
from lethe.archive.model_cost import cost_of_concept, cost_of_entity
from lethe.benchmarks.icare.figures.quantities import OFF
from lethe.benchmarks.icare.figures.visual_grid import draw
from lethe.core.records import ImageKey, ModelId
from lethe.diffusion.delta import load_delta
from lethe.diffusion.exported import write_model
from lethe.diffusion.folder import base_digest
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.testbed.receivers import Emitter, Receiver, chosen, read_emitters, read_receivers
from lethe.figures.pictures import read_pictures
from lethe.figures.style import save
from lethe.io.atomic import atomic_path, write_text
from lethe.io.tables import read_json

MOST = 4  # pictures of what is forgotten, and of all else


def export(
    base: Path,
    delta: Path,
    record: Path,
    receivers: Path,
    emitters: Path,
    off_tar: Path,
    off_index: Path,
    on_tar: Path,
    on_index: Path,
    folder: Path,
    model: str,
    about: dict[str, str],
    origin: dict[str, str],
    seed: int,
    world: str,
    interference: Sequence[Path] = (),
    floor: Sequence[Path] = (),
    concepts: Sequence[Path] = (),
    decoder: Sequence[Path] = (),
) -> None:
    """Write a folder with the model's weights, ``README.md`` and ``before_after.png``.

    Args:
        off_tar, off_index, on_tar, on_index: pictures of the base and of the model.
        about: ``title`` and ``paper`` of the method.
        origin: of the base, ``name``, ``hub_id``, ``revision`` and ``license``; the last may be empty: then what its own card says.
        seed: of the pictures that are shown.
        interference, floor, concepts: tables that tell what the model cost, each a file or none.
        decoder: the base whose VAE makes pictures of latents, where these are kept.

    Raises:
        ExportError: the model acts while a picture is drawn, or is the base.
    """
    asked, forgotten = read_receivers(receivers), read_emitters(emitters)
    named = ModelId.parse(model)
    emitter = chosen(forgotten, [named.index])[0]
    found = read_json(record)
    digest = base_digest(base)
    change = load_delta(delta, digest)
    of_base = BaseOf(origin["name"], origin["hub_id"], origin["revision"], origin["license"] or _license_in(base), digest)
    cost = _cost(named, asked[emitter.covers[0]], interference, floor, concepts)
    with atomic_path(folder) as part:
        part.mkdir()
        form = write_model(load_pipeline(base), change, part, model, named.method)
        _draw(part / PICTURES, asked, emitter, named.method, seed, (off_tar, off_index), (on_tar, on_index), decoder)
        write_text(part / "README.md", model_card(found, about, of_base, form, cost, world, pictures=True))


def _license_in(base: Path) -> str:
    """What the card of a base says in its head; ``unknown`` where there is none."""
    from huggingface_hub import RepoCard

    card = base / "README.md"
    return str(RepoCard.load(card).data.get("license") or UNKNOWN) if card.is_file() else UNKNOWN


def _cost(
    model: ModelId, receiver: Receiver, interference: Sequence[Path], floor: Sequence[Path], concepts: Sequence[Path]
) -> Cost | None:
    if interference:
        return cost_of_entity(interference[0], floor[0] if floor else None, receiver.name)
    if concepts:
        rows: list[dict[str, Any]] = pd.read_csv(concepts[0]).to_dict("records")  # type: ignore[assignment]
        return cost_of_concept(rows, model.method, model.index)
    return None


def _draw(
    path: Path,
    receivers: list[Receiver],
    emitter: Emitter,
    method: str,
    seed: int,
    off: tuple[Path, Path],
    on: tuple[Path, Path],
    decoder: Sequence[Path],
) -> None:
    """Some receivers that the emitter covers and some others, under the base and under the model, one seed."""
    others = [receiver.index for receiver in receivers if receiver.index not in emitter.covers]
    columns = [("emitter", index) for index in emitter.covers[:MOST]]
    columns += [("others", index) for index in others[:: -(-len(others) // MOST)][:MOST]]
    rows = [
        {
            "row": row,
            "role": role,
            "receiver_name": receivers[index].name.replace("_", " "),
            "seed": seed,
            "member": ImageKey(index, seed).file_name,
        }
        for row in (OFF, method)
        for role, index in columns
    ]
    save(draw(pd.DataFrame(rows), read_pictures(rows, [(OFF, *off), (method, *on)], decoder)), path)
