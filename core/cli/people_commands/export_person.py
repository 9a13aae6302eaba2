"""The command people export: everything that is stored of one pupil, to hand over."""

from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_result


def export(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The pupil, as on the class's list.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The new file, named .zip, or the new folder.")],
    of_class: Annotated[str, typer.Option("--class", metavar="CLASS", help="The name of the class.")],
    json: Json = False,
) -> None:
    """Save everything that is stored of one pupil: photos, labels, runs with their models, what the register knows.

    A README in it says what each file is. The app may be in use meanwhile.
    """
    from core.people.door import open_register
    from core.people.exporting.export_person import export_person
    from core.people.exporting.named_person import person_named

    register = open_register()
    person = person_named(register, name, of_class)
    with ProgressDisplay() as display:
        for step in export_person(register, person, out):
            display.show(step.phase, step.done, step.total)
    if json:
        print_json({"name": person.name, "class": of_class, "out": str(out.absolute())})
        return
    print_result(f"{out} holds everything that is stored of {person.name}.")
