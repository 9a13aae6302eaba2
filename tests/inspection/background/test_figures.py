"""The figures of changed backgrounds and what is said about them: counts, intervals, nothing beyond them."""

from pathlib import Path

import pytest

from core.errors import RunError
from core.inspection.background import figures, words
from core.inspection.background.result import Background, LeftOut
from core.inspection.background.variants import BACKGROUND, ORIGINAL, OTHER, SAME
from core.inspection.measuring.report import Rate
from tests.inspection.background.answers import background, example, photo, shortcut_answers


def test_accuracies_gap_and_followers_are_counted() -> None:
    found = shortcut_answers(40, follow=30)
    rates = figures.accuracies(found)
    assert rates[ORIGINAL] == Rate.of(40, 40) and rates[SAME] == Rate.of(40, 40)
    assert rates[OTHER] == Rate.of(10, 40) and rates[BACKGROUND] == Rate.of(30, 40)
    assert figures.follows(found) == Rate.of(30, 40) and figures.follows_already(found) == Rate.of(0, 40)
    assert figures.guessing(found) == 0.5
    paired = figures.gap(found)
    assert paired is not None and paired.difference == 0.75 and paired.clear and paired.n == 40
    assert figures.flipped(found, OTHER) == Rate.of(30, 40)


def test_flips_are_by_class_with_the_class_that_is_predicted_instead() -> None:
    photos = [
        photo(0, "a", other=1, other_from=2),
        photo(0, "b", other=2, other_from=2),
        photo(1, "c", other_from=0),
        photo(2, "d", original=1, other=1, other_from=2),  # wrong as it is: no flip
    ]
    rows = figures.flips(background(photos, ("owl", "duck", "crow")), OTHER)
    assert [row.name for row in rows] == ["owl", "duck"]
    assert rows[0].flipped == Rate.of(2, 2) and dict(rows[0].to) == {"duck": 1, "crow": 1}
    assert rows[0].to_background == Rate.of(1, 2)  # the background was of a duck
    assert rows[1].flipped == Rate.of(0, 1) and rows[1].to == ()
    assert figures.flips(background(photos, ("owl", "duck", "crow")), BACKGROUND)[0].to_background.n == 0


def test_the_clearest_examples_follow_the_background_surely() -> None:
    photos = [
        photo(0, "stays", other_from=1, alone=1),
        photo(1, "unsure", other=0, other_from=0, probability=0.6),
        photo(1, "sure", other=0, other_from=0, probability=0.99),
        photo(0, "alone", other_from=1),
    ]
    order = figures.clearest(background(photos), 3)
    assert [photos[place].filename for place in order] == ["sure.png", "unsure.png", "alone.png"]


def test_a_shortcut_is_said_with_its_numbers() -> None:
    found = shortcut_answers(40, follow=30)
    assert (
        words.headline(found)
        == "Yes, in part: the background alone is enough to recognise most photos, and swapping it changes answers."
    )
    first, second, third = words.sentences(found)
    assert first == (
        "With only the background left, 75% of 40 photos are still recognised (95% confidence interval 60 to 86%). "
        "Guessing the most frequent class gives 50%."
    )
    assert "100%, on those of another class 25%. The difference is 75 percentage points (95% confidence" in second
    assert third.startswith(
        "On a background of another class, 30 of 40 answers (75%) name the class of that background"
    )


def test_without_a_clear_effect_nothing_is_claimed_and_what_may_be_hidden_is_said() -> None:
    found = shortcut_answers(20, follow=1)
    assert words.headline(found) == "No clear sign that the background decides."
    said = " ".join(words.sentences(found))
    assert "not clearly better than guessing" in said and "It may well be chance." in said
    assert "With only 20 photos, an effect of up to" in said
    same = shortcut_answers(20, follow=0)
    assert "It may well be chance." not in " ".join(words.sentences(same))  # there is no difference


def test_a_model_that_guesses_is_not_judged() -> None:
    photos = [photo(place % 2, f"{place}", original=0, other_from=(place + 1) % 20) for place in range(20)]
    found = background(photos)
    assert "not clearly better than guessing" in words.headline(found) and words.sentences(found) == []


def test_what_was_left_out_is_said_and_no_photo_at_all_too() -> None:
    out = tuple(LeftOut(filename=f"{number}", reason="it has no box") for number in range(3))
    found = background([photo(0, "a", other_from=0)], left_out=out, available=9)
    assert words.photos_sentence(found).endswith("Left out: 3: it has no box.")
    assert words.photos_sentence(found).startswith("1 of 9 validation photos. The object is the inside of the boxes")
    nothing = background([], left_out=out)
    assert (
        words.headline(nothing) == "No photo could be used. Choose another region." and words.sentences(nothing) == []
    )
    assert words.as_json(nothing)["n"] == 0


def test_the_json_has_all_figures_and_every_answer() -> None:
    found = words.as_json(shortcut_answers(10, follow=5))
    assert found["accuracy"]["other"]["correct"] == 5 and found["gap"]["n"] == 10
    assert found["flips"]["other"][0]["class"] in ("owl", "duck")
    assert found["photos"][0]["answers"]["other"] == {"prediction": "duck", "probability": 0.9}
    assert found["photos"][0]["other_background_class"] == "duck"


def test_a_result_is_read_back_and_a_damaged_one_refused(tmp_path: Path) -> None:
    whole = shortcut_answers(4)
    found = whole.model_copy(update={"examples": (example(0, whole.photos[0]),)})
    path = tmp_path / "background-boxes.json"
    found.write(path)
    assert Background.read(path) == found
    text = path.read_text(encoding="utf-8").replace('"label":1', '"label":7', 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError, match="Compute it again"):
        Background.read(path)
    with pytest.raises(RunError, match="could not be saved"):
        found.write(tmp_path / "deleted" / "background-boxes.json")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"other_from":1,', ""),
        ('"same_from":0,', ""),
        ('"masked":', '"inverted":'),
        ('"pictures":{"original"', '"pictures":{"inverted"'),
        ('"pictures":{"original":"', '"pictures":{"original":"no base64!'),
    ],
)
def test_a_result_that_does_not_fit_together_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """Runs come from other people too: the page showed an error of the program instead of a sentence."""
    whole = shortcut_answers(4)
    path = tmp_path / "background-boxes.json"
    whole.model_copy(update={"examples": (example(0, whole.photos[0]),)}).write(path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RunError, match="Compute it again"):
        Background.read(path)
