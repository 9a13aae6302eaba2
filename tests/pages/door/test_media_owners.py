"""Streamlit's files belong to those in whose tabs they were drawn."""

from types import SimpleNamespace

import pytest
from streamlit.runtime import media_file_manager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from pages.components.door import media_owners, visit

ADA, BEN = 1, 2


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> MediaFileManager:
    media_owners.note_owners()
    visit._note("of-ada", ADA)
    visit._note("of-ben", BEN)
    monkeypatch.setattr(media_owners, "get_script_run_ctx", lambda: _open)
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: _open.session_id)
    return MediaFileManager(MemoryMediaFileStorage("/media"))


_open = SimpleNamespace(session_id="of-ada")


def test_a_file_is_its_owner_s_and_one_that_two_have_is_both_s(manager: MediaFileManager) -> None:
    _open.session_id = "of-ada"
    first = manager.add(b"one", "image/jpeg", "1")
    shared = manager.add(b"two", "image/jpeg", "2")
    _open.session_id = "of-ben"
    assert manager.add(b"two", "image/jpeg", "2") == shared
    assert [media_owners.owns(one, first) for one in (ADA, BEN)] == [True, False]
    assert [media_owners.owns(one, shared) for one in (ADA, BEN)] == [True, True]
    assert not media_owners.owns(ADA, "/media/guessed.jpg")


def test_a_file_made_by_a_click_is_his_in_whose_tab_the_button_is(manager: MediaFileManager) -> None:
    _open.session_id = "of-ben"
    button = manager.add_deferred(lambda: b"labels", "text/csv", "1", "labels.csv")
    _open.session_id = "of-ada"  # somebody else's script may run when it is made
    made = manager.execute_deferred(button)
    assert [media_owners.owns(one, made) for one in (ADA, BEN)] == [False, True]


def test_files_that_are_gone_are_forgotten(manager: MediaFileManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_owners, "_PRUNE_EVERY", 1)
    _open.session_id = "of-ada"
    old = manager.add(b"old", "image/jpeg", "1")
    manager.clear_session_refs("of-ada")
    manager.remove_orphaned_files()
    new = manager.add(b"new", "image/jpeg", "1")
    assert [media_owners.owns(ADA, one) for one in (old, new)] == [False, True]
