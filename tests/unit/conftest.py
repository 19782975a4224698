"""What unit tests share."""

from __future__ import annotations

from tests.described_tables import install

install()
