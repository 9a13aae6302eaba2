"""Write the folder of a Hugging Face Space: the Gradio demo with one bundle, ready to upload."""

import ast
import json
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import BundleError
from core.export.bundle_zip import export_bundle
from core.export.model_card import cell
from core.models.bundle import read_info
from core.models.zoo import network_name
from core.workspace import REPOSITORY, SAMPLE_IMAGES

TITLE = "ResNet Studio demo"

APP = '''"""Start the demo with this Space's bundle."""

import sys
from pathlib import Path

from demo import main

sys.exit(main([str(Path(__file__).resolve().parent / "bundle"), "--name", {name!r}]))
'''

# The packages of requirements.txt that the demo imports. Gradio comes with the Space, in the front matter's version.
REQUIREMENTS = ("torch", "torchvision", "grad-cam", "safetensors", "pydantic", "pandas", "Pillow")

# A Space's demo has one bundle and no runs, and does not write other Spaces: these imports are not followed.
LEFT_OUT = ("core.runs", "core.training", "core.export")

# A Space accepts large files only through Git LFS.
ATTRIBUTES = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.jpg filter=lfs diff=lfs merge=lfs -text\n"


def write_demo_space(source: Path | str, out: Path, title: str = TITLE, license: str = "mit") -> Path:
    """Write the Space's folder for a run, a bundle or ``"imagenet"``; return ``out``. It appears complete.

    ``title`` is what visitors see: the Space's name and the demo's heading. ``license`` is Hugging Face's identifier
    for the front matter. Raises the errors of ``export_bundle``, and BundleError if ``out`` exists and is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BundleError(f"{out} is not empty. Choose a new folder for the Space.")
    out.resolve().parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.resolve().parent, prefix=".space-") as temporary:
        space = Path(temporary) / "space"
        export_bundle(source, space / "bundle", title)
        for path in program_files():
            target = space / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        for folder in (REPOSITORY / "assets", SAMPLE_IMAGES):
            shutil.copytree(folder, space / folder.name)
        (space / "app.py").write_text(APP.format(name=title), encoding="utf-8")
        (space / "requirements.txt").write_text("".join(_requirements()), encoding="utf-8")
        (space / ".gitattributes").write_text(ATTRIBUTES, encoding="utf-8")
        (space / "README.md").write_text(_readme(space / "bundle", title, license), encoding="utf-8")
        if out.is_dir():
            out.rmdir()
        space.rename(out)
    return out


def program_files() -> list[Path]:
    """Return demo.py and every module of core that it imports, directly or indirectly, also inside functions."""
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
    if parts[0] != "core" or module.startswith(LEFT_OUT):
        return
    for depth in range(1, len(parts) + 1):
        place = REPOSITORY.joinpath(*parts[:depth])
        yield from (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file())


def _requirements() -> Iterator[str]:
    """Yield the lines of requirements.txt that the demo needs, so that the Space gets the tested versions."""
    for line in (REPOSITORY / "requirements.txt").read_text(encoding="utf-8").splitlines(keepends=True):
        name = re.match(r"[\w.-]+", line)
        if name and name[0] in REQUIREMENTS:
            yield line


def _readme(bundle: Path, title: str, license: str) -> str:
    info = read_info(bundle)
    template = (REPOSITORY / "deploy" / "gradio-space" / "README.md").read_text(encoding="utf-8")
    some = ", ".join(map(cell, info.classes[:5])) + (" ..." if len(info.classes) > 5 else "")
    return template.format(
        sdk_version=version("gradio"),
        license=license,
        title=cell(title),
        quoted_title=json.dumps(title),  # in JSON, every text is also valid YAML
        sentence=f"A {network_name(info.arch)} with {len(info.classes)} classes: {some}.",
    )
