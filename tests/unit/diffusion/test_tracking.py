"""Loss curves reach the service that the configuration names; without one no such package is imported."""

from __future__ import annotations

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lethe.diffusion.curves import write_curve
from lethe.diffusion.jobs.tracking import send
from lethe.diffusion.plan import tracking
from lethe.diffusion.plan.models import Models
from lethe.diffusion.plan.tracking import Tracking
from lethe.diffusion.trackers import TRACKERS
from lethe.io.tables import write_json
from lethe.settings.errors import SettingsError
from lethe.settings.models import Settings

ROOT = Path(__file__).parents[3]
MODELS = ["objects_000_distil_010", "objects_001_distil_010"]
LOSSES = {MODELS[0]: [0.5, 0.25, 0.125], MODELS[1]: [3.0, 2.0, 1.0]}
HYPERPARAMETERS = {"steps": 3, "rank": 4, "target_modules": ["*.to_k", "*.to_v"], "max_grad_norm": None}
GROUP = "objects_distil"


def planned(**given: object) -> Tracking:
    settings = Settings(**given)  # type: ignore[arg-type]
    return Tracking(settings, Models(settings, ROOT / "config/methods/diffusion"))


def arguments(folder: Path, tracker: str) -> dict[str, object]:
    """What the job gets, its files written."""
    for model in MODELS:
        curve = {"learning_rate": [1e-3] * 3, "loss_forget": LOSSES[model], "gradient_norm": [1.0, 1.0, 1.0]}
        (folder / model).mkdir(parents=True)
        write_curve(folder / model / "losses.csv", [curve], 7)
        emitter = {"index": 0, "name": "a cat", "prompt": "An image of a cat"}
        write_json(folder / model / "record.json", {"hyperparameters": HYPERPARAMETERS, "seed": 7, "emitter": emitter})
    files = {"losses": "losses.csv", "records": "record.json"}
    return {key: [folder / model / name for model in MODELS] for key, name in files.items()} | {
        "folder": folder / "sent",
        "models": MODELS,
        "tracker": tracker,
        "task": "objects",
        "method": "distil",
        "world": "mini",
    }


def test_without_a_tracker_nothing_is_planned() -> None:
    assert planned().files(["objects"]) == [] and planned().trackers == []
    assert planned().methods("objects") == ["distil", "munba"]  # uce is solved, not trained


def test_a_tracker_without_its_package_is_refused_by_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TRACKERS:
        monkeypatch.setattr(tracking, "find_spec", lambda asked, name=name: None if asked == name else object())
        with pytest.raises(SettingsError, match=f"'{name}' is not installed; pip install {name}, or set tracker: none"):
            planned(tracker=name)
        monkeypatch.setattr(tracking, "find_spec", lambda asked, name=name: object() if asked == name else None)
        expected = [f"<results>/tracking/{name}/objects_{method}" for method in ("distil", "munba")]
        assert planned(tracker=name).files(["objects"]) == expected
        of_a_record = {"models": "archive", "images": "archive", "record": "1"}
        assert planned(tracker=name, archive=of_a_record).files(["objects"]) == []  # it holds no curves


