"""Check every stored photo: whether its file is there, can be decoded and still holds the pixels of its name."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.data.pictures.decoding import content_hash, decode
from core.data.pictures.stored_files import encoded_again, picture_path
from core.data.store.checking.finding import Finding, counted, is_leftover, repairable
from core.data.store.checking.photo_files import KnownPhoto
from core.errors import ImageRefused
from core.progress import CountCallback
from core.workspace import Workspace

DAMAGED_FOLDER = "damaged"
_ADD_AGAIN = "Add the photo again: it keeps its label."
_SET_ASIDE = f"Its file is in the folder {DAMAGED_FOLDER} now"
_WOULD_SET_ASIDE = f"The repair moves its file to the folder {DAMAGED_FOLDER}; add the photo again after that."
# More than these cannot be chance: the program that decodes them has changed, and the files are sound.
_FEW, _SHARE = 3, 0.05
_OTHER_PICTURE = "shows another picture than the one that was stored"


def check_photos(
    workspace: Workspace, known: dict[str, KnownPhoto] | None, repair: bool, progress: CountCallback
) -> tuple[list[Finding], list[Path]]:
    """Return what is wrong with stored photos, and the files that are sound.

    ``known`` is None if there is no database to read: then only the files themselves are checked.
    """
    files = list(stored_files_of(workspace))
    found: list[Finding] = []
    sound: list[Path] = []
    other_pixels: list[Path] = []
    for number, path in enumerate(files, start=1):
        damage = _damage(path)
        if damage is None:
            sound.append(path)
        elif damage == _OTHER_PICTURE:
            other_pixels.append(path)
        else:
            found.append(_damaged(workspace, path, damage, known, repair))
        progress(number, len(files))
    if len(other_pixels) <= max(_FEW, _SHARE * len(files)):
        found += [_damaged(workspace, path, _OTHER_PICTURE, known, repair) for path in other_pixels]
    else:
        subject = f"{len(other_pixels):,} of {len(files):,} photos"
        advice = "Was Pillow updated, or a folder copied over them? Nothing is moved."
        found.append(Finding("photos", subject, "decode to other pixels than when they were added", advice))
    found += _leftovers(workspace, repair)
    # Of a file that is there but damaged, the finding above has told.
    present = set(files)
    for key, photo in (known or {}).items():
        if photo.names and picture_path(workspace, key, photo.suffix) not in present:
            found += [Finding("photos", name, "has lost its file", _ADD_AGAIN) for name in photo.names]
    return found, sound


def stored_files_of(workspace: Workspace) -> Iterator[Path]:
    """Yield the files of all stored pictures, in order."""
    for folder in sorted(workspace.images.glob("[0-9a-f][0-9a-f]")):
        yield from sorted(path for path in folder.iterdir() if path.is_file() and len(path.stem) == 64)


def _damage(path: Path) -> str | None:
    """Return what is wrong with a picture's file, in half a sentence; None if nothing is."""
    try:
        if not path.stat().st_size:
            return "is empty"
        if content_hash(decode(path, path.name).image) == path.stem:
            return None
        # Of a photo that was turned upright or converted, the JPEG is only nearly what its name says.
        return None if path.suffix == ".jpg" and encoded_again(path) else _OTHER_PICTURE
    except ImageRefused as error:
        return f"cannot be read ({error.reason})"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _damaged(
    workspace: Workspace, path: Path, reason: str, known: dict[str, KnownPhoto] | None, repair: bool
) -> Finding:
    photo = (known or {}).get(path.stem)
    name = photo.names[0] if photo and photo.names else f"images/{path.parent.name}/{path.name}"
    if not repair:
        return Finding("photos", name, reason, _WOULD_SET_ASIDE, repairable=True)
    # Out of the way, so that the sound file can take its place. Until then the photo is lost: this is no repair yet.
    aside = workspace.root / DAMAGED_FOLDER / path.name
    aside.parent.mkdir(exist_ok=True)
    path.replace(aside)
    return Finding("photos", name, reason, _SET_ASIDE + (f"; {_ADD_AGAIN.lower()}" if photo else "."))


def _leftovers(workspace: Workspace, repair: bool) -> Iterable[Finding]:
    parts = [path for path in workspace.images.glob("*/.*.part") if is_leftover(path)]
    if not parts:
        return
    if repair:
        for path in parts:
            path.unlink(missing_ok=True)
    subject, were = counted(len(parts), "half-written photo", "was")
    text = f"{were} left by a process that died"
    yield repairable("photos", subject, text, "The repair deletes such files.", "Deleted.", repair)
