"""Sentences about what is wrong with a recipe."""

from collections.abc import Iterable

from pydantic_core import ErrorDetails

from core.training.choices import CHOICES

# A damaged file may hold anything: its message stays readable.
_SHOWN_CHARACTERS, _SHOWN_PROBLEMS = 60, 20
_UNKNOWN = "extra_forbidden"


def problem_sentences(details: Iterable[ErrorDetails], settings: Iterable[str]) -> list[str]:
    """Return one sentence for each pydantic error; ``settings``, the names of all settings, are listed at most once."""
    sentences, unknown = [], False
    for detail in details:
        sentences.append(_problem_sentence(detail, () if unknown else settings))
        unknown = unknown or detail["type"] == _UNKNOWN
    return sentences


def _problem_sentence(detail: ErrorDetails, settings: Iterable[str]) -> str:
    """Return one sentence for a pydantic error: the field, the value found, the values allowed."""
    field = str(detail["loc"][0])[:_SHOWN_CHARACTERS] if detail["loc"] else "recipe"
    found, kind, context = detail["input"], detail["type"], detail.get("ctx", {})
    if kind == _UNKNOWN:
        names = ", ".join(settings)
        return f"{field} is not a setting; the settings are {names}." if names else f"{field} is not a setting."
    if kind in ("conflict", "unknown_architecture"):
        return detail["msg"]
    if kind == "json_invalid":
        return f"the text is not valid JSON ({context.get('error', '')})."
    allowed = {
        "literal_error": lambda: f"one of {', '.join(CHOICES[field])}",
        "greater_than_equal": lambda: f"at least {context['ge']}",
        "greater_than": lambda: f"more than {context['gt']}",
        "less_than_equal": lambda: f"at most {context['le']}",
        "less_than": lambda: f"less than {context['lt']}",
        "int_parsing": lambda: "a whole number",
        "int_from_float": lambda: "a whole number",
        "int_type": lambda: "a whole number",
        "float_parsing": lambda: "a number",
        "float_type": lambda: "a number",
        "finite_number": lambda: "a finite number",
        "string_pattern_mismatch": lambda: (
            "one of auto, cpu, cuda, cuda:N, mps, xpu" if field == "device" else "a text without control characters"
        ),
        "string_too_long": lambda: f"a text of at most {context['max_length']} characters",
        "string_unicode": lambda: "a text without broken characters",
        "string_too_short": lambda: "a text that is not empty",
        "string_type": lambda: "a text",
        "bool_parsing": lambda: "true or false",
        "bool_type": lambda: "true or false",
    }.get(kind)
    shown = repr(found) if len(repr(found)) <= _SHOWN_CHARACTERS else f"{repr(found)[:_SHOWN_CHARACTERS]}..."
    if allowed is None:
        return f"{field} is {shown}: {detail['msg']}."
    return f"{field} is {shown}, but must be {allowed()}."


def joined_problems(problems: Iterable[str]) -> str:
    """Return one text for all problems of a recipe."""
    listed = list(problems)
    if len(listed) > _SHOWN_PROBLEMS:
        listed = [*listed[:_SHOWN_PROBLEMS], f"and {len(listed) - _SHOWN_PROBLEMS} more."]
    if len(listed) == 1:
        return f"The recipe is not valid: {listed[0]}"
    return f"The recipe has {len(listed)} problems: " + " ".join(f"({n}) {text}" for n, text in enumerate(listed, 1))
