"""Read the names in a zip that does not say their encoding: from its bytes, else by asking."""

import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.data.tables.encodings.code_pages import NAMES, UTF_8
from core.data.tables.encodings.readings import choices_of, is_sure, readings_of
from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question

KIND = "zip-encoding"
"""The kind of question."""

_FIRST = ("cp932", "gbk", "big5", "cp949", "cp1252", "cp850", "cp437", "cp1251", "cp866", "mac_roman")
_WITH_OTHER_NAMES = ("gb18030", "cp950", "latin_1", UTF_8)
ENCODINGS = {name: NAMES[name] for name in (*_FIRST, *(name for name in NAMES if name not in _WITH_OTHER_NAMES))}
"""Those of zips that do not say theirs, with their names on a button."""
_USUAL = ("cp1252", "cp850", "cp437")  # of programs on Windows; the last one is the standard's
_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # https://infozip.sourceforge.net/doc/appnote-19970311-iz.zip, 3.4
_SAMPLE_BYTES = 40_000  # of names; enough to compare encodings, and read in a second
_MOST_COMPARED = 200  # names, for the samples of a question


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
    readings = readings_of(sample, b"\n".join(dict.fromkeys(names)), ENCODINGS)
    best = readings[0].codec
    choices = choices_of(readings)
    if is_sure(readings, _USUAL) or len(choices) == 1:
        shown = _shown([name.decode(best, "replace") for name in sample[: SAMPLED + 1]])
        text = f"the names in {zip_name} do not say their encoding; they are read as {ENCODINGS[best]}: {shown}"
        return best, [Problem(None, text, harmless=True)]
    if asking is None:
        return best, []
    return asking.ask(_question(zip_name, sample, [one.codec for one in choices])) or best, []


def _question(zip_name: str, sample: Sequence[bytes], encodings: Sequence[str]) -> Question:
    """Return the question about names, with those that the encodings read most differently."""
    text = (
        f"The names in {zip_name} do not say their encoding. If none is right, make the zip again with UTF-8 names "
        "(in 7-Zip: cu=on). In which encoding are they readable?"
    )
    read = [[name.decode(encoding, "replace") for encoding in encodings] for name in sample[:_MOST_COMPARED]]
    apart = sorted(range(len(read)), key=lambda at: -len({*read[at]}))[:SAMPLED]
    choices = tuple(
        Choice(key, f"Read them as {ENCODINGS[key]}", tuple((read[at][place],) for at in sorted(apart)))
        for place, key in enumerate(encodings)
    )
    return Question(KIND, text, choices, columns=("name",))


def _decoded(name: bytes, encoding: str) -> str | None:
    try:
        return name.decode(encoding)
    except UnicodeDecodeError:
        return None


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLED]) + (", ..." if len(names) > SAMPLED else "")
