"""Questions about what can be read in more than one way, and their answers."""

import pytest

from core.data.tables.questions import Asking, Choice, NobodyToAsk, Question, parse_answers
from core.errors import AnswerError, QuestionsOpen

UNIT = Question("box-unit", "Are these fractions?", (Choice("fractions", "Scale them"), Choice("pixels", "Keep them")))
OTHER = Question("encoding", "How is it encoded?", UNIT.choices, place="a/labels.csv")


def test_an_answer_is_by_id_or_by_kind_and_the_id_counts_more() -> None:
    assert Asking({"box-unit": "pixels"}).ask(UNIT) == "pixels"
    assert Asking({"encoding": "pixels"}).ask(OTHER) == "pixels"
    assert Asking({"encoding": "pixels", "encoding:a/labels.csv": "fractions"}).ask(OTHER) == "fractions"


def test_what_nobody_has_answered_is_open_and_names_its_options() -> None:
    asking = Asking()
    assert asking.ask(UNIT) is None and asking.ask(UNIT) is None
    assert asking.open == (UNIT,) and not asking.answered
    with pytest.raises(QuestionsOpen) as error:
        asking.require_answers()
    assert str(error.value) == (
        'Are these fractions? Add --answer "box-unit=fractions" (scale them) or --answer "box-unit=pixels" (keep them).'
    )
    assert error.value.questions == (UNIT,)


def test_an_answer_that_is_no_choice_is_an_error_that_lists_them() -> None:
    with pytest.raises(AnswerError, match=r'"inches" does not answer box-unit\. Choose --answer "box-unit=fractions"'):
        Asking({"box-unit": "inches"}).ask(UNIT)


def test_an_answer_that_nothing_asks_for_is_an_error() -> None:
    asking = Asking({"box-size": "scale"})
    asking.require_answers(more_to_come=True)
    with pytest.raises(AnswerError, match="There is no question box-size"):
        asking.require_answers()
    assert asking.unused == ("box-size",)


def test_several_sources_have_questions_of_their_own() -> None:
    asking = Asking({"encoding:b.zip/a/labels.csv": "pixels", "box-unit:b.zip": "pixels"})
    assert asking.within("a.zip").ask(OTHER) is None
    assert asking.within("b.zip").ask(OTHER) == "pixels"
    assert asking.within("b.zip").ask(UNIT) == "pixels"
    assert [one.id for one in asking.open] == ["encoding:a.zip/a/labels.csv"]
    assert [one.question.id for one in asking.answered] == ["encoding:b.zip/a/labels.csv", "box-unit:b.zip"]
    assert asking.unused == ()


def test_an_attempt_that_fails_leaves_no_question() -> None:
    asking = Asking({"box-unit": "pixels"})
    trial = asking.trial()
    trial.ask(OTHER)
    trial.ask(UNIT)
    assert not asking.open and asking.unused == ("box-unit",)
    asking.adopt(trial)
    assert asking.open == (OTHER,) and asking.unused == () and str(asking.answered[0]) == "answered: keep them"


def test_where_nobody_can_be_asked_a_question_is_an_error() -> None:
    with pytest.raises(QuestionsOpen, match=r"^Are these fractions\?$"):
        NobodyToAsk().ask(UNIT)


def test_answers_of_the_command_line() -> None:
    assert parse_answers(["box-unit=pixels", " encoding:a=b.csv = cp932 "]) == {
        "box-unit": "pixels",
        "encoding:a=b.csv": "cp932",
    }
    for wrong in ("pixels", "=pixels", "box-unit="):
        with pytest.raises(AnswerError, match="between the question and the choice"):
            parse_answers([wrong])
    with pytest.raises(AnswerError, match="two answers"):
        parse_answers(["box-unit=pixels", "box-unit=fractions"])
