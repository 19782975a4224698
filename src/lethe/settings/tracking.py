"""Services that show curves of trainings. Only the plan reads this."""

from __future__ import annotations

from typing import Literal

Tracker = Literal["none", "wandb", "tensorboard", "trackio"]
