"""Names in a table that are not quite those of the files: folders that disagree, addresses, escapes."""

import pytest

from core.data.tables.label_rows import LabelRow, LabelTable
from core.data.tables.name_matching import match_files
from core.data.tables.questions import Asking


def match(
    names: list[str], files: list[str], root: str = "", **answers: str
) -> tuple[dict[str, str], list[str], Asking]:
    asking = Asking(answers)
    table = LabelTable(tuple(LabelRow(2 + n, name, "owl", None, None) for n, name in enumerate(names)), (), ())
    found, problems = match_files(table, files, some_have_no_row=True, asking=asking, root=root)
    said = [str(one) for one in problems if one.line is not None]
    return {names[line - 2]: file for line, file in found.items()}, said, asking


def test_folders_in_another_case_are_said_and_the_exact_one_wins() -> None:
    """Only the case of the last part of the path was looked at."""
    for row, file in [("A/1.png", "a/1.png"), ("x/A/1.png", "a/1.png"), ("A/1.png", "x/a/1.png")]:
        found, said, _ = match([row], [file])
        assert found == {row: file} and said == [f"line 2: {row} is matched with {file}: only the case differs"]
    for row in ("A/1.png", "x/A/1.png", "A/1"):
        assert match([row], ["a/1.png", "A/1.png"])[0] == {row: "A/1.png"}
    assert match(["A/1.png", "a/1.png"], ["A/1.png", "a/1.png"])[1] == []
    found, said, _ = match(["A/1.png", "a/1.png"], ["a/1.png"])
    assert found == {"a/1.png": "a/1.png"} and "A/1.png is not among the files" in said[0]
    assert match(["1.png"], ["a/1.png"])[1] == []


PATIENTS = ["patient2/001.png", "patient2/002.png"], ["patient1/001.png", "patient1/002.png"]


def test_a_photo_of_the_same_name_in_another_folder_is_a_question() -> None:
    """patient2/001.png was matched with patient1/001.png without a word."""
    found, said, asking = match(*PATIENTS)
    assert found == {}
    assert said[0] == "line 2: patient2/001.png is not among the files; patient1/001.png lies in another folder"
    (question,) = asking.open
    assert question.id == "folders"
    assert question.text == (
        "2 rows name another folder than the only photo of that name has, such as patient2/001.png, and the photo is "
        "patient1/001.png. Is it the same photo?"
    )
    assert [one.key for one in question.choices] == ["match", "leave"]
    assert question.choices[0].rows == (
        ("patient2/001.png", "patient1/001.png"),
        ("patient2/002.png", "patient1/002.png"),
    )


def test_the_answer_matches_all_such_rows_or_leaves_them_out() -> None:
    found, said, asking = match(*PATIENTS, folders="match")
    assert found == {"patient2/001.png": "patient1/001.png", "patient2/002.png": "patient1/002.png"}
    assert said == [] and not asking.open
    found, said, _ = match(*PATIENTS, folders="leave")
    assert found == {} and len(said) == 2


def test_without_anybody_to_ask_such_rows_match_nothing() -> None:
    table = LabelTable((LabelRow(2, "patient2/001.png", "owl", None, None),), (), ())
    found, problems = match_files(table, ["patient1/001.png"], some_have_no_row=True)
    assert found == {} and problems[0].absent


@pytest.mark.parametrize(
    ("names", "files"),
    [
        (["a/1.png"], ["b/1.png", "c/1.png"]),  # several photos of the name
        (["a/1.png", "c/1.png"], ["b/1.png"]),  # several rows of the name
        (["a/1.png"], ["b/2.png"]),
    ],
)
def test_where_the_name_alone_does_not_tell_nothing_is_asked(names: list[str], files: list[str]) -> None:
    found, said, asking = match(names, files)
    assert found == {} and not asking.open and all("is not among the files" in one for one in said)


