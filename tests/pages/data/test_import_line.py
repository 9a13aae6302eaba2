"""While an import is running, every page says so, where it would else say that something is missing."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from core.data.importing import store_photos
from core.data.importing.import_progress import ImportProgress, claim_import, import_progress
from core.data.importing.photo_files import decode_ahead
from core.data.limited.photos import prepared_photo
from core.data.store.add_images import PreparedImage
from core.data.store.store import Project, Store
from core.workspace import REPOSITORY, Workspace
from pages.components.data import uploaded_files
from pages.components.data.importing.import_line import progress_of
from pages.components.data.importing.import_progress import Import, register
from pages.components.shared.wording import time_left
from tests.pages.conftest import OpenPage, add_photo, messages
from tests.pages.data.test_data import png, upload
from tests.pages.waiting import until

LINE = "Importing 'flowers': 812 of 3,119 photos"


@contextmanager
def running(store: Store, project: Project, *, labelled: bool = True) -> Iterator[None]:
    """An import by another process, as far as the pages can see."""
    with claim_import(store.workspace, project.id, "flowers", 3119, labelled) as claim:
        claim.note(812)
        yield


def said(app: AppTest) -> str:
    shown = [one.value for one in (*app.header, *app.markdown, *app.info, *app.warning, *app.caption)]
    return "\n".join([*shown, *(one.proto.text for one in app.get("progress"))])


@pytest.fixture
def empty(store: Store) -> Project:
    return store.create_project("Birds")


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        ("Home", "This project is empty"),
        ("Data", "Choose *Add photos*"),
        ("Annotate", "No photos yet"),
        ("Train", "Not enough labelled photos yet"),
    ],
)
def test_an_empty_project_with_an_import_is_not_said_to_be_empty(
    open_page: OpenPage, empty: Project, store: Store, page: str, missing: str
) -> None:
    """Pages said "There are no labelled images" while 3,119 of them came in."""
    with running(store, empty):
        app = open_page(page)
        if page == "Data":
            app.segmented_control(key="data-section").set_value("Photos").run()
        assert LINE in said(app)
        assert missing not in said(app)
        assert not messages(app)
    app.run()
    assert LINE not in said(app)
    assert missing in said(app)


def test_nobody_is_asked_for_classes_that_the_import_brings(open_page: OpenPage, empty: Project, store: Store) -> None:
    add_photo(store, empty, "first.png")
    with running(store, empty, labelled=True):
        app = open_page("Annotate")
        assert LINE in said(app)
        assert "List your classes" not in said(app)
    with running(store, empty, labelled=False):
        app.run()
        assert LINE in said(app)
        assert "List your classes" in said(app)


def test_an_import_of_a_command_is_shown_where_photos_are_added_and_can_be_cancelled(
    open_page: OpenPage, empty: Project, store: Store
) -> None:
    with claim_import(store.workspace, empty.id, "flowers", 3119, labelled=True) as claim:
        claim.note(812)
        app = open_page("Data")
        assert LINE in said(app)
        assert not app.file_uploader
        app.button(key="import-cancel").click().run()
        assert claim.cancelled
        assert "Cancelling: the photos imported so far stay" in said(app)
        assert app.button(key="import-cancel").disabled
    app.run()
    assert len(app.file_uploader) == 1


def test_a_cancelled_import_keeps_its_photos_or_removes_them_on_a_click(
    open_page: OpenPage, empty: Project, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(workspace: Workspace, raw: bytes, name: str) -> PreparedImage:
        time.sleep(0.1)
        return prepared_photo(workspace, raw, name)

    monkeypatch.setattr(store_photos, "prepared_photo", slowly)
    monkeypatch.setattr(decode_ahead, "_threads", lambda: 1)
    monkeypatch.setattr(store_photos, "BATCH_PHOTOS", 2)
    app = open_page("Data")
    table = "filename,label\n" + "".join(f"{number}.png,owl\n" for number in range(80))
    upload(app, ("labels.csv", table.encode()), *[(f"{number}.png", png(number)) for number in range(80)])
    app.button(key="import-now").click().run()
    until(app, lambda app: store.count(empty.id) > 0 and any(one.key == "import-cancel" for one in app.button))
    app.button(key="import-cancel").click().run()
    until(app, lambda app: any(one.key == "import-remove" for one in app.button))
    kept = store.count(empty.id)
    assert 0 < kept < 80
    assert f"{kept} photos imported" in said(app)
    assert "The import was cancelled" in said(app)
    assert [row.label for row in store.images(empty.id)] == ["owl"] * kept
    app.button(key="import-remove").click().run()
    assert store.count(empty.id) == 0
    assert f"{kept} photos removed" in said(app)
    assert not messages(app)
    store.undo(empty.id)
    assert store.count(empty.id) == kept


def test_of_two_import_clicks_at_once_one_starts() -> None:
    class Slow(dict[int, Import]):
        """Between looking and entering, the other click comes."""

        def get(self, *args: Any) -> Any:
            found = super().get(*args)
            time.sleep(0.05)
            return found

    imports, together, started = Slow(), Barrier(4), list[bool]()

    def click() -> None:
        together.wait()
        started.append(register(imports, 1, Import("photos", 3)))

    clicks = [Thread(target=click) for _ in range(4)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert sorted(started) == [False, False, False, True]


def test_names_of_uploads_are_shown_as_they_are_and_the_remaining_time_in_words() -> None:
    progress = ImportProgress(
        token="0" * 16, source="![x](https://x) a_b_c", done=812, total=3119, labelled=True, seconds_left=125.0
    )
    share, words = progress_of(progress)
    assert share == pytest.approx(812 / 3119)
    assert "![" not in words
    assert words.endswith(": 812 of 3,119 photos, about 2 minutes left")
    assert [time_left(seconds) for seconds in (None, 1, 44, 60, 1500, 5400)] == [
        "",
        "about 5 seconds left",
        "about 45 seconds left",
        "about a minute left",
        "about 25 minutes left",
        "about 1.5 hours left",
    ]


def test_uploads_leave_the_servers_memory_when_their_import_starts(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """Streamlit kept them until the tab was closed."""
    manager = MemoryUploadedFileManager("/upload")
    for key in ("a", "b"):
        manager.add_file("tab", UploadedFileRec(key, f"{key}.png", "image/png", b"x" * 1000))
    state: dict[str, Any] = {uploaded_files.FILE_IDS: ["a"], uploaded_files.SPOOL: object()}
    context = SimpleNamespace(uploaded_file_mgr=manager, session_id="tab")
    monkeypatch.setattr(uploaded_files, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(uploaded_files.st, "session_state", state)
    uploaded_files.release_uploads()
    assert [one.file_id for one in manager.get_files("tab", ["a", "b"])] == ["b"]
    assert state == {}


def test_the_container_allows_smaller_uploads_than_a_computer_of_ones_own() -> None:
    """Streamlit holds them in memory, for each visitor."""
    own = (REPOSITORY / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    container = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert "maxUploadSize = 2000" in own
    assert "STREAMLIT_SERVER_MAX_UPLOAD_SIZE=500" in container


def test_the_progress_of_other_projects_is_not_shown(open_page: OpenPage, birds: Project, store: Store) -> None:
    other = store.create_project("Other")
    with running(store, other):
        assert import_progress(store.workspace, birds.id) is None
        app = open_page("Home", project=str(birds.id))
        assert LINE not in said(app)
