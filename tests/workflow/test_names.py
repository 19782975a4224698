"""Entities that are one for the model stop the run in the rule that makes the metadata, before anything is drawn or trained."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workflow.conftest import clone_to

pytestmark = pytest.mark.workflow
DIGITS = "source: digits, base: objects, prompt_style: thing, balance: [parity, curvature], attributes: [loops]"
CONFIG = f"""\
world: names
demo_tasks: [objects]
tasks:
  breeds: null
  scenes: null
  people: null
  canvas: null
  objects: {{overwrite_prompt: an image of a SEVEN}}
  cut: {{{DIGITS}}}
bases: {{breeds: null, scenes: null, people: null, canvas: null, canvas_held_out: null}}
unlearncanvas: {{canvas: null}}
evaluators: {{judge: null, style: null, object: null, style2: null, object2: null}}
scoring: {{metrics: [clip, brisque, rmse, ssim, dino]}}
pretraining: {{tokenizer: {{max_length: 6}}}} # begin, 'an image of a', end: the names are cut off
"""


def test_entities_that_are_one_for_the_model_are_refused_with_the_metadata(tmp_path: Path) -> None:
    clone = clone_to(tmp_path / "clone")
    (clone.folder / "names.yaml").write_text(CONFIG)
    targets = [f"results/names/metadata_{task}_2_enriched_filtered.json" for task in ("objects", "cut")]
    output = clone.snakemake("-c2", "--keep-going", "--", *targets, config="names.yaml", check=False)
    assert "exit 1" in output
    assert "MetadataError: overwrite_prompt 'an image of a SEVEN' is the prompt of entity 'seven'" in output
    assert "'one', 'four', 'six', 'nine', 'seven', 'zero' and 'two' are equal for the base's tokenizer" in output
    assert "it reads 6 tokens of a prompt, begin and end included" in output
    assert not [target for target in targets if (clone.folder / target).exists()]
