"""Untrusted zips: listed without unpacking, read one file at a time, refused for bombs, escaping names and links."""

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.importing.archives import LIMITS, ZipLimits, list_zip
from core.errors import DataError, ImageRefused


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def patched(data: bytes, offset: int, value: bytes) -> bytes:
    """The zip with other bytes in its first directory entry, at the offset that the zip specification gives a field."""
    start = data.index(b"PK\x01\x02") + offset
    return data[:start] + value + data[start + len(value) :]


def listed(data: bytes, limits: ZipLimits = LIMITS) -> tuple[list[str], dict[str, str]]:
    listing = list_zip(io.BytesIO(data), "my.zip", limits)
    return sorted(listing.files), listing.refused


def test_files_are_listed_and_read(tmp_path: Path) -> None:
    files = {"owl/a b.jpg": b"1" * 5000, "größe.png": b"2", "labels.csv": b"filename,label\n"}
    data = zipped(files)
    (tmp_path / "my.zip").write_bytes(data)
    for source in (io.BytesIO(data), tmp_path / "my.zip"):
        listing = list_zip(source, "my.zip")
        assert {name: read() for name, read in listing.files.items()} == files
        assert listing.refused == {}


def test_folders_and_clutter_are_left_out_silently() -> None:
    files = [
        "owl/",
        "__MACOSX/owl/._a.jpg",
        "owl/.DS_Store",
        "owl/Thumbs.db",
        ".git/config",
        "owl/._a.jpg",
        "desktop.ini",
    ]
    assert listed(zipped({**dict.fromkeys(files, b""), "owl/a.jpg": b"1"})) == (["owl/a.jpg"], {})


@pytest.mark.parametrize(
    "name", ["../a.jpg", "owl/../../a.jpg", "/etc/a.jpg", "..\\a.jpg", "C:\\a.jpg", "C:/a.jpg", "\\a.jpg"]
)
def test_names_that_climb_out_are_refused(name: str) -> None:
    assert listed(zipped({name: b"1", "b.jpg": b"2"})) == (["b.jpg"], {name: "its name leads out of the zip's folder"})


def test_a_name_of_thousands_of_characters_is_refused_and_not_shown() -> None:
    files, refused = listed(zipped({"x" * 1_001 + ".jpg": b"1", "y" * 990 + ".jpg": b"2"}))
    assert files == ["y" * 990 + ".jpg"]
    assert refused == {"x" * 100 + "...": "its name has more than 1,000 characters"}


def test_names_of_windows_get_slashes() -> None:
    assert listed(zipped({"owl\\a.jpg": b"1", ".\\b.jpg": b"2", "duck\\": b""})) == (["b.jpg", "owl/a.jpg"], {})


def test_utf8_names_without_the_flag_are_read() -> None:
    data = zipped({"gr__n.jpg": b"1"}).replace(b"gr__n", "grün".encode())
    assert listed(data) == (["grün.jpg"], {})
    western = zipped({"gr_n.jpg": b"1"}).replace(b"gr_n", b"gr\x81n")  # code page 437
    assert listed(western) == (["grün.jpg"], {})
    listing = list_zip(io.BytesIO(data), "my.zip")
    assert listing.files["grün.jpg"]() == b"1"


def test_links_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("owl/a.jpg")
        link.create_system = 3
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        pipe = zipfile.ZipInfo("owl/b.jpg")
        pipe.external_attr = stat.S_IFIFO << 16
        archive.writestr(pipe, "")
    assert listed(out.getvalue()) == ([], {"owl/a.jpg": "it is a link", "owl/b.jpg": "it is not a plain file"})


def test_encrypted_and_unusually_packed_files_are_refused() -> None:
    names, refused = listed(patched(zipped({"a.jpg": b"1"}), 8, b"\x01\x00"))
    assert names == []
    assert "password" in refused["a.jpg"]
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        names, refused = listed(zipped({"a.jpg": b"1"}, method))
        assert names == []
        assert "unusual" in refused["a.jpg"]


def test_a_name_that_comes_twice_is_taken_once() -> None:
    data = zipped({"a.jpg": b"1", "b.jpg": b"2"}).replace(b"b.jpg", b"a.jpg")
    assert listed(data) == (["a.jpg"], {"a.jpg": "another file in the zip has the same name"})


