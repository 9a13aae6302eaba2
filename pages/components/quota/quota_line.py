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
    shares, parts = [], []
    if quota.photos is not None:
        used = frame.store().photos_in_use()
        shares.append(used / quota.photos)
        parts.append(f"You have used {used:,} of {counted(quota.photos, 'photo')}.")
    if quota.megabytes is not None:
        megabytes = frame.store().bytes_in_use() / MEGABYTE
        shares.append(megabytes / quota.megabytes)
        parts.append(f"Your photos and models take {megabytes:,.0f} of {quota.megabytes:,} MB.")
    if not parts:
        return
    if max(shares) >= _NEARLY:
        st.warning(
            f"{' '.join(parts)} That is the most for {plain(quota.whose)}."
            if max(shares) >= 1
            else f"{' '.join(parts)} Nearly used up: delete what you do not need, or ask your teacher.",
            icon=":material/hard_drive:",
        )
    else:
        st.caption(" ".join(parts))


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