def test_without_a_tracker_no_package_is_imported_though_all_are_there(tmp_path: Path) -> None:
    """Each of them says so if it is imported, by the plan or by a job that trains."""
    for name in TRACKERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("print('imported:', __name__)\n")
    script = f"""
        import sys, torch
        sys.path.insert(0, {str(ROOT)!r})
        from lethe.workflow.configuration import load_configuration
        from lethe.workflow.plan import Plan
        from pathlib import Path
        import lethe.diffusion.jobs.tracking, lethe.diffusion.jobs.unlearn
        Plan(load_configuration({{}}), {{}}, Path({str(ROOT)!r}))
        from tests.unit.diffusion.test_curves import SPARE, run
        run(Path({str(tmp_path / "work")!r}), "distil", [0], SPARE | {{"steps": 1}})
        print("trained", [name for name in {list(TRACKERS)} if name in sys.modules])
    """
    path = os.pathsep.join([str(tmp_path), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.split("\n")[:-1] == ["trained []"]


@pytest.fixture
def sent(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The folder that a service has written, in a process of its own: trackio reads its environment once."""
    name = request.param
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    given = arguments(tmp_path, name)
    write_json(tmp_path / "given.json", {key: json.loads(json.dumps(value, default=str)) for key, value in given.items()})
    script = (
        "import json, sys; from pathlib import Path; from lethe.diffusion.jobs.tracking import send\n"
        "given = json.load(open(sys.argv[1])); path = lambda v: Path(v) if isinstance(v, str) else list(map(Path, v))\n"
        "send(**{k: path(v) if k in ('losses', 'records', 'folder') else v for k, v in given.items()})"
    )
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "TRACKIO_"))}
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "given.json")], env=inherited, check=True, timeout=300)
    return tmp_path / "sent"


@pytest.mark.parametrize("sent", ["tensorboard"], indirect=True)
def test_tensorboard_holds_every_step(sent: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for model in MODELS:
        events = EventAccumulator(str(sent / model))
        events.Reload()
        assert [(e.step, e.value) for e in events.Scalars("loss_forget")] == list(enumerate(LOSSES[model], start=1))
        assert events.Scalars("last/loss_forget")[0].value == LOSSES[model][-1]


@pytest.mark.parametrize("sent", ["wandb"], indirect=True)
def test_wandb_keeps_runs_offline(sent: Path) -> None:
    for model in MODELS:
        [folder] = (sent / "wandb").glob(f"offline-run-*-{model}-*")
        [log] = folder.glob("*.wandb")
        content = log.read_bytes()
        for part in (f"mini/{model}", GROUP, "loss_forget", "max_grad_norm"):
            assert part.encode() in content


@pytest.mark.parametrize("sent", ["trackio"], indirect=True)
def test_trackio_holds_every_step(sent: Path) -> None:
    with sqlite3.connect(sent / "mini.db") as database:
        rows = database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY id").fetchall()
        settings = [json.loads(text) for (text,) in database.execute("SELECT config FROM configs")]
    found = {(run, step): json.loads(numbers)["loss_forget"] for run, step, numbers in rows}
    assert found == {(f"mini/{model}", step): loss for model in MODELS for step, loss in enumerate(LOSSES[model], start=1)}
    assert all(one["rank"] == 4 and one["seed"] == 7 and one["emitter"] == "a cat" for one in settings)


class Stand:
    """Takes what ``init``, ``log`` and ``finish`` of wandb 0.31 and trackio 0.43 take, and nothing else; keeps what it was told."""

    def __init__(self) -> None:
        self.runs: list[dict[str, object]] = []

    class Settings:
        def __init__(self, *, console: str, silent: bool) -> None: ...

    def init(
        self, project=None, name=None, group=None, config=None, resume=None, id=None, dir=None, mode=None, settings=None,  # type: ignore[no-untyped-def]
        auto_log_gpu=None, auto_log_cpu=None,
    ):  # fmt: skip
        self.runs.append({"project": project, "name": name, "group": group, "config": config, "id": id, "mode": mode, "log": {}})
        return self

    def log(self, data: dict[str, float], step: int | None = None) -> None:
        self.runs[-1]["log"][step] = data  # type: ignore[index]

    def finish(self) -> None:
        self.runs[-1]["finished"] = True


@pytest.mark.parametrize("tracker", ["wandb", "trackio"])
def test_a_service_is_told_who_learnt_what(tracker: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand()
    monkeypatch.setitem(sys.modules, tracker, stand)  # type: ignore[arg-type]
    for name in ("WANDB_MODE", "WANDB_API_KEY", "TRACKIO_DIR"):
        monkeypatch.delenv(name, raising=False)
    send(**arguments(tmp_path / "a", tracker))  # type: ignore[arg-type]
    assert [run["name"] for run in stand.runs] == [f"mini/{model}" for model in MODELS]
    for run, model in zip(stand.runs, MODELS, strict=True):
        assert run["finished"] and (run["project"], run["group"]) == ("mini", GROUP)
        assert run["config"] == HYPERPARAMETERS | {"seed": 7, "emitter": "a cat"}
        assert run["log"] == {
            step: {"learning_rate": 1e-3, "loss_forget": loss, "gradient_norm": 1.0}
            for step, loss in enumerate(LOSSES[model], start=1)
        }
    assert (tmp_path / "a/sent").is_dir()
    if tracker == "wandb":
        monkeypatch.setenv("WANDB_API_KEY", "of the user")
        send(**arguments(tmp_path / "b", tracker))  # type: ignore[arg-type]
        assert [run["mode"] for run in stand.runs] == ["offline", "offline", None, None]
        assert stand.runs[0]["id"] == stand.runs[2]["id"] != stand.runs[1]["id"]  # sent again it is the same run
