"""``lethe audit`` says the section that somebody would write; a model of others is told by its files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from tests.tiny_pipeline import make_tiny_pipeline, shared_tiny_pipeline

from lethe.audit.command import parse, section_of, words_of_snakemake
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings
from lethe.workflow.configuration import load_configuration


def test_every_word_is_a_key_of_the_section() -> None:
    asked = parse(
        [
            "./my-model",
            "--forget",
            "Picasso style",
            "--keep",
            "a cat",
            "a {dog}: #1",
            "--methods",
            "uce",
            "rece",
            "--prompt",
            "in {concept}",
        ]
        + ["--size", "512", "--cores", "4", "--configfile", "config/paper.yaml"]
    )
    words = words_of_snakemake(asked)
    assert words[:4] == ["--cores", "4", "--configfile", "config/paper.yaml"] and words[-2:] == ["--", "audit"]
    key, _, value = words[words.index("--config") + 1].partition("=")
    assert key == "audit" and yaml.safe_load(value) == section_of(asked)  # as Snakemake reads it
    assert section_of(asked) == {
        "model": "./my-model",
        "forget": ["Picasso style"],
        "keep": ["a cat", "a {dog}: #1"],
        "methods": ["uce", "rece"],
        "prompt": "in {concept}",
        "size": 512,
    }


def audited(**changes: Any) -> Settings:
    section = {"model": str(shared_tiny_pipeline()), "forget": "a dog", "keep": ["a cat"]} | changes
    return load_configuration(Settings().model_dump(mode="json") | {"audit": section})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(next((folder / "unet").glob("*.safetensors")))


def test_the_kind_of_a_model_of_others_is_seen_from_its_files(tmp_path: Path) -> None:
    name = next(key for key in weights(shared_tiny_pipeline()) if key.endswith("attn2.to_k.weight"))
    value = weights(shared_tiny_pipeline())[name]
    save_file({f"unet.{name}": value + 1}, tmp_path / "some.safetensors")
    module = name.removesuffix(".weight")
    factors = {"lora_A.weight": torch.ones(2, value.shape[1]), "lora_B.weight": torch.ones(value.shape[0], 2)}
    save_file({f"unet.{module}.{key}": tensor for key, tensor in factors.items()}, tmp_path / "lora.safetensors")
    make_tiny_pipeline(tmp_path / "whole", seed=1)
    for file, kind in (("some.safetensors", "partial"), ("lora.safetensors", "lora"), ("whole", "pipeline")):
        settings = audited(unlearned=str(tmp_path / file))
        assert settings.external["unlearned"].kind == kind and settings.methods == ["none", "unlearned"]
    assert audited(unlearned=str(tmp_path / "whole"), methods=["uce"]).methods == ["none", "uce", "unlearned"]


def test_a_model_of_others_must_fit(tmp_path: Path) -> None:
    save_file({"unet.conv_in.weight": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    with pytest.raises(
        SettingsError, match=rf"audit.unlearned: {re.escape(str(tmp_path / 'other.safetensors'))}: 'unet.conv_in.weight'"
    ):
        audited(unlearned=str(tmp_path / "other.safetensors"))
    (tmp_path / "pickled.pt").write_bytes(b"0")
    with pytest.raises(SettingsError, match="audit.unlearned: .*a pickle"):
        audited(unlearned=str(tmp_path / "pickled.pt"))


def test_the_section_survives_the_merged_configuration() -> None:
    """What is written to run_config.yaml gives the same world once more."""
    settings = audited()
    again = load_configuration(json.loads(settings.model_dump_json()))
    assert again == settings
