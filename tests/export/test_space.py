"""A Space's folder is complete and runs without this repository."""

import ast
import json
import sys
import urllib.request
from html import escape
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from gradio_client import Client, handle_file  # type: ignore[import-untyped]

import demo
from core.errors import BundleError
from core.export.space import write_demo_space
from core.export.space_kinds import REQUIREMENTS
from core.inspection.predicting.predictor import Predictor
from tests.inspection.conftest import photo, write_bundle
from tests.test_demo import serving

# What pip installs under another name than what is imported, or brings along with what is named.
SUPPLIED_BY = {
    "pytorch_grad_cam": "grad-cam",
    "PIL": "Pillow",
    "numpy": "torchvision",
    "filelock": "torch",
    "pydantic_core": "pydantic",
    "gradio": "the Space",
}


TITLE = "Owls: 'a' \"b\" *c* <img src=x>"


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("space")
    return write_demo_space(write_bundle(root / "owls"), root / "upload", title=TITLE)


def test_the_space_answers_by_itself(space: Path, tmp_path: Path) -> None:
    picture = photo(4, 120, 90)
    picture.save(tmp_path / "photo.png")
    expected = Predictor.load(space / "bundle", device="cpu").predict([picture])[0]
    with serving("app.py", folder=space) as address:
        client = Client(address, verbose=False)
        label, heatmap, _ = client.predict(
            handle_file(str(tmp_path / "photo.png")), "gradcam", "layer4", -1, 0.5, api_name="/explain"
        )
        with urllib.request.urlopen(f"{address}config", timeout=30) as page:
            drawn = [block["props"].get("value") for block in json.load(page)["components"]]
    assert any(f"<h1>{escape(TITLE)}</h1>" in value for value in drawn if isinstance(value, str))
    assert label["label"] == expected.name
    assert label["confidences"][0]["confidence"] == pytest.approx(expected.probability, abs=1e-4)
    assert Path(heatmap).is_file()


def test_the_front_matter_is_what_a_space_needs(space: Path) -> None:
    text = (space / "README.md").read_text(encoding="utf-8")
    front, body = text.split("---\n")[1:3]
    settings = yaml.safe_load(front)
    assert settings["sdk"] == "gradio" and settings["app_file"] == "app.py" and (space / "app.py").is_file()
    gradio_line = next(
        line for line in Path("requirements.txt").read_text(encoding="utf-8").splitlines() if line.startswith("gradio")
    )
    assert f">={'.'.join(settings['sdk_version'].split('.')[:2])}" in gradio_line
    assert len(settings["short_description"]) <= 60, "Hugging Face refuses longer ones"
    assert settings["title"] == TITLE
    assert "# Owls: 'a' \"b\" \\*c\\* \\<img src=x\\>\n" in body, "Hugging Face draws it as Markdown"
    assert "A ResNet-18 with 3 classes: cat, dog, owl." in body and "{" not in text


def imported_at_start(space: Path) -> tuple[set[Path], set[str]]:
    """The Space's files that are loaded when it starts, and what they import from outside.

    Imports inside functions are left out: those are readers of foreign weight files, which a Space with its bundle
    never calls.
    """
    files: set[Path] = set()
    outside: set[str] = set()
    waiting = ["app"]
    while waiting:
        module = waiting.pop()
        place = space.joinpath(*module.split("."))
        found = [file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()]
        if not found and module.split(".")[0] not in ("core", "demo", "demo_parts"):
            outside.add(module.split(".")[0])
        if not found and module.count(".") >= 2 and not (place.parent.with_suffix(".py")).is_file():
            assert module.split(".")[0] not in ("core", "demo_parts"), f"{module} is not in the Space"
        for file in set(found) - files:
            files.add(file)
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Import):
                    waiting += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return files, outside - set(sys.stdlib_module_names)


def test_all_that_the_space_imports_is_there_or_required(space: Path) -> None:
    required = {line.split("=")[0].split(">")[0] for line in (space / "requirements.txt").read_text().splitlines()}
    assert required == set(REQUIREMENTS)
    files, outside = imported_at_start(space)
    assert space / "core" / "inspection" / "explaining" / "cam.py" in files and "torch" in outside
    assert {SUPPLIED_BY.get(name, name) for name in outside} <= required | {"the Space"}
    assert not (space / "core" / "runs").exists() and not (space / "core" / "cli").exists()


def test_what_is_there_is_not_overwritten(space: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is not empty"):
        write_demo_space(space / "bundle", space)
    with pytest.raises(BundleError, match="is not a bundle"):
        write_demo_space(tmp_path, tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_the_demo_writes_its_own_space(space: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main([str(space / "bundle"), "--write-space", str(tmp_path / "again")]) == 0
    assert "hf upload" in capsys.readouterr().out
    names = {path.relative_to(space) for path in space.rglob("*") if path.is_file() and "__pycache__" not in str(path)}
    assert names == {path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file()}
    assert demo.main([str(tmp_path / "nothing"), "--write-space", str(tmp_path / "other")]) == 2
