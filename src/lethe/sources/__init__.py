"""Where images and attributes come from. Names are resolved lazily; see ``base.EntitySource``."""

from __future__ import annotations

from lethe.registry import Registry
from lethe.sources.base import EntitySource

SOURCES: Registry[type[EntitySource]] = Registry("source")
SOURCES.register("digits", "lethe.sources.digits:Digits")
SOURCES.register("rendered_breeds", "lethe.sources.breeds:RenderedBreeds")
SOURCES.register("rendered_scenes", "lethe.sources.scenes:RenderedScenes")
SOURCES.register("rendered_people", "lethe.sources.people:RenderedPeople")
SOURCES.register("folder", "lethe.sources.folder:ImageFolder")
SOURCES.register("lfw", "lethe.sources.lfw:Lfw")
SOURCES.register("sun_attributes", "lethe.sources.sun_attributes:SunAttributes")
SOURCES.register("fci_breeds", "lethe.sources.fci_breeds:FciBreeds")
