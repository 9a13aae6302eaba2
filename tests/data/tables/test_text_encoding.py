"""Tables in other encodings than UTF-8: what their words depend on is asked, with a sample of each reading."""

import codecs

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.odd_words import odd_share
from core.data.tables.questions import Asking
from core.data.tables.text_encoding import read_table_text, text_or_latin_1
from core.errors import AnswerError, LabelsError, QuestionsOpen

WORDS = {
    "cp1252": ["Käuzchen", "chèvre", "mañana", "garçon", "Fußgänger", "Möwe", "tørfisk"],
    "cp932": ["猫", "犬", "トラック", "Tシャツ", "りんご", "自転車"],
    "gb18030": ["猫", "狗", "卡车", "苹果", "自行车"],
    "cp950": ["貓", "卡車", "蘋果", "腳踏車"],
    "cp949": ["고양이", "개", "트럭", "사과"],
    "cp1251": ["кот", "Собака", "грузовик", "яблоко"],
    "koi8_r": ["кот", "собака", "грузовик"],
    "mac_roman": ["Käuzchen", "Möwe", "chèvre", "garçon", "Fußgänger"],
    "cp1250": ["żółw", "kočka", "łódź", "medvěd"],
    "cp1253": ["γάτα", "σκύλος"],
    "cp1254": ["kuş", "ağaç", "İnek"],
    "cp850": ["Käuzchen", "Möwe", "été"],
}


def table_of(labels: list[str]) -> str:
    return "filename,label\n" + "".join(f"{number}.png,{label}\n" for number, label in enumerate(labels))


def labels_of(table: LabelTable) -> list[str | None]:
    return [row.label for row in table.rows]


def said(table: LabelTable) -> list[str]:
    return [str(one) for one in table.problems]


def test_japanese_in_shift_jis_is_a_question_with_the_rows_in_each_encoding() -> None:
    """It was read as Latin-1 without a word: the classes were ”L and Ž¢."""
    data = "filename,label\na.png,猫\nb.png,鷹\n".encode("cp932")
    asking = Asking()
    unclear = read_labels(data, "birds.csv", asking=asking)
    assert not unclear.problems, "nothing is claimed while the encoding is asked"
    (question,) = asking.open
    assert question.id == "encoding:birds.csv" and question.columns == ("filename", "label")
    choices = {one.key: one for one in question.choices}
    assert 2 <= len(choices) <= 8
    assert choices["cp932"].label == "Read it as Japanese (cp932, Shift JIS)"
    assert choices["cp932"].rows == (("a.png", "猫"), ("b.png", "鷹"))
    assert choices["gb18030"].rows != choices["cp932"].rows
    table = read_labels(data, "birds.csv", asking=Asking({"encoding": "cp932"}))
    assert labels_of(table) == ["猫", "鷹"]
    assert all(one.harmless for one in table.problems) and "Japanese (cp932, Shift JIS)" in said(table)[0]
    with pytest.raises(AnswerError, match="does not answer encoding"):
        read_labels(data, "birds.csv", asking=Asking({"encoding": "klingon"}))


def test_without_anybody_to_ask_an_unclear_encoding_is_an_error() -> None:
    with pytest.raises(QuestionsOpen, match="is not UTF-8"):
        read_labels(table_of(["кот"]).encode("cp1251"))


