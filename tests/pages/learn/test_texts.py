"""The lessons' texts have two levels, and each wrong answer has a hint of its own."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.glossary.terms import TERMS
from pages.components.learn.glossary_section import matching
from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText
from pages.components.learn.texts import augmentation, family, inside, layers, preprocessing, skips, transfer
from tests.pages.conftest import OpenPage, messages

LESSONS = (inside, skips, transfer, augmentation, preprocessing, layers, family)
ARMS = ("one minus two", "one minus three", "two minus three")
QUESTIONS: dict[str, tuple[Choice, ...]] = {
    "inside": inside.CHOICES,
    "layers": layers.CHOICES,
    "family": family.CHOICES,
    "preprocessing": preprocessing.CHOICES,
    "augmentation": augmentation.choices(
        {"none": 0.6, "light": 0.7, "standard": 0.4}, {"none": 0.3, "light": 0.3, "standard": 0.35}
    ),
    "skips, plain is worse": skips.choices(0.7, 0.1, 56),
    "skips, residual is worse": skips.choices(0.1, 0.7, 56),
    **{
        f"transfer, {clear} clear": transfer.choices(ARMS[:clear], ARMS[clear:], ["one minus two (+3)"][:clear])
        for clear in range(4)
    },
}


def level_texts() -> Iterator[LevelText]:
    """All texts with two levels that need no numbers of an experiment."""
    for lesson in LESSONS:
        for value in vars(lesson).values():
            if isinstance(value, LevelText):
                yield value
            elif isinstance(value, dict):
                yield from (one for one in value.values() if isinstance(one, LevelText))
    yield from (choice.feedback for some in QUESTIONS.values() for choice in some if isinstance(choice.feedback, tuple))
    yield augmentation.uncertainty(9)
    yield transfer.method("ResNet-18", 96, 105)


def test_the_school_level_has_no_formulas_and_no_papers() -> None:
    for text in level_texts():
        assert text.school != text.university
        assert not re.search(r"\$|arXiv|et al\.|\\", text.school), text.school


def test_every_lesson_has_an_introduction_on_both_levels_and_the_exact_one_names_a_formula_or_paper() -> None:
    for lesson in LESSONS:
        assert re.search(r"\$|arXiv|IEEE", lesson.INTRODUCTION.university), lesson.__name__
        for sentence in re.split(r"(?<=[.?]) ", lesson.INTRODUCTION.school):
            assert len(sentence.split()) <= 30, sentence


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_wrong_answer_has_a_hint_of_its_own_that_does_not_give_the_answer_away(name: str) -> None:
    choices = QUESTIONS[name]
    (right,) = [choice for choice in choices if choice.correct]
    hints = [str(choice.feedback) for choice in choices if not choice.correct]
    assert len(set(hints)) == len(hints) == len(choices) - 1
    for hint in hints:
        assert len(hint) > 40 and right.text not in hint


def test_each_wrong_guess_in_the_quiz_has_its_own_hint() -> None:
    assert len(set(preprocessing.HINTS.values())) == len(preprocessing.HINTS) == len(preprocessing.SIGNS)


def test_the_hint_of_the_chosen_answer_is_shown(open_page: OpenPage) -> None:
    app = open_page("Learn", lesson="inside")
    for choice, level in product(inside.CHOICES[:1], ("school", "university")):
        app.segmented_control(key="learn-level").set_value(level)
        app.radio(key="inside-question").set_value(choice.text).run()
        assert app.warning[0].value == f"Not quite. {choice.feedback}"


def introduction(app: AppTest) -> str:
    return next(text.value for text in app.markdown if "network" in text.value and len(text.value) > 200)


def test_the_level_is_school_at_first_has_an_address_and_is_kept(open_page: OpenPage) -> None:
    app = open_page("Learn", lesson="inside")
    assert introduction(app) == inside.INTRODUCTION.school
    app.segmented_control(key="learn-level").set_value("university").run()
    assert introduction(app) == inside.INTRODUCTION.university
    assert app.query_params["level"] in ("university", ["university"])
    app.switch_page("app.py").run()
    app.switch_page("pages/7_Learn.py").run()
    assert introduction(app) == inside.INTRODUCTION.university, "kept while the tab shows another page"
    addressed = open_page("Learn", lesson="inside", level="university")
    assert introduction(addressed) == inside.INTRODUCTION.university
    assert introduction(open_page("Learn", lesson="inside", level="none")) == inside.INTRODUCTION.school


def test_the_glossary_is_searched_and_opens_the_lesson_that_shows_a_term(open_page: OpenPage) -> None:
    app = open_page("Learn", lesson="glossary")
    assert not messages(app) and app.header[0].value == "Glossary"
    assert f"{len(TERMS)} terms." in [caption.value for caption in app.caption]
    app.text_input(key="glossary-search").set_value("skip connection").run()
    assert next(text.value for text in app.markdown if text.value.startswith("**")).startswith("**Skip connection**")
    app.button(key="glossary-open-skip connection").click().run()
    assert app.header[0].value == "Why skip connections help"


def test_the_search_finds_names_first() -> None:
    found = [term.name for term in matching(TERMS.values(), "Head")]
    assert found[0] == "head" and not matching(TERMS.values(), "no such word")
