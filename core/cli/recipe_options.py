"""Command-line options for the recipe: one per field, with the field's description as its help."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from core.training.recipe import TASK_DEFAULTS, Recipe

# A second name, as in the summary command and in Keras.
_ALSO = {"size": "--input"}
# Defaults that depend on another setting and are resolved by the recipe; the text is for the help.
_DEFAULTS = {"train": "automatic; all if weights is none; head if optimizer is logistic"}
_TASKS = {
    name: f"{Recipe.model_fields[name].default}; {value} for boxes"
    for name, value in TASK_DEFAULTS["localization"].items()
    if name not in _DEFAULTS
}


def with_recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """Replace a command's ``**settings`` by one option per field: ``batch_size`` becomes ``--batch-size``."""
    signature = inspect.signature(command)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name in _DEFAULTS else field.default,
            annotation=Annotated[
                _plain_type(field.annotation),
                typer.Option(
                    *(("--" + name, _ALSO[name]) if name in _ALSO else ()),
                    help=field.description,
                    metavar="|".join(_choices(field.annotation)) or None,
                    show_default=(_DEFAULTS | _TASKS).get(name, field.default is not None),
                ),
            ],
        )
        for name, field in Recipe.model_fields.items()
    ]
    own = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def chosen_settings(context: typer.Context, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that the user gave on the command line; all others have their defaults."""

    def is_given(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name != "DEFAULT"

    return {name: value for name, value in settings.items() if is_given(name)}


def _choices(annotation: Any) -> tuple[str, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()


def _plain_type(annotation: Any) -> Any:
    """Return the type without pydantic's limits; the recipe checks those and reports all problems together."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _plain_type(typing.get_args(annotation)[0])
    if origin in (types.UnionType, typing.Union):
        [kept] = [_plain_type(one) for one in typing.get_args(annotation) if one is not types.NoneType]
        return kept | None
    if origin is Literal:
        return str
    return annotation
