"""Whether there may be an accelerator is told from the drivers' files."""

from pathlib import Path

import pytest

from core import accelerators
from core.accelerators import may_have_accelerator


@pytest.fixture(autouse=True)
def usual_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(accelerators, "_built_for_intel", lambda: False)


@pytest.mark.parametrize(
    ("device", "may"),
    [("nvidia0", True), ("nvidiactl", True), ("kfd", True), ("dxg", True), ("accel0", True), ("null", False)],
)
def test_a_drivers_file_is_a_sign(device: str, may: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / device).touch()
    assert may_have_accelerator(tmp_path, "Linux") == may
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert not may_have_accelerator(tmp_path, "Linux")


def test_an_unknown_system_may_have_one_and_so_may_a_torch_for_intels_cards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not may_have_accelerator(tmp_path, "Linux")
    assert may_have_accelerator(tmp_path, "FreeBSD")
    monkeypatch.setattr(accelerators, "_built_for_intel", lambda: True)
    assert may_have_accelerator(tmp_path, "Linux")


@pytest.mark.parametrize(("value", "intel"), [("None", False), ("'20250302'", True)])
def test_what_torch_was_built_for_is_read_from_its_version_file(
    value: str, intel: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").touch()
    (tmp_path / "torch" / "version.py").write_text(f"cuda: Optional[str] = '13.0'\nxpu: Optional[str] = {value}\n")

    class Spec:
        origin = str(tmp_path / "torch" / "__init__.py")

    monkeypatch.setattr(accelerators, "find_spec", lambda name: Spec)
    assert accelerators._built_for_intel() == intel
