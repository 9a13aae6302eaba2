"""The command groups: list a project's groups, make them from file names, split again by group."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import Json, print_json, print_message, print_result, print_table
from core.cli.user_name import user_name
from core.data.grouping.name_rules import EXAMPLE_PATTERN, RULES
from core.errors import DataError

if TYPE_CHECKING:
    from core.data.grouping.name_rules import RuleGroups
    from core.data.store.store import Project, Store

_SHOWN = 20
_EXAMPLES = 3


def groups(
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    rule: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(RULES),
            help="Read the group from the file name: "
            + "; ".join(f"{name}: {what}" for name, what in RULES.items())
            + ". Without --apply, the groups are only shown.",
        ),
    ] = None,
    pattern: Annotated[
        str,
        typer.Option(
            help=f"The pattern of the rule pattern, such as {EXAMPLE_PATTERN}: {{group}}, {{number}} or {{letters}} "
            "stands where the group's name is, * for any text."
        ),
    ] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Put the photos into the groups that the rule finds.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="Take all photos out of their groups.")] = False,
    split_again: Annotated[
        bool,
        typer.Option("--split-again", help="Divide the photos of all groups again, so that no group is in two splits."),
    ] = False,
    json: Json = False,
) -> None:
    """List the groups of a project, or make groups from the file names of its photos.

    Photos of one group (a person, a camera, a day) are always in one split: a model is then tested on people that it
    has never seen. Photos that the rule does not match keep the group that they have. Existing splits stay until
    --split-again. Each step is one change that Undo takes back on the page.
    """
    from core.data.store.store import Store
    from core.workspace import open_workspace

    if pattern and rule is None:
        rule = "pattern"
    if rule is not None and clear:
        raise typer.BadParameter("give either --rule or --clear, not both.")
    if apply and rule is None:
        raise typer.BadParameter("--apply needs a --rule that says how to find the groups.")
    store = Store(open_workspace())
    try:
        known = store.find_project(project)
        if known is None:
            raise DataError(f'There is no project "{project}". Check the name.')
        answer: dict[str, Any] = {"project": known.name}
        if clear:
            _clear(store, known)
        if rule is not None:
            found = _found(store, known, rule, pattern, apply)
            answer |= {"rule": rule, "applied": apply, "found": _as_json(store, known, found)}
            if not json:
                _print_found(store, known, found, apply)
        if split_again:
            change = store.split_by_group(known.id, user_name())
            answer["moved"] = len(store.changed_images(known.id, change)) if change else 0
            print_message(f"{answer['moved']:,} photos moved to another split.")
        state = store.group_state(known.id)
        if json:
            sides = {name: list(splits) for name, splits in state.sides.items()}
            answer |= {"groups": state.groups, "without_group": state.without, "on_several_sides": sides}
            print_json({**answer, "remarks": list(state.remarks)})
        elif rule is None or apply:
            _print_state(store, known)
    finally:
        store.close()


def _clear(store: "Store", project: "Project") -> None:
    grouped = [row.id for row in store.images(project.id) if row.group is not None]
    if grouped:
        store.set_groups(project.id, dict.fromkeys(grouped), user_name())
    print_message(f"{len(grouped):,} photos were taken out of their groups.")


def _found(store: "Store", project: "Project", rule: str, pattern: str, apply: bool) -> "RuleGroups":
    from core.data.grouping.name_rules import groups_by_name

    found = groups_by_name(rule, ((row.id, row.filename) for row in store.images(project.id)), pattern)
    if apply and not found.groups:
        raise DataError(f"The rule {rule} matches no file name of {project.name}, so no group was made. Try another.")
    if apply:
        store.set_groups(project.id, {**found.group_of}, user_name())
    return found


def _as_json(store: "Store", project: "Project", found: "RuleGroups") -> dict[str, Any]:
    names = {row.id: row.filename for row in store.images(project.id)}
    sizes = {name: len(photos) for name, photos in found.groups.items()}
    return {"groups": sizes, "unmatched": [names[number] for number in found.unmatched]}


def _print_found(store: "Store", project: "Project", found: "RuleGroups", applied: bool) -> None:
    names = {row.id: row.filename for row in store.images(project.id)}
    rows = [
        (name, ", ".join(names[number] for number in photos[:_EXAMPLES]), f"{len(photos):,}")
        for name, photos in list(found.groups.items())[:_SHOWN]
    ]
    if rows:
        print_table(("group", "such as", "photos"), rows, texts=2)
    if len(found.groups) > _SHOWN:
        print_message(f"... and {len(found.groups) - _SHOWN:,} more groups")
    if found.unmatched:
        shown = ", ".join(names[number] for number in found.unmatched[:_EXAMPLES])
        print_message(f"{len(found.unmatched):,} photos do not match the rule, such as {shown}")
    if not applied:
        print_result(f"{len(found.groups):,} groups found; nothing was changed. Add --apply to use them.")


def _print_state(store: "Store", project: "Project") -> None:
    from core.data.grouping.group_remarks import sides_remark

    state = store.group_state(project.id)
    if not state.groups:
        print_result(f"{project.name} has no groups. Make some with --rule, or import a table with a column group.")
        return
    rows = [(name, f"{count:,}") for name, count in list(state.groups.items())[:_SHOWN]]
    print_table(("group", "photos"), rows)
    if len(state.groups) > _SHOWN:
        print_message(f"... and {len(state.groups) - _SHOWN:,} more groups")
    if state.without:
        print_message(f"{state.without:,} photos are in no group.")
    for remark in state.remarks:
        print_message(remark)
    if state.sides:
        print_message(f"{sides_remark(state.sides)} Add --split-again to put each group in one split.")
