"""Tell by its letters in which languages a word may be written; each language is a bit of a mask."""

import re
import unicodedata
from functools import lru_cache

# Each with its letters beyond ASCII, loan words included, and the letters of ASCII that its own words do not have.
_WESTERN = {
    "German": ("äöüßé", ""),
    "French": ("àâæçéèêëîïôœùûüÿ", ""),
    "Spanish": ("áéíñóúü", "kw"),
    "Portuguese": ("áàâãçéêíóôõúü", "kwy"),
    "Italian": ("àèéìíîòóùú", "jkwxy"),
    "Catalan": ("àçéèíïóòúü", "kwy"),
    "Dutch": ("áéèëêïóöü", ""),
    "Swedish": ("åäöéàü", "qw"),
    "Danish and Norwegian": ("æøåéèêóòôüäö", "qw"),
    "Finnish": ("äöåšžé", "cqwxz"),
    "Icelandic": ("áðéíóúýþæö", "cqwz"),
}
_LATIN = {
    **_WESTERN,
    "Estonian": ("äöõüšž", "cfqwxy"),
    "Polish": ("ąćęłńóśźż", "qvx"),
    "Czech": ("áčďéěíňóřšťúůýž", "qw"),
    "Slovak": ("áäčďéíĺľňóôŕšťúýž", "qw"),
    "Hungarian": ("áéíóöőúüű", "qwx"),
    "Croatian and Slovenian": ("čćđšž", "qwxy"),
    "Romanian": ("ăâîşţșț", "qwy"),
    "Albanian": ("çë", "w"),
    "Turkish": ("çğıİöşüâîû", "qwx"),
    "Lithuanian": ("ąčęėįšųūž", "qwx"),
    "Latvian": ("āčēģīķļņšūž", "qwxy"),
    "Vietnamese": ("áàâãèéêìíòóôõùúýăđĩũơư", "fjwz"),
}
_OTHERS = {
    "Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя",
    "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "Macedonian": "абвгдѓежзѕијклљмнњопрстќуфхцчџш",
    "Greek": "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",
}
_SCRIPTS = {  # the first word of a letter's Unicode name
    "HEBREW": ("Hebrew",),
    "ARABIC": ("Arabic",),
    "THAI": ("Thai",),
    "HIRAGANA": ("Japanese",),
    "KATAKANA": ("Japanese",),
    "KATAKANA-HIRAGANA": ("Japanese",),
    "HALFWIDTH": ("Japanese",),
    "HANGUL": ("Korean",),
    "CJK": ("Japanese", "Chinese"),
    "COMBINING": ("Vietnamese",),
}
_EAST_ASIAN = ("Japanese", "Chinese", "Korean")

LANGUAGES = (*_LATIN, *_OTHERS, "Hebrew", "Arabic", "Thai", *_EAST_ASIAN)
SEVERAL_WESTERN = 1 << len(LANGUAGES)
"""The bit of a table whose words are of several western European languages."""
ALL = (1 << (len(LANGUAGES) + 1)) - 1
_MANY_VOWELS = re.compile("[aeiouy]+[^aeiouy]+[aeiouy]")
_NEVER = {  # what the spelling of a language does not have
    "French": "ç(?![aouàâôû])",
    "Spanish": "ñ(?![aeiouáéíóú])",
    "Portuguese": r"õ(?!e)|ç(?![aouáâãóôõú])|ã(?![oeis]|\b)",
    "German": r"\bß",
    "Icelandic": r"\Bþ|\bð",
    "Polish": r"[ćńśź][aeiouyąęó]|[ąę][nmń]|(?<![aeiouyąęó])ń",
    "Czech": r"(?<![bpvfmdtn])ě|\bů|[ďťň][eěií]",
    "Slovak": r"[ĺŕ](?:[aeiouyáäéíóôúý]|\b)|(?:[aeiouyáäéíóôúý]|\b)[ĺŕ]|(?<![bpmv])ä|[ďťňľ][eií]",
    "Turkish": "(?<![aeıioöuüâîû])ğ",
    "Romanian": r"\bâ|â\b|ă[aeo]",
    "Latvian": "[āēīū][aou]",
}
_SPELLING = {language: re.compile(pattern) for language, pattern in _NEVER.items()}

