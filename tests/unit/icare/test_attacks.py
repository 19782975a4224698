"""Attacks on models that forgot an entity: the section, the plan, the table over pictures, the figure, and the job on the shipped base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter

from lethe.benchmarks.icare.templates.attack import TEMPLATE, AttackParameters
from lethe.diffusion.attacks.judged import JudgeMetrics
from lethe.diffusion.attacks.table import EVERY, PROMPT, RANDOM, VECTORS, WORDS, Target, attack_table
from lethe.diffusion.delta import NoneDelta
from lethe.diffusion.folder import base_digest
from lethe.diffusion.jobs.attack import attack
from lethe.diffusion.jobs.base_folder import write_base
from lethe.diffusion.jobs.evaluator_folder import write_evaluator
from lethe.diffusion.jobs.membership import losses_of_base
from lethe.diffusion.metrics.studio import StudioSettings
from lethe.diffusion.plan.studios import Studios
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.pack import pack_images
from lethe.diffusion.testbed.receivers import emitter_records, of_entities, receiver_records
from lethe.figures.style import save
from lethe.io.tables import read_parquet, write_json, write_parquet
from lethe.planning.targets import Values
from lethe.settings.attack import Attack
from lethe.settings.errors import SettingsError
from lethe.settings.membership import Membership
from lethe.settings.models import Settings
from lethe.statistics.resampling import Inference
from lethe.workflow.plan import Plan
from lethe.workflow.start import plan_of

ROOT = Path(__file__).parents[3]
ASSETS = ROOT / "assets/mini"
SETTINGS = Settings()
INFERENCE = Inference(bootstrap=200)


def plan(attacks: dict[str, Any], **sections: Any) -> Plan:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    for key, section in sections.items():
        config[key] = {name: config[key][name] | section.get(name, {}) for name in config[key]} if key == "tasks" else section
    return plan_of(config | {"attacks": attacks}, (), ROOT)


# --- section and plan ---


@pytest.mark.parametrize(
    ("attacks", "sections", "message"),
    [
        ({"breed": {}}, {}, "attacks.breed: no task of entities is called 'breed'.*did you mean 'breeds'"),
        ({"canvas": {}}, {}, "attacks.canvas: .*; a task of cells is attacked by unlearncanvas.canvas.attack"),
        (
            {"objects": {}},
            {},
            "attacks.objects: there are no reference pictures that were not trained on: the base was trained on",
        ),
        ({"breeds": {"methods": ["uze"]}}, {}, "attacks.breeds.methods.0: 'uze' does not run on the task; .*did you mean 'uce'"),
        (
            {"breeds": {"concepts": [0]}},
            {},
            "concepts.0: no model is retrained without emitter 0; allowed: tasks.breeds.retrain_emitters: 3",
        ),
        (
            {"breeds": {"concepts": [0, 7]}},
            {"tasks": {"breeds": {"retrain_emitters": []}}},
            "concepts.1: 7 is no emitter of task 'breeds' that is reported; allowed: 0 to 9 but for 2, 7",
        ),
        ({"breeds": {"pictures": 129}}, {}, "attacks.breeds.pictures: 129; allowed: at most 128, scoring.membership.images"),
        (
            {"breeds": {"methods": ["uce", "seot"]}},
            {"methods": ["none", "uce", "retrain", "seot"]},
            "attacks.breeds.methods.1: models of 'seot' act while an image is drawn and have no weights; allowed: none, uce, retrain",
        ),
        (
            {"breeds": {}},
            {"tasks": {"breeds": {"methods": ["uce", "retrain"]}}},
            "attacks.breeds.methods: without 'none' nobody knows whether an attack breaks prompts",
        ),
    ],
)
def test_what_cannot_be_attacked_is_refused(attacks: dict[str, Any], sections: dict[str, Any], message: str) -> None:
    ((name, change),) = attacks.items()
    with pytest.raises(SettingsError, match=message):
        plan({name: {"concepts": [3], "methods": ["uce"]} | change}, **sections)


def test_the_plan_of_the_overlay() -> None:
    made = plan(yaml.safe_load((ROOT / "config/attacks.yaml").read_text())["attacks"])
    attacks, breeds = made.entity_attacks, Values(task="breeds")
    methods = ("none", "retrain", "uce", "distil", "munba")
    assert attacks.of_task(breeds) == [f"<results>/attacks/breeds_003_{method}.parquet" for method in methods]
    names = {method: attacks.names(Values(task="breeds", concept="003", method=method)) for method in methods}
    assert names["none"] == ["breeds_003_none_000"] and names["retrain"] == ["breeds_003_retrain_000"]  # one is retrained
    assert names["uce"] == ["breeds_003_uce_000", "breeds_000_uce_000"]
    assert attacks.judges(Values(task="breeds", concept="003")) == [{"target": ["judge"], "other": []}]
    assert attacks.evaluators(breeds) == ["<results>/evaluators/judge"]
    assert attacks.studio(breeds)["scoring"]["metrics"] == ["judge"] and attacks.kinds(breeds) == ["entity"] * 10
    assert attacks.products[:2] == ["<results>/tables/attack_breeds.csv", "<results>/figures/attack_breeds.png"]
    assert attacks.tasks == ["breeds", "scenes", "people"] and not set(attacks.products) & set(made.products(made.tasks))
    _, asked = next(form for form in made.figures.forms if form.name == "attack").asked(breeds)
    assert asked == AttackParameters(task="breeds", methods=methods)


def test_by_default_no_entity_is_attacked() -> None:
    made = plan({})
    assert made.entity_attacks.products == [] and made.entity_attacks.methods == []
    form = next(form for form in made.figures.forms if form.name == "attack")
    with pytest.raises(SettingsError, match=r"figures/attack_breeds.png: task: models of 'breeds' are not attacked"):
        form.asked(Values(task="breeds"))


# --- table and figure ---


def outcome(method: str, successes: list[float], attack_of: str = VECTORS, steps: int = 0) -> pd.DataFrame:
    """One entity; success of every reference picture."""
    return pd.DataFrame(
        {
            "task": "t", "method": method, "concept": 0, "model": "own", "attack": attack_of, "steps": steps, "cell": 4,
            "picture": [str(number) for number in range(len(successes))], "seed": 1, "words": "", "tried": 1, "loss": 0.1,
            "success_1": successes, "other_1": np.nan,
        }
    )  # fmt: skip


def table(*parts: pd.DataFrame, retrained: str | None = "retrain") -> pd.DataFrame:
    rows = pd.concat(parts, ignore_index=True)
    return attack_table(rows, [Target("a fox", "entity")], INFERENCE, "none", retrained, "picture")


def test_intervals_of_an_entity_are_over_pictures() -> None:
    found = table(outcome("none", [1.0] * 4), outcome("retrain", [0.0, 0.0, 1.0, 0.0]), outcome("uce", [0.5, 0.5, 1.0, 0.5]))
    row = found.set_index("method").loc["uce"]
    assert (row["n"], row["kind"], row["success_1"]) == (4, "entity", 0.625) and np.isnan(row["other_1"])
    assert row["success_1_low"] < 0.625 < row["success_1_high"]
    assert row["success_1_minus_retrained"] == 0.375  # paired: of the same pictures
    paired = [0.5, 0.5, 0.0, 0.5]
    assert min(paired) <= row["success_1_minus_retrained_low"] <= 0.375 <= row["success_1_minus_retrained_high"] <= max(paired)


def test_without_a_retrained_model_there_is_no_difference(tmp_path: Path) -> None:
    found = table(outcome("none", [1.0] * 4), outcome("uce", [0.5] * 4), retrained=None)
    assert found["success_1_minus_retrained"].isna().all() and found.set_index("method").loc["uce", "success_1"] == 0.5
    asked = AttackParameters(task="t", methods=("none", "uce"))
    figure = TEMPLATE.draw(TEMPLATE.compute(asked, found, INFERENCE), asked, {})
    assert "may be taught by the attack" in figure.get_suptitle()


def test_the_figure_says_what_intervals_are_over(tmp_path: Path) -> None:
    parts = [outcome("none", [1.0] * 3, kind, steps) for kind, steps in ((PROMPT, 0), (VECTORS, 9), (RANDOM, 0), (WORDS, 4))]
    parts += [outcome("uce", [0.0, 1.0, 0.0], kind, steps) for kind, steps in ((PROMPT, 0), (VECTORS, 9), (WORDS, 4))]
    table(*parts, outcome("retrain", [0.0] * 3, VECTORS, 9)).to_csv(tmp_path / "attack.csv", index=False)
    asked = AttackParameters(task="t", methods=("uce", "none", "retrain"))
    result = TEMPLATE.compute(asked, TEMPLATE.load(asked, {"table": [tmp_path / "attack.csv"]}, {}), INFERENCE)
    assert list(dict.fromkeys(result.table["method"])) == ["none", "retrain", "uce"] and len(result.rows) == 8
    figure = TEMPLATE.draw(result, asked, {})
    assert "over reference pictures" in figure.get_suptitle() and figure.axes[0].get_title() == "forgotten: a fox (entity)"
    assert not [text for text in figure.legends[0].get_texts() if "the most that any words" in text.get_text()]  # none were tried
    save(figure, tmp_path / "attack.png")


# --- the job ---


def test_an_attack_with_pictures_that_the_base_never_saw(tmp_path: Path) -> None:
    """Two breeds, few steps; the base forgot nothing, so its prompts succeed, and references are the non-members alone."""
    task = SETTINGS.entity_tasks["breeds"]
    source = SOURCES.load(task.source)(images_per_entity=3)
    names = [record["name"] for record in source.entities()[:2]]
    metadata = [{"index": index, "name": name} for index, name in enumerate(names)]
    receivers, emitters = of_entities(metadata, task.prompt_style)
    parts = {
        name: [ASSETS / f"{name}.{suffix}" for suffix in ("safetensors", "json")] for name in ("vae", "base_breeds", "judge")
    }
    of_base = SETTINGS.pretraining_of(SETTINGS.bases["breeds"])
    write_base(parts["vae"], parts["base_breeds"], ASSETS / "tokenizer.json", tmp_path / "base", of_base)
    write_evaluator(parts["judge"], tmp_path / "judge", "classifier", SETTINGS.pretraining_of(SETTINGS.evaluators["judge"]))
    write_json(tmp_path / "receivers.json", receiver_records(receivers))
    write_json(tmp_path / "emitters.json", emitter_records(emitters))
    write_json(tmp_path / "metadata.json", [{**record, "is_unlearned": False, "dataset_n_original": 3} for record in metadata])
    pack_images(names, source.images, tmp_path / "s.tar", tmp_path / "s.parquet")
    NoneDelta().save(tmp_path / "delta.safetensors", base_digest(tmp_path / "base"))
    losses_of_base(
        tmp_path / "base", tmp_path / "metadata.json", tmp_path / "receivers.json", tmp_path / "s.tar", tmp_path / "s.parquet", [],
        tmp_path / "latents.safetensors", tmp_path / "baseline.parquet", task, Membership(images=3),
        {"world": "mini", "task": "breeds", "seed": 0, "fidelity": "corrected"}, 32, 40, "cpu", "float32",
    )  # fmt: skip
    small = {"concepts": [1], "methods": ["none"], "seeds": 1, "rows": 1}
    small |= {"vectors": {"steps": [0, 1]}, "words": {"count": 1, "steps": 1, "exhaustive": True}}
    given: dict[str, Any] = {
        "base": tmp_path / "base", "receivers": tmp_path / "receivers.json", "emitters": tmp_path / "emitters.json",
        "latents": tmp_path / "latents.safetensors", "index": tmp_path / "baseline.parquet",
        "deltas": [tmp_path / "delta.safetensors"], "evaluators": [tmp_path / "judge"], "task": "breeds", "method": "none",
        "concept": 1, "judges": [JudgeMetrics(["judge"])], "seed": 0, "threads": 1,
        "settings": TypeAdapter(StudioSettings).validate_python(Studios(SETTINGS).settings("breeds", [42], ["judge"])),
    }  # fmt: skip
    attack(**given, attacks=Attack.model_validate(small), outcome=tmp_path / "found.parquet")
    found = read_parquet(tmp_path / "found.parquet")
    counts = found.groupby(["attack", "steps"]).size().to_dict()
    assert counts == {(PROMPT, 0): 3, (VECTORS, 0): 3, (VECTORS, 1): 3, (RANDOM, 0): 3, (WORDS, 1): 3, (EVERY, 0): 1}
    index = read_parquet(tmp_path / "baseline.parquet")
    own = index[(index["entity"] == 1) & ~index["member"]]
    assert set(found["picture"]) - {""} == set(own["image"]) and set(found["cell"]) == {1}
    assert found[found["attack"] == PROMPT]["success_1"].mean() == 1 and found["other_1"].isna().all()
    words = {word for text in found["words"] for word in text.split()}
    assert words and not words & set(names[1].split()[:2])  # what names the target is not allowed
    write_parquet(tmp_path / "few.parquet", index.assign(member=index["member"] | (index["entity"] == 1)))
    with pytest.raises(ValueError, match=f"few.parquet: '{names[1]}' has 0 pictures for attacks, `pictures` asks for 3"):
        attack(
            **given | {"index": tmp_path / "few.parquet"}, attacks=Attack.model_validate(small), outcome=tmp_path / "x.parquet"
        )
