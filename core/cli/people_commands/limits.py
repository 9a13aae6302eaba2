"""The command people limits: how much each pupil of a class may use."""

from typing import Annotated

import typer

from core.cli.console import Json, print_json, print_table

NONE = "none"
_NAMES = {"photos": "most_photos", "megabytes": "most_megabytes", "trainings": "most_runs", "minutes": "most_minutes"}


def limits(
    of_class: Annotated[str, typer.Argument(metavar="CLASS", help="The name of the class, such as 7b.")],
    photos: Annotated[
        str | None, typer.Option(metavar="NUMBER|none", help="The most photos in all projects of a pupil.")
    ] = None,
    megabytes: Annotated[
        str | None, typer.Option(metavar="NUMBER|none", help="The most megabytes of a pupil's photos and models.")
    ] = None,
    trainings: Annotated[
        str | None,
        typer.Option(metavar="NUMBER|none", help="The most trainings of a pupil that run or wait at the same time."),
    ] = None,
    minutes: Annotated[
        str | None, typer.Option(metavar="NUMBER|none", help="The longest time of one training, in minutes.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the limits of a class's pupils and groups; those that are given are changed first."""
    from core.people.class_rules import change_rules, rules_of
    from core.people.door import open_register
    from core.people.exporting.named_person import class_named

    given = {"photos": photos, "megabytes": megabytes, "trainings": trainings, "minutes": minutes}
    changes = {_NAMES[name]: _limit(name, text) for name, text in given.items() if text is not None}
    register = open_register()
    room = class_named(register, of_class)
    rules = change_rules(register, room.id, **changes) if changes else rules_of(register, room.id)
    found = {name: getattr(rules, field) for name, field in _NAMES.items()}
    if json:
        print_json({"class": room.name, **found})
        return
    print_table(
        ["limit", "each pupil"],
        [[name, NONE if value is None else f"{value:,}"] for name, value in found.items()],
    )


def _limit(name: str, text: str) -> int | None:
    if text.strip().lower() == NONE:
        return None
    if not text.strip().isdecimal() or not 1 <= int(text) < 10**9:
        raise typer.BadParameter(f"--{name} is {text[:40]!r}. Give a whole number from 1 on, or none for no limit.")
    return int(text)
