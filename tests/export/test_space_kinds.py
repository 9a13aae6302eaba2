"""The kinds of Spaces: each folder is complete, and its front matter is what Hugging Face reads."""

import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from huggingface_hub import SpaceCard

import demo
from core.errors import BundleError, DataError
from core.export.hub.front_matter import read_front_matter
from core.export.space import write_demo_space, write_static_space
from core.export.space_kinds import DEMO_KINDS, space_kind
from tests.inspection.conftest import photo, write_bundle

TITLE = 'Owls: "a" {b} --- #c'


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("spaces")
    bundle = write_bundle(root / "owls")
    return {kind: write_demo_space(bundle, root / kind, TITLE, kind=kind) for kind in DEMO_KINDS}


@pytest.mark.parametrize("kind", list(DEMO_KINDS))
def test_hugging_face_reads_the_front_matter(spaces: dict[str, Path], kind: str) -> None:
    front = read_front_matter(spaces[kind])  # raises DataError where a Space's front matter is incomplete
    assert front.kind == "space" and front.values["title"] == TITLE and front.values["license"] == "other"
    assert "No licence is recorded" in (spaces[kind] / "README.md").read_text(encoding="utf-8")
    expected = {"zerogpu": ("gradio", "zero-a10g"), "cpu": ("gradio", None), "docker": ("docker", None)}[kind]
    assert (front.values["sdk"], front.values.get("suggested_hardware")) == expected
    assert front.start == ("" if kind == "docker" else "app.py")
    assert SpaceCard.load(spaces[kind] / "README.md").text.strip().startswith("# Owls")


def test_the_docker_space_starts_the_demo_for_everyone_as_another_user_than_root(spaces: dict[str, Path]) -> None:
    folder = spaces["docker"]
    lines = (folder / "Dockerfile").read_text(encoding="utf-8").splitlines()
    front = read_front_matter(folder).values
    assert f"EXPOSE {front['app_port']}" in lines and any(f"GRADIO_SERVER_PORT={front['app_port']}" in x for x in lines)
    assert any("GRADIO_SERVER_NAME=0.0.0.0" in line for line in lines)
    user = next(line.split()[1] for line in lines if line.startswith("USER "))
    assert any("--uid 1000" in line and user in line for line in lines)
    assert lines[-1] == 'CMD ["python", "app.py"]' and (folder / "app.py").is_file()
    for copied in (line for line in lines if line.startswith("COPY")):
        assert (folder / copied.split()[2]).exists()
    required = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert "gradio>=" in required and "gradio" not in (spaces["cpu"] / "requirements.txt").read_text(encoding="utf-8")


class Stub(ModuleType):
    """The package ``spaces`` of a ZeroGPU Space: remembers what is decorated, and that calls go through it."""

    def __init__(self) -> None:
        super().__init__("spaces")
        self.durations: dict[str, int] = {}
        self.calls: list[str] = []

    def GPU(self, duration: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
            self.durations[function.__name__] = duration

            def called(*arguments: Any) -> Any:
                self.calls.append(function.__name__)
                return function(*arguments)

            return called

        return decorate


@pytest.fixture(params=[True, False], ids=["in a Space", "elsewhere"])
def stub(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub | None]:
    made = Stub() if request.param else None
    monkeypatch.setitem(sys.modules, "spaces", made)  # None: importing it raises ModuleNotFoundError
    yield made


def test_predict_and_explain_run_on_the_lent_card(spaces: dict[str, Path], stub: Stub | None, tmp_path: Path) -> None:
    app = runpy.run_path(str(spaces["zerogpu"] / "app.py"))
    if stub is not None:
        assert stub.durations == {"predict": 60, "explain": 60}
    picture, path = photo(4, 120, 90), tmp_path / "photo.png"
    picture.save(path)
    computing = demo.Computing(app["predict"], app["explain"])
    blocks = demo.page(app["predictor"], computing)
    endpoints: dict[Any, Any] = {one.api_name: one.fn for one in blocks.fns.values()}
    shown = endpoints["predict"](str(path))
    classes, _, caption = endpoints["explain"](str(path), "gradcam", "layer4", -1, 0.5)
    expected = app["predictor"].predict([picture])[0]
    assert shown == classes == dict(expected.ranked) and expected.name in caption
    assert app["predictor"].name == TITLE
    if stub is not None:
        assert stub.calls == ["predict", "explain"]


def test_the_program_of_the_zerogpu_space_does_not_need_the_package(spaces: dict[str, Path]) -> None:
    sources = [path.read_text(encoding="utf-8") for path in spaces["zerogpu"].rglob("*.py")]
    assert sum("import spaces" in source for source in sources) == 1, "only in app.py"
    assert not (spaces["zerogpu"] / "core" / "training").exists()


def write_page(source: Path | str, folder: Path) -> None:
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")


def test_a_static_space_has_the_headers_that_threads_need(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "owls")
    folder = write_static_space(bundle, tmp_path / "space", write_page, TITLE)
    front = read_front_matter(folder)
    assert (front.values["sdk"], front.start) == ("static", "index.html")
    assert front.values["custom_headers"] == {
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin",
    }
    with pytest.raises(BundleError, match=r"no index.html"):
        write_static_space(bundle, tmp_path / "empty", lambda _, folder: folder.mkdir())
    assert not (tmp_path / "empty").exists()


def test_another_kind_is_refused() -> None:
    with pytest.raises(DataError, match="Choose one of: static, zerogpu, cpu, docker"):
        space_kind("free")
