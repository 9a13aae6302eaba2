"""Ask what becomes of files with several frames or pages: the first one as a photo, all of them, or none."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from core.data.importing.folder_layout import suffix_of
from core.data.importing.import_plan import Candidate
from core.data.limited.photos import frame_of, frames_in
from core.data.pictures.formats.frames import MAX_FRAMES, may_have_frames
from core.data.tables.label_rows import Problem
from core.data.tables.questions import SAMPLED, Asking, Choice, Question, SamplePhoto
from core.errors import ImageRefused

FRAMES = "frames"
"""The kind of the question."""
FIRST, ALL, SKIP = "first", "all", "skip"

# Only these are opened at all: the formats that hold several frames or pages as a rule.
_SUFFIXES = (".gif", ".webp", ".png", ".apng", ".tif", ".tiff", ".avif")
# These say at their beginning whether they are animated, and there may be a hundred thousand of them.
_BY_HEAD = (".webp", ".png", ".apng", ".avif")
_HEAD_BYTES = 2**14


def settle_frames(candidates: Sequence[Candidate], problems: list[Problem], asking: Asking) -> list[Candidate]:
    """Return the candidates with those of several frames as somebody chose; until then the first frame counts.

    All frames of a file are one group, so that they lie in one split: frames of one film are nearly the same photo.
    Its boxes, if it has some, belong to the first frame.
    """
    several = {one.name: frames for one in candidates if (frames := _frames(one)) > 1}
    if not several:
        return list(candidates)
    answer = _ask([one for one in candidates if one.name in several], several, asking)
    if answer in (None, FIRST):
        return list(candidates)
    if answer == SKIP:
        return [one for one in candidates if one.name not in several]
    found: list[Candidate] = []
    for one in candidates:
        found += _all_frames(one, several[one.name], problems) if one.name in several else [one]
    return found


def _frames(candidate: Candidate) -> int:
    suffix = suffix_of(candidate.name)
    if suffix not in _SUFFIXES:
        return 1
    try:
        if suffix in _BY_HEAD and not may_have_frames(_head(candidate.read)):
            return 1
        return frames_in(candidate.read(), candidate.name)
    except (ImageRefused, OSError):  # the import reports it
        return 1


def _head(read: Callable[[], bytes]) -> bytes:
    """Return a file's first bytes, without reading the rest where its reader can."""
    head: Callable[[int], bytes] | None = getattr(read, "head", None)
    return head(_HEAD_BYTES) if head else read()[:_HEAD_BYTES]


def _ask(files: Sequence[Candidate], several: dict[str, int], asking: Asking) -> str | None:
    first = files[0]
    count = several[first.name]
    shown = f"{first.name} with {count:,}" if count <= MAX_FRAMES else f"{first.name} with more than {MAX_FRAMES:,}"
    which = f"{len(files):,} files have" if len(files) > 1 else "1 file has"
    text = f"{which} several frames or pages, such as {shown}. Which of them are photos?"
    firsts = tuple(_sample(one, 0) for one in files[:SAMPLED])
    frames = tuple(_sample(first, number) for number in range(min(count, SAMPLED)))
    choices = (
        Choice(FIRST, "Use the first frame of each file", photos=firsts),
        Choice(ALL, "Use all frames as photos", photos=frames),
        Choice(SKIP, "Leave these files out"),
    )
    return asking.ask(Question(FRAMES, text, choices))


def _sample(candidate: Candidate, number: int) -> SamplePhoto:
    return SamplePhoto(frame_name(candidate.name, number), partial(_read_frame, candidate, number), ())


def _all_frames(candidate: Candidate, count: int, problems: list[Problem]) -> list[Candidate]:
    if count > MAX_FRAMES:
        text = f"{candidate.name} has more than {MAX_FRAMES:,} frames; only the first {MAX_FRAMES:,} become photos"
        problems.append(Problem(candidate.line, text))
    if candidate.objects:
        text = f"the boxes of {candidate.name} are used for its first frame; the others are imported without labels"
        problems.append(Problem(candidate.line, text, harmless=True))
    group = candidate.group or candidate.name
    frames = [
        replace(
            candidate,
            name=frame_name(candidate.name, number),
            read=partial(_read_frame, candidate, number),
            group=group,
        )
        for number in range(min(count, MAX_FRAMES))
    ]
    if candidate.objects:
        frames[1:] = [replace(one, label=None, box=None, objects=()) for one in frames[1:]]
    return frames


def frame_name(name: str, number: int) -> str:
    """Return the name of a frame as a photo of its own: "clip.gif#1.png" is the first."""
    return f"{name}#{number + 1}.png"


def _read_frame(candidate: Candidate, number: int) -> bytes:
    return frame_of(candidate.read(), frame_name(candidate.name, number), number)
