"""Names of repositories of the Hugging Face Hub."""

from __future__ import annotations

import re

HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def is_hub_id(text: str) -> bool:
    """Whether a text can be owner/name of a repository of the Hugging Face Hub."""
    return bool(HUB_ID.fullmatch(text)) and ".." not in text and "--" not in text
