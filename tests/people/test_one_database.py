"""A class whose server was given a single database: nobody gets in, because all would see each other's projects."""

from pathlib import Path

import pytest

from core.errors import WorkspaceError
from core.people import door
from core.workspace import DATABASE_SETTING, PEOPLE_FOLDER, Workspace, open_workspace


def test_a_class_with_a_single_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path))
    monkeypatch.setenv(DATABASE_SETTING, f"sqlite:///{tmp_path / 'all.db'}")
    assert door.visitor("") is None, "alone, one database is all there is"
    monkeypatch.setenv("RESNET_STUDIO_PEOPLE", "class")
    with pytest.raises(WorkspaceError, match="they would see each other's projects"):
        door.visitor("some token")


def test_a_pupils_store_does_not_open_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.data.store.store import Store

    monkeypatch.setenv(DATABASE_SETTING, f"sqlite:///{tmp_path / 'all.db'}")
    pupil = open_workspace(tmp_path / PEOPLE_FOLDER / "0123456789abcdef")
    with pytest.raises(WorkspaceError, match="a database of their own"):
        Store(Workspace(pupil.root))
    assert not (tmp_path / "all.db").exists()
