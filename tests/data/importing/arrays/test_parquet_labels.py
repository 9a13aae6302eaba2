"""The column of classes of a Parquet file: one that is only called alike is asked, and a missing one is explained."""

from core.data.tables.questions import Asking
from tests.data.importing.formats.csv_styles.tables import problems
from tests.data.importing.formats.test_parquet import images, parquet, plan_of


def test_columns_that_are_called_like_labels_are_asked() -> None:
    """They were left out, and the message did not say that they are there."""
    data = parquet({"image": images("a.png"), "fine_label": [1], "coarse_label": [0]})
    asking = Asking()
    plan_of(data, asking=asking)
    [question] = asking.open
    assert question.kind == "class-column" and "fine_label, coarse_label. Which one is right?" in question.text
    assert [one.key for one in question.choices] == ["fine_label", "coarse_label", "none"]
    assert question.choices[0].rows == (("a.png", "1"),)
    chosen = plan_of(data, asking=Asking({"class-column": "fine_label"}))
    assert [one.label for one in chosen.candidates] == ["1"] and not problems(chosen)
    none = plan_of(data, asking=Asking({"class-column": "none"}))
    assert [one.label for one in none.candidates] == [None] and not problems(none), "somebody has chosen it"


def test_one_that_is_called_alike_is_asked_as_well() -> None:
    asking = Asking()
    plan_of(parquet({"image": images("a.png"), "bird_class": ["owl"], "id": [7]}), asking=asking)
    [question] = asking.open
    assert question.text.endswith("Does bird_class hold the classes?")
    assert [one.key for one in question.choices] == ["bird_class", "none"]


def test_a_file_without_labels_names_its_columns_and_says_what_to_do() -> None:
    [text] = problems(plan_of(parquet({"image": images("a.png"), "species": ["owl"], "id": [7]})))
    assert "has no column of labels (its other columns: species, id)" in text and 'call it "label"' in text
    [text] = problems(plan_of(parquet({"image": images("a.png")})))
    assert "(it has no other columns)" in text
