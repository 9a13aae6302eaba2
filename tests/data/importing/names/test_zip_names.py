"""Names in zips that do not say their encoding: read by what the zip says, else by asking with samples."""

import io
import struct
import zipfile
import zlib

import pytest

from core.data.importing.archives import list_zip
from core.data.importing.plan_import import Upload, plan_uploads, plan_zip
from core.data.tables.questions import Asking
from core.errors import AnswerError
from tests.data.builders import picture


def zip_of(names: list[bytes], extra: bytes = b"", flag: int = 0) -> bytes:
    """A zip whose entries have these bytes as names, as an old tool writes them; each holds its place as content."""
    out, directory = io.BytesIO(), io.BytesIO()
    for place, name in enumerate(names):
        data = str(place).encode()
        start = out.tell()
        sizes = struct.pack("<LLL", zlib.crc32(data), len(data), len(data))
        lengths = struct.pack("<HH", len(name), len(extra))
        head = struct.pack("<HHHHH", 20, flag, 0, 0, 0x5A21)
        out.write(b"PK\x03\x04" + head + sizes + lengths + name + extra + data)
        rest = struct.pack("<HHHLL", 0, 0, 0, 0, start)
        directory.write(b"PK\x01\x02" + struct.pack("<H", 20) + head + sizes + lengths + rest + name + extra)
    start = out.tell()
    out.write(directory.getvalue())
    ends = struct.pack("<HHHHLLH", 0, 0, len(names), len(names), len(directory.getvalue()), start, 0)
    out.write(b"PK\x05\x06" + ends)
    return out.getvalue()


def files_of(data: bytes, **answers: str) -> list[str]:
    asking = Asking({name.replace("_", "-"): key for name, key in answers.items()})
    listing = list_zip(io.BytesIO(data), "my.zip", asking=asking)
    assert (asking.open, asking.unused) == ((), ())
    assert [listing.files[name]() for name in listing.files] == [str(n).encode() for n in range(len(listing.files))]
    return list(listing.files)


JAPANESE = ["猫/写真1.png", "表/ソ.png", "予定表/能.png"]
SHIFT_JIS = zip_of([name.encode("cp932") for name in JAPANESE])


def test_japanese_names_are_asked_and_no_name_is_cut_at_its_backslash_byte() -> None:
    assert b"\\" in "表".encode("cp932"), "the second byte of this character is that of the backslash"
    asking = Asking()
    list_zip(io.BytesIO(SHIFT_JIS), "my.zip", asking=asking)
    (question,) = asking.open
    assert question.id == "zip-encoding" and "my.zip" in question.text
    rows = {choice.key: choice.rows for choice in question.choices}
    assert rows["cp932"] == tuple((name,) for name in JAPANESE)
    assert len(rows) > 1
    assert files_of(SHIFT_JIS, zip_encoding="cp932") == JAPANESE
    assert files_of(SHIFT_JIS, zip_encoding="gbk") != JAPANESE


def test_chinese_names_are_read_as_somebody_says() -> None:
    names = ["猫/一.png", "狗/二.png", "鸟类/三.png"]
    data = zip_of([name.encode("gbk") for name in names])
    assert files_of(data, zip_encoding="gbk") == names


def test_the_same_bytes_mean_other_names_in_other_encodings_so_both_are_offered() -> None:
    """The zips of a Japanese and of a Chinese computer can be equal byte for byte."""
    data = zip_of(["日本/1.png".encode("cp932")])
    asking = Asking()
    list_zip(io.BytesIO(data), "my.zip", asking=asking)
    names = {choice.rows for question in asking.open for choice in question.choices}
    assert (("日本/1.png",),) in names and len(names) > 1


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", ["größe/é.png", "猫.png", "a.png"]),
        ("cp437", ["größe/ü.png"]),
        ("cp1252", ["Müller/größe.png", "café.png"]),
        ("ascii", ["a/b.png", "c\\d.png"]),
    ],
)
def test_names_that_are_readable_in_one_encoding_alone_are_read_in_it(encoding: str, names: list[str]) -> None:
    data = zip_of([name.encode(encoding) for name in names])
    assert files_of(data) == [name.replace("\\", "/") for name in names]


