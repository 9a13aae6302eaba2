"""Read the names in a zip that does not say their encoding: from its bytes, else by asking."""

import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.data.tables.label_rows import Problem
from core.data.tables.odd_words import odd_share
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

KIND = "zip-encoding"
"""The kind of question."""

ENCODINGS = {
    "cp932": "Japanese (cp932, Shift JIS)",
    "gbk": "Chinese, simplified (GBK)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (cp949)",
    "cp1252": "Western European (cp1252, Windows)",
    "cp850": "Western European (cp850, DOS)",
    "cp437": "American (cp437, DOS)",
    "cp1251": "Cyrillic (cp1251, Windows)",
    "cp866": "Cyrillic (cp866, DOS)",
    "mac_roman": "Western European (Mac Roman)",
}
_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # https://infozip.sourceforge.net/doc/appnote-19970311-iz.zip, 3.4
_SAMPLE_BYTES = 40_000  # of names; enough to compare encodings, and read in a second
_MOST_CHOICES = 6
_DOUBTFUL = 0.3
"""Names of which a larger share is odd are not what was written."""


@dataclass(frozen=True)
class ZipNames:
    """The names of a zip's entries, in their order, and remarks on how they were read."""

    names: list[str]
    remarks: list[Problem] = field(default_factory=list)


def names_of(infos: Sequence[zipfile.ZipInfo], zip_name: str, asking: Asking | None = None) -> ZipNames:
    """Return the names of a zip's entries, with the separators that they were written with.

    A name is Unicode where the zip says so: by its flag, or by Info-ZIP's extra field. Others are UTF-8 where all of
    them are valid, as from macOS. Of the encodings that give readable names, several are asked about.
    """
    known = [_said(info) for info in infos]
    unclear = {place: info.orig_filename for place, info in enumerate(infos) if known[place] is None}
    raw = {place: _raw(name) for place, name in unclear.items()}
    foreign = [name for name in raw.values() if not name.isascii()]
    encoding, remarks = _encoding(foreign, zip_name, asking) if foreign else ("ascii", [])
    # zipfile reads cp437, in which every byte is a character.
    names = [name if name is not None else raw[place].decode(encoding, "replace") for place, name in enumerate(known)]
    return ZipNames(names, remarks)


def _said(info: zipfile.ZipInfo) -> str | None:
    """Return an entry's name where the zip says that it is Unicode; None where it does not."""
    if info.flag_bits & _UTF8_FLAG:
        return info.orig_filename
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        content = extra[at + 4 : at + 4 + size]
        if kind == _UNICODE_PATH and len(content) > 5 and content[0] == 1:
            (checksum,) = struct.unpack_from("<L", content, 1)
            # Another checksum: a tool that does not know the field has renamed the entry since.
            if checksum == zlib.crc32(_raw(info.orig_filename)):
                try:
                    return content[5:].decode()
                except UnicodeDecodeError:
                    return None
        at += 4 + size
    return None


def _raw(name: str) -> bytes:
    """Return the bytes of a name that zipfile has read as cp437."""
    return name.encode("cp437", "replace")


def _encoding(names: Sequence[bytes], zip_name: str, asking: Asking | None) -> tuple[str, list[Problem]]:
    """Return the encoding of names that are not ASCII, and a remark where it was found without asking."""
    if all(_decoded(name, "utf-8") is not None for name in names):
        return "utf-8", []
    sample: list[bytes] = []
    size = 0
    for name in dict.fromkeys(names):
        size += len(name)
        if not sample or size <= _SAMPLE_BYTES:
            sample.append(name[:_SAMPLE_BYTES])
    readings = _readings(names, sample)
    (best, _), *others = readings.items()
    if not others:
        shown = _shown(readings[best])
        text = f"the names in {zip_name} do not say their encoding; they are read as {ENCODINGS[best]}: {shown}"
        return best, [Problem(None, text, harmless=True)]
    if asking is None:
        return best, []
    text = f"The names in {zip_name} do not say their encoding. In which one are they readable?"
    choices = tuple(
        Choice(key, f"Read them as {ENCODINGS[key]}", tuple((name,) for name in read[:SAMPLED]))
        for key, read in readings.items()
    )
    return asking.ask(Question(KIND, text, choices, columns=("name",))) or best, []


def _readings(names: Sequence[bytes], sample: Sequence[bytes]) -> dict[str, list[str]]:
    """Return the names in each encoding that can be meant, the likeliest first; of equal readings the first."""
    read: dict[str, list[str]] = {}
    doubts: dict[str, float] = {}
    for key in ENCODINGS:
        found = [_decoded(name, key) for name in sample]
        plain = [name for name in found if name is not None]
        if len(plain) == len(found) and all(_decoded(name, key) is not None for name in names):
            # Names whose only foreign characters are signs are hardly in this encoding: "gr］.jpg" for "grün.jpg".
            letters = any(mark.isalpha() and not mark.isascii() for name in plain for mark in name)
            read[key], doubts[key] = plain, odd_share(plain) if letters else 1.0
    if not read:  # cp437 has a character for each byte
        return {"cp437": [name.decode("cp437") for name in sample]}
    least = min(doubts.values())
    ranks = _library_ranks(sample)
    possible = [key for key in read if doubts[key] <= least + _DOUBTFUL]
    possible.sort(key=lambda key: (doubts[key] > _DOUBTFUL, ranks.get(key, len(ranks)), doubts[key]))
    different: dict[str, list[str]] = {}
    for key in possible:
        if read[key] not in different.values():
            different[key] = read[key]
    return dict(list(different.items())[:_MOST_CHOICES])


def _library_ranks(sample: Sequence[bytes]) -> dict[str, int]:
    """Return the order in which charset-normalizer names the encodings; it says little about few names."""
    from charset_normalizer import from_bytes  # loaded only for such zips

    text = b"\n".join(sample)
    found = from_bytes(text, cp_isolation=list(ENCODINGS), enable_fallback=False)
    order = [encoding for match in found for encoding in match.could_be_from_charset]
    return {encoding: rank for rank, encoding in enumerate(dict.fromkeys(order))}


def _decoded(name: bytes, encoding: str) -> str | None:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        return None


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLED]) + (", ..." if len(names) > SAMPLED else "")
