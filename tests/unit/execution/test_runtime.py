"""What every job sets up first."""

from __future__ import annotations

import ast
import importlib.metadata
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lethe.core import compat
from lethe.core.device import resolve_device
from lethe.core.progress import progress, subject
from lethe.core.records import ImageKey, ModelId
from lethe.execution.runtime import share_compiled


def test_an_uncaught_error_reaches_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "job.log"
    job = f"SimpleNamespace(log=[{str(log)!r}], threads=1, input=[], output=[])"
    code = f"from types import SimpleNamespace; from lethe.execution.runtime import start_job; start_job({job}, 'a job')"
    code += "; raise ValueError('entity 7')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    text = log.read_text()
    assert text.splitlines()[0].split(" INFO ")[1].startswith("a job | python 3.")
    assert "ValueError: entity 7" in text and "Traceback" in text
    assert "ERROR ValueError: entity 7" in done.stderr and "Traceback" not in done.stderr, "the terminal has it from the log"


def test_progress_tells_rate_and_time_left(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="lethe"):
        assert list(progress(range(4), total=40, unit="image", what="generate x", per_item=10)) == [0, 1, 2, 3]
    assert "generate x: 40/40 images" in caplog.text and "images/s" in caplog.text and "0 s left" in caplog.text


def test_progress_is_a_line_a_minute(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 20 s: at 80 s and 160 s, and nothing at the end of an inner loop."""
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr("lethe.core.progress.time.monotonic", lambda: float(next(clock)))
    with caplog.at_level(logging.INFO, logger="lethe"), subject("objects_003_uce_000"):
        assert len(list(progress(range(10), total=10, unit="step", what="", note=lambda: "loss 0.5", inner=True))) == 10
    assert [record.message for record in caplog.records] == [
        "objects_003_uce_000: 4/10 steps, loss 0.5, 0.05 steps/s, 2 min left",
        "objects_003_uce_000: 8/10 steps, loss 0.5, 0.05 steps/s, 40 s left",
    ]


def test_a_job_says_its_progress_in_its_log_and_only_warnings_on_the_terminal(tmp_path: Path) -> None:
    code = f"from lethe.execution.runtime import setup_logging, log; setup_logging({str(tmp_path / 'a.log')!r}, 'a job')"
    code += "; log.info('a line'); log.warning('look here')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "look here" in done.stderr and "INFO" not in done.stderr
    assert "a line" in (text := (tmp_path / "a.log").read_text()) and "look here" in text


def test_cuda_is_never_replaced_silently() -> None:
    torch = pytest.importorskip("torch")
    assert resolve_device("cpu") == "cpu"
    if not torch.cuda.is_available():
        with pytest.raises(RuntimeError, match="device 'cuda' was asked for.*set device: cpu"):
            resolve_device("cuda")


def test_a_healthy_torchvision_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat, "_KEEP", [])
    monkeypatch.setattr(compat, "torchvision_is_broken", lambda: False)
    assert compat.repair_torchvision() is False and compat._KEEP == []


def test_the_repair_makes_torchvision_importable() -> None:
    """Whoever imports it, after ``lethe``; and it may be looked for before."""
    code = "import lethe, importlib.util; importlib.util.find_spec('torchvision'); import torchvision.transforms, transformers, open_clip"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_published_names() -> None:
    model = ModelId("people", 0, "uce", 0)
    assert model.name == "people_000_uce_000" and ModelId.parse(model.name) == model
    assert ModelId.parse("objects_012_distil_weight_004") == ModelId("objects", 12, "distil_weight", 4)
    assert ImageKey(3, 42).file_name == "003_42.png"
    with pytest.raises(ValueError, match="'people_uce' is not a model name"):
        ModelId.parse("people_uce")


def test_cpu_share_is_read_from_logs(tmp_path: Path) -> None:
    from lethe.tools.cpu_share import cpu_share, cpu_times

    for rule, name, seconds, importing in (("score", "1", 10, 2.5), ("score", "2", 6, 1), ("unlearn", "1", 4, 3.75)):
        (tmp_path / rule).mkdir(exist_ok=True)
        end = f"x INFO cpu: {seconds:.2f} s in all, {importing:.2f} s of it to start and to import\n"
        (tmp_path / rule / f"{name}.log").write_text(f"x INFO cpu: 1.00 s to start\n{end}")
    (tmp_path / "claims.log").write_text("x INFO cpu: 1.00 s to start\n")  # died: not counted
    assert cpu_times(tmp_path) == {"unlearn": (1, 4.0, 3.75), "score": (2, 16.0, 3.5)}
    assert list(cpu_times(tmp_path)) == ["unlearn", "score"]
    assert cpu_share(tmp_path) == (3, 20.0, 7.25) and cpu_share(tmp_path).share == pytest.approx(0.6375)
    assert cpu_share(tmp_path / "none").jobs == 0


def test_a_job_logs_what_starting_and_later_imports_cost(tmp_path: Path) -> None:
    from lethe.tools.cpu_share import cpu_share

    slow = tmp_path / "slow_module.py"
    slow.write_text("import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\n")
    log = tmp_path / "job.log"
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from types import SimpleNamespace
snakemake = SimpleNamespace(log=[{str(log)!r}], threads=1, input=[], output=[])
from lethe.execution.runtime import start_job
start_job(snakemake, 'a job')
def compute():
    {{}}
    sum(range(10**7))
compute()
"""

    def importing(statement: str) -> float:
        subprocess.run([sys.executable, "-c", code.format(statement)], check=True, capture_output=True)
        time = cpu_share(tmp_path)
        assert time.jobs == 1 and 0 < time.importing < time.seconds
        return time.importing

    without = importing("pass")
    assert 0.4 < importing("import slow_module") - without < 2
    assert 0.4 < importing("import importlib; importlib.import_module('slow_module')") - without < 2


def test_a_job_asks_for_deterministic_algorithms_without_loading_the_compiler() -> None:
    code = (
        "import sys; from lethe.core.device import setup_torch; setup_torch(1); import torch;"
        "print(torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled(),"
        "'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "False"]


def test_a_deferred_package_list_is_read_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    whole = lambda: read.append(1) or {"PIL": ["pillow"]}  # noqa: E731
    monkeypatch.setattr(importlib.metadata, "packages_distributions", whole)
    with compat.quick_imports():
        packages = importlib.metadata.packages_distributions()
    assert read == [] and importlib.metadata.packages_distributions is whole
    assert (
        "PIL" in packages
        and packages["PIL"] == ["pillow"]
        and packages.get("cv2") is None
        and dict(packages) == {"PIL": ["pillow"]}
    )
    assert read == [1]


def test_environments_are_read_by_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """And to the same values."""
    text = (Path(__file__).parents[3] / "envs/lethe.yaml").read_text()
    in_python = yaml.load(text, Loader=yaml.Loader)
    monkeypatch.setattr(yaml, "Loader", yaml.Loader)  # set back at the end
    compat.read_yaml_by_libyaml()
    assert issubclass(yaml.Loader, yaml.CLoader)
    assert yaml.load(text, Loader=yaml.Loader) == in_python


def test_nothing_happens_when_the_package_is_imported() -> None:
    """Collector, imports and clocks are as before, also in a rule's script; one finder waits for a torchvision to repair."""
    code = (
        "import builtins, gc, importlib, importlib.metadata, sys, threading; snakemake = None\n"
        "def state(): return (gc.isenabled(), gc.get_freeze_count(), builtins.__import__, importlib.import_module,"
        " importlib.metadata.packages_distributions, sys.excepthook, threading.active_count())\n"
        "before, finders = state(), list(sys.meta_path)\n"
        "import lethe.execution.runtime, lethe.execution.child, lethe.execution.job\n"
        "assert state() == before\n"
        "print(*(type(finder).__name__ for finder in sys.meta_path if finder not in finders), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["_RepairingFinder", "False"]


def test_the_collector_rests_while_large_libraries_are_imported() -> None:
    code = (
        "import gc; from lethe.core.compat import quick_imports\n"
        "with quick_imports(): print(gc.isenabled())\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]


@pytest.mark.parametrize("script", sorted((Path(__file__).parents[3] / "scripts").glob("*.py")), ids=lambda path: path.stem)
def test_a_script_starts_its_log_first(script: Path) -> None:
    body = ast.parse(script.read_text()).body
    called = next(node.value.func for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
    assert isinstance(called, ast.Name) and called.id in ("run_job", "start_job")


def test_what_is_compiled_is_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the run, which all nodes see, unless the user has named another."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "/somewhere")
    share_compiled()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "/somewhere"
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    share_compiled()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / ".snakemake/torchinductor")
