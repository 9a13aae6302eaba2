"""Tables in the languages and encodings of many computers: read right, or asked with the right words in a choice."""

import pytest

from core.data.tables.labels_csv import LabelTable, read_labels
from core.data.tables.questions import Asking
from tests.data.tables.encodings.words import WORDS, WRITTEN, selections


def table_of(labels: list[str], encoding: str) -> bytes:
    rows = "".join(f"{number}.png,{label}\n" for number, label in enumerate(labels))
    return f"filename,label\n{rows}".encode(encoding)


def read(labels: list[str], encoding: str, answer: str | None = None) -> tuple[LabelTable, Asking]:
    asking = Asking({} if answer is None else {"encoding": answer})
    return read_labels(table_of(labels, encoding), asking=asking), asking


def labels_of(table: LabelTable) -> list[str | None]:
    return [row.label for row in table.rows]


def is_utf_8(raw: bytes) -> bool:
    """Whether the bytes happen to be UTF-8 as well, which nobody can tell."""
    try:
        return bool(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_words_are_read_as_written_or_the_right_ones_are_a_choice(language: str, encoding: str) -> None:
    for labels in selections(language):
        raw = table_of(labels, encoding)
        if is_utf_8(raw):
            continue
        table, asking = read(labels, encoding)
        if not asking.open:
            assert labels_of(table) == labels, "read in silence as something else"
            continue
        (question,) = asking.open
        right = [one for one in question.choices if raw.decode(one.key, "replace") == raw.decode(encoding)]
        assert len(right) == 1, (labels, [(one.key, one.rows) for one in question.choices])
        assert 2 <= len(question.choices) <= 8
        table, _ = read(labels, encoding, right[0].key)
        assert labels_of(table) == labels


@pytest.mark.parametrize("language", ["German", "French", "Spanish", "Portuguese", "Danish"])
def test_a_list_of_words_of_western_europe_is_read_without_a_question(language: str) -> None:
    labels = list(WORDS[language][1])
    table, asking = read(labels, "cp1252")
    assert not asking.open and labels_of(table) == labels
    (remark,) = table.problems
    assert remark.harmless and "read as Western European (cp1252, Windows): " in remark.text


@pytest.mark.parametrize(
    "labels", [["Müller"], ["perro pequeño"], ["niño", "año"], ["Straße"], ["Käfer", "Säge"], ["räv", "fågel"]]
)
def test_plain_western_words_are_read_without_a_question(labels: list[str]) -> None:
    table, asking = read(labels, "cp1252")
    assert not asking.open and labels_of(table) == labels


@pytest.mark.parametrize("label", ["37 °C", "5 µm", "½ cup", "A–B", "cat–dog", "10 m²", "Nº 5", "±5", "5 €"])
def test_signs_of_ordinary_tables_read_right_first(label: str) -> None:
    table, asking = read([label], "cp1252")
    assert labels_of(table) == [label], "without an answer, the first choice is shown"
    for question in asking.open:
        assert question.choices[0].key == "cp1252" and question.choices[0].rows == (("0.png", label),)


@pytest.mark.parametrize(
    ("language", "encoding"),
    [("Polish", "cp852"), ("Turkish", "cp857"), ("Hebrew", "cp862"), ("Greek", "cp737"), ("German", "cp850")],
)
def test_few_words_of_ms_dos_are_asked(language: str, encoding: str) -> None:
    """They were taken for another encoding, "in which alone its words read right"."""
    for labels in selections(language)[:-1]:
        if not all(label.isascii() for label in labels):
            assert [one.id for one in read(labels, encoding)[1].open] == ["encoding:labels.csv"], labels


def test_a_button_names_the_language_and_the_encoding() -> None:
    (question,) = read(["słoń"], "cp852")[1].open
    names = {one.key: one.label for one in question.choices}
    assert names["cp852"] == "Read it as Central European (cp852, MS-DOS)"
    assert len({one.rows for one in question.choices}) == len(question.choices), "equal readings are one choice"
    assert "If none is right, save it as UTF-8." in question.text


def test_many_words_of_one_language_that_read_right_in_one_encoding_alone_are_no_question() -> None:
    labels = list(WORDS["Polish"][1])
    table, asking = read(labels, "cp1250")
    assert not asking.open and labels_of(table) == labels
    assert "read as Central European (cp1250, Windows): słoń, żółw, łódź, ..." in str(table.problems[0])


def test_words_of_several_languages_that_may_be_another_encodings_are_asked() -> None:
    """One Czech word in a German table: cp1252 has Italian letters for it."""
    labels = ["Käse", "Löwe", "Straße", "Müller", "Grüße", "kočka"]
    _, asking = read(labels, "cp1250")
    (question,) = asking.open
    assert {"cp1252", "cp1250"} <= {one.key for one in question.choices}
