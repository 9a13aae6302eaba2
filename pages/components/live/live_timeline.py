"""The timeline of a stream: the answer over time with its alarms, and everything as CSV."""

import plotly.graph_objects as go
import streamlit as st

from core.live.session import LiveSession
from core.live.timeline_csv import events_csv, timeline_csv
from pages.components.shared import frame
from pages.components.shared.charts import Palette, palette, rgba, styled
from pages.components.shared.wording import chart_text, counted

MOST_POINTS = 1500
MOST_LINES = 6


def timeline(session: LiveSession) -> None:
    """Draw the stream's line, its figures and the downloads; nothing before the first frame."""
    if not session.answers:
        if session.without_face:
            st.info(f"No face was found in {counted(len(session.without_face), 'frame')}, so there is no answer yet.")
        return
    st.header("Timeline", anchor=False)
    st.markdown(summary(session))
    st.plotly_chart(
        chart(session, palette(frame.is_dark())),
        config={"displayModeBar": False},
        key="live-timeline",
        alt="Smoothed probabilities over time, with the alarms",
    )
    with st.container(horizontal=True):
        # Written when somebody presses the button: a long stream is some megabytes.
        st.download_button(
            "Download frames (CSV)", lambda: timeline_csv(session), "live-frames.csv", "text/csv", key="live-csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "Download log (CSV)", lambda: events_csv(session), "live-log.csv", "text/csv", key="live-log-csv",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def summary(session: LiveSession) -> str:
    """Return how long the stream is and how many alarms it has, and whether its frames were too far apart for them."""
    last = session.answers[-1]
    length = f"{counted(len(session.answers), 'frame')} over {last.seen.at - session.answers[0].seen.at:.1f} s"
    if session.cropped:
        length += f", and {len(session.without_face):,} without a face"
    if session.settings.alarm_class is None:
        return f"{length}. No class raises an alarm."
    alarms = session.alarms
    when = ", ".join(f"{one.at:.1f} s" for one in alarms[:6]) + (", ..." if len(alarms) > 6 else "")
    found = f"{length}. {counted(len(alarms), 'alarm')}{f', at {when}' if alarms else ''}."
    return f"{found} {session.warning}".rstrip()


def chart(session: LiveSession, colors: Palette) -> go.Figure:
    """Return the smoothed probabilities over time, the threshold, and where alarms began."""
    answers = list(session.answers)
    answers = answers[:: max(1, -(-len(answers) // MOST_POINTS))]
    seconds = [one.seen.at for one in answers]
    watched, settings = session.settings.alarm_class, session.settings
    peaks = {name: max(one.smoothed[place] for one in answers) for place, name in enumerate(session.classes)}
    shown = sorted(peaks, key=lambda name: (name != watched, -peaks[name]))[:MOST_LINES]
    figure = go.Figure()
    for line, name in enumerate(shown):
        place = session.classes.index(name)
        figure.add_scatter(
            x=seconds,
            y=[float(one.smoothed[place]) for one in answers],
            name=chart_text(name),
            mode="lines",
            line={"color": colors.lines[line], "width": 2.5 if name == watched else 1.5},
            hovertemplate="%{y:.0%} at %{x:.1f} s",
        )
    if watched is not None:
        figure.add_hline(y=settings.threshold, line={"color": colors.quiet, "width": 1, "dash": "dash"})
        shares = [one.share for one in answers]
        if any(share is not None for share in shares):
            figure.add_scatter(
                x=seconds,
                y=shares,
                name=f"share of {settings.window_seconds:g} s",
                mode="lines",
                line={"color": colors.quiet, "width": 1.5, "dash": "dot"},
                hovertemplate="%{y:.0%} at %{x:.1f} s",
            )
        for began, ended in _spans(session):
            figure.add_vrect(x0=began, x1=ended, line_width=0, fillcolor=rgba(colors.lines[3], 0.2))
        figure.add_scatter(
            x=[one.at for one in session.alarms],
            y=[1.03] * len(session.alarms),
            name="alarm",
            mode="markers",
            marker={"symbol": "triangle-down", "size": 11, "color": colors.lines[3]},
            hovertemplate="alarm at %{x:.1f} s",
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.08])
    return styled(figure, colors, "Probability over time, smoothed", height=320, x_title="seconds")


def _spans(session: LiveSession) -> list[tuple[float, float]]:
    """Return from when to when an alarm sounded."""
    spans: list[tuple[float, float]] = []
    began: float | None = None
    for one in session.answers:
        if one.sounding and began is None:
            began = one.seen.at
        elif not one.sounding and began is not None:
            spans.append((began, one.seen.at))
            began = None
    return spans if began is None else [*spans, (began, session.answers[-1].seen.at)]