_CENTRAL = ("German", "Polish", "Czech", "Slovak", "Hungarian", "Croatian and Slovenian", "Romanian", "Albanian")
_BALTIC = ("German", "Estonian", "Lithuanian", "Latvian")
_WRITTEN_IN = {
    **dict.fromkeys(("cp1252", "latin_1", "iso8859_15"), (*_WESTERN, "Estonian", "Albanian")),
    **dict.fromkeys(("mac_roman", "cp850", "cp437"), (*_WESTERN,)),
    **dict.fromkeys(("cp1250", "cp852", "iso8859_2"), _CENTRAL),
    **dict.fromkeys(("cp1254", "cp857"), (*_WESTERN, "Turkish")),
    **dict.fromkeys(("cp1257", "cp775"), _BALTIC),
    "cp1258": ("Vietnamese", "French"),
}


def _mask_of(languages: tuple[str, ...]) -> int:
    return sum(1 << LANGUAGES.index(language) for language in languages)


def _masks_of_letters() -> dict[str, int]:
    masks: dict[str, int] = {}
    for language, letters in {**{name: own for name, (own, _) in _LATIN.items()}, **_OTHERS}.items():
        for letter in letters:
            masks[letter] = masks.get(letter, 0) | _mask_of((language,))
            if language in _WESTERN:
                masks[letter] |= SEVERAL_WESTERN
    for letter in "abcdefghijklmnopqrstuvwxyz":
        without = tuple(language for language, (_, unused) in _LATIN.items() if letter in unused)
        masks[letter] = ALL & ~_mask_of(without)
    return masks


_MASKS = _masks_of_letters()
_VIETNAMESE = _mask_of(("Vietnamese",))
_OTHER_SCRIPTS = ALL & ~_mask_of((*_LATIN,)) & ~SEVERAL_WESTERN


def languages_of(word: str) -> int:
    """Return the mask of the languages whose alphabets have all letters of a word; signs may stand in any of them."""
    mask = ALL
    for mark in set(word):
        mask &= _languages_of_mark(mark)
    if mask & _VIETNAMESE and _has_several_syllables(word):
        mask &= ~_VIETNAMESE
    small = word.lower()
    for language, never in _SPELLING.items():
        if never.search(small):
            mask &= ~_mask_of((language,))
    return mask


@lru_cache(maxsize=1_000)
def languages_written_in(names: tuple[str, ...]) -> int:
    """Return the mask of the languages for which one of these encodings was made; letters of others are accidents."""
    mask = 0
    for name in names:
        if name not in _WRITTEN_IN:
            return ALL
        mask |= _mask_of(_WRITTEN_IN[name]) | (SEVERAL_WESTERN if "French" in _WRITTEN_IN[name] else 0)
    return mask | _OTHER_SCRIPTS


@lru_cache(maxsize=20_000)
def _languages_of_mark(mark: str) -> int:
    small = mark.lower() if len(mark.lower()) == 1 else mark
    if small in _MASKS:
        return _MASKS[small]
    script = _SCRIPTS.get(unicodedata.name(mark, "?").partition(" ")[0])
    if script is not None:
        return _mask_of(script)
    if unicodedata.east_asian_width(mark) in "WF":
        return _mask_of(_EAST_ASIAN)
    return 0 if mark.isalpha() and mark not in "µºª" else ALL


def _has_several_syllables(word: str) -> bool:
    """Return whether vowels stand apart: a word of Vietnamese is one syllable."""
    plain = "".join(mark for mark in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(mark))
    return _MANY_VOWELS.search(plain) is not None
