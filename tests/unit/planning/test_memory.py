"""What jobs ask for follows the configuration, and a job that used more is found."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from lethe.planning.memory import need, report, used_by
from lethe.settings.methods import load_method
from lethe.workflow.configuration import load_configuration

CONFIG = Path(__file__).parents[3] / "config"


def settings(**generation):
    config = yaml.safe_load((CONFIG / "config.yaml").read_text())
    update_config(config, yaml.safe_load((CONFIG / "paper.yaml").read_text()))
    update_config(config, {"generation": generation})
    return load_configuration(config)


def benchmark(folder: Path, rule: str, used: str, asked: int) -> None:
    (folder / rule).mkdir(parents=True, exist_ok=True)
    resources = {"_cores": 1, "mem_mb": asked, "tmpdir": "/tmp"}
    (folder / rule / "x.tsv").write_text(f"s\tmax_rss\tmax_uss\tresources\n1.0\t9999\t{used}\t{resources}\n")


def test_the_paper_fits_the_cards_it_is_written_for():
    """An H100 has 80 GB; the profile gives a job 32 GB of main memory."""
    paper = settings()
    for job in ("latents", "generate"):
        assert 4300 < need(job, paper).gpu < 70_000 and 8600 < need(job, paper).host <= 32_000
    for method in ("distil", "munba", "munba_published"):
        values = load_method(method, "paper", "breeds", CONFIG / "methods/diffusion").parameters
        assert need("unlearn", paper, values).gpu < 70_000
    for method in ("esd", "ca", "salun", "salun_published", "spm", "hirm"):
        values = load_method(method, "sd15", "canvas", CONFIG / "methods/diffusion").parameters
        assert need("unlearn", paper, values).gpu < 45_000  # a card of 48 GB


def test_a_large_base_of_ones_own_is_counted_by_its_files(tmp_path: Path) -> None:
    """As large as Stable Diffusion XL, its UNet in half precision alone; files that are as long as they say, and hold nothing."""
    own = {"unet/diffusion_pytorch_model.fp16": 5135, "vae/diffusion_pytorch_model": 335, "vae/diffusion_pytorch_model.fp16": 167}
    own |= {"text_encoder/model": 492, "text_encoder_2/model": 2779, "safety_checker/model": 1200}
    for name, megabytes in own.items():
        file = tmp_path / f"{name}.safetensors"
        file.parent.mkdir(exist_ok=True)
        with open(file, "wb") as sparse:
            sparse.truncate(megabytes * 10**6)
    config = yaml.safe_load((CONFIG / "config.yaml").read_text()) | {"device": "cpu"}
    before = need("fetch", load_configuration(config)).host
    config["bases"] |= {"mine": {"source": "pretrained", "path": str(tmp_path)}}
    asked = need("fetch", load_configuration(config)).host
    assert before == 2000 and asked == 1500 + 2 * (2 * 5135 + 335 + 492 + 2779) + 248  # rounded up to 500


def test_need_follows_what_it_depends_on():
    assert need("generate", settings(batch_size=50)).gpu > need("generate", settings(batch_size=25)).gpu
    assert need("generate", settings(size=768)).gpu > need("generate", settings()).gpu
    paper, values = settings(), {"forget_batch": 4, "retain_batch": 4}
    whole = need("unlearn", paper, values)
    assert need("unlearn", paper, values | {"micro_batch": 2}).gpu < whole.gpu
    assert (
        need("unlearn", paper, values | {"together": 2}).gpu
        == need("unlearn", paper, values | {"micro_batch": 16}).gpu
        > whole.gpu
    )
    assert need("unlearn", paper, values | {"precision": "bfloat16"}).gpu < whole.gpu
    assert need("unlearn", paper).gpu < whole.gpu  # UCE trains nothing
    parts = [
        need("unlearn", paper, values | {"trainable": patterns}).gpu
        for patterns in (["*.attn2.*"], ["*"], ["*.attn2.*", "conv_in.*"])
    ]
    assert (
        whole.gpu < parts[0] < whole.gpu + 2000 and parts[1] == parts[2] >= whole.gpu + 4 * 3400
    )  # a UNet and what Adam keeps of it
    assert need("unlearn", paper, values | {"anchor_batch": 4}).gpu > whole.gpu
    drawing = need("generate", paper)
    assert need("generate", paper, {"updates": 10}).gpu > need("generate", paper, {"alpha": 1.0}).gpu == drawing.gpu
    importance = values | {"trainable": ["*"], "importance_rows": 1}  # which is kept beside
    assert need("unlearn", paper, importance).gpu >= parts[1] + 3400
    mini = load_configuration(yaml.safe_load((CONFIG / "config.yaml").read_text()))
    assert need("generate", mini).gpu == 0 and need("generate", mini).host < 4000


def test_a_job_that_used_more_is_found(tmp_path):
    benchmark(tmp_path, "generate", "1200.5", 2000)
    benchmark(tmp_path, "quick", "NA", 500)
    text, enough = report(tmp_path)
    assert enough and "generate" in text and "60%" in text and "quick" not in text
    benchmark(tmp_path, "unlearn", "2500.0", 2000)
    text, enough = report(tmp_path)
    assert not enough and text.splitlines()[1].endswith("MORE THAN ASKED")


def test_files_without_the_request_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="no benchmark file"):
        used_by(tmp_path)
    (tmp_path / "x.tsv").write_text("s\tmax_uss\n1.0\t100\n")
    with pytest.raises(ValueError, match="x.tsv: no column 'resources'"):
        used_by(tmp_path)
