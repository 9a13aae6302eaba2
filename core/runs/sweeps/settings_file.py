"""Reads a file of settings, YAML or JSON, with the line of each value: a recipe, or a grid of recipes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import RecipeError

MOST_BYTES = 100_000
_MOST_DEPTH = 8
_SHOWN = 60
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Value:
    """A value of the file and the line on which it begins.

    ``content`` is a text, a number, a truth value, None, a list of Values, or a dict of Values by name.
    """

    content: Any
    line: int

    @property
    def plain(self) -> Any:
        """The content without lines."""
        if isinstance(self.content, list):
            return [value.plain for value in self.content]
        if isinstance(self.content, dict):
            return {name: value.plain for name, value in self.content.items()}
        return self.content


def read_settings(path: Path) -> Value:
    """Return the file's mapping or list. Raises RecipeError with the line of what cannot be read."""
    text = _text(path)
    try:
        if path.suffix.lower() == ".json":  # YAML reads most of JSON, but not all of its escapes
            json.loads(text)
        _refuse_more_than_data(text)
        root = yaml.compose(text, Loader=_LOADER)
        return _value(root) if root is not None else Value({}, 1)
    except _Refused as error:
        raise RecipeError(f"{path}: {error}") from error
    except json.JSONDecodeError as error:
        raise RecipeError(f"{path} is not valid JSON: {error.msg} in line {error.lineno}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1:,}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise RecipeError(f"{path} is not valid YAML: {problem}{where}.") from error


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the settings in a recipe file, such as the recipe.json of a run; they are not checked yet.

    Raises RecipeError if the file is no mapping of settings.
    """
    found = read_settings(path).plain
    if not isinstance(found, dict):
        raise RecipeError(f"{path} holds a list, but a recipe is a mapping such as: epochs: 8")
    return found


class _Refused(ValueError):
    """The file is YAML, but uses more of it than is read; the message is a sentence."""


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "missing"
            raise RecipeError(f"{path} is {what}. Give a YAML or JSON file of settings.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(content) > MOST_BYTES:
        raise RecipeError(f"{path} has more than {MOST_BYTES // 1000} kB, so it is no file of settings.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not a text in UTF-8. Save it again with that encoding.") from error


def _refuse_more_than_data(text: str) -> None:
    """Raise _Refused for aliases, with which a small file stands for a huge one, for tags, and for deep nesting."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(f"line {line} uses an alias or an anchor (* or &). Write every value out.")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise _Refused(f"line {line} uses a tag (!). Write plain values.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_DEPTH:
            raise _Refused(f"line {line} is nested more than {_MOST_DEPTH} levels deep.")


def _value(node: yaml.Node) -> Value:
    line = _line(node)
    if isinstance(node, yaml.MappingNode):
        return Value(dict(_pairs(node)), line)
    if isinstance(node, yaml.SequenceNode):
        return Value([_value(one) for one in node.value], line)
    assert isinstance(node, yaml.ScalarNode)
    return Value(_scalar(node), line)


def _line(part: yaml.Event | yaml.Node) -> int:
    mark = part.start_mark
    return mark.line + 1 if mark is not None else 1


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, Value]]:
    seen = set()
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, yaml.ScalarNode):
            raise _Refused(f"line {line} has a list or a mapping as a name. Write one name.")
        if key.value in seen:
            raise _Refused(f"line {line} has {key.value[:_SHOWN]!r} a second time. Keep one of the two.")
        seen.add(key.value)
        yield key.value, _value(value)


def _scalar(node: yaml.ScalarNode) -> Any:
    """Return a quoted value as text, and a plain one as Python reads it.

    YAML 1.1 takes 1e-4 for a text and 010 for 8, which nobody means here.
    """
    text: str = node.value
    if node.style in ("'", '"', "|", ">"):
        return text
    if node.tag.endswith((":null", ":bool")):
        return None if node.tag.endswith(":null") else text.lower() in ("true", "yes", "on")
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