def test_a_file_that_inflates_is_refused() -> None:
    names, refused = listed(zipped({"bomb.jpg": bytes(50 * 2**20), "a.jpg": b"1"}))
    assert names == ["a.jpg"]
    assert refused == {"bomb.jpg": "it unpacks to more than 200 times its size, which no photo does"}


def test_limits_can_be_set_and_are_named() -> None:
    data = zipped({f"{number}.jpg": bytes(1000) for number in range(10)}, zipfile.ZIP_STORED)
    assert len(listed(data, ZipLimits(entries=10))[0]) == 10
    with pytest.raises(DataError, match=r"my\.zip holds 10 files; at most 9 are allowed"):
        listed(data, ZipLimits(entries=9))
    with pytest.raises(DataError, match=r"my.zip would unpack to .* GB; at most .* GB are allowed"):
        listed(data, ZipLimits(all_bytes=9999))
    names, refused = listed(data, ZipLimits(file_bytes=999))
    assert (names, len(refused)) == ([], 10)


def test_a_directory_of_millions_is_refused_before_it_is_read() -> None:
    # A real directory entry repeated, as in an attack that costs its sender little.
    small = zipped({"a.jpg": b""}, zipfile.ZIP_STORED)
    start, end = small.index(b"PK\x01\x02"), small.index(b"PK\x05\x06")
    entries = small[start:end] * 600_000
    record = bytearray(small[end:])
    struct.pack_into("<LL", record, 12, len(entries), start)
    tracemalloc.start()
    begin = time.perf_counter()
    with pytest.raises(DataError, match="lists too many files"):
        listed(small[:start] + entries + bytes(record))
    assert time.perf_counter() - begin < 2
    assert tracemalloc.get_traced_memory()[1] < 2 * len(entries) + 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("declared", [0, 10, 999, 1001, 5_000_000])
def test_a_wrong_size_in_the_directory_is_found_while_reading(declared: int) -> None:
    data = patched(zipped({"a.jpg": bytes(1000)}), 24, struct.pack("<L", declared))
    listing = list_zip(io.BytesIO(data), "my.zip")
    with pytest.raises(ImageRefused, match="damaged in the zip"):
        listing.files["a.jpg"]()


def test_damaged_content_is_found_while_reading() -> None:
    data = zipped({"a.jpg": b"abcdefgh" * 10, "b.jpg": b"2"}, zipfile.ZIP_STORED).replace(b"abcd", b"abXd", 1)
    listing = list_zip(io.BytesIO(data), "my.zip")
    with pytest.raises(ImageRefused, match=r"a\.jpg: it is damaged in the zip"):
        listing.files["a.jpg"]()
    assert listing.files["b.jpg"]() == b"2"


def test_what_is_no_zip_is_refused_as_a_whole(tmp_path: Path) -> None:
    whole = zipped({"a.jpg": bytes(1000)})
    for data in (b"", b"PK\x03\x04", b"hello", whole[:-30], whole[: len(whole) // 2]):
        with pytest.raises(DataError, match=r"my\.zip cannot be opened as a zip"):
            listed(data)
    with pytest.raises(DataError, match="cannot be opened"):
        list_zip(tmp_path / "missing.zip", "missing.zip")


def test_five_thousand_files_are_listed_at_once_and_none_is_unpacked() -> None:
    data = zipped({f"class {number % 20}/{number}.jpg": bytes(20_000) for number in range(5000)})
    begin = time.perf_counter()
    tracemalloc.start()
    names, refused = listed(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(names), refused) == (5000, {})
    assert time.perf_counter() - begin < 5
    assert peak < 20_000_000, "100 MB would be there if the files were unpacked"


SOUND = zipped({"owl/a.jpg": bytes(range(200)) * 3, "labels.csv": b"filename,label\n", "grün.jpg": b""})


@st.composite
def mutated_zips(draw: st.DrawFn) -> bytes:
    data = bytearray(SOUND)
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_zips() | st.binary(max_size=100))
def test_hostile_zips_give_files_or_refusals_and_nothing_else(data: bytes) -> None:
    try:
        listing = list_zip(io.BytesIO(data), "my.zip")
    except DataError:
        return
    for name, read in listing.files.items():
        assert not name.startswith("/")
        assert ".." not in name.split("/")
        try:
            assert len(read()) <= LIMITS.file_bytes
        except ImageRefused as refusal:
            assert refusal.reason
