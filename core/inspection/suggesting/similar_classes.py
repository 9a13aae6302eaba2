"""Likely typos among class names: a rare class whose name differs from a common one's by a letter or two.

Names of one letter or digit more are often classes of their own ("cat" and "car", "class_1" and "class_2"), so the rule
is narrow. Only one word may differ, by letters alone and not in the first, which people rarely mistype; it must be
long; and the rare class must have at most a tenth of the other's photos. Names that differ only in spaces, hyphens,
underscores or accents are offered with any counts. The distance counts swapped neighbours as one (optimal string
alignment; Damerau, 1964: 80% of misspellings are one such step).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from core.data.store.records import ClassInfo

REVIEW_KIND = "class names"
"""The kind of review that keeps two similar classes."""
SHORTEST = 5
"""Letters of the longer of the two words that differ."""
TWO_STEPS_FROM = 9
"""Words of this length may differ by two steps."""
COMMON, TIMES = 10, 10
"""The common class has at least this number of photos, and this multiple of the rare one's."""
_LATIN_GREEK_CYRILLIC = 0x590  # other scripts have words of few signs, and one of them is another word


@dataclass(frozen=True)
class LikelyTypo:
    """Two classes that are probably one."""

    rare: ClassInfo
    common: ClassInfo

    @property
    def subject(self) -> str:
        """The name of its review: other names of the same classes are another question."""
        return f"{self.rare.id}:{self.rare.name[:80]}|{self.common.id}:{self.common.name[:80]}"


def likely_typos(classes: Iterable[ClassInfo]) -> list[LikelyTypo]:
    """Return the pairs of classes that are probably one, each rare class once, with its most common partner."""
    by_count = sorted(classes, key=lambda one: (-one.count, one.position))
    words = {one.id: _words(one.name) for one in by_count}
    joined = {number: _joined(some) for number, some in words.items()}
    found = []
    for place, rare in enumerate(by_count):
        for common in by_count[:place]:
            if (joined[rare.id] and joined[rare.id] == joined[common.id]) or (
                _is_rare_beside(rare, common) and _differ_by_typo(words[rare.id], words[common.id])
            ):
                found.append(LikelyTypo(rare, common))
                break
    return sorted(found, key=lambda one: one.rare.position)


def _is_rare_beside(rare: ClassInfo, common: ClassInfo) -> bool:
    return rare.count >= 1 and common.count >= max(COMMON, TIMES * rare.count)


def _words(name: str) -> list[str]:
    """Return the words of a name, without case and accents."""
    bare = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return [word for word in re.split(r"[\s_\-.,'’]+", bare) if word]


def _joined(words: list[str]) -> str:
    """Return the name without its marks; nothing where a digit may need one, as in "1.5" and "15"."""
    name = "".join(words)
    return "" if any(letter.isdigit() for letter in name) else name


def _differ_by_typo(first: list[str], second: list[str]) -> bool:
    if len(first) != len(second):
        return False
    different = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    if len(different) != 1:
        return False
    one, other = different[0]
    if one[0] != other[0] or not all(
        letter.isalpha() and ord(letter) < _LATIN_GREEK_CYRILLIC for letter in one + other
    ):
        return False
    length = max(len(one), len(other))
    return length >= SHORTEST and distance(one, other) <= (2 if length >= TWO_STEPS_FROM else 1)


def distance(first: str, second: str) -> int:
    """Return how many letters were added, left out, replaced or swapped with their neighbour, at the least."""
    before: list[int] = []
    row = [*range(len(second) + 1)]
    for i, letter in enumerate(first, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(second, start=1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                steps = min(steps, older[j - 2] + 1)
            row.append(steps)
    return row[-1]
