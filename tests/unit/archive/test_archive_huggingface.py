"""The same manifest in a Hugging Face data set, pushed and pulled by the real library against a local hub."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.hub_server import HUB_TOKEN, HubServer

from lethe.archive.bundle import write_bundle
from lethe.archive.errors import ArchiveError, BundleError, ManifestError, TokenError
from lethe.archive.huggingface import push
from lethe.archive.manifest import MANIFEST, write_manifest
from lethe.archive.pull import fetch_bundle, fetch_manifest
from lethe.settings.archive import Archive

REPOSITORY = "owner/lethe-smoke"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # see tests/hub_server.py
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    monkeypatch.setattr("lethe.archive.huggingface.time.sleep", lambda seconds: None)
    with HubServer() as hub:
        yield hub


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    bundles = []
    for name in ("images_a", "tables"):
        (tmp_path / f"results/{name}.bin").write_bytes(name.encode() * 10_000)
        bundles.append(write_bundle(tmp_path / f"{name}.tar", tmp_path / "results", [f"{name}.bin"], "images"))
    write_manifest(tmp_path / MANIFEST, "smoke", {}, bundles)
    return tmp_path


def pushed(hub: HubServer, ready: Path) -> dict[str, Any]:
    return push(REPOSITORY, ready / MANIFEST, ready, endpoint=hub.endpoint, token=SecretStr(HUB_TOKEN))


def archive(hub: HubServer, **changes: str) -> Archive:
    return Archive.model_validate(
        {"images": "archive", "host": "huggingface", "record": REPOSITORY, "endpoint": hub.endpoint} | changes
    )


def test_what_is_pushed_is_pulled_byte_for_byte(hub: HubServer, ready: Path) -> None:
    receipt = pushed(hub, ready)
    assert hub.tree(REPOSITORY) == {path.name: path.read_bytes() for path in [*ready.glob("*.tar"), ready / MANIFEST]}
    assert hub.visibility == {REPOSITORY: "private"} and receipt["commit"] == hub.oid(REPOSITORY)
    hub.asked.clear()
    fetch_manifest(archive(hub), ready / "got" / MANIFEST)
    for name in ("images_a.tar", "tables.tar"):
        fetch_bundle(archive(hub, revision=receipt["commit"]), ready / "got" / MANIFEST, ready / "got" / name)
        assert (ready / "got" / name).read_bytes() == (ready / name).read_bytes()
    assert sorted(path.name for path in (ready / "got").iterdir()) == ["images_a.tar", MANIFEST, "tables.tar"]
    assert not any(token for *_, token in hub.asked)  # public reads send no token


def test_pushing_again_sends_nothing(hub: HubServer, ready: Path) -> None:
    first = pushed(hub, ready)
    assert pushed(hub, ready) == first
    assert len(hub.repositories[REPOSITORY]) == 1 and set(hub.sent.values()) == {1}


def test_what_was_sent_before_a_kill_is_not_sent_again(hub: HubServer, ready: Path) -> None:
    hub.fail["POST", "/commit/"] = [500]
    with pytest.raises(ArchiveError, match="500 Internal Server Error"):
        pushed(hub, ready)
    assert hub.repositories[REPOSITORY] == [] and len(hub.sent) == 2
    pushed(hub, ready)
    assert set(hub.sent.values()) == {1} and len(hub.repositories[REPOSITORY]) == 1


def test_faults_on_the_way_are_survived(hub: HubServer, ready: Path) -> None:
    hub.fail["PUT", "/lfs-store/"] = [503, 500]
    hub.fail["POST", "/preupload/"] = [429]
    pushed(hub, ready)
    hub.fail["GET", "/resolve/"] = [503]
    fetch_bundle(archive(hub), ready / MANIFEST, ready / "got/tables.tar")
    assert hub.survived == {503: 2, 500: 1, 429: 1} and set(hub.sent.values()) == {1}


@pytest.mark.parametrize(("status", "message"), [(401, "401 Unauthorized"), (403, "403 Forbidden"), (400, "Bad request")])
def test_a_refusal_is_one_clear_error_without_the_token(
    hub: HubServer, ready: Path, status: int, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hub.fail["POST", "/preupload/"] = [status]
    with pytest.raises(ArchiveError, match=message) as caught:
        pushed(hub, ready)
    assert isinstance(caught.value, TokenError) == (status != 400)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    trace = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert HUB_TOKEN not in trace + caplog.text


def test_no_hub_is_one_clear_error(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    endpoint = "http://127.0.0.1:9"
    with pytest.raises(ArchiveError, match="127.0.0.1:9") as caught:
        push(REPOSITORY, ready / MANIFEST, ready, endpoint=endpoint, token=SecretStr(HUB_TOKEN))
    assert caught.value.__context__ is None
    elsewhere = Archive(images="archive", host="huggingface", record=REPOSITORY, endpoint=endpoint)
    with pytest.raises(ArchiveError, match="127.0.0.1:9"):
        fetch_manifest(elsewhere, ready / "got" / MANIFEST)
    assert not list((ready / "got").iterdir())


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda hub: hub.spoiled.add("tables.tar"), BundleError, "sha256 is .*, the manifest lists"),
        (lambda hub: hub.tree(REPOSITORY).pop("tables.tar"), ArchiveError, "'tables.tar' at main: .*404"),
        (lambda hub: hub.repositories.clear(), ArchiveError, "404"),
    ],
)
def test_a_wrong_data_set_is_one_clear_error(hub: HubServer, ready: Path, spoil: Any, error: Any, message: str) -> None:
    pushed(hub, ready)
    spoil(hub)
    with pytest.raises(ArchiveError, match=message) as caught:
        fetch_bundle(archive(hub), ready / MANIFEST, ready / "got/tables.tar")
    assert type(caught.value) is error and not list((ready / "got").iterdir())


def test_a_bundle_that_changed_is_not_pushed(hub: HubServer, ready: Path) -> None:
    (ready / "tables.tar").write_bytes(b"changed")
    with pytest.raises(ManifestError, match=r"tables.tar changed after"):
        pushed(hub, ready)
    assert not hub.asked
