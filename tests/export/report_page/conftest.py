"""A finished run in a workspace of its own, and an HTML parser that sees what a browser would load."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from core.runs.folder import RunFolder
from core.workspace import Workspace, open_workspace
from tests.pages.trained import finished_run

VOID = {"meta", "br", "img", "hr", "input", "link", "base", "source", "area", "col", "embed", "wbr", "track"}
LOADING = {
    "src",
    "href",
    "srcset",
    "action",
    "formaction",
    "data",
    "poster",
    "background",
    "xlink:href",
    "ping",
    "cite",
}


class Page(HTMLParser):
    """The elements, attributes, texts and scripts of a page; raises AssertionError if it is not well formed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles = ""
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, (tag, self._open)
        self._open.pop()

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            attributes, content = self.scripts[-1]
            self.scripts[-1] = (attributes, content + data)
        elif inside == "style":
            self.styles += data
        else:
            self.text += data

    @property
    def loaded(self) -> list[str]:
        """What the page would request: every address that is neither inside it nor data."""
        found = [
            f"{tag} {key}={value}"
            for tag, attributes in self.tags
            for key, value in attributes.items()
            if key in LOADING and not (value or "").startswith(("data:", "#"))
        ]
        return found + [word for word in ("url(", "@import") if word in self.styles]

    def names_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("RESNET_STUDIO_HOME", str(tmp_path / "workspace"))
    monkeypatch.delenv("RESNET_STUDIO_DATABASE_URL", raising=False)
    return open_workspace()


@pytest.fixture
def run(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)
