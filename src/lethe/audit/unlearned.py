"""A model that somebody else made, beside the audited one: what kind of files it is is seen from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lethe.audit.model import Audited
from lethe.diffusion.external.files import check_model, folder_shapes, weights_of
from lethe.diffusion.external.names import FACTORS
from lethe.diffusion.weights import read_header
from lethe.settings.errors import SettingsError
from lethe.settings.external import External
from lethe.settings.paths import check_exists

METHOD = "unlearned"  # under this name it stands beside methods


def external_of(path: str, model: Audited) -> dict[str, Any]:
    """The entry of `external` for a model of others.

    Args:
        path: a diffusers folder, a LoRA or some weights, as a file or in a folder. model: that it was made from.

    Raises:
        SettingsError: no such path, or nothing that fits the model; says what there is.
    """
    place = Path(path).expanduser()
    check_exists("audit.unlearned", str(place))
    folder = Path(model.base["path"]).expanduser() if model.base.get("path") and not model.base.get("revision") else None
    try:
        kind = _kind(place)
        check_model(kind, place, folder_shapes(folder) if folder else None)
    except (OSError, ValueError) as error:
        raise SettingsError(f"audit.unlearned: {error}") from None
    return External(kind=kind, path=str(place), emitters=[0]).model_dump()


def _kind(place: Path) -> Any:
    if (place / "model_index.json").is_file():
        return "pipeline"
    keys = read_header(weights_of(place))
    return "lora" if any(key.endswith(ending) for key in keys for ending in FACTORS) else "partial"
