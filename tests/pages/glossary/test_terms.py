"""The glossary: one source for the Learn page and for the help buttons wherever a term first stands."""

import ast
import re

import pytest

from core.errors import StudioError
from core.workspace import REPOSITORY
from pages.components.glossary.terms import TERMS, explained, heading

ASKED_FOR = ("head", "stem", "channel", "IoU", "F1", "confidence interval", "PCA", "t-SNE")


def test_the_terms_are_alphabetical_and_short() -> None:
    assert set(ASKED_FOR) <= set(TERMS)
    assert list(TERMS) == sorted(TERMS, key=str.lower)
    for term in TERMS.values():
        sentences = re.findall(r"[.?](?= [A-Z0-9]|$)", term.text)
        assert 1 <= len(sentences) <= 3, term.name
        assert "$" not in term.text and "arXiv" not in term.text, f"{term.name}: formulas belong to `exact`"


def test_each_term_names_a_lesson_that_exists() -> None:
    lessons = REPOSITORY / "pages" / "components" / "learn" / "lessons"
    names = {path.stem.removeprefix("lesson_") for path in lessons.glob("lesson_*.py")}
    assert {term.lesson for term in TERMS.values()} - {""} <= names


def test_an_explanation_is_the_text_of_the_glossary() -> None:
    assert explained("IoU", "t-SNE") == f"**IoU**: {TERMS['IoU'].text}\n\n**t-SNE**: {TERMS['t-SNE'].text}"
    assert heading("head") == "Head"
    with pytest.raises(StudioError, match="no term called colour"):
        explained("colour")


@pytest.mark.parametrize(
    ("module", "terms"),
    [
        ("train/recipe_form", {"stem", "head"}),
        ("train/runs_table", {"IoU"}),
        ("train/live_run", {"IoU"}),
        ("evaluate/run_report", {"accuracy", "confidence interval", "F1"}),
        ("evaluate/box_report", {"IoU", "confidence interval"}),
        ("evaluate/compare_runs", {"confidence interval", "F1"}),
        ("annotate/suggest_map", {"PCA", "t-SNE"}),
        ("learn/lessons/lesson_inside", {"stem", "head", "channel"}),
        ("learn/lessons/lesson_transfer", {"head", "confidence interval"}),
        ("learn/lessons/lesson_augmentation", {"confidence interval"}),
    ],
)
def test_where_a_term_first_stands_a_help_button_explains_it(module: str, terms: set[str]) -> None:
    tree = ast.parse((REPOSITORY / "pages" / "components" / f"{module}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "explained"]
    assert terms <= {argument.value for call in calls for argument in call.args if isinstance(argument, ast.Constant)}
