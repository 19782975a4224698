"""The fault of a configuration, in a file of its own: who raises or catches it depends on no settings."""

from __future__ import annotations


class SettingsError(ValueError):
    """The configuration is wrong; the message lists every fault with path, value, what is allowed, the nearest name."""
