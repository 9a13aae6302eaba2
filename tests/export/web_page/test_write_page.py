"""A page is complete, says what is in it, and runs nothing but its own scripts, whatever names people chose."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from core.errors import RunError
from core.export.web_page import page_files, write_page
from core.export.web_page.runtime import Runtime
from core.export.web_page.write_page import MadePage, PageOptions
from core.models.bundle import read_info, save_decision
from core.models.decision import Decision, Threshold
from core.runs.folder import RunFolder
from core.workspace import open_workspace
from tests.pages.trained import finished_run

TITLE = 'A </script><script>alert("{{data}}")</script> & b'
RUNTIME = Runtime(b"script", b"factory", b"wasm")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    patch = pytest.MonkeyPatch()
    patch.setenv("RESNET_STUDIO_HOME", str(tmp_path_factory.mktemp("page") / "workspace"))
    found = finished_run(tmp_path_factory)
    save_decision(found.best, Decision(leave_below=0.6, threshold=Threshold(class_name="red", at=0.4)))
    return found


@pytest.fixture(scope="module")
def made(run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> MadePage:
    patch = pytest.MonkeyPatch()
    patch.setattr(write_page, "fetched_runtime", lambda *_: RUNTIME)
    workspace = open_workspace(run.path.parent.parent)
    out = tmp_path_factory.mktemp("out") / "page"
    found = write_page.write_page(run.path, out, workspace, PageOptions(title=TITLE, samples=2))
    patch.undo()
    return found


def data_of(folder: Path, name: str) -> bytes:
    """A piece of data as the page unpacks it."""
    text = (folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    value = json.loads(text.split(" = ", 1)[1].rstrip().removesuffix(";"))
    return value.encode() if name == "settings" else gzip.decompress(base64.b64decode(value))


def test_the_folder_holds_everything(made: MadePage) -> None:
    names = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    scripts = {f"scripts/{name}.js" for name in page_files.SCRIPTS}
    data = {"settings", "model", "head", "known", "sample-0", "sample-1", "ort-script", "ort-factory", "ort-wasm"}
    licences = {"ABOUT.txt", "onnxruntime-LICENSE", "onnxruntime-ThirdPartyNotices.txt", "resnet-studio-LICENSE"}
    assert names == {
        *{"index.html", "one-file.html", "READ-ME.txt"},
        *scripts,
        *{f"data/{name}.js" for name in data},
        *{f"licences/{name}" for name in licences},
    }
    assert "MIT License" in (made.folder / "licences" / "onnxruntime-LICENSE").read_text(encoding="utf-8")
    loaded = re.findall(r'src="([^"]+)"', (made.folder / "index.html").read_text(encoding="utf-8"))
    assert set(loaded) == scripts | {f"data/{name}.js" for name in data}
    assert data_of(made.folder, "ort-wasm") == b"wasm"


def test_it_carries_the_head_the_decision_and_the_features(run: RunFolder, made: MadePage) -> None:
    settings = json.loads(data_of(made.folder, "settings"))
    info = read_info(run.best)
    assert settings["classes"] == list(info.classes)
    assert settings["decision"]["leaveBelow"] == 0.6
    assert settings["decision"]["threshold"] == {"index": info.classes.index("red"), "at": 0.4}
    head = np.frombuffer(data_of(made.folder, "head"), "<f4")
    assert len(head) == len(info.classes) * (settings["width"] + 1)
    known = np.frombuffer(data_of(made.folder, "known"), "<f2").reshape(-1, settings["width"])
    assert len(known) == len(settings["known"]) == len(run.snapshot().part("train"))
    # The trained network tells the colours apart, so must the features: a class's own are nearer to each other.
    labels, rows = np.array(settings["known"]), known.astype(np.float32)
    distances = np.linalg.norm(rows[:, None] - rows, axis=2)
    same = labels[:, None] == labels
    assert distances[same].mean() < distances[~same].mean()


def test_it_says_how_good_it_is_and_how_far_it_agrees(run: RunFolder, made: MadePage) -> None:
    page = (made.folder / "index.html").read_text(encoding="utf-8")
    report = run.report("val")
    assert report is not None
    assert f"Validation: {report.accuracy} correct" in page
    assert "There was no exam on test photos yet." in page
    assert made.agreement is not None and made.agreement.n == report.n
    assert made.agreement.studio_correct == report.accuracy.correct
    assert made.agreement.largest_difference < 0.1
    assert f"name the same class for {made.agreement.same}" in page
    features = len(run.snapshot().part("train"))
    assert f"The features of {features} training photos are inside, not the photos." in page


def test_names_are_text_and_only_its_own_scripts_run(made: MadePage) -> None:
    assert made.single is not None
    single = made.single.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', single)
    assert policy is not None
    assert "default-src 'none'" in policy[1] and "connect-src 'none'" in policy[1]
    scripts = re.findall(r"<script>(.*?)</script>", single, flags=re.DOTALL)
    assert len(scripts) == len(page_files.SCRIPTS)
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    for page in (single, (made.folder / "index.html").read_text(encoding="utf-8")):
        assert "<script>alert" not in page
        assert "<h1><bdi>A &lt;/script&gt;&lt;script&gt;" in page
    assert json.loads(data_of(made.folder, "settings"))["title"] == TITLE


def test_without_samples_features_and_room_it_is_smaller(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_page, "fetched_runtime", lambda *_: RUNTIME)
    monkeypatch.setattr(page_files, "MOST_BYTES_IN_ONE_FILE", 1_000_000)
    workspace = open_workspace(run.path.parent.parent)
    made = write_page.write_page(run.path, tmp_path / "page", workspace, PageOptions(vectors=False))
    assert made.single is None and not (made.folder / "one-file.html").exists()
    names = {path.stem for path in (made.folder / "data").iterdir()}
    assert names == {"settings", "model", "head", "ort-script", "ort-factory", "ort-wasm"}
    with pytest.raises(RunError, match="is not empty"):
        write_page.write_page(run.path, made.folder, workspace)
