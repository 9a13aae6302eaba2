"""A class of three with a project, a run and a model that was never trained."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from core.data.snapshot import snapshot_of_project
from core.data.store.store import Store
from core.models.bundle import BundleInfo, save_bundle
from core.models.resnet import build
from core.models.weights_table import preprocessing_of
from core.people import door, joining
from core.people.records import Person
from core.people.register import Register
from core.runs.folder import RunFolder
from core.runs.new_run import create_run
from core.runs.run_files import replace_file
from core.workspace import Workspace
from tests.people.conftest import quick_hashes, register, server
from tests.people.test_copies import _project

__all__ = ["quick_hashes", "register", "server"]


class Class(NamedTuple):
    """Ada has a project and a model; Ben and Cem have nothing. Zoe is in another class."""

    room: int
    ada: Person
    ben: Person
    cem: Person
    zoe: Person
    teacher: Person
    run: RunFolder
    project: int


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the smallest network for oak, elm and ash."""
    folder = tmp_path_factory.mktemp("shared") / "best"
    seen = preprocessing_of(64)
    info = BundleInfo(
        arch="resnet18", classes=("oak", "elm", "ash"), preprocessing=seen, created="2026-01-01T00:00:00+00:00"
    )
    save_bundle(folder, build("resnet18", 3), info)
    return folder


def finished(workspace: Workspace, store: Store, project: int, bundle: Path) -> RunFolder:
    """A run that says it has ended, with this bundle as its model and 9 of 10 validation photos right."""
    from tests.pages.trained import tiny

    run = create_run(
        workspace.runs / "20260101-120000-trees", snapshot_of_project(store, project), tiny(), title="Trees one"
    )
    run.best.mkdir()
    (run.best / "model.safetensors").hardlink_to(bundle / "model.safetensors")
    shutil.copy(bundle / "bundle.json", run.best)
    report = '{"n": 10, "accuracy": {"value": 0.9, "low": 0.6, "high": 0.98}}'
    replace_file(run.report_path("val"), report)
    run.write_status(state="finished")
    return run


@pytest.fixture
def room(register: Register, bundle: Path) -> Class:
    """The class."""
    made = register.create_class("7b")
    ada, ben, cem = (joining.join(register, made, name).person for name in ("Ada", "Ben", "Cem"))
    zoe = joining.join(register, register.create_class("7c"), "Zoe").person
    teacher = joining.enter_as_teacher(register, joining.set_pin(register), "here").person
    workspace = door.workspace_of(ada)
    store = Store(workspace)
    project = _project(store)
    run = finished(workspace, store, project.id, bundle)
    store.close()
    return Class(made.id, ada, ben, cem, zoe, teacher, run, project.id)
