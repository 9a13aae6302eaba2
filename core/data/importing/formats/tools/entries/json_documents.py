"""Parse the JSON files of a data set once for all readers, and keep only what is of a tool."""

from collections.abc import Callable, Mapping
from typing import Any

from core.data.importing.folder_layout import suffix_of
from core.data.importing.formats.gathered_labels import Files, LabelCollector, note_unread, text_of
from core.data.importing.formats.json_text import MAX_BYTES, memory_of, parse_or_note
from core.errors import LabelsError

PHOTO_KEY = "imageData"
"""Where labelme's files hold the photo itself, as text; it is never decoded, and not kept."""


class JsonDocuments:
    """The JSON files of a data set by the tool that wrote them."""

    def __init__(self, files: Files, unread: dict[str, str], tools: Mapping[str, Callable[[Any], bool]]) -> None:
        """Read the files. A function of ``tools`` returns whether a content is of its tool.

        ``unread`` gets the files that are not JSON. Raises LabelsError for more than can be held at once.
        """
        self._found: dict[str, dict[str, Any]] = {tool: {} for tool in tools}
        held = 0
        for path in sorted(path for path in files if suffix_of(path) == ".json"):
            trial = LabelCollector()
            text = text_of(files[path], path, trial)
            note_unread(trial, unread)
            content = parse_or_note(text, path, unread) if text is not None else None
            tool = next((tool for tool, fits in tools.items() if fits(content)), None)
            if tool is None or text is None:
                continue
            photo = content.pop(PHOTO_KEY, None) if isinstance(content, dict) else None
            held += memory_of(text) + len(text) - (len(photo) if isinstance(photo, str) else 0)
            if held > MAX_BYTES:
                raise LabelsError(
                    f"{path} was not read: the labels take too much memory. Import them in several parts."
                )
            self._found[tool][path] = content

    def of(self, tool: str) -> dict[str, Any]:
        """Return the contents of a tool's files by their paths."""
        return self._found[tool]
