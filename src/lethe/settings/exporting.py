"""How unlearned models are written for other tools, and where they are published. Only the plan reads it."""

from __future__ import annotations

from pydantic import Field, model_validator

from lethe.settings.hub import is_hub_id
from lethe.settings.strict import Strict


class Export(Strict):
    """What a model card needs beside the record of a model (docs/external-models.md)."""

    license: str = Field(
        "",
        pattern=r"^([a-z0-9][a-z0-9.+-]*)?$",
        max_length=60,
        description="of the base, as the Hub names it (creativeml-openrail-m); empty: what the base's own card says, else unknown",
    )
    repository: str = Field(
        "",
        max_length=100,
        description="owner/name of a model repository of the Hugging Face Hub, {model} for the model's name; private",
    )

    @model_validator(mode="after")
    def _of_a_model(self) -> Export:
        if self.repository and ("{model}" not in self.repository or not is_hub_id(self.repository.replace("{model}", "model"))):
            raise ValueError(f"repository: '{self.repository}'; allowed: owner/name with {{model}} in the name")
        return self
