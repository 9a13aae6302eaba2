"""A stream as tables in CSV: a row for each frame, and the log."""

from core.data.tables.csv_cells import as_row
from core.live.session import NO_FACE, Answer, LiveSession, NoFace


def timeline_csv(session: LiveSession) -> str:
    """Return the frames that the session has kept; their columns are those of `head_row`."""
    return head_row(session) + "".join(frame_row(session, one) for one in session.frames)


def events_csv(session: LiveSession) -> str:
    """Return the log: ``seconds``, ``kind``, ``text``."""
    rows = ((f"{one.at:.3f}", one.kind, one.text) for one in session.events)
    return as_row(("seconds", "kind", "text")) + "".join(map(as_row, rows))


def head_row(session: LiveSession, *, named: bool = False) -> str:
    """Return the header: ``filename`` if the frames are named, then seconds and what was answered.

    ``seconds``, ``face`` ("found" or "no face") if frames are cropped, ``answer``, ``probability`` (smoothed),
    ``unsure``, then ``alarm``, ``seconds_seen`` and ``share_of_time`` if a class raises the alarm, then each class's
    probability before and after smoothing. A frame without a face has no answer: all after ``face`` but ``alarm`` is
    empty.
    """
    head = [*(["filename"] if named else []), "seconds", *(["face"] if session.cropped else [])]
    head += ["answer", "probability", "unsure"]
    if session.settings.alarm_class is not None:
        head += ["alarm", "seconds_seen", "share_of_time"]
    return as_row([*head, *(f"{name}{kind}" for name in session.classes for kind in ("", " (smoothed)"))])


def frame_row(session: LiveSession, frame: Answer | NoFace, name: str | None = None) -> str:
    """Return the row of one frame."""
    named = [] if name is None else [name]
    if isinstance(frame, NoFace):
        watched = [] if session.settings.alarm_class is None else [str(frame.sounding), "", ""]
        return as_row([*named, f"{frame.at:.3f}", NO_FACE, "", "", "", *watched, *[""] * (2 * len(session.classes))])
    return as_row([*named, *_answer_cells(session, frame)])


def _answer_cells(session: LiveSession, answer: Answer) -> list[str]:
    cells = [f"{answer.seen.at:.3f}", *(["found"] if session.cropped else [])]
    cells += [session.classes[answer.chosen], f"{answer.smoothed[answer.chosen]:.6f}", str(answer.unsure)]
    if session.settings.alarm_class is not None:
        share = "" if answer.share is None else f"{answer.share:.4f}"
        cells += [str(answer.sounding), f"{answer.above_seconds:.3f}", share]
    for before, after in zip(answer.seen.probabilities, answer.smoothed, strict=True):
        cells += [f"{before:.6f}", f"{after:.6f}"]
    return cells
