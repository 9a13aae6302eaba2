"""Find the names of the classes that a Hugging Face data set numbers: the ClassLabel features that it declares.

https://huggingface.co/docs/datasets/about_dataset_features: they stand in the YAML at the top of README.md, or in
dataset_infos.json; both beside the metadata or above it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from core.data.importing.formats.gathered_labels import Files, LabelCollector, check_labels, class_text, text_of
from core.data.importing.formats.gathering.untrusted_values import number_of
from core.data.importing.formats.json_text import JsonRefused, parse_json
from core.data.importing.formats.yaml_text import YamlRefused, read_yaml_text

README = "README.md"
INFOS = ("dataset_infos.json", "dataset_info.json")

_MOST_NODES = 100_000


@dataclass
class ClassNames:
    """The names of numbered classes by the name of their column."""

    by_column: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unclear: set[str] = field(default_factory=set)  # columns with several lists

    def name_of(self, column: str, value: object) -> str | None:
        """Return the name of a class given by its number or name; None where it is neither, or where both differ."""
        names = self.by_column.get(column)
        if names is None:
            return class_text(value)
        number = number_of(value)
        place = int(number) if number is not None and number.is_integer() else -1
        by_number = names[place] if 0 <= place < len(names) else None
        by_name = value if isinstance(value, str) and value in names else None
        return None if by_name and by_number and by_name != by_number else by_name or by_number


@dataclass
class Declarations:
    """The lists of classes that files declare."""

    collected: LabelCollector
    lists: dict[str, list[tuple[str, tuple[str, ...]]]] = field(default_factory=dict)  # file -> columns, their names
    _said: set[tuple[str, str]] = field(default_factory=set)

    def of(self, table: str) -> ClassNames:
        """Return those beside a table or above it; different lists for one column are a problem, and none is used."""
        found = ClassNames()
        above = {str(folder) for folder in PurePosixPath(table).parents}
        for path, lists in self.lists.items():
            if str(PurePosixPath(path).parent) not in above:
                continue
            for column, names in lists:
                if found.by_column.setdefault(column, names) != names:
                    found.unclear.add(column)
                    self._say(path, column)
        for column in found.unclear:
            del found.by_column[column]
        return found

    def _say(self, path: str, column: str) -> None:
        if (path, column) not in self._said:
            self._said.add((path, column))
            text = f'it names the classes of "{column}" differently than another file; neither list is used'
            self.collected.add_problem(path, text)


def read_class_names(files: Files, collected: LabelCollector) -> Declarations:
    """Return the classes that the files declare."""
    found = Declarations(collected)
    for path in sorted(files):
        name = PurePosixPath(path).name
        if name not in (README, *INFOS):
            continue
        trial = LabelCollector(asking=collected.asking.trial())
        text = text_of(files[path], path, trial)
        content = _content(name, text) if text is not None else None
        if lists := list(_lists(content)):
            for _, names in lists:
                check_labels(len(names), path)
            found.lists[path] = lists
            collected.asking.adopt(trial.asking)
            collected.used.add(path)
    return found


def _content(name: str, text: str) -> Any:
    """Return the YAML at the top of README.md, or the JSON; None where there is none that can be read."""
    try:
        if name != README:
            return parse_json(text)
        lines = text.replace("\r\n", "\n").split("\n")
        if lines[0].strip() != "---" or "---" not in (line.strip() for line in lines[1:]):
            return None
        end = next(place for place, line in enumerate(lines[1:], start=1) if line.strip() == "---")
        return read_yaml_text("\n".join(lines[1:end]))
    except (JsonRefused, YamlRefused):
        return None


def _lists(content: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the column and the names of each ClassLabel, however deep it lies."""
    waiting: list[tuple[str, Any]] = [("", content)]
    seen = 0
    while waiting and seen < _MOST_NODES:
        column, node = waiting.pop()
        seen += 1
        if isinstance(node, dict):
            own = node.get("name")
            column = (
                own if isinstance(own, str) and ("dtype" in node or "sequence" in node or "list" in node) else column
            )
            names = _names(node.get("names")) if _is_class_label(node) else None
            inner = node.get("class_label")
            if names is None and isinstance(inner, dict):
                names = _names(inner.get("names"))
            if names is not None:
                yield column, names
            else:
                waiting += [(column if key in _STRUCTURE else key, value) for key, value in node.items()]
        elif isinstance(node, list):
            waiting += [(column, value) for value in node]


_STRUCTURE = frozenset(("dtype", "sequence", "list", "struct", "feature", "features", "class_label"))


def _is_class_label(node: dict[str, Any]) -> bool:
    return node.get("_type") == "ClassLabel" or "num_classes" in node


def _names(value: Any) -> tuple[str, ...] | None:
    """Return the names in the order of their numbers; None where they are not whole."""
    if isinstance(value, dict):
        numbers = [str(number) for number in range(len(value))]
        value = [value[number] for number in numbers] if set(value) == set(numbers) else None
    if not isinstance(value, list) or not value:
        return None
    names = [class_text(name) for name in value]
    known = [name for name in names if name]
    return tuple(known) if len(known) == len(names) == len(set(known)) else None