def test_an_encoding_that_was_found_is_said() -> None:
    plan = plan_zip(io.BytesIO(zip_of(["Müller/größe.png".encode("cp1252"), b"b/2.png"])), "my.zip")
    assert plan.questions == ()
    said = [str(problem) for problem in plan.problems if problem.harmless]
    assert any("my.zip do not say their encoding; they are read as Western European" in text for text in said)


def test_names_with_the_flag_are_unicode_whatever_they_look_like() -> None:
    assert files_of(zip_of(["写真.png".encode()], flag=0x800)) == ["写真.png"]


def unicode_path(name: bytes, real: str) -> bytes:
    content = b"\x01" + struct.pack("<L", zlib.crc32(name)) + real.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content


def test_the_unicode_path_field_counts_where_its_checksum_fits() -> None:
    name = "猫.png".encode("cp932")
    assert files_of(zip_of([name], unicode_path(name, "犬.png"))) == ["犬.png"]
    stale = zip_of([b"new name.png"], unicode_path(name, "犬.png"))
    assert files_of(stale) == ["new name.png"]


def test_a_field_that_is_cut_off_changes_nothing() -> None:
    extra = struct.pack("<HH", 0x7075, 3) + b"\x01ab"
    assert files_of(zip_of([b"a.png"], extra)) == ["a.png"]


def test_nothing_is_imported_while_the_encoding_is_open_and_the_answer_names_the_classes() -> None:
    data = zip_of([f"{name}/1.png".encode("cp932") for name in ("猫", "表")])
    assert [one.kind for one in plan_zip(io.BytesIO(data), "my.zip").questions] == ["zip-encoding"]
    plan = plan_zip(io.BytesIO(data), "my.zip", answers={"zip-encoding": "cp932"})
    assert plan.questions == () and set(plan.classes) == {"猫", "表"}
    with pytest.raises(AnswerError, match="does not answer zip-encoding"):
        plan_zip(io.BytesIO(data), "my.zip", answers={"zip-encoding": "klingon"})


def test_each_of_several_zips_has_its_own_question() -> None:
    zips = {
        "one.zip": zip_of(["猫/1.png".encode("cp932"), b"x/2.png"]),
        "two.zip": zip_of(["狗/3.png".encode("gbk"), b"x/4.png"]),
    }
    uploads = [Upload(name, io.BytesIO(data)) for name, data in zips.items()]
    answers = {"zip-encoding:one.zip": "cp932", "zip-encoding:two.zip": "gbk"}
    assert {one.id for one in plan_uploads(uploads).questions} == set(answers)
    plan = plan_uploads(uploads, answers=answers)
    assert plan.questions == () and {"猫", "狗"} < set(plan.classes)


def test_names_in_one_zip_that_differ_only_in_case_are_two_photos() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number, name in enumerate(("IMG_1.png", "img_1.png")):
            archive.writestr(f"owl/{name}", picture(number))
            archive.writestr(f"duck/{name}", picture(number + 2))
    data.seek(0)
    plan = plan_zip(data, "my.zip")
    assert {one.name for one in plan.candidates} == {
        f"{folder}/{name}" for folder in ("owl", "duck") for name in ("IMG_1.png", "img_1.png")
    }


def test_many_long_names_are_listed_in_time() -> None:
    names = [f"{'猫' * 100}/{'表' * 100}{number}.png".encode("cp932") for number in range(3_000)]
    listing = list_zip(io.BytesIO(zip_of(names)), "my.zip", asking=Asking({"zip-encoding": "cp932"}))
    assert len(listing.files) == 3_000
