"""Replacing files and folders that somebody reads, as on Windows."""

from pathlib import Path

import pytest

from core import file_replacement
from core.file_replacement import replace_patiently


def refuse(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Path]:
    """As Windows does while a file is open: the first attempts are refused."""
    tried: list[Path] = []
    real = Path.replace

    def replace(source: Path, target: Path) -> Path:
        tried.append(source)
        if len(tried) <= times:
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        return real(source, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(file_replacement, "_WINDOWS", True)
    monkeypatch.setattr(file_replacement, "_RETRY_SECONDS", (0.0, 0.0, 0.0))
    return tried


@pytest.mark.parametrize("folder", [False, True])
def test_what_is_read_at_the_moment_is_replaced_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool
) -> None:
    new, place = tmp_path / "new", tmp_path / "place"
    if folder:
        new.mkdir()
    else:
        new.write_text("new", encoding="utf-8")
        place.write_text("old", encoding="utf-8")
    tried = refuse(monkeypatch, times=2)
    replace_patiently(new, place)
    assert len(tried) == 3
    assert not new.exists()
    assert place.is_dir() if folder else place.read_text(encoding="utf-8") == "new"


def test_what_stays_open_is_an_error_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, place = tmp_path / "new", tmp_path / "place"
    new.write_text("new", encoding="utf-8")
    place.write_text("old", encoding="utf-8")
    tried = refuse(monkeypatch, times=9)
    with pytest.raises(PermissionError):
        replace_patiently(new, place)
    assert len(tried) == 4
    assert (new.read_text(encoding="utf-8"), place.read_text(encoding="utf-8")) == ("new", "old")


def test_elsewhere_a_refusal_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = refuse(monkeypatch, times=9)
    monkeypatch.setattr(file_replacement, "_WINDOWS", False)
    with pytest.raises(PermissionError):
        replace_patiently(tmp_path / "new", tmp_path / "place")
    assert len(tried) == 1
