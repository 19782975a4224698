"""The base of every settings model: unknown keys are errors, values are checked, nothing changes afterwards."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """A settings model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
