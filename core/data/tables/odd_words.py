"""Tell how odd words look, to find the encoding in which they were written."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+")  # letters and digits, and everything beyond ASCII
_OPENING, _CLOSING = "“‘«„‚‹", "”’»“‘›"
_BESIDE_DIGITS = frozenset("–—°€£¥§№…•×±")
_AFTER_A_WORD = frozenset("®™©")
_RARE = frozenset("ƒªºµﬁﬂ")  # letters that are seldom meant, apart from their usual places
_ONLY_AT_THE_END = frozenset("ςךםןףץ")
_EAST_ASIAN = frozenset(("CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "IDEOGRAPHIC", "FULLWIDTH"))

_WITH_MARKS = frozenset(("HEBREW", "ARABIC", "THAI"))  # their vowels and tones are marks


def words_in(text: str) -> list[str]:
    """Return the words of a text: what stands between spaces and the signs of ASCII."""
    return _WORD.findall(text)


def is_odd(word: str) -> bool:
    """Return whether a word has a character beyond ASCII that hardly belongs where it stands."""
    return not word.isascii() and _odd_in(word)[0] > 0


def odd_share(texts: Iterable[str]) -> float:
    """Return the share of the characters beyond ASCII that hardly belong where they stand; 0 without any.

    A word in the wrong encoding mixes scripts ("Kдuzchen"), has symbols inside ("K‰uzchen"), capitals after small
    letters ("cafŽ"), or only letters with accents ("êîòèê").
    """
    odd = count = 0
    for text in texts:
        for word in _WORD.findall(text):
            if not word.isascii():
                odd_here, here = _odd_in(word)
                odd, count = odd + odd_here, count + here
    return odd / count if count else 0.0


def _odd_in(word: str) -> tuple[int, int]:
    """Return how many characters beyond ASCII are odd, and how many there are."""
    if len(word) > 2 and word[0] in _OPENING and word[-1] in _CLOSING:
        word = word[1:-1]
    whole = _mixes_scripts(word) or _has_only_accents(word)
    places = [place for place, mark in enumerate(word) if not mark.isascii()]
    return sum(whole or _is_odd(word, place) for place in places), len(places)


def _mixes_scripts(word: str) -> bool:
    """Return whether letters of several scripts stand in one word; capitals such as in Tシャツ are usual."""
    scripts = {_script(mark) for mark in word if mark.isalpha() or _script(mark) in _WITH_MARKS}
    if scripts == {"LATIN", "EAST"}:
        return any(mark.isalpha() and not mark.isupper() for mark in word if _script(mark) == "LATIN")
    return len(scripts) > 1


@lru_cache(maxsize=20_000)
def _script(mark: str) -> str:
    if mark.isascii() or mark in "µºª":
        return "LATIN"
    first = unicodedata.name(mark, "?").partition(" ")[0]
    return "EAST" if first in _EAST_ASIAN else first


def _has_only_accents(word: str) -> bool:
    letters = [mark for mark in word if mark.isalpha()]
    if len(letters) < 3 or any(_script(mark) != "LATIN" for mark in letters):
        return False
    return not any(mark.isascii() for mark in letters)


def _is_odd(word: str, place: int) -> bool:
    """Return whether a character beyond ASCII hardly belongs between its neighbours."""
    mark, before, after = word[place], word[:place][-1:], word[place + 1 :][:1]
    if _is_usual_sign(mark, before, after):
        return False
    kind = unicodedata.category(mark)
    if kind[0] == "C" or mark in _RARE:
        return True
    if kind == "Lu":
        return before.islower() or (before.isupper() and after.islower())
    if mark in _ONLY_AT_THE_END:
        return after.isalpha()
    if kind == "Ll":
        return before.isupper() and after.isupper()
    if kind == "Lm":
        return unicodedata.name(mark, "").startswith("MODIFIER")
    if kind[0] == "L":
        return False
    if kind[0] == "M":
        return not before
    if (mark == "’" and before.isalpha() and after.isalpha()) or (mark in _AFTER_A_WORD and not after):
        return False
    if unicodedata.east_asian_width(mark) in "WF":
        return any(beside.isascii() and beside.islower() for beside in (before, after))
    return before.isalpha() or after.isalpha() or mark not in _BESIDE_DIGITS


def _is_usual_sign(mark: str, before: str, after: str) -> bool:
    """Return whether a sign stands where tables have it: 37 °C, 5 µm, ½ cup, 10 m², A–B, Nº 5."""
    of_number = not before or before.isdigit()
    if mark == "°":
        return of_number and (not after or after in "CFK")
    if mark == "µ":
        return of_number and after.isascii() and after.isalpha()
    if mark in "½¼¾":
        return of_number and after.isascii()
    if mark in "²³":
        return before in ("m", "M") and not after
    if mark in "ºª":
        return (before.isdigit() or before in ("n", "N")) and not after
    if mark in "–—":
        return all(beside.isascii() and beside.isalnum() for beside in (before, after))
    return False
