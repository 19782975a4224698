"""Membership inference: which images are asked about, their losses, the area under the curve, the tables and gates."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from tests.tiny_pipeline import LATENT, TEXT_WIDTH, shared_tiny_pipeline

from lethe.benchmarks.icare.membership import membership_gates, membership_means, membership_table
from lethe.core.records import ModelId
from lethe.diffusion.delta import DenseDelta, NoneDelta, TextMapDelta
from lethe.diffusion.metrics.membership import denoising_losses, losses_of_models, questions
from lethe.diffusion.noise import loss_noise
from lethe.diffusion.pipeline import load_pipeline
from lethe.diffusion.sources import SOURCES
from lethe.diffusion.sources.drawing import RenderedSource
from lethe.diffusion.sources.redrawn import REDRAWN, no_unseen
from lethe.diffusion.testbed.members import asked_of, seen_and_unseen, shown_and_others
from lethe.diffusion.testbed.receivers import of_entities
from lethe.io.shards import ShardReader, write_shard
from lethe.settings.membership import Membership
from lethe.settings.models import Settings
from lethe.statistics.attacks import auc, auc_interval

METADATA = [{"index": 0, "name": "cat"}, {"index": 1, "name": "red_park"}]
RECEIVERS, _ = of_entities(METADATA, "thing")


# --- which images ------------------------------------------------------------------------------------------------


def test_sources_that_draw_more_are_those_named() -> None:
    assert {name for name in SOURCES.names() if hasattr(SOURCES.load(name), "unseen")} == set(REDRAWN)


def test_unseen_pictures_are_those_of_a_larger_source() -> None:
    kind: type[RenderedSource] = SOURCES.load("rendered_people")
    small, large = kind(images_per_entity=3), list(kind(images_per_entity=5).images("Orla_Vess"))
    fresh = list(small.unseen("Orla_Vess", 2))
    assert [image.file_name for image in fresh] == ["0003.png", "0004.png"]
    for image, wanted in zip(fresh, large[3:], strict=True):
        assert np.array_equal(image.pixels, wanted.pixels)
    seen = {image.pixels.tobytes() for image in small.images("Orla_Vess")}
    assert not seen & {image.pixels.tobytes() for image in fresh}


def shard_of(folder: Path, counts: dict[str, int]) -> ShardReader:
    rows = [
        (
            f"{number:03d}/{k:04d}.png",
            np.full((8, 8, 3), 40 * number + k, np.uint8),
            {"entity": name, "file_name": f"{k:04d}.png"},
        )
        for number, (name, count) in enumerate(counts.items())
        for k in range(count)
    ]
    write_shard(folder / "s.tar", rows)
    return ShardReader(folder / "s.tar")


def test_seen_and_unseen(tmp_path: Path) -> None:
    from lethe.diffusion.sources.base import SourceImage

    shard = shard_of(tmp_path, {"cat": 6, "red_park": 2, "not selected": 3})

    def unseen(name: str, count: int):
        return (SourceImage(f"new {name} {k}", np.zeros((8, 8, 3), np.uint8)) for k in range(count))

    found = list(seen_and_unseen(METADATA, shard, unseen, 4, 0))
    kinds = [(c.entity, c.member) for c in found]
    assert kinds == [(0, True)] * 4 + [(0, False)] * 4 + [(1, True)] * 2 + [(1, False)] * 2  # as many as there are members
    assert [c.image for c in found if not c.member] == [f"new cat {k}" for k in range(4)] + ["new red_park 0", "new red_park 1"]
    for c in found[:4]:
        assert c.pixels[0, 0, 0] == int(c.image.removesuffix(".png"))
    drawn = [frozenset(c.image for c in seen_and_unseen(METADATA[:1], shard, unseen, 4, seed) if c.member) for seed in range(9)]
    assert len(set(drawn)) > 3  # the seed draws, not the order of files


def test_shown_and_others(tmp_path: Path) -> None:
    shard = shard_of(tmp_path, {"cat": 6, "red_park": 2})
    shown = ["000/0000.png", "000/0001.png", "001/0000.png", "001/0001.png"]
    found = {(c.entity, c.image, c.member) for c in shown_and_others(METADATA, shard, shown, 3, 0)}
    assert {(e, image) for e, image, member in found if member} == {
        *((0, f"000{k}.png") for k in (0, 1)),
        *((1, f"000{k}.png") for k in (0, 1)),
    }
    others = {(e, image) for e, image, member in found if not member}
    assert len(others) == 3 and others <= {(0, f"000{k}.png") for k in range(2, 6)}  # red_park has no other image


def index_of(counts: list[tuple[int, int]]) -> pd.DataFrame:
    rows = [
        (e, f"{kind}{k}", kind)
        for e, pair in enumerate(counts)
        for kind, n in zip((True, False), pair, strict=True)
        for k in range(n)
    ]
    return pd.DataFrame(rows, columns=["entity", "image", "member"])


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=2, max_size=6),
    images=st.integers(1, 12),
    data=st.data(),
)
def test_asked_of(counts: list[tuple[int, int]], images: int, data: st.DataObject) -> None:
    counts = [*counts, (1, 1)]  # so that the last entity is in the index
    index, emitter = index_of(counts), data.draw(st.integers(0, len(counts) - 1))
    rows = asked_of(index, emitter, images)
    asked = index.iloc[rows]
    assert (np.diff(rows) > 0).all()
    own, others = asked[asked["entity"] == emitter], asked[asked["entity"] != emitter]
    assert len(own) == sum(counts[emitter])
    wanted = min(images, sum(min(pair) for e, pair in enumerate(counts) if e != emitter))
    assert others["member"].sum() == (~others["member"]).sum() == wanted
    matched = others.groupby("entity")["member"].agg(["sum", "size"])  # so that no entity tells members apart
    assert (2 * matched["sum"] == matched["size"]).all()


def test_emitters_draw_their_own_images_of_others() -> None:
    index = index_of([(12, 12)] * 5)
    drawn = [set(asked_of(index, e, 8)) - set(index.index[index["entity"] == e]) for e in range(5)]
    assert all(len(rows) == 16 for rows in drawn)
    assert not any(a & b for a, b in itertools.combinations(drawn, 2))


# --- losses ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipe():
    return load_pipeline(shared_tiny_pipeline())


def small(pipe, n: int = 3, timesteps: tuple[int, ...] = (10, 700), **changes):
    candidates = pd.DataFrame({"entity": [k % 2 for k in range(n)], "image": [f"{k}.png" for k in range(n)]})
    latents = torch.randn((n, *LATENT), generator=torch.Generator().manual_seed(5))
    values = {"fidelity": "corrected", "world": "w", "task": "t", "seed": 0} | changes
    membership = Membership(timesteps=list(timesteps), members=values.pop("members", "base"))
    return questions(candidates, latents, RECEIVERS, membership, **values)


def test_losses_equal_a_plain_loop_over_diffusers(pipe) -> None:
    from diffusers import DDPMScheduler

    asked, scheduler = small(pipe), DDPMScheduler.from_config(pipe.scheduler.config)
    found = denoising_losses(pipe, asked, [0, 1, 2], batch_size=4)
    for row, (column, step) in itertools.product(range(3), enumerate((10, 700))):
        noise = loss_noise("w", "t", row % 2, f"{row}.png", step, 0, LATENT)[None]
        noisy = scheduler.add_noise(asked.latents[row][None], noise, torch.tensor([step]))
        tokens = pipe.tokenizer(
            ["An image of a cat", "An image of a red park"][row % 2],
            padding="max_length",
            max_length=pipe.tokenizer.model_max_length,
            return_tensors="pt",
        )
        with torch.no_grad():
            states = pipe.text_encoder(tokens.input_ids).last_hidden_state
            predicted = pipe.unet(noisy, step, states).sample
        assert found[row, column] == pytest.approx(float(torch.nn.functional.mse_loss(predicted, noise)), rel=1e-5)


def test_a_loss_belongs_to_its_image(pipe) -> None:
    asked = small(pipe, n=5)
    whole = denoising_losses(pipe, asked, range(5), 64)
    np.testing.assert_allclose(denoising_losses(pipe, asked, [3, 1], 1), whole[[3, 1]], rtol=1e-5)


def test_models_are_asked_one_after_the_other_and_taken_back(pipe) -> None:
    asked = small(pipe, n=4)
    before = {name: value.clone() for name, value in pipe.unet.state_dict().items()}
    name = "unet.conv_out.weight"
    dense = DenseDelta({name: 2 * pipe.unet.conv_out.weight.detach()})
    mapped = TextMapDelta(torch.zeros(1, TEXT_WIDTH), torch.zeros(1, TEXT_WIDTH), 0.5)
    rows = [np.array(r) for r in ([0, 1], [1, 2, 3], [0, 3], [2], [1, 2])]
    calls: list[int] = []
    hook = pipe.unet.register_forward_hook(lambda module, inputs, output: calls.append(len(inputs[0])))
    found = list(losses_of_models(pipe, asked, [NoneDelta(), dense, NoneDelta(), mapped, NoneDelta()], rows, 64))
    hook.remove()
    assert calls == [8, 6, 2]  # images times timesteps: the three no-ops are asked together, once
    base = denoising_losses(pipe, asked, range(4), 64).mean(1)
    for number in (0, 2, 4):
        np.testing.assert_array_equal(found[number], base[rows[number]])
    assert not np.allclose(found[1], base[rows[1]]) and not np.allclose(found[3], base[rows[3]], rtol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in pipe.unet.state_dict().items())


def test_captions_are_those_of_training(pipe) -> None:
    assert small(pipe).captions[1] == "An image of a red park"
    assert small(pipe, fidelity="published").captions[1] == "An image of a red park"  # the base never saw a raw label
    assert small(pipe, fidelity="published", members="unlearning").captions[1] == "red_park"


def test_what_cannot_be_asked_is_named(pipe) -> None:
    with pytest.raises(ValueError, match=r"timestep 1000 does not exist; allowed: 0 to 999"):
        denoising_losses(pipe, small(pipe, timesteps=(1000,)), [0], 1)
    with pytest.raises(ValueError, match="3 latents for 1 candidates"):
        questions(
            pd.DataFrame({"entity": [0], "image": ["a"]}),
            torch.zeros(3, *LATENT),
            RECEIVERS,
            Membership(),
            fidelity="corrected",
            world="w",
            task="t",
            seed=0,
        )


NOISE = ("w", "t", 1, "0001.png", 50, 0)


@pytest.mark.parametrize(("place", "other"), [(0, "v"), (1, "s"), (2, 2), (3, "0002.png"), (4, 51), (5, 1)])
def test_every_part_of_the_noise_counts(place: int, other: str | int) -> None:
    changed = (*NOISE[:place], other, *NOISE[place + 1 :])
    a, b = (loss_noise(*identity, LATENT).flatten() for identity in (NOISE, changed))  # type: ignore[arg-type]
    assert abs(float(torch.corrcoef(torch.stack([a, b]))[0, 1])) < 0.25
    assert torch.equal(a, loss_noise(*NOISE, LATENT).flatten())  # type: ignore[arg-type]


# --- area, tables, gates -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    members=st.lists(st.integers(0, 5), min_size=1, max_size=8), nonmembers=st.lists(st.integers(0, 5), min_size=1, max_size=8)
)
def test_area_is_the_share_of_pairs(members: list[int], nonmembers: list[int]) -> None:
    pairs = [1.0 if m < n else 0.5 if m == n else 0.0 for m in members for n in nonmembers]
    assert auc(-np.array(members, float), -np.array(nonmembers, float)) == pytest.approx(np.mean(pairs))


def test_interval_is_that_of_a_plain_bootstrap() -> None:
    generator = np.random.default_rng(0)
    members, nonmembers = generator.normal(-0.5, 1, 30), generator.normal(0, 1, 40)
    truth = np.r_[np.ones(30), np.zeros(40)]
    plain = [roc_auc_score(truth, -np.r_[generator.choice(members, 30), generator.choice(nonmembers, 40)]) for _ in range(2000)]
    low, high = auc_interval(-members, -nonmembers, 2000, 0.95, 0)
    assert (low, high) == pytest.approx(tuple(np.percentile(plain, [2.5, 97.5])), abs=0.02)
    assert auc_interval(np.array([1.0, 2.0]), np.array([0.0, 0.1]), 100, 0.95, 0) == (1.0, 1.0)
    assert all(np.isnan(auc_interval(members[:1], nonmembers, 100, 0.95, 0)))
    assert np.isnan(auc(members, nonmembers[:0]))


def test_interval_covers() -> None:
    generator = np.random.default_rng(1)
    found = [auc_interval(*generator.normal(size=(2, 40)), 300, 0.95, k) for k in range(300)]  # type: ignore[call-arg]
    assert 0.9 <= np.mean([low <= 0.5 <= high for low, high in found]) <= 0.985


def losses(index: pd.DataFrame, gap: dict[int, float]) -> pd.DataFrame:
    """Non-members of every entity at 1 + k/100, members lower by ``gap`` of their entity."""
    place = index["image"].str.extract(r"(\d+)")[0].astype(int) / 100
    return index.assign(loss=1 + place - index["member"] * index["entity"].map(gap))


def test_tables_and_gates_by_hand() -> None:
    index = index_of([(20, 20)] * 4)
    known = dict.fromkeys(range(4), 10.0)
    base = losses(index, known)
    emitters = {"none": range(4), "uce": range(4), "retrain": [1]}
    models = []
    for method, own in emitters.items():
        for emitter in own:
            gap = known if method == "none" else known | {emitter: 0.0}
            models.append((ModelId("t", emitter, method, 0), losses(index, gap).iloc[asked_of(index, emitter, 6)]))
    table = membership_table(models, base, images=6, members_of="base", draws=100, level=0.95, seed=0)
    assert list(dict.fromkeys(table["method"])) == ["base", "none", "uce", "retrain"]
    assert len(table) == 2 * (4 + 4 + 4 + 1) and set(table["members_of"]) == {"base"}
    for (method, receivers), part in table.groupby(["method", "receivers"]):
        forgotten = receivers == "emitter" and method in ("uce", "retrain")
        assert part["auc"].tolist() == pytest.approx([0.5 if forgotten else 1.0] * len(part))
        assert set(part["members"]) == set(part["nonmembers"]) == {20 if receivers == "emitter" else 6}
    assert table["loss_nonmembers"].iloc[0] == pytest.approx(1 + np.mean(range(20)) / 100)
    means = membership_means(table, exclude=[3], draws=100, level=0.95, seed=0).set_index(["method", "receivers"])
    assert means.loc[("uce", "emitter"), "emitters"] == 3 and means.loc[("uce", "emitter"), "change"] == pytest.approx(-0.5)
    assert means.loc[("uce", "others"), "change"] == means.loc[("none", "emitter"), "change"] == 0
    assert np.isnan(means.loc[("retrain", "emitter"), "low"])
    gates = {gate.gate: gate for gate in membership_gates(table, means.reset_index())}
    assert set(gates) == {"base_knows_its_members", "retrain_knows_no_member", "none_answers_as_the_base"}
    assert all(gate.holds for gate in gates.values())
    # a "retrained" model that knows its emitter, a no-op that does something, a base that knows nothing
    broken = table.copy()
    broken.loc[broken["method"] == "retrain", ["auc", "low", "high"]] = [0.8, 0.7, 0.9]
    broken.loc[broken["method"] == "none", "loss_members"] += 0.1
    broken.loc[broken["method"] == "base", "auc"] = 0.5
    again = membership_gates(broken, membership_means(broken, draws=100, level=0.95, seed=0))
    assert not any(gate.holds for gate in again)


# --- who has a table ---------------------------------------------------------------------------------------------


def test_who_has_a_table_and_why_not() -> None:
    default = Settings()
    reasons = {
        name: no_unseen(default.scoring.membership.members, task.source, default.bases[task.base].source != "pretrained")
        for name, task in default.tasks.items()
    }
    assert [name for name, reason in reasons.items() if not reason] == ["breeds", "scenes", "people"]
    assert "trained on every image of the source 'digits'" in reasons["objects"]
    assert "pretrained base was trained on is not known" in no_unseen("base", "lfw", trained_here=False)
    assert not no_unseen("unlearning", "digits", trained_here=True)
    assert "'none'" in no_unseen("none", "rendered_breeds", trained_here=True)
