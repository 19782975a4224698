"""Which gates stop a run."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, model_validator

from lethe.settings.names import names_in
from lethe.settings.strict import Strict, check_known


class Gates(Strict):
    """What must hold before a table is believed. A gate that does not hold is told in its file and in the log in any case."""

    stop: list[str] = Field(
        default=["ulira_retrained_is_null", "ulira_original_leaks"],
        description="gates that stop the run where they do not hold; every gate is listed in lethe.workflow.gates",
    )

    @model_validator(mode="after")
    def _names_exist(self, info: ValidationInfo) -> Gates:
        if names := names_in(info):
            for name in self.stop:
                check_known("gates.stop", name, names.gates)
        return self
