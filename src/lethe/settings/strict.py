"""The base of every settings model: unknown keys are errors, values are checked, nothing changes afterwards."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from lethe.registry import nearest

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Strict(BaseModel):
    """A settings model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def check_known(where: str, name: str, allowed: list[str]) -> None:
    """Raise a ``ValueError`` naming the key ``where``, what is allowed and the nearest match unless ``name`` is allowed."""
    if name not in allowed:
        raise ValueError(f"{where}: '{name}' is unknown; allowed: {', '.join(allowed)}{nearest(name, allowed)}")
