"""Tell which words are possible in an encoding, but seldom meant: rare ideographs, two accents and nothing else."""

import unicodedata

# The first bytes of the characters that are in daily use; the standards put them together.
_DAILY = {
    "cp932": range(0x88, 0x99),
    "euc_jp": range(0xB0, 0xD0),
    "gb18030": range(0xB0, 0xD8),
    "gbk": range(0xB0, 0xD8),
    "cp950": range(0xA4, 0xC7),
    "big5": range(0xA4, 0xC7),
    "cp949": range(0xB0, 0xC9),  # the syllables; ideographs are rare in Korean
}


def is_unusual(word: str, codec: str) -> bool:
    """Return whether a word in this encoding has rare characters, or is nothing but several letters with accents."""
    if word.isascii():
        return False
    letters = [mark for mark in word if mark.isalpha()]
    kinds = {"" if mark.isascii() else unicodedata.name(mark, "?").partition(" ")[0] for mark in letters}
    if len(letters) > 1 and kinds == {"LATIN"}:
        return True
    if "HALFWIDTH" in kinds:
        return True
    daily = _DAILY.get(codec)
    return daily is not None and any(_is_rare(mark, codec, daily) for mark in letters)


def _is_rare(mark: str, codec: str, daily: range) -> bool:
    if not unicodedata.name(mark, "?").startswith(("CJK", "HANGUL")):
        return False
    return mark.encode(codec, "replace")[0] not in daily
