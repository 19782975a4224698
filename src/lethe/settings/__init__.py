"""Configuration. The pydantic models are the single source: the default YAML and the JSON schema are generated from them."""

from lethe.settings.load import SettingsError, load_settings
from lethe.settings.models import Settings

__all__ = ["Settings", "SettingsError", "load_settings"]
