"""Names in zips in the languages and encodings of many computers: read right, or asked with the right ones."""

import io

import pytest

from core.data.importing.archives import list_zip
from core.data.tables.questions import Asking
from tests.data.importing.names.test_zip_names import zip_of
from tests.data.tables.encodings.words import WRITTEN, selections

NAMES_OF_ZIPS = {"gb18030": "gbk", "cp950": "big5"}


@pytest.mark.parametrize(("language", "encoding"), WRITTEN)
def test_names_are_read_as_written_or_the_right_ones_are_a_choice(language: str, encoding: str) -> None:
    for words in selections(language):
        names = [f"{word}/{number}.png" for number, word in enumerate(words)]
        raw = [name.encode(encoding) for name in names]
        try:
            b"".join(raw).decode("utf-8")
            continue  # nobody can tell
        except UnicodeDecodeError:
            pass
        asking = Asking()
        listing = list_zip(io.BytesIO(zip_of(raw)), "my.zip", asking=asking)
        if not asking.open:
            assert list(listing.files) == names, "read in silence as something else"
            continue
        (question,) = asking.open
        right = [one.key for one in question.choices if [name.decode(one.key, "replace") for name in raw] == names]
        assert len(right) == 1, (names, [(one.key, one.rows) for one in question.choices])
        asking = Asking({"zip-encoding": right[0]})
        assert list(list_zip(io.BytesIO(zip_of(raw)), "my.zip", asking=asking).files) == names


def test_the_question_says_what_to_do_where_no_choice_is_right() -> None:
    asking = Asking()
    list_zip(io.BytesIO(zip_of(["słoń/1.png".encode("cp852")])), "my.zip", asking=asking)
    (question,) = asking.open
    assert "If none is right, make the zip again with UTF-8 names (in 7-Zip: cu=on)." in question.text
    assert question.text.endswith("?") and len(question.choices) <= 8
    labels = {one.key: one.label for one in question.choices}
    assert labels["cp852"] == "Read them as Central European (cp852, MS-DOS)"


def test_the_samples_are_names_that_the_encodings_read_differently() -> None:
    names = [*(f"grün/{letter}.png" for letter in "abcdef"), "leões/g.png"]
    asking = Asking()
    list_zip(io.BytesIO(zip_of([name.encode("cp850") for name in names])), "my.zip", asking=asking)
    for question in asking.open:
        assert any("g.png" in row[0] for row in question.choices[0].rows)
