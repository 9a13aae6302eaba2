"""The files of a page: the HTML with its policy, the scripts, the data, and the licences of all that is inside."""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from core.export.web_page.contents import PageContents, Part
from core.export.web_page.runtime import PACKAGE, Runtime
from core.workspace import REPOSITORY

HERE = Path(__file__).resolve().parent / "browser"
SCRIPTS = ("bytes", "view", "answer", "solve", "engine", "drawing", "camera", "app", "learn")
"""In the order in which they are loaded."""
MOST_BYTES_IN_ONE_FILE = 64 * 10**6
"""Larger single files are not written: browsers hold such a page several times in memory, and phones give up."""
ONE_FILE = "one-file.html"
_SETTINGS = "settings"
# What could end a script or begin a comment in HTML.
_IN_SCRIPTS = {ord(letter): f"\\u{ord(letter):04x}" for letter in "<>&"}


@dataclass(frozen=True)
class PageTexts:
    """The sentences of a page; all are untrusted text."""

    what: str
    figures: Sequence[str]
    about: Sequence[str]


def write_files(folder: Path, contents: PageContents, texts: PageTexts, runtime: Runtime) -> Path | None:
    """Write the page into an empty folder; return the page in one file, or None if it would be too large."""
    parts = [*contents.parts(), *_runtime_parts(runtime)]
    encoded = {part.name: part.encoded() for part in parts}
    settings = _json(contents.settings())
    scripts = {name: (HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS}
    for place in ("scripts", "data", "licences"):
        (folder / place).mkdir()
    for name, text in scripts.items():
        (folder / "scripts" / f"{name}.js").write_text(text, encoding="utf-8", newline="\n")
    data = {_SETTINGS: json.dumps(settings), **{name: f'"{text}"' for name, text in encoded.items()}}
    for name, value in data.items():
        script = f'(globalThis.studioData ??= {{}})["{name}"] = {value};\n'
        (folder / "data" / f"{name}.js").write_text(script, encoding="utf-8", newline="\n")
    page = _page(
        contents,
        texts,
        # The scheme file: stands for pages that are opened from a disk, where 'self' means nothing.
        policy=_policy("'self' file:"),
        data="\n".join(f'<script src="data/{name}.js"></script>' for name in data),
        scripts="\n".join(f'<script src="scripts/{name}.js"></script>' for name in SCRIPTS),
    )
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")
    _write_licences(folder / "licences", contents)
    (folder / "READ-ME.txt").write_text(_read_me(contents), encoding="utf-8", newline="\n")
    if sum(map(len, encoded.values())) + len(page) > MOST_BYTES_IN_ONE_FILE:
        return None
    texts_of_parts = {_SETTINGS: settings, **encoded}
    single = _page(
        contents,
        texts,
        policy=_policy(" ".join(_hash(f"\n{text}") for text in scripts.values())),
        data="\n".join(
            f'<script type="text/plain" id="data-{name}">{text}</script>' for name, text in texts_of_parts.items()
        ),
        scripts="\n".join(f"<script>\n{text}</script>" for text in scripts.values()),
    )
    path = folder / ONE_FILE
    path.write_text(single, encoding="utf-8", newline="\n")
    return path


def _runtime_parts(runtime: Runtime) -> list[Part]:
    return [
        Part("ort-script", runtime.script),
        Part("ort-factory", runtime.factory),
        Part("ort-wasm", runtime.wasm),
    ]


def _page(contents: PageContents, texts: PageTexts, *, policy: str, data: str, scripts: str) -> str:
    """Fill the template; its places are filled at once, so that no value can hold another's place."""
    values = {
        "policy": policy,
        "title": _escaped(contents.title),
        "heading": f"<bdi>{_escaped(contents.title)}</bdi>",
        "style": (HERE / "page.css").read_text(encoding="utf-8").rstrip(),
        "what": _escaped(texts.what),
        "figures": "\n".join(f"<li>{_escaped(line)}</li>" for line in texts.figures),
        "about": "\n".join(f"<li>{_escaped(line)}</li>" for line in texts.about),
        "made": f"{datetime.now(UTC):%Y-%m-%d}",
        "data": data,
        "scripts": scripts,
    }
    first, *others = (HERE / "page.html").read_text(encoding="utf-8").split("{{")
    return first + "".join(values[name] + rest for name, _, rest in (one.partition("}}") for one in others))


def _policy(scripts: str) -> str:
    """Return the Content-Security-Policy: only these scripts run, and nothing can be sent or fetched.

    The worker and onnxruntime's module are made of blobs.
    """
    return (
        f"default-src 'none'; script-src {scripts} blob: 'wasm-unsafe-eval'; worker-src blob:; connect-src 'none'; "
        "img-src blob: data:; media-src blob: mediastream:; style-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'"
    )


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).translate(_IN_SCRIPTS)


def _escaped(text: str) -> str:
    return html.escape(" ".join(text.encode("utf-8", "replace").decode().split()), quote=True)


def _write_licences(folder: Path, contents: PageContents) -> None:
    """Write the licence of onnxruntime, which its npm package lacks and its Python package has, and those of the rest.

    Raises OSError if the Python package has no such files.
    """
    found = find_spec("onnxruntime")
    if found is None or found.origin is None:
        raise FileNotFoundError("onnxruntime is not installed")
    root = Path(found.origin).parent
    for name in ("LICENSE", "ThirdPartyNotices.txt"):
        (folder / f"onnxruntime-{name}").write_bytes((root / name).read_bytes())
    (folder / "resnet-studio-LICENSE").write_bytes((REPOSITORY / "LICENSE").read_bytes())
    weights = contents.info.weights
    origin = "\n".join(f"{key}: {value}" for key, value in weights.items()) or "not recorded"
    (folder / "ABOUT.txt").write_text(
        f"{PACKAGE} (MIT, Copyright Microsoft Corporation): onnxruntime-LICENSE. The WebAssembly file holds other\n"
        "programs, which onnxruntime-ThirdPartyNotices.txt lists.\n\n"
        "The page's own scripts and styles (MIT): resnet-studio-LICENSE.\n\n"
        f"The network's starting weights:\n{origin}\n",
        encoding="utf-8",
        newline="\n",
    )


def _read_me(contents: PageContents) -> str:
    return (
        f"{' '.join(contents.title.split())}\n\n"
        "Open index.html in a browser: from this folder, from a USB stick, or from any web server (copy the whole\n"
        f"folder). {ONE_FILE}, where it is there, is the same page in a single file, to send or to copy; a web server\n"
        "does not need it.\n\n"
        "Browsers allow the camera on https:// pages and on localhost. Chromium also allows it on files.\n"
        "A server that sends the headers Cross-Origin-Opener-Policy: same-origin and\n"
        "Cross-Origin-Embedder-Policy: require-corp lets the page use up to four processor cores.\n\n"
        "What the page learned comes back with:\n"
        "    python -m core use-head RUN learned-head.json --out FOLDER\n"
    )
