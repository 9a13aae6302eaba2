"""Read words in each encoding that they may be in, the likeliest first, and tell whether the first one is sure."""

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.data.tables.encodings.alphabets import ALL, LANGUAGES, languages_of, languages_written_in
from core.data.tables.encodings.code_pages import MANY_BYTES, UTF_8, WESTERN
from core.data.tables.encodings.rare_letters import is_unusual
from core.data.tables.odd_words import is_odd, odd_share, words_in

MOST_CHOICES = 8
"""How many readings a person chooses from."""
FEW_WORDS = 8
"""Fewer words beyond ASCII are no evidence for a rare encoding."""

_SURE = 0.2  # of the words may fit no language
_MIXED = 0.15  # how doubtful words of several western languages are
_UNUSUAL = 0.1  # and words of rare characters
_MAIN, _MOSTLY = 0.6, 0.8
_SPREAD, _HALF = 0.75, 0.5
_CELLS_JUDGED, _LONGEST_JUDGED, _CHARACTERS_JUDGED = 1_000, 200, 10_000
_BYTES_DETECTED = 2**14
_AT_ONCE = 2**20  # bytes


@dataclass(frozen=True)
class Reading:
    """What cells are in one encoding; they are the same cells, in the same order, in all readings."""

    codec: str
    texts: tuple[str, ...]
    languages: tuple[int, ...]  # of each text; 0: it has an odd word, or letters of no language
    doubt: float  # the share of texts that are not in the language of most of them
    odd: float  # the share of odd characters


def readings_of(cells: Sequence[bytes], data: bytes, names: Iterable[str]) -> list[Reading]:
    """Return the different readings of cells in these encodings, the likeliest first.

    ``data`` is the whole file, which has to be decodable as well. charset-normalizer orders equally likely readings.
    """
    judged = [*_judged(cells)]
    blob = b"\n".join(cells)
    high_in_cells, high_in_data = _high_bytes(blob), _high_bytes(data)
    found: dict[str, list[str]] = {}  # the encodings in which the cells are the same
    order = [*names]
    for codec in order:
        if codec in MANY_BYTES:
            key = _digest(blob, data, codec)
        else:
            key = _letters(high_in_cells, codec) if _letters(high_in_data, codec) is not None else None
        if key is not None:
            found.setdefault(key, []).append(codec)
    likeliest = _detected(blob, order)

    def rank(one: Reading) -> tuple[float, bool, bool, float, int]:
        usual = one.doubt == 0 and one.codec in WESTERN
        return round(one.doubt, 2), not usual, one.codec != likeliest, one.odd, order.index(one.codec)

    return sorted((_reading(tuple(same), judged) for same in found.values()), key=rank)


def is_sure(readings: Sequence[Reading], usual: Collection[str] = WESTERN) -> bool:
    """Return whether the first reading can be taken without asking.

    Its words have to be of one language, or of western Europe, and no other reading may be in a language. Apart from
    the ``usual`` encodings, this also takes some words: a few may fit anything.
    """
    best, *others = readings
    if best.codec == UTF_8 or best.doubt > _SURE or any(_is_rival(one, best) for one in others):
        return False
    return best.codec in usual or _count_words(best) >= FEW_WORDS


