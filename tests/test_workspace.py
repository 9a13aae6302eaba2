"""The workspace is a folder; the address of a store is told as such, and never made into a folder of that name."""

from pathlib import Path

import pytest

from core.errors import WorkspaceError
from core.workspace import is_address, open_workspace
from tests.cli.in_process import run_here


def test_an_address_is_not_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESNET_STUDIO_HOME", "s3://bucket/studio")
    with pytest.raises(WorkspaceError, match=r"is 's3://bucket/studio', an address\. The workspace has to be a folder"):
        open_workspace()
    done = run_here("check", "--help")  # what needs no workspace still works
    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["s3://bucket/a", "gs://bucket", "s3:/bucket/a", "memory://a", "https://a.org/b"])
def test_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize("text", ["/data/photos", "C:/photos", "C:\\photos", "photos", "photos: new/a", "a:b"])
def test_folders(text: str) -> None:
    assert not is_address(text)


def test_photos_at_an_address_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "home"))
    from core.cli.predicting.image_sources import pictures

    [(name, found)] = pictures([Path("s3://bucket/photos")])
    assert (name, str(found)) == (
        "s3:/bucket/photos",
        "s3:/bucket/photos: addresses of stores are not read; mount it as a folder, and give that",
    )
