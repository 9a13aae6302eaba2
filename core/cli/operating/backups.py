"""The commands backup and restore: the server's folder in one file, and back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result

if TYPE_CHECKING:
    from core.backup.manifest import Manifest


def backup(
    out: Annotated[
        Path,
        typer.Argument(help="The new file, named .zip, .tar.gz or .tar, or the new folder."),
    ],
    without_database: Annotated[
        bool,
        typer.Option("--without-database", help="Save photos and runs only: the labels are in a database server."),
    ] = False,
    json: Json = False,
) -> None:
    """Save projects, labels with their history, photos, runs and people of the server's folder.

    The app may be in use meanwhile: each database and each run is saved as it is in one moment. Caches and thumbnails
    are left out, because they are made again. Keys and certificates are left out too.
    """
    from core.backup.make_backup import make_backup
    from core.workspace import Workspace, workspace_folder

    workspace = Workspace(workspace_folder())
    with ProgressDisplay() as display:
        made = make_backup(
            workspace,
            out,
            without_database=without_database,
            progress=lambda done, total: display.show_bytes("saving", done, total),
        )
    if json:
        print_json({"backup": str(out.absolute()), **_as_record(made)})
    else:
        print_result(f"{out} holds {_said(made)}.")
    if made.lost_photos:
        print_message(
            f"{len(made.lost_photos):,} photos have lost their files, so the backup lacks them too, such as "
            f"{made.lost_photos[0]}. python -m core check lists them."
        )


def restore(
    file: Annotated[Path, typer.Argument(help="A backup: a file, or a folder.")],
    into: Annotated[
        Path | None,
        typer.Option(help="A folder that is missing or empty. Default: RESNET_STUDIO_HOME, else workspace/."),
    ] = None,
    json: Json = False,
) -> None:
    """Restore a backup into an empty folder, and bring its databases to this version.

    Every file is compared with the list in the backup first. Nothing is replaced: a folder that holds files is refused.
    """
    from core.backup.restore_backup import restore_backup
    from core.workspace import workspace_folder

    target = into or workspace_folder()
    with ProgressDisplay() as display:
        made = restore_backup(file, target, lambda done, total: display.show_bytes("restoring", done, total))
    if json:
        print_json({"folder": str(target.absolute()), **_as_record(made)})
    else:
        print_result(f"{target} holds {_said(made)} again, as on {made.created}.")
    if made.database == "elsewhere":
        print_message("The labels are in a database server: restore them there, with pg_restore for PostgreSQL.")


def _said(made: "Manifest") -> str:
    counts = {name: count for name, count in made.counts.items() if count or name != "people"}
    names = {1: {"people": "person"}}
    words = []
    for name, count in counts.items():
        noun = names.get(count, {}).get(name, name.removesuffix("s") if count == 1 else name)
        words.append(f"{count:,} {noun}")
    return f"{', '.join(words[:-1])} and {words[-1]} ({made.bytes / 1e6:,.0f} MB)"


def _as_record(made: "Manifest") -> dict[str, object]:
    return {
        "created": made.created,
        "schema_version": made.schema_version,
        "database": made.database,
        "counts": made.counts,
        "files": len(made.files),
        "bytes": made.bytes,
        "lost_photos": made.lost_photos,
    }
