"""Read a small YAML file of strangers: every scalar is text, and nothing in it can grow.

YAML 1.1 turns ``yes`` into true, ``010`` into 8 and ``2001-13-45`` into an error, and a few hundred bytes with aliases
stand for gigabytes. A list of classes needs none of that, so the text of each scalar is kept, and aliases, anchors and
tags are refused.
"""

from typing import Any

import yaml

MAX_CHARACTERS = 2**19  # a thousand names of 200 characters take half of it
MAX_DEPTH = 16

# The parser written in C is about ten times faster; wheels of PyYAML have it, builds from source may lack it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlRefused(ValueError):
    """The text is not YAML, or uses more of YAML than is read; the message is half a sentence."""


Node = str | list[Any] | dict[str, Any]


def read_yaml_text(text: str) -> Node | None:
    """Return the document as texts, lists and dictionaries of them; None for an empty file.

    Raises YamlRefused.
    """
    if len(text) > MAX_CHARACTERS:
        raise YamlRefused(f"it has more than {MAX_CHARACTERS:,} characters")
    try:
        return _document(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, YamlRefused):
            raise
        mark = getattr(error, "problem_mark", None)
        where = f" (see its line {mark.line + 1:,})" if mark is not None else ""
        raise YamlRefused(f"it is not YAML{where}") from error


def _document(text: str) -> Node | None:
    """Build the nodes with a stack of our own: a nesting deeper than it stops before anything deep exists."""
    ended = False
    root: list[Any] = []
    open_nodes: list[_Open] = [_Open(root)]
    for event in yaml.parse(text, Loader=_LOADER):
        if ended and isinstance(event, yaml.DocumentStartEvent):
            raise YamlRefused("it holds several documents (---)")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise YamlRefused("it uses aliases or anchors (* and &); write every name out")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None):
            raise YamlRefused("it uses tags (!); write the names as plain text")
        if isinstance(event, yaml.ScalarEvent):
            open_nodes[-1].add(event.value)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if len(open_nodes) > MAX_DEPTH:
                raise YamlRefused(f"it is nested more than {MAX_DEPTH} levels deep")
            node: list[Any] | dict[str, Any] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            open_nodes[-1].add(node)
            open_nodes.append(_Open(node))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            open_nodes.pop()
        elif isinstance(event, yaml.DocumentEndEvent):
            ended = True
    return root[0] if root else None


class _Open:
    """A list or dictionary that is being read."""

    def __init__(self, node: list[Any] | dict[str, Any]) -> None:
        self._node = node
        self._key: str | None = None

    def add(self, value: Node) -> None:
        """Add an element, or a key and then its value."""
        if isinstance(self._node, list):
            self._node.append(value)
        elif self._key is not None:
            self._node[self._key] = value
            self._key = None
        elif not isinstance(value, str):
            raise YamlRefused("it has a list as a key")
        elif value in self._node:
            raise YamlRefused(f'it has the key "{value[:40]}" twice')
        else:
            self._key = value
