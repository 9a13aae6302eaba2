"""Predictions and features of many photos on a real cluster are those of one machine."""

import csv
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.inspection.predicting.predictor import Predictor
from core.runs.cluster.photo_work import PhotoWork, Worker, fingerprint
from core.runs.cluster.setting import SETTING
from tests.cli.in_process import run_here
from tests.inspection.conftest import photo, write_bundle
from tests.runs.cluster.conftest import ray_machines

COUNT = 150  # three blocks, and enough that onnxruntime computes them


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    pytest.importorskip("ray", reason="Ray cannot be installed for this Python: see requirements-cluster.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with ray_machines("first", "second"):
            yield


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("models") / "birds")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(COUNT - 1):
        photo(number, 40, 30).save(folder / f"{number:03}.png")
    (folder / "070.png").write_bytes(b"nothing")
    (folder / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture
def few(photos: Path, tmp_path: Path) -> Path:
    """A folder of few of these photos, for which one machine is enough."""
    folder = tmp_path / "few"
    folder.mkdir()
    for number in (1, 2, 3, 70, 71):
        shutil.copy(photos / f"{number:03}.png", folder)
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "home"))


def test_predictions_of_a_cluster_are_those_of_one_machine(
    cluster: None, bundle: Path, photos: Path, tmp_path: Path
) -> None:
    tables = []
    for place, words in (("here", []), ("there", ["--cluster"])):
        out = tmp_path / f"{place}.csv"
        done = run_here("predict", bundle, photos, "--csv", out, "--device", "cpu", *words)
        assert done.returncode == 0, done.stderr
        assert "070.png: " in done.stderr and "notes.txt: " in done.stderr
        with out.open(newline="", encoding="utf-8") as file:
            tables.append(list(csv.DictReader(file)))
    here, there = tables
    assert len(here) == COUNT - 2 and len({row["prediction"] for row in here}) > 1
    for one, other in zip(here, there, strict=True):
        for column, cell in one.items():
            if column.startswith("probability"):
                assert float(other[column]) == pytest.approx(float(cell), abs=2e-6)
            else:
                assert other[column] == cell
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["here.csv", "there.csv"], "no journal is left"


def test_features_of_a_cluster_are_those_of_one_machine(cluster: None, bundle: Path, few: Path, tmp_path: Path) -> None:
    found = []
    for place, words in (("here", []), ("there", ["--cluster"])):
        out = tmp_path / f"{place}.npz"
        done = run_here("features", bundle, few, "--out", out, "--device", "cpu", "--json", *words)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["images"] == 4 and [one["filename"] for one in answer["refused"]] == ["070.png"]
        with np.load(out) as arrays:
            found.append((arrays["filenames"].tolist(), arrays["features"]))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[1][1], found[0][1], atol=1e-5)


def test_what_a_machine_cannot_do_is_told_with_its_name(
    cluster: None, bundle: Path, few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the model had been replaced while the command was starting."""
    monkeypatch.setattr("core.runs.cluster.photo_work.fingerprint", lambda predictor: "another one")
    done = run_here("predict", bundle, few, "--csv", tmp_path / "a.csv", "--cluster")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert "is another one than on the machine of this command" in done.stderr
    assert "On first: " in done.stderr or "On second: " in done.stderr


def test_photos_that_a_machine_does_not_see_are_told(bundle: Path, tmp_path: Path) -> None:
    model = fingerprint(Predictor.load(bundle, "cpu"))
    here = Worker(PhotoWork("predictions", str(bundle), model, device="cpu"), "lab3")
    gone = Worker(PhotoWork("predictions", str(bundle), model, (str(tmp_path / "gone"),), device="cpu"), "lab3")
    files = [("a.png", str(tmp_path / "a.png"), "")]
    assert [(one.name, one.prediction) for one in here.answers(files)] == [("a.png", None)]
    [problem] = gone.answers(files)
    assert str(problem).startswith(f"On lab3: {tmp_path / 'gone'} is not there. Mount it")


def test_the_option_needs_a_cluster_and_files_that_can_be_shared(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    for command in ("predict", "features"):
        done = run_here(command, bundle, tmp_path, "--out", tmp_path / "a.parquet", "--cluster")
        assert done.returncode == 2 and f"Set {SETTING} to the address" in done.stderr
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.png", b"nothing")
    monkeypatch.setattr("core.runs.cluster.over_photos.require_cluster", lambda: None)
    done = run_here("predict", bundle, archive, "--csv", tmp_path / "a.csv", "--cluster")
    assert done.returncode == 2 and "more.zip is not a folder or a photo" in done.stderr
