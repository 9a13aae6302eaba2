"""One option for each field of the recipe, with the field's own description as its help."""

import inspect
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from core.training.recipe import TASK_DEFAULTS, Recipe

# As the command summary and Keras call it.
_ALSO = {"size": "--input"}
# Left to the recipe, because it depends on another setting; in words for the help.
_DEFAULTS = {"train": "head; all where weights is none"}
_TASKS = {
    name: f"{Recipe.model_fields[name].default}; {value} where there are boxes"
    for name, value in TASK_DEFAULTS["localization"].items()
    if name not in _DEFAULTS
}


def with_recipe_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command, its ``**settings`` spelled out as options: ``batch_size`` becomes ``--batch-size``."""
    signature = inspect.signature(command)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name in _DEFAULTS else field.default,
            annotation=Annotated[
                _bare(field.annotation),
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


def said_settings(context: typer.Context, settings: dict[str, Any], task: str) -> dict[str, Any]:
    """The settings without those that the user left to the program and that depend on the task."""

    def said(name: str) -> bool:
        source = context.get_parameter_source(name)
        return source is not None and source.name != "DEFAULT"

    return {name: value for name, value in settings.items() if name not in TASK_DEFAULTS[task] or said(name)}


def _choices(annotation: Any) -> tuple[str, ...]:
    return typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()


def _bare(annotation: Any) -> Any:
    """The type alone: pydantic's limits inside it are checked by the recipe, which names all problems at once."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if origin in (types.UnionType, typing.Union):
        [kept] = [_bare(one) for one in typing.get_args(annotation) if one is not types.NoneType]
        return kept | None
    if origin is Literal:
        return str
    return annotation