def test_a_photo_that_another_row_names_surely_is_no_question() -> None:
    found, said, asking = match(["a/1.png", "b/1.png"], ["b/1.png"])
    assert found == {"b/1.png": "b/1.png"} and not asking.open
    assert said == ["line 2: a/1.png is not among the files (b/1.png belongs to line 3)"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("1.png", "patient1/1.png"),  # the table names no folder
        ("patient2/1.png", "1.png"),  # the files have none
        ("/home/ann/patient1/1.png", "patient1/1.png"),
        ("patient1/1.png", "set/patient1/1.png"),
    ],
)
def test_folders_that_do_not_disagree_are_no_question(name: str, file: str) -> None:
    found, said, asking = match([name], [file])
    assert found == {name: file} and said == [] and not asking.open


@pytest.mark.parametrize(
    ("name", "file"), [("/data/patient2/images/1.png", "patient1/images/1.png"), ("C:\\a\\x\\1.png", "y/1.png")]
)
def test_a_part_of_the_folders_is_not_enough(name: str, file: str) -> None:
    found, _, asking = match([name], [file])
    assert found == {} and [one.kind for one in asking.open] == ["folders"]


def test_the_folder_around_all_files_counts() -> None:
    """In a zip with one folder, the names of the files have lost it."""
    assert match(["patient2/1.png"], ["1.png"], root="patient1/")[0] == {}
    assert match(["patient2/1.png"], ["1.png"], root="patient1/", folders="match")[0] == {"patient2/1.png": "1.png"}
    for name in ("patient1/1.png", "1.png", "C:\\x\\patient1\\1.png"):
        assert match([name], ["1.png"], root="set/patient1/")[0] == {name: "1.png"}


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("a%20b.png", "a b.png"),
        ("a b.png", "a%20b.png"),
        ("k%C3%A4fer.png", "käfer.png"),
        ("a.png?size=large", "a.png"),
        ("a.png#1", "a.png"),
        ("https://example.org/a.png", "a.png"),
        ("https://example.org/set/a%20b.png?size=2#x", "set/a b.png"),
        ("gs://bucket/set/a.png", "set/a.png"),
        ("file:///home/ann/set/a.png", "set/a.png"),
        ("a\u200b.png", "a.png"),
        ("a.png", "a\ufeff.png"),
        ("owl%2Fa.png", "owl/a.png"),
    ],
)
def test_addresses_and_escapes_are_matched_with_a_remark(name: str, file: str) -> None:
    found, said, asking = match([name], [file, "other.png"])
    assert found == {name: file} and not asking.open
    assert said == [f"line 2: {name} is written in another way; it is matched with {file}"]


def test_several_such_names_are_one_remark() -> None:
    _, said, _ = match(["a%20b.png", "c%20d.png"], ["a b.png", "c d.png"])
    assert said == [
        "line 2: 2 names are written in another way; each is matched with its photo, such as a%20b.png with a b.png"
    ]


def test_of_two_files_the_one_with_exactly_the_name_counts() -> None:
    files = ["a b.png", "a%20b.png"]
    assert match(["a%20b.png", "a b.png"], files)[0] == {"a%20b.png": "a%20b.png", "a b.png": "a b.png"}
    found, said, _ = match(["a%20b.png", "a b.png"], ["a b.png"])
    assert found == {"a b.png": "a b.png"} and "belongs to line 3" in said[0]


def test_an_address_in_another_folder_is_a_question() -> None:
    found, _, asking = match(["https://example.org/patient2/1.png"], ["patient1/1.png"])
    assert found == {} and [one.kind for one in asking.open] == ["folders"]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("a.png", ["a\u200b.png", "a\u2060.png"]),
        ("grün.png", ["gru\u0308n.png", "x/gru\u0308n.png"]),
        ("x y.png", ["x%20y.png", "x y.png?1"]),
        ("7", ["7.jpg", "7.png"]),
    ],
)
def test_names_that_fit_two_files_match_none(name: str, files: list[str]) -> None:
    found, said, _ = match([name], files)
    if name == "grün.png":  # the one with the same path is surer
        assert found == {name: files[0]}
    else:
        assert found == {} and "could be" in said[0]


def test_a_percent_sign_that_escapes_nothing_stays() -> None:
    assert match(["100%.png", "%zz.png", "%ff.png"], ["100%.png", "%zz.png", "%ff.png"])[1] == []
