"""How much of their quota a pupil has used, before it is used up."""

import streamlit as st

from core.quota import MEGABYTE, Quota, quota_of
from core.runs.limits.room_for_runs import live_runs
from pages.components.shared import frame
from pages.components.shared.wording import counted, plain

_NEARLY = 0.9


def show_photos_used() -> None:
    """Draw how many photos and megabytes are used; nothing for somebody without such limits."""
    quota = quota_of(frame.workspace())
    parts: list[tuple[str, float]] = []  # a sentence without its end, and the share that is used
    if quota.photos is not None:
        used = frame.store().photos_in_use()
        parts.append((f"You have used {used:,} of {counted(quota.photos, 'photo')}", used / quota.photos))
    if quota.megabytes is not None:
        megabytes = frame.store().bytes_in_use() / MEGABYTE
        words = f"Your photos and models take {megabytes:,.0f} of {quota.megabytes:,} MB"
        parts.append((words, megabytes / quota.megabytes))
    if not parts:
        return
    most = f", the most for {plain(quota.whose)}"
    said = " ".join(f"{words}{most if share >= 1 else ''}." for words, share in parts)
    if max(share for _, share in parts) < _NEARLY:
        st.caption(said)
    else:
        st.warning(f"{said} Delete what you do not need, or ask your teacher.", icon=":material/hard_drive:")


def show_trainings_allowed() -> None:
    """Draw how many trainings may run or wait, and how long each may take; nothing for somebody without limits."""
    quota = quota_of(frame.workspace())
    parts = _trainings(quota)
    if quota.minutes is not None:
        parts.append(f"A training stops after {counted(quota.minutes, 'minute')} and keeps its best model.")
    if parts:
        st.caption(" ".join(parts))


def _trainings(quota: Quota) -> list[str]:
    if quota.runs is None:
        return []
    live = live_runs(frame.workspace())
    now = {0: "none runs or waits", 1: "1 runs or waits"}.get(live, f"{live} run or wait")
    return [f"You may have {counted(quota.runs, 'training')} at a time; {now} now."]
