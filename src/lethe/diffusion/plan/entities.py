"""The entities that a task would choose from a folder of one's own, held against its base when a run is planned."""

from __future__ import annotations

from pathlib import Path

from lethe.core.registry import UnknownNameError
from lethe.diffusion.plan.bases import Bases
from lethe.diffusion.plan.own_folder import SOURCE
from lethe.diffusion.testbed.attributes import chosen_attributes
from lethe.diffusion.testbed.choice import choose_entities
from lethe.diffusion.testbed.schema import MetadataError
from lethe.diffusion.testbed.tokens import PromptReader, prompt_reader, read_tokenizer
from lethe.io.tables import CorruptFileError
from lethe.planning.wildcards import Wildcards
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings


class Entities:
    """What is known of the entities of tasks before a job runs.

    Args:
        settings: of the world.
        bases: of the same.
    """

    def __init__(self, settings: Settings, bases: Bases) -> None:
        self._settings = settings
        self._bases = bases

    def examined(self, wildcards: Wildcards) -> list[str]:
        """No file, but what is wrong with the entities that the wildcard's task would choose from its folder.

        Raises:
            SettingsError: names the key and what is wrong: too few entities or pictures, two entities that are one for the base, a
                similarity without an attribute.
        """
        task, where = self._settings.tasks[wildcards.task], f"tasks.{wildcards.task}"
        if task.source != SOURCE or task.kind != "entities":
            return []
        (path,) = self._bases.data.source_inputs(wildcards)  # what is missing is said in its words
        try:
            records = self._bases.data.own_records(path)
            chosen = choose_entities(records, task, self._settings.fidelity, reader=self._reader(wildcards)).chosen
        except (MetadataError, UnknownNameError, CorruptFileError) as error:
            raise SettingsError(f"{where} ({path}): {error}") from None
        for record in chosen:
            if record["dataset_n_original"] < task.min_images_per_entity:
                raise SettingsError(
                    f"{where}.min_images_per_entity: {task.min_images_per_entity}, but '{record['name']}' has "
                    f"{record['dataset_n_original']} in {path}"
                )
        if "attr" in self._settings.similarity.kinds:
            try:
                chosen_attributes(chosen, task.balance, task.attributes)
            except MetadataError as error:
                kinds = ", ".join(kind for kind in self._settings.similarity.kinds if kind not in ("attr", "true"))
                raise SettingsError(
                    f"similarity.kinds: 'attr' compares attributes of {where}, and {error}; or leave it out "
                    f"(similarity: {{kinds: [{kinds}]}})"
                ) from None
        return []

    def _reader(self, wildcards: Wildcards) -> PromptReader | None:
        """How the task's base reads a prompt, where its tokenizer is at hand."""
        files = [Path(file) for file in self._bases.tokenizer(wildcards)]
        if not files or not files[0].is_file():
            return None
        config = self._bases.tokenizer_settings(wildcards)
        return prompt_reader(files[0], config) if config else read_tokenizer(files[0].parent)
