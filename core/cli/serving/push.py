"""The push command: publishes an exported folder on the Hugging Face Hub, after a look at what will be published."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, print_json, print_message, print_result
from core.errors import DataError

if TYPE_CHECKING:
    from core.export.hub.front_matter import FrontMatter
    from core.export.hub.published_files import FolderFile

_SHOWN_FILES = 40
_MOST_LINES = 500
"""With more files, those of a folder share a line: a Space of the demo has a few hundred."""


def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that export has written.")],
    repo_id: Annotated[str, typer.Argument(metavar="USER/NAME", help="The model or Space on the Hub.")],
    as_space: Annotated[
        bool | None,
        typer.Option("--space/--model", help="What it becomes. Default: as the folder's README.md says."),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Only you can see it. Otherwise it is public for everyone.")
    ] = False,
    with_photos: Annotated[
        bool, typer.Option("--with-photos", help="Also publish photos: samples, thumbnails, heatmaps, archives.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update", help="Replace the files of a model or Space that exists.")
    ] = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Publish files although they look like they hold a key or a token.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking.")] = False,
    json: Json = False,
) -> None:
    """Publish an exported model or Space on the Hugging Face Hub. It lists the files and asks before it publishes them.

    Photos are never published unless you say --with-photos, and nothing is while a file looks like it holds a key, a
    password or a token. Log in first: hf auth login.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Export the model first: python -m core export RUN --out DIR.")
    if (folder / "status.json").is_file():
        raise DataError(f"{folder} is a run. Export it first: python -m core export {folder} --out DIR.")
    from core.export.hub.front_matter import read_front_matter
    from core.export.hub.published_files import files_in
    from core.export.hub.push import push as publish
    from core.export.hub.push import require_token

    front = read_front_matter(folder)
    if as_space is not None and as_space != (front.kind == "space"):
        other = "space" if as_space else "model"
        raise DataError(f"{folder} is a {front.kind}, not a {other}. Export it as one, or leave out --{other}.")
    require_token()
    found = files_in(folder)
    published = [one for one in found if not one.left_out and (with_photos or not one.photo)]
    held_back = [one for one in found if one not in published]
    _check_start(front, held_back)
    if not with_secrets:
        _check_secrets(published)
    _show(folder, repo_id, front, published, held_back, private)
    if not yes and not typer.confirm("Publish these files?", err=True):
        raise DataError("Nothing was published.")
    address = publish(published, front, repo_id, private=private, update=update)
    if json:
        print_json(
            {
                "address": address,
                "kind": front.kind,
                "files": [one.name for one in published],
                "held_back": [{"file": one.name, "reason": one.left_out or one.photo} for one in held_back],
            }
        )
    else:
        print_result(f"Published: {address}")


def _check_start(front: "FrontMatter", held_back: "Sequence[FolderFile]") -> None:
    """Raise DataError if the file that a Space begins with would be missing."""
    for one in held_back:
        if one.name == front.start:
            raise DataError(
                f"{one.name}, the page itself, is held back: {one.left_out or one.photo}. Export the page without "
                "photos, or publish them with --with-photos."
            )


def _check_secrets(published: "Sequence[FolderFile]") -> None:
    """Raise DataError that names the files that look like they hold a secret."""
    found = [one for one in published if one.secret]
    if not found:
        return
    named = "; ".join(f"{one.name} ({one.secret})" for one in found[:_SHOWN_FILES])
    rest = f"; and {len(found) - _SHOWN_FILES:,} more" if len(found) > _SHOWN_FILES else ""
    raise DataError(
        f"Nothing was published, because of what looks like a secret: {named}{rest}. Take it out of the folder. If "
        "it has been published before, revoke it. Is it no secret? Then say --with-secrets."
    )


def _show(
    folder: Path,
    repo_id: str,
    front: "FrontMatter",
    published: "Sequence[FolderFile]",
    held_back: "Sequence[FolderFile]",
    private: bool,
) -> None:
    """Print what will be published, all of it, and what is held back with the reason."""
    from core.export.hub.onnx_contents import onnx_remark

    seen = "private" if private else "public: everyone can see it"
    print_message(f"{folder} becomes the {front.kind} {repo_id} ({seen}).")
    total = sum(one.bytes for one in published)
    print_message(f"{len(published):,} files, {_size(total)}, will be published:")
    for line in _listed(published):
        print_message(f"  {line}")
    for one in published:
        if one.path.suffix.lower() == ".onnx" and (remark := onnx_remark(one.path)):
            print_message(f"{one.name} {remark}")
        if one.vectors:
            print_message(f"{one.name} holds vectors of training photos, not the photos.")
    for reason in dict.fromkeys(one.left_out or one.photo for one in held_back):
        names = [one.name for one in held_back if (one.left_out or one.photo) == reason]
        some = ", ".join(names[:_SHOWN_FILES]) + (
            f" and {len(names) - _SHOWN_FILES:,} more" if len(names) > _SHOWN_FILES else ""
        )
        print_message(f"Held back, because {reason}: {some}" if len(names) == 1 else f"Held back ({reason}): {some}")


def _listed(published: "Sequence[FolderFile]") -> list[str]:
    """Return a line for each file, by name; of a folder with very many files, one line for its folder."""
    if len(published) <= _MOST_LINES:
        return [f"{one.name}  {_size(one.bytes)}" for one in published]
    folders: dict[str, list[FolderFile]] = {}
    for one in published:
        folders.setdefault(one.name.rpartition("/")[0], []).append(one)
    lines = []
    for folder, files in folders.items():
        if folder and len(files) > _SHOWN_FILES:
            lines.append(f"{folder}/: {len(files):,} files  {_size(sum(one.bytes for one in files))}")
        else:
            lines += [f"{one.name}  {_size(one.bytes)}" for one in files]
    return lines


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:,.1f} {unit}"
    return "1 byte" if count == 1 else f"{count} bytes"
