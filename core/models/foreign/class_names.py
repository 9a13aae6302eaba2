"""Find the names of the classes that a checkpoint, its settings or the config.json beside it may hold."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.models.untrusted.bundle_info import MAX_CLASSES

_KEYS = frozenset(
    {"classes", "class_names", "classnames", "class_labels", "label_names", "labels", "categories", "vocab"}
    | {"idx_to_class", "idx2class", "index_to_class", "idx_to_label", "id2label", "id_to_label"}
    | {"class_to_idx", "class2idx", "class_to_index", "label_to_idx", "label2id", "label_to_id"}
)
"""Keys, in lower case, under which people save the names; which way a table goes shows in its values."""
_SETTINGS = frozenset(
    {"hyper_parameters", "hparams", "args", "config", "cfg", "meta", "metadata", "extra", "model_config"}
    | {"pretrained_cfg", "model_args", "dataset"}
)
"""Tables of settings that are searched as well."""
_MAX_CHARACTERS = 200
_PLACEHOLDER = re.compile(r"LABEL_[0-9]+")  # what transformers writes where nobody named the classes
_MAX_TEXT = 2 * 2**20


@dataclass(frozen=True)
class ClassNames:
    """What a file says about its classes."""

    names: tuple[str, ...] | None
    """In the order of the outputs; None if it names none, or not as many as there are outputs."""
    remark: str | None = None
    """Why names in it are not used."""


def class_names(places: Sequence[object], outputs: int) -> ClassNames:
    """Return the names for a number of outputs; 0 if the file has no classifier. ``places`` are tables that may hold
    them."""
    found = dict.fromkeys(names for place in places for names in _names_in(place))
    fitting = [names for names in found if len(names) == outputs]
    if len(fitting) == 1:
        return ClassNames(fitting[0])
    if fitting:
        return ClassNames(None, "It names its classes in two ways that differ, so the names are not used.")
    if found:
        names = next(iter(found))
        if outputs:
            what = f"but its classifier has {outputs:,} outputs, so the names are not used."
        else:
            what = "but has no classifier for them."
        return ClassNames(None, f"It names {len(names):,} classes ({shown(names)}), {what}")
    return ClassNames(None)


def shown(names: Sequence[str], most: int = 3) -> str:
    """Return the first names of a list as text."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _names_in(place: object, depth: int = 0) -> list[tuple[str, ...]]:
    if not isinstance(place, Mapping) or len(place) > MAX_CLASSES:
        return []
    found = []
    for key, value in place.items():
        word = key.lower() if isinstance(key, str) else ""
        if word in _KEYS and (names := _names(value)):
            found.append(names)
        elif word in _SETTINGS and depth < 2:
            found += _names_in(value, depth + 1)
    return found


def _names(value: object) -> tuple[str, ...] | None:
    """Return the names that a list or a table holds; None if it is anything else, or leaves one out."""
    if isinstance(value, str) and value[:1] in "[{" and len(value) <= _MAX_TEXT:
        try:
            value = json.loads(value)  # safetensors notes only texts
        except (ValueError, RecursionError):
            return None
    if isinstance(value, Mapping):
        value = _in_order(value)
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_CLASSES:
        return None
    names = tuple(value)
    if not all(isinstance(name, str) and _is_name(name) for name in names) or len(set(names)) < len(names):
        return None
    if all(_PLACEHOLDER.fullmatch(name) for name in names):
        return None
    return names


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _MAX_CHARACTERS and text.isprintable() and bool(text.strip())


def _in_order(table: Mapping[object, object]) -> list[object] | None:
    """Return the names of a table from number to name, or from name to number; None unless all numbers are there."""
    if len(table) > MAX_CLASSES:
        return None
    if all(_is_number(value) for value in table.values()):
        pairs = [(value, key) for key, value in table.items()]
    else:
        pairs = [
            (int(key) if isinstance(key, str) and key.isdecimal() and len(key) < 7 else key, value)
            for key, value in table.items()
        ]
    if not all(_is_number(number) for number, _ in pairs):
        return None
    by_number = dict(pairs)
    numbers = range(len(table))
    return [by_number[number] for number in numbers] if by_number.keys() == set(numbers) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