def choices_of(readings: Sequence[Reading]) -> list[Reading]:
    """Return the readings that a person chooses from: those with words of a language, and the usual one."""
    likely = [one for one in readings if any(one.languages)]
    shown = likely[:MOST_CHOICES] if len(likely) > 1 else [*readings[: MOST_CHOICES // 2]]
    western = next((one for one in readings if one.codec in WESTERN), None)
    if western is not None and western not in shown:
        shown = [*shown[: MOST_CHOICES - 1], western]
    return shown


def _is_rival(other: Reading, best: Reading) -> bool:
    """Return whether what differs from the best reading makes sense as well."""
    apart = [at for at, texts in enumerate(zip(other.texts, best.texts, strict=True)) if texts[0] != texts[1]]
    if not apart:  # they differ in what has not been judged
        return True
    there = [other.languages[at] for at in apart]
    if sum(map(bool, there)) < _HALF * len(there):
        return False
    if _share_a_language(other.languages, _SPREAD, there, _HALF):
        return True
    return not _share_a_language(best.languages, _MAIN, [best.languages[at] for at in apart], _MOSTLY)


def _share_a_language(everywhere: Sequence[int], most: float, apart: Sequence[int], there: float) -> bool:
    """Return whether one language is that of so many texts everywhere, and of so many of those that are read apart."""
    of_all, of_apart = _shares(everywhere), _shares(apart)
    return any(of_all[at] >= most and of_apart[at] >= there for at in range(len(LANGUAGES)))


def _shares(masks: Sequence[int]) -> list[float]:
    """Return the share of each language, and last that of the western ones together."""
    counts = Counter(masks)
    return [
        sum(count for mask, count in counts.items() if mask >> at & 1) / len(masks) for at in range(len(LANGUAGES) + 1)
    ]


def _reading(same: tuple[str, ...], judged: Sequence[bytes]) -> Reading:
    """Return the reading that several encodings share; the first one stands for it."""
    codec, written = same[0], languages_written_in(same)
    # What is ignored is a character that was cut in two: the whole is decodable.
    texts = tuple(cell.decode(codec, "replace" if codec == UTF_8 else "ignore") for cell in judged)
    masks = tuple(_languages_in(text, codec) & written for text in texts)
    *single, western = _shares(masks) if masks else [1.0]
    doubt = min(1 - max(single, default=1.0), 1 - western + _MIXED)
    unusual = sum(any(is_unusual(word, codec) for word in words_in(text)) for text in texts)
    doubt += _UNUSUAL * unusual / max(1, len(texts))
    return Reading(codec, texts, masks, doubt, odd_share(texts))


def _languages_in(text: str, codec: str) -> int:
    mask = ALL
    for word in words_in(text):
        if not word.isascii():
            # A rare ideograph beside a capital of ASCII: B舐 for Bär.
            strange = is_odd(word) or (re.search("[A-Za-z]", word) and is_unusual(word, codec))
            mask &= 0 if strange else languages_of(word)
    return mask


def _count_words(reading: Reading) -> int:
    words = (word for text in reading.texts for word in words_in(text) if not word.isascii())
    return len({re.sub("[0-9]+", "", word.lower()) for word in words})


def _judged(cells: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the beginnings of the first cells; those that differ only in a number count once."""
    seen: set[bytes] = set()
    left = _CHARACTERS_JUDGED
    for cell in cells:
        shown = cell[:_LONGEST_JUDGED]
        kind = re.sub(rb"[0-9]+", b"", shown)
        if kind in seen:
            continue
        seen.add(kind)
        left -= len(shown)
        yield shown
        if left < 0 or len(seen) == _CELLS_JUDGED:
            return


def _high_bytes(data: bytes) -> bytes:
    """Return the different bytes beyond ASCII."""
    return bytes(byte for byte in range(0x80, 0x100) if byte in data)


def _letters(high: bytes, codec: str) -> str | None:
    """Return the characters of bytes in an encoding of one byte a character; None where one has none."""
    try:
        return high.decode(codec)
    except UnicodeDecodeError:
        return None


def _digest(blob: bytes, data: bytes, codec: str) -> str | None:
    """Return what is equal for equal texts; None where the data is not in this encoding."""
    try:
        text = blob.decode(codec, "replace" if codec == UTF_8 else "strict")
    except UnicodeDecodeError:
        return None
    if codec != UTF_8 and not _decodes(data, codec):
        return None
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _decodes(data: bytes, codec: str) -> bool:
    """Return whether all of a file can be decoded, without keeping its text."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(data), _AT_ONCE):
            decoder.decode(data[start : start + _AT_ONCE], start + _AT_ONCE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _detected(blob: bytes, names: Sequence[str]) -> str | None:
    """Return the encoding that charset-normalizer finds: https://charset-normalizer.readthedocs.io."""
    from charset_normalizer import from_bytes  # loaded only for such files

    best = from_bytes(blob[:_BYTES_DETECTED], cp_isolation=[name for name in names if name != UTF_8]).best()
    return best.encoding if best else None
