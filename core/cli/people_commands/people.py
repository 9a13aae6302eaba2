"""The commands people ...: classes, their pupils, the teacher's PIN."""

from typing import Annotated

import typer

from core.cli.console import Json, print_json, print_message, print_table
from core.cli.people_commands import export_person, limits

people = typer.Typer(help="Classes on a server with RESNET_STUDIO_PEOPLE=class.", no_args_is_help=True)
people.command("export")(export_person.export)
people.command("limits")(limits.limits)


@people.command()
def pin(
    new: Annotated[
        str | None, typer.Argument(metavar="[PIN]", help="At least six digits or letters; otherwise random.")
    ] = None,
    json: Json = False,
) -> None:
    """Set the teacher's PIN, and print it. The old one stops working."""
    from core.people.door import open_register
    from core.people.joining import set_pin

    chosen = set_pin(open_register(), new)
    if json:
        print_json({"pin": chosen})
        return
    print_message(f"The teacher's PIN is now {chosen}")


@people.command("new-class")
def new_class(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as 7b.")],
    pupils: Annotated[list[str] | None, typer.Option("--pupil", help="A name for the class's list; repeat it.")] = None,
    json: Json = False,
) -> None:
    """Create a class, and print the code with which pupils join it."""
    from core.people.door import open_register

    register = open_register()
    made = register.create_class(name)
    added = register.add_people(made.id, pupils or [])
    if json:
        print_json({"class": made.name, "code": made.code, "pupils": [one.name for one in added]})
        return
    print_message(f"Pupils join {made.name} with the code {made.code}.")


@people.command("list")
def list_people(json: Json = False) -> None:
    """List all classes and pupils, with what they have made so far."""
    from core.people.door import open_register
    from core.people.overview import overview

    register = open_register()
    rows = [
        {
            "class": room.name,
            "code": room.code,
            "name": one.person.name,
            "joined": one.person.joined,
            "photos": one.photos,
            "labelled": one.labelled,
            "runs": one.runs,
            "best": one.best,
            "megabytes": round(one.megabytes, 1),
        }
        for room in register.classes()
        for one in map(overview, register.people(room.id))
    ]
    if json:
        print_json(rows)
        return
    if not rows:
        print_message("Nobody has joined yet.")
        return
    print_table(list(rows[0]), [list(map(_cell, row.values())) for row in rows])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else f"{value:.1%}" if isinstance(value, float) and value <= 1 else str(value)
