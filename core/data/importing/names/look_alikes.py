"""Tell which names read alike although other characters are in them: a Cyrillic letter in "cat", "barn_owl".

The letters are those that Unicode lists as confusable with a Latin one and that common fonts draw in the same way
(https://www.unicode.org/reports/tr39/#Confusable_Detection).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from core.data.tables.names import class_key, name_key, search_key, without_invisible
from core.data.tables.odd_words import words_in

_PAIRS = (
    ("АВЕЅІЈКМНОРСТУХԚԜҮ", "ABESIJKMHOPCTYXQWY"),
    ("аеѕіјорсухһԁԛԝү", "aesijopcyxhdqwy"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX"),
    ("αικνορυ", "aikvopu"),
    ("یک", "يك"),  # of Persian and of Arabic keyboards
)
_LETTERS = {ord(one): other for ones, others in _PAIRS for one, other in zip(ones, others, strict=True)}
_SIGNS = {
    **dict.fromkeys(map(ord, "‐‑‒–—−"), "-"),
    **dict.fromkeys(map(ord, "‘’ʼ`´"), "'"),
    **dict.fromkeys(map(ord, "“”„"), '"'),
}
_UNSEEN = dict.fromkeys([0x200C, 0x200D, *range(0xFE00, 0xFE10)], "")  # joiners and variation selectors
_BETWEEN_WORDS = re.compile(r"(?<=\w)(?<!_)[\s_-]+(?=[^\W_])")
_SHOWN = 2  # characters of a name that are said


def look_key(name: str) -> str:
    """Return a key that is equal for names that read alike, in any case and width: "barn_owl" and "Barn owl"."""
    return _BETWEEN_WORDS.sub(" ", _same_letters(name))


def _same_letters(name: str) -> str:
    plain = without_invisible(name).translate(_SIGNS | _UNSEEN)
    apart = unicodedata.normalize("NFKD", plain).translate(_LETTERS | _SIGNS)
    return " ".join(search_key(apart).split())


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    """Return the names that read alike, or differ only in case, together, in their order.

    Names that read the same in the same case count once.
    """
    different: dict[str, str] = {}
    for name in names:
        different.setdefault(class_key(name), name)
    place = {name: number for number, name in enumerate(different.values())}
    group_of: dict[tuple[str, str], set[str]] = {}
    for name in place:
        keys = (("case", name_key(name)), ("look", look_key(name)))
        group = {name}.union(*(group_of.get(key, ()) for key in keys))
        for one in group:
            group_of[("case", name_key(one))] = group_of[("look", look_key(one))] = group
    groups = {id(group): group for group in group_of.values() if len(group) > 1}
    return [sorted(group, key=place.__getitem__) for group in groups.values()]


def plainest(names: Sequence[str]) -> str:
    """Return the first of names that read alike in which no character stands for another; else the first."""
    return next((name for name in names if not odd_characters(name)), names[0])


def odd_characters(name: str, *, names: bool = True) -> str:
    """Return the characters of a name that look like others, with their ``names`` in Unicode; "" for none."""
    odd = [
        mark for mark in dict.fromkeys(without_invisible(name)) if _same_letters(f"x{mark}") != search_key(f"x{mark}")
    ]
    shown = [
        f"U+{ord(mark):04X} {unicodedata.name(mark, '') if names else ''}".rstrip()
        for mark in odd
        if not mark.isspace()
    ]
    return ", ".join(shown[:_SHOWN]) + (", ..." if len(shown) > _SHOWN else "")


def mixes_scripts(name: str) -> bool:
    """Return whether a word has letters of the Latin and another script, and those of one look like the other's."""
    return any(map(_is_mixed, words_in(name)))


def _is_mixed(word: str) -> bool:
    latin = {mark for mark in word if unicodedata.name(mark, "").startswith("LATIN ")}
    other = {mark for mark in word if unicodedata.name(mark, "").startswith(("CYRILLIC ", "GREEK "))}
    if not latin or not other:
        return False
    return all(ord(mark) in _LETTERS for mark in other) or latin <= set(_LETTERS.values())
