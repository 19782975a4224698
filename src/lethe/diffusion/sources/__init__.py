"""Where images and attributes come from. Names are resolved lazily; see ``base.EntitySource``."""

from __future__ import annotations

from lethe.core.registry import Registry
from lethe.diffusion.sources.base import EntitySource

SOURCES: Registry[type[EntitySource]] = Registry("source")
SOURCES.register("digits", "lethe.diffusion.sources.digits:Digits")
SOURCES.register("rendered_breeds", "lethe.diffusion.sources.breeds:RenderedBreeds")
SOURCES.register("rendered_scenes", "lethe.diffusion.sources.scenes:RenderedScenes")
SOURCES.register("rendered_people", "lethe.diffusion.sources.people:RenderedPeople")
SOURCES.register("canvas", "lethe.diffusion.sources.canvas:RenderedCanvas")
SOURCES.register("folder", "lethe.diffusion.sources.folder:ImageFolder")
SOURCES.register("prompts", "lethe.diffusion.sources.prompts:Prompts")
SOURCES.register("lfw", "lethe.diffusion.sources.lfw:Lfw")
SOURCES.register("sun_attributes", "lethe.diffusion.sources.sun_attributes:SunAttributes")
SOURCES.register("fci_breeds", "lethe.diffusion.sources.fci_breeds:FciBreeds")
SOURCES.register("unlearncanvas", "lethe.diffusion.sources.unlearncanvas_folder:UnlearnCanvasFolder")
SOURCES.register("unlearncanvas_parquet", "lethe.diffusion.sources.unlearncanvas_parquet:UnlearnCanvasParquet")