def is_utf_8(raw: bytes) -> bool:
    """Whether every program takes the bytes for UTF-8: 猫 alone in GBK is è."""
    try:
        return bool(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_encoding_of_a_table_is_known_or_among_the_choices(data: st.DataObject) -> None:
    codec = data.draw(st.sampled_from(sorted(WORDS)))
    labels = data.draw(st.lists(st.sampled_from(WORDS[codec]), min_size=1, max_size=6))
    raw = table_of(labels).encode(codec)
    assume(not is_utf_8(raw))
    asking = Asking()
    table = read_labels(raw, asking=asking)
    if asking.open:
        (question,) = asking.open
        right = [one.key for one in question.choices if raw.decode(one.key, "replace") == raw.decode(codec)]
        assert len(right) == 1
        table = read_labels(raw, asking=Asking({question.id: right[0]}))
    assert labels_of(table) == labels


@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_words_of_western_europe_that_read_right_in_one_encoding_only_are_a_remark(codec: str) -> None:
    asking = Asking()
    table = read_labels(table_of(["Käuzchen", "Straße", "Grünspecht"]).encode(codec), asking=asking)
    assert not asking.open and labels_of(table) == ["Käuzchen", "Straße", "Grünspecht"]
    (remark,) = table.problems
    assert remark.harmless
    words = "the file is not UTF-8 and was read as Western European (cp1252, Windows): Käuzchen, Straße, Grünspecht"
    assert remark.text == words


def test_letters_that_two_encodings_have_in_common_are_one_choice() -> None:
    """The letter ä is the same in Windows' encodings of Western Europe, Central Europe and Turkey."""
    asking = Asking()
    read_labels(table_of(["höhle"]).encode("mac_roman"), asking=asking)  # hšhle in Windows' encodings
    texts = [one.rows for one in asking.open[0].choices]
    assert len(texts) == len(set(texts)) and {"mac_roman", "cp1252"} <= {one.key for one in asking.open[0].choices}


def test_only_the_cells_that_are_read_count() -> None:
    raw = "filename,label,remark\na.png,owl,котёл\nb.png,duck,ё\n".encode("cp1251")
    table = read_labels(raw)
    assert labels_of(table) == ["owl", "duck"]
    assert said(table)[0] == "the file is not UTF-8, which changes only cells that are not used"
    asking = Asking()
    read_labels(raw, group_column="remark", asking=asking)
    assert [one.kind for one in asking.open] == ["encoding"], "the groups are read"
    assert asking.open[0].columns == ("filename", "remark")


def test_names_of_files_count_like_labels() -> None:
    asking = Asking()
    read_labels("filename,label\n狗.png,dog\n".encode("gb18030"), asking=asking)
    choices = {one.key: one.rows for one in asking.open[0].choices}
    assert choices["gb18030"] == (("狗.png",),)


def test_a_column_named_in_other_letters_can_be_the_group() -> None:
    raw = "filename,label,種類\na.png,cat,一\n".encode("cp932")
    table = read_labels(raw, group_column="種類", asking=Asking({"encoding": "cp932"}))
    assert table.rows[0].group == "一"


def test_a_few_damaged_bytes_do_not_hide_that_a_table_is_utf_8() -> None:
    raw = table_of(["Käuzchen", "Möwe", "Hähnchen", "Grünspecht", "Bär", "Schärpe", "Löwe"]).encode()
    raw = raw.replace("Bär".encode(), b"B\xe4r")
    asking = Asking()
    read_labels(raw, asking=asking)
    (choice,) = [one for one in asking.open[0].choices if one.key == "utf_8"]
    assert "a replacement for what is not" in choice.label
    labels = labels_of(read_labels(raw, asking=Asking({"encoding": "utf_8"})))
    assert labels[0] == "Käuzchen" and labels[4] == "B\ufffdr"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_byte_order_mark_is_read_and_said(codec: str) -> None:
    table = read_labels(table_of(["owl", "猫"]).encode(codec))
    assert labels_of(table) == ["owl", "猫"]
    assert said(table) == ["the file has no byte order mark and was read as UTF-16"] and table.problems[0].harmless


@pytest.mark.parametrize("codec", ["utf-16", "utf-32", "utf-8-sig"])
def test_unicode_with_a_mark_is_read_without_a_word(codec: str) -> None:
    table = read_labels(table_of(["owl", "猫"]).encode(codec))
    assert labels_of(table) == ["owl", "猫"] and table.problems == ()


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"f", b"filename,label\n\0\1\2", b"\0\0\0\0"])
def test_what_is_no_text_is_said(data: bytes) -> None:
    with pytest.raises(LabelsError, match="is not a text file"):
        read_labels(data)
    with pytest.raises(LabelsError, match="is not a text file"):
        text_or_latin_1(data, "a.csv")


def test_a_header_in_another_encoding_is_shown_in_its_letters() -> None:
    with pytest.raises(LabelsError, match="has the columns ファイル, ラベル"):
        read_labels("ファイル,ラベル\na.png,猫\n".encode("cp932"))


def test_a_table_of_another_style_is_asked_about_as_well() -> None:
    raw = "a.png,猫\nb.png\n".encode("cp932")
    asking = Asking()
    read_table_text(raw, "boxes.csv", asking)
    choices = {one.key: one.rows for one in asking.open[0].choices}
    assert choices["cp932"] == (("a.png", "猫"),)
    text, remark = read_table_text(raw, "boxes.csv", Asking({"encoding": "cp932"}))
    assert text == "a.png,猫\nb.png\n" and remark is not None and remark.harmless


def test_bytes_come_back_from_latin_1() -> None:
    raw = "a.png,猫 \n".encode("cp932")
    text, encoding = text_or_latin_1(raw, "a.csv")
    assert encoding == "latin-1" and text.encode(encoding) == raw
    assert text_or_latin_1("é".encode(), "a.csv") == ("é", "utf-8")


@pytest.mark.parametrize(
    "word",
    [
        "Käuzchen",
        "ÜBUNG",
        "été",
        "“owl”",
        "d’or",
        "Lego®",
        "10°",
        "猫",
        "Tシャツ",
        "ネコ・犬",
        "고양이",
        "กา",
        "ё",
        "Кот",
    ],
)
def test_usual_words_are_not_odd(word: str) -> None:
    assert odd_share([word]) == 0


@pytest.mark.parametrize(
    "word", ["Kдuzchen", "K‰uzchen", "cafŽ", "êîòèê", "KƒUZCHEN", "K鋟zchen", "gr¸n", "a\x81", "ﾄa", "Straﬂe", "h”hle"]
)
def test_words_in_a_wrong_encoding_are_odd(word: str) -> None:
    assert odd_share([word]) > 0.5
