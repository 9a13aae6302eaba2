"""A workspace of its own for every test, and pages opened in it under Streamlit's AppTest."""

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest, app_test, local_script_runner

from core.data.pictures.decoding import Decoded
from core.data.store.add_images import prepare_image
from core.data.store.store import Project, Store
from core.models import bundle
from core.models.bundle import BundleInfo
from core.workers import pool
from core.workspace import REPOSITORY, open_workspace
from pages.components.computing import computation
from pages.components.shared.frame import PAGES
from pages.components.shared.wording import SPLIT
from tests.pages.worker_here import WorkerHere

if TYPE_CHECKING:
    from core.models.resnet import ResNet

OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def packages_are_read_once() -> Iterator[None]:
    """Every AppTest reads the metadata of all installed packages, in search of components: half of a test's time."""
    found = manifest_scanner.scan_component_manifests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda: found)
        yield


@pytest.fixture(scope="session", autouse=True)
def pages_are_compiled_once() -> Iterator[None]:
    """Every run of an AppTest compiles its page anew, and asks a thousand times a second whether it has ended."""
    compiled = ScriptCache()

    def wait(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        assert runner._script_thread is not None
        runner._script_thread.join(timeout)
        assert runner.script_stopped(), f"the page did not end in {timeout} seconds"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app_test, "ScriptCache", lambda: compiled)
        patch.setattr(local_script_runner, "ScriptCache", lambda: compiled)
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture(autouse=True)
def weights_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of the finished run are links to one file: a test gets the network that an earlier one has read."""
    read_network = bundle._load_network

    def network(folder: Path, info: BundleInfo) -> "ResNet":
        try:
            file = (bundle.complete_folder(folder) / bundle.WEIGHTS_FILE).stat()
        except OSError:
            return read_network(folder, info)
        made_of = (info.task, info.arch, len(info.classes), info.model_sha256)
        key = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, *made_of)
        if key not in _networks:
            while len(_networks) > 3:
                _networks.pop(next(iter(_networks)))
            _networks[key] = read_network(folder, info)
        return _networks[key]

    monkeypatch.setattr(bundle, "_load_network", network)


_networks: "dict[tuple[object, ...], ResNet]" = {}


@pytest.fixture(autouse=True)
def computed_in_this_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Computations of the pool run in a thread of this process, and a page looks for their end more often."""
    monkeypatch.setattr(pool, "Worker", WorkerHere)
    monkeypatch.setattr(computation, "POLL_SECONDS", 0.02)
    yield
    for worker in WorkerHere.started:
        worker.end()  # what nobody waits for any more would go on in a workspace that is deleted


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty workspace; what Streamlit cached for another test's is let go."""
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    monkeypatch.setenv("RESNET_STUDIO_SERVER_FILES", "on")
    monkeypatch.delenv("RESNET_STUDIO_DATABASE_URL", raising=False)
    monkeypatch.chdir(REPOSITORY)
    # Pages would measure this machine in the background, once for the workspace of each test.
    monkeypatch.setattr("pages.components.train.time_estimate.begin_measuring", lambda workspace: False)
    # And compute features there: a process for each test, which outlives it. test_vector_job.py starts it.
    for module in ("core.inspection.suggesting.vector_job", "pages.components.annotate.suggest_state"):
        monkeypatch.setattr(f"{module}.begin", lambda *_, **__: None)
    yield tmp_path / "workspace"
    for thread in threading.enumerate():
        if thread.name.startswith("suggestions-"):
            thread.join()  # it reads the workspace, which is deleted now
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The store that the pages use too."""
    opened = Store(open_workspace())
    yield opened
    opened.close()


@pytest.fixture
def open_page() -> OpenPage:
    """``open_page("Data", project="1")``: a page of PAGES as a fresh tab shows it, with these query parameters."""

    def opened(page: str = "Home", **query: str) -> AppTest:
        app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=180)
        for key, value in query.items():
            app.query_params[key] = value
        if page != "Home":
            app.switch_page(PAGES[page].path)
        return app.run()

    return opened


def add_photo(store: Store, project: Project, name: str, label: str | None = None, seed: int | None = None) -> int:
    """A small photo of noise, different for each name; its id."""
    row, _ = store.add_image(project.id, noise(abs(hash(name)) if seed is None else seed), b"", name)
    if label is not None:
        store.annotate(project.id, [row.id], label, "teacher")
    return row.id


def add_photos(store: Store, project: Project, names: Iterable[str]) -> list[int]:
    """Small photos of noise without a label, added at once, which takes a third of the time; their ids."""
    prepared = [prepare_image(store.workspace, noise(abs(hash(name))), b"", name) for name in names]
    return [row.id for row, _ in store.add_images(project.id, prepared)]


def noise(seed: int) -> Decoded:
    dice = np.random.default_rng(seed)
    return Decoded(Image.fromarray(dice.integers(0, 255, (40, 60, 3), dtype=np.uint8)), (), "PNG", False)


@pytest.fixture
def birds(store: Store) -> Project:
    """Four owls, four ducks, and three photos without a label."""
    project = store.create_project("Birds", classes=["owl", "duck"])
    kinds = ["owl", "duck"] * 4
    names = [f"{kind} {place // 2}.png" for place, kind in enumerate(kinds)]
    ids = add_photos(store, project, [*names, *(f"new {number}.png" for number in range(3))])
    for photo, kind in zip(ids, kinds, strict=False):
        store.annotate(project.id, [photo], kind, "teacher")
    return project


def messages(app: AppTest) -> list[str]:
    """All that the page says as an error: a bug's sentence is among them, and what no frame caught."""
    return [read(element.value) for element in (*app.error, *app.exception)]


def read(markdown: str) -> str:
    """The text as a person reads it: without the escapes of ``plain``."""
    return markdown.replace(SPLIT, "").replace("\\", "")
