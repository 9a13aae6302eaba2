"""The command check: looks through a workspace, says what is wrong, and repairs what can be repaired."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result
from core.errors import WorkspaceError

if TYPE_CHECKING:
    from core.data.store.checking.finding import Finding

_SHOWN = 10  # of one area; --json lists all


def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Repair what can be repaired: damaged photos are moved to a folder of their own, so that they can be "
            "added again; photos without a database get a new one; half-written files are deleted.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check the workspace: its database, photos, thumbnails and runs, and whether any file is lost or damaged.

    Every photo is decoded and compared with its hash, every model with its SHA-256. Exits with 2 if problems are left.
    """
    from core.runs.checking.workspace_check import check_workspace
    from core.workspace import open_workspace

    workspace = open_workspace()
    with ProgressDisplay() as display:
        result = check_workspace(workspace, repair, display.counter)
    left = result.open
    if json:
        found = [asdict(one) for one in result.findings]
        checked = {"photos": result.photos, "runs": result.runs}
        print_json({"workspace": str(workspace.root), "checked": checked, "problems": found, "left": len(left)})
    else:
        _print_findings(result.findings)
        print_result(f"Checked {_counted(result.photos, 'photo')} and {_counted(result.runs, 'run')}.")
        if not left:
            print_result("No problem is left." if result.findings else "No problems found.")
    if left:
        repairable = sum(one.repairable for one in left)
        helps = f" With --repair, something is done about {repairable:,} of them." if repairable and not repair else ""
        raise WorkspaceError(f"{_counted(len(left), 'problem')} found in {workspace.root}.{helps}")


def _print_findings(findings: "tuple[Finding, ...]") -> None:
    by_area: dict[str, list[Finding]] = {}
    for one in findings:
        by_area.setdefault(one.area, []).append(one)
    for area, some in by_area.items():
        print_result(f"{area.capitalize()}:")
        for one in some[:_SHOWN]:
            # A file name may hold characters that control the terminal.
            print_result("  " + "".join(letter if letter.isprintable() else "\ufffd" for letter in str(one)))
        if len(some) > _SHOWN:
            print_message(f"  ... and {len(some) - _SHOWN:,} more; --json lists all")


def _counted(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
