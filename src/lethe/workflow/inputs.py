"""Everything that a world reads and no job makes: data sets, models, tables that are put in place by hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from lethe.classifiers import PROVIDERS
from lethe.classifiers.plan.studies import Studies
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.data import Data
from lethe.planning.inputs import Need
from lethe.planning.wildcards import Wildcards
from lethe.settings.downloads import Download, Outside, load_outside
from lethe.settings.models import Settings

RESOURCES = "resources"
HUB = "https://huggingface.co"


class Inputs:
    """What the tasks, models and data sets of a world need from outside.

    Args:
        settings: of the world.
        data, bases, studies: parts of the plan.
        listed: config/downloads.yaml, which describes them; read when somebody asks.
    """

    def __init__(self, settings: Settings, data: Data, bases: Bases, studies: Studies, listed: Path) -> None:
        self.settings, self.data, self.bases, self.studies, self._listed = settings, data, bases, studies, listed

    @cached_property
    def outside(self) -> dict[str, Outside]:
        """Hub id, data set or path -> what is known of it."""
        return load_outside(self._listed)

    @property
    def needs(self) -> list[Need]:
        """All of it, each once."""
        found = [*self._of_tasks(), *self._of_models(), *self._of_classifiers()]
        return list({need.target or need.place: need for need in found}.values())

    def targets(self, wildcards: Wildcards) -> list[str]:
        """What rules can fetch or take now: all but files that somebody must still put in place."""
        return [need.target for need in self.needs if need.target]

    def plain(self, wildcards: Wildcards) -> list[dict[str, object]]:
        """The needs as plain data, for the job that tells them."""
        return [need.model_dump() for need in self.needs]

    def _of_tasks(self) -> Iterator[Need]:
        for task in self.settings.tasks.values():
            for path in task.source_options.inputs():
                name = Path(path).name
                if Path(path).parts[0] == RESOURCES and name in self.data.downloads:
                    yield self._of_download(name, self.data.downloads[name], path)
                else:
                    yield self._by_hand(path)

    def _of_download(self, name: str, entry: Download, path: str) -> Need:
        place = f"data/{name}"
        there = bool(entry.urls) or Path(place).exists() or Path(path).exists()
        return Need(
            name=name,
            place=place,
            target=path if there else "",
            megabytes=entry.megabytes,
            licence=entry.licence,
            source=entry.source,
            advice=entry.by_hand,
        )

    def _of_models(self) -> Iterator[Need]:
        results = f"results/{self.settings.world}"
        for name in self.bases.on_hub:
            yield self._fetched(self.settings.bases[name].path, f"{results}/base/{name}")
        for name in self.bases.evaluators_on_hub:
            yield self._fetched(self.settings.evaluators[name].path, f"{results}/evaluators/{name}")
        for base in (self.settings.bases[name] for name in self.bases.local):
            yield from map(self._by_hand, filter(None, (base.path, base.config)))
        for name, evaluator in self.settings.evaluators.items():
            published = evaluator.path if name in self.bases.evaluators_published else ""
            yield from map(self._by_hand, filter(None, (evaluator.start, published)))
        if self.settings.scoring.lpips_alex:
            yield self._by_hand(self.settings.scoring.lpips_alex)

    def _of_classifiers(self) -> Iterator[Need]:
        for dataset, entry in self.settings.deepunlearn.datasets.items():
            provider = self.studies.provider_of(dataset)
            if entry.source == "fetch":
                yield self._fetched(provider, f"results/{self.settings.world}/deepunlearn/{dataset}/files")
            elif entry.folder:
                yield self._by_hand(entry.folder, provider if provider in PROVIDERS.names() else "")

    def _fetched(self, known_as: str, target: str) -> Need:
        known = self.outside.get(known_as, Outside(licence="see the page", source=f"{HUB}/{known_as}"))
        return Need(name=known_as, place=target, target=target, **known.model_dump(exclude={"by_hand"}))

    def _by_hand(self, path: str, known_as: str = "") -> Need:
        known = self.outside.get(known_as or path, Outside(licence="your own", source="the configuration names this path"))
        advice = known.by_hand or "put it there, or change the path in the configuration"
        return Need(name=known_as or Path(path).name, place=path, advice=advice, **known.model_dump(exclude={"by_hand"}))
