"""The model of an audit: what `audit.model` names, whether it can work, and which pictures it draws."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lethe.core.registry import nearest
from lethe.diffusion.folder import check_folder
from lethe.diffusion.supported import read_config
from lethe.settings.audit import Audit
from lethe.settings.errors import SettingsError
from lethe.settings.hub import is_hub_id
from lethe.settings.paths import check_exists

MODEL = "model"  # key of the base in the world of the audit, where it is not a base of the configuration


class Audited(NamedTuple):
    """The model of an audit.

    Attributes:
        name: key of the base in the world of the audit. base: that entry of `bases`, as plain data.
        size: height and width of its pictures in pixels. shipped: whether it is a base of the mini world.
    """

    name: str
    base: dict[str, Any]
    size: int
    shipped: bool


def audited(audit: Audit, config: Mapping[str, Any]) -> Audited:
    """What `audit.model` names.

    Args:
        config: the merged configuration, as plain data.

    Raises:
        SettingsError: it is nothing that can be audited; names the key, the value and what is allowed.
    """
    bases = {name: base for name, base in (config.get("bases") or {}).items() if base}
    if audit.model in bases and not audit.revision:
        return _of_configuration(audit, bases[audit.model], config)
    if audit.revision or (audit.model.count("/") == 1 and is_hub_id(audit.model) and not Path(audit.model).exists()):
        return Audited(MODEL, {"source": "pretrained", **_on_hub(audit)}, _size_given(audit), False)
    if "/" not in audit.model and not Path(audit.model).exists():
        beside = sorted(entry.name for entry in Path().iterdir() if entry.is_dir())
        raise SettingsError(
            f"audit.model: '{audit.model}' is no folder here, no hub id owner/name and no base of the configuration; bases: "
            f"{', '.join(bases) or 'none'}{nearest(audit.model, [*bases, *beside])}"
        )
    return _of_folder(audit, audit.model)


def _of_configuration(audit: Audit, base: Mapping[str, Any], config: Mapping[str, Any]) -> Audited:
    source = base.get("source", "prebuilt")
    if source == "prebuilt":
        trained = config["pretraining"]
        factor = 2 ** (len(trained["vae"]["block_out_channels"]) - 1)
        return Audited(audit.model, dict(base), audit.size or trained["base"]["unet"]["sample_size"] * factor, True)
    if source != "pretrained":
        raise SettingsError(
            f"audit.model: the base '{audit.model}' has source: {source}, so it would be trained first; allowed: prebuilt, pretrained, "
            "or the folder that its training wrote (results/{world}/base/" + audit.model + ")"
        )
    if base.get("revision"):
        return Audited(audit.model, dict(base), _size_given(audit), False)
    return Audited(audit.model, dict(base), audit.size or _size_of("audit.model", Path(base["path"]).expanduser()), False)


def _of_folder(audit: Audit, given: str) -> Audited:
    folder = Path(given).expanduser()
    check_exists("audit.model", str(folder))
    try:
        check_folder(folder)
    except (OSError, ValueError) as error:
        raise SettingsError(f"audit.model: {error}") from None
    path = given if given.startswith((".", "/", "~")) else f"./{given}"
    return Audited(MODEL, {"source": "pretrained", "path": path}, audit.size or _size_of("audit.model", folder), False)


def _on_hub(audit: Audit) -> dict[str, str]:
    if not is_hub_id(audit.model):
        raise SettingsError(f"audit.revision goes with a hub id owner/name; audit.model is '{audit.model}'")
    if not audit.revision:
        raise SettingsError(
            f"audit.model: '{audit.model}' is no folder here; as a hub id it needs audit.revision, a commit of 40 digits, since a branch moves"
        )
    return {"path": audit.model, "revision": audit.revision}


def _size_given(audit: Audit) -> int:
    if audit.size is None:
        raise SettingsError(
            f"audit.size: '{audit.model}' is on the hub, so what it draws is not known yet; give the pixels of a side, "
            "512 of Stable Diffusion 1.x"
        )
    return audit.size


def _size_of(key: str, folder: Path) -> int:
    """What a model was made for: the side of its latents times the factor of its autoencoder."""
    try:
        side = read_config(folder / "unet/config.json").get("sample_size")
        factor = 2 ** (len(read_config(folder / "vae/config.json").get("block_out_channels", [0])) - 1)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{key}: {error}") from None
    if isinstance(side, bool) or not isinstance(side, int) or side < 1:
        raise SettingsError(f"{key}: {folder}/unet/config.json: sample_size is {side!r}; give audit.size, the pixels of a side")
    return side * factor
