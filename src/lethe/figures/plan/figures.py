"""Figures of a world: by which names each can be asked for, and what it is drawn from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lethe.planning.chapters import OTHERS, labels_of
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError

if TYPE_CHECKING:
    from lethe.figures.templates.alias import Alias
    from lethe.figures.templates.base import Template
    from lethe.figures.templates.parameters import Parameters
    from lethe.figures.templates.world import World

ADDRESS = "figure"  # the form of every figure; others are file names that some of them have beside it
REGISTRY = "lethe.figures.templates.TEMPLATES"
# Modules of templates take half a second to import, which other targets do not need: they are imported where they are asked.

Asked = tuple["Template[Any, Any]", "Parameters"]


@dataclass(frozen=True)
class Form:
    """One way to ask for figures: file names below ``figures/`` and what they stand for. All its functions take wildcards.

    Attributes:
        name: of its jobs, logs and caption.
        stem: file name without ending; holds wildcards.
        endings: files of a figure beside its PNG.
        template: name of the template.
        asked: template and checked parameters.
        world: what the figures ask for.
        report: how the report lists it: ``category``, ``labels`` ...
    """

    name: str
    stem: str
    endings: tuple[str, ...]
    template: Callable[[Wildcards], str]
    asked: Callable[[Wildcards], Asked]
    world: World
    report: Mapping[str, Any]

    @property
    def others(self) -> list[str]:
        """The files beside the PNG."""
        return [f"<results>/figures/{self.stem}.{ending}" for ending in self.endings]

    @property
    def own(self) -> str:
        """What the wildcards say, for names of logs."""
        return self.stem.removeprefix(f"{self.name}_")

    @property
    def docstring(self) -> str:
        """What `snakemake -l` says of it."""
        if self.name == ADDRESS:
            return f"Any figure of a template and its parameters, by its address figures/{self.stem}.png (docs/results.md)."
        return f"A figure with a name of its own, figures/{self.stem}.png: {self.report['labels']['result']}."

    @property
    def message(self) -> str:
        """What is drawn, with the wildcards as a rule's message writes them."""
        return "Figure " + re.sub(r"\{(\w+)\}", r"{wildcards.\1}", self.stem)

    def inputs(self, wildcards: Wildcards) -> dict[str, list[str]]:
        """The finished files that a figure reads, by kind."""
        template, parameters = self.asked(wildcards)
        return {kind: [f"<results>/{file}" for file in files] for kind, files in template.files(parameters, self.world).items()}

    def asks(self, wildcards: Wildcards) -> dict[str, list[str]]:
        """Dotted registry -> the names that a job asks it for, where its wildcards do not tell.

        The record of a run asks with wildcards that name no file, or none that this world can make; then only the template is known.
        """
        of_template = {REGISTRY: [self.template(wildcards)]}
        if set(re.findall(r"{(\w+)}", self.stem)) - dict(wildcards.items()).keys():
            return of_template
        try:
            template, parameters = self.asked(wildcards)
        except SettingsError:
            return of_template  # such a job is refused by `inputs`
        return of_template | template.asks(parameters, self.world)

    def values(self, wildcards: Wildcards) -> dict[str, Any]:
        """All parameters of a figure, defaults included, so that a changed default reaches it."""
        return self.asked(wildcards)[1].model_dump()

    def facts(self, wildcards: Wildcards) -> dict[str, Any]:
        """What no file tells."""
        template, parameters = self.asked(wildcards)
        return template.facts(parameters, self.world)


class Figures:
    """Every figure that can be asked for: by its address, and by the file names under which some are published.

    Args:
        world: what figures ask for.
        aliases: published file names.
    """

    def __init__(self, world: World, aliases: Iterable[Alias]) -> None:
        self.world = world
        self.forms = [self._address(), *map(self._alias, aliases)]

    def resolve(self, template: str, name: str) -> Asked:
        """The template and the parameters of an address, checked against the world.

        Raises:
            ParameterError: if the world cannot make it; says why, what is allowed and the nearest match.
            UnknownNameError: for an unknown template.
        """
        from lethe.figures.templates import TEMPLATES
        from lethe.figures.templates.parameters import ParameterError, parse

        found = TEMPLATES.load(template)
        try:
            parameters = parse(found.parameters, name)
            found.check(parameters, self.world)
        except ValueError as error:
            raise ParameterError(f"{template}/{name}: {error}") from None
        return found, parameters

    def _address(self) -> Form:
        def asked(wildcards: Wildcards) -> Asked:
            try:
                return self.resolve(wildcards.template, wildcards.parameters)
            except ValueError as error:
                raise SettingsError(str(error)) from None

        report = {"category": OTHERS, "subcategory": "{template}", "labels": {"result": "{parameters}"}}
        stem = "{template}/{parameters}"
        return Form(ADDRESS, stem, ("pdf", "json"), lambda wildcards: wildcards.template, asked, self.world, report)

    def _alias(self, alias: Alias) -> Form:
        def asked(wildcards: Wildcards) -> Asked:
            from lethe.figures.templates import TEMPLATES
            from lethe.figures.templates.parameters import validate

            found = TEMPLATES.load(alias.template)
            try:
                parameters = validate(found.parameters, alias.parameters(self.world, wildcards))
                found.check(parameters, self.world)
            except ValueError as error:
                stem = alias.stem.format_map(dict(wildcards.items()))
                raise SettingsError(f"figures/{stem}.png: {error}") from None
            return found, parameters

        report = {"category": alias.category, "labels": labels_of(alias.stem, alias.label)}
        return Form(alias.name, alias.stem, ("csv",), lambda wildcards: alias.template, asked, self.world, report)
