"""Write the folder of a Hugging Face Space: the demo or the web page of one bundle, ready to upload."""

import ast
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import BundleError
from core.export.bundle_zip import bundle_of, export_bundle
from core.export.card.card_metadata import OTHER, licence_of, licence_sentence
from core.export.model_card import cell
from core.export.space_kinds import DEMO_KINDS, KINDS, STATIC
from core.inspection.predicting.predictor import IMAGENET, imagenet_network
from core.models.bundle import BundleInfo, read_info
from core.models.zoo import network_name
from core.workspace import REPOSITORY, SAMPLE_IMAGES

TITLE = "ResNet Studio demo"
DEPLOY = REPOSITORY / "deploy"

PACKAGES = ("core", "demo_parts")
# A Space's demo has one bundle and no runs, and does not write other Spaces: these imports are not followed.
LEFT_OUT = ("core.runs", "core.training", "core.export")

# A Space accepts large files only through Git LFS.
_IN_LFS = "*.{} filter=lfs diff=lfs merge=lfs -text\n"
ATTRIBUTES = "".join(map(_IN_LFS.format, ("safetensors", "jpg")))
STATIC_ATTRIBUTES = "".join(map(_IN_LFS.format, ("onnx", "wasm", "jpg")))


def write_demo_space(
    source: Path | str, out: Path, title: str = TITLE, license: str | None = None, kind: str = "cpu"
) -> Path:
    """Write the Space's folder for a run, a bundle or ``"imagenet"``; return ``out``. It appears complete.

    ``title`` is what visitors see: the Space's name and the demo's heading. ``license`` is Hugging Face's identifier
    for the front matter, by default that of the starting weights. ``kind`` is one of DEMO_KINDS. Raises the errors of
    ``export_bundle``, and BundleError if ``out`` exists and is not empty.
    """
    chosen = DEMO_KINDS[kind]
    with _whole_folder(out) as space:
        export_bundle(source, space / "bundle", title)
        for path in program_files():
            target = space / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for folder in (REPOSITORY / "assets", SAMPLE_IMAGES):
            shutil.copytree(folder, space / folder.name)
        for name in chosen.also:
            shutil.copyfile(DEPLOY / chosen.folder / name, space / name)
        (space / "app.py").write_text(chosen.app.format(name=title), encoding="utf-8")
        (space / "requirements.txt").write_text("".join(_requirements(chosen.requirements)), encoding="utf-8")
        (space / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
        info = read_info(space / "bundle")
        (space / "README.md").write_text(_readme(chosen.folder, info, title, license), encoding="utf-8")
    return out


def write_static_space(
    source: Path | str,
    out: Path,
    write_page: Callable[[Path | str, Path], object],
    title: str = TITLE,
    license: str | None = None,
) -> Path:
    """Write the folder of a static Space, whose page runs in the browser; return ``out``. It appears complete.

    ``write_page(source, folder)`` writes the page of the run or bundle into a new folder; it begins at index.html.
    Raises the errors of ``write_page``, and BundleError if ``out`` exists and is not empty or there is no index.html.
    """
    info = imagenet_network()[1] if str(source) == IMAGENET else read_info(bundle_of(Path(source)))
    with _whole_folder(out) as space:
        write_page(source, space)
        if not (space / "index.html").is_file():
            raise BundleError("The page has no index.html. Export it again.")
        (space / ".gitattributes").write_text(STATIC_ATTRIBUTES, encoding="utf-8")
        (space / "README.md").write_text(_readme(KINDS[STATIC].folder, info, title, license), encoding="utf-8")
    return out


@contextmanager
def _whole_folder(out: Path) -> Iterator[Path]:
    """Give a path for a folder that becomes ``out`` if the block succeeds; raises BundleError if it is not empty."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(f"{out} is not empty. Choose a new folder for the Space.")
    out.resolve().parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.resolve().parent, prefix=".space-") as temporary:
        yield Path(temporary) / "space"
        if out.is_dir():
            out.rmdir()
        (Path(temporary) / "space").rename(out)


def program_files() -> list[Path]:
    """Return demo.py and every module of ours that it imports, directly or indirectly, also inside functions."""
    found: dict[Path, None] = {}
    waiting = [REPOSITORY / "demo.py"]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = None
        waiting += [file for name in _imports(path) for file in _files_of(name)]
    return sorted(found)


def _imports(path: Path) -> Iterator[str]:
    """Yield the names in a file's import statements, without those for type checkers only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(module: str) -> Iterator[Path]:
    """Yield a module's file and its packages' __init__.py; nothing for foreign modules and those in LEFT_OUT."""
    parts = module.split(".")
    if parts[0] not in PACKAGES or module.startswith(LEFT_OUT):
        return
    for depth in range(1, len(parts) + 1):
        place = REPOSITORY.joinpath(*parts[:depth])
        yield from (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file())


def _requirements(needed: Collection[str]) -> Iterator[str]:
    """Yield the lines of requirements.txt that the demo needs, so that the Space gets the tested versions."""
    for line in (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines(keepends=True):
        name = re.match(r"[\w.-]+", line)
        if name and name[0] in needed:
            yield line


def _readme(folder: str, info: BundleInfo, title: str, license: str | None) -> str:
    template = (DEPLOY / folder / "README.md").read_text(encoding="utf-8")
    some = ", ".join(map(cell, info.classes[:5])) + (" ..." if len(info.classes) > 5 else "")
    return template.format(
        sdk_version=version("gradio"),
        license=license or licence_of(info) or OTHER,
        licence=licence_sentence(info),
        title=cell(title),
        quoted_title=json.dumps(title),  # in JSON, every text is also valid YAML
        sentence=f"A {network_name(info.arch)} with {len(info.classes)} classes: {some}.",
    )
