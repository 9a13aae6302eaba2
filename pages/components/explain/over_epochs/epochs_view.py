"""Over the epochs: how the answer to one photo and its heatmap formed while the run was trained."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from PIL import Image

from core.inspection.explaining.explanation import colored
from core.runs.computations.epochs import EpochAnswer, Replayed, read_replayed
from core.runs.folder import RunFolder
from core.training.saving.kept_epochs import KeptEpoch, kept_epochs
from core.workers.input_files import request_with_files
from core.workers.pool import Request
from pages.components.computing.computation import Computation
from pages.components.explain.covering.cover_photo import CoverPhoto
from pages.components.explain.loaded_model import predictor_for
from pages.components.explain.over_epochs.epoch_player import PlayerFrame, play
from pages.components.explain.photo_source import ChosenPhoto
from pages.components.shared import charts, frame
from pages.components.shared.charts import Palette
from pages.components.shared.wording import chart_text, disambiguate, plain

if TYPE_CHECKING:
    from core.inspection.predicting.predictor import Predictor

NOTHING_KEPT = (
    "This run kept no epochs, so there is nothing to play. New runs keep about ten. They keep "
    "none if that is switched off under More settings on the Train page, or if the trained layers are too large."
)
ABOUT = (
    "Every heatmap is scaled to its own brightest place, so its colours show where the evidence lies, not how much of "
    "it there is."
)


def show(run: RunFolder, photo: ChosenPhoto) -> None:
    """Replay the kept epochs for a photo in a worker process, and draw the player and the curves."""
    kept = kept_epochs(run.path)
    if not kept:
        st.info(NOTHING_KEPT, icon=":material/info:")
        return
    predictor = predictor_for(run.id)
    if predictor is None:
        return
    shown = CoverPhoto.of(predictor, photo, run.id)
    key = f"epochs {shown.key} {_version(kept)}"
    found = Computation("epochs", key).kept(lambda: _request(run, photo), "Replay the epochs", unit="epoch")
    if found is not None:
        _show_replay(shown, read_replayed(found), predictor)


def _version(kept: list[KeptEpoch]) -> str:
    """Say which files there are: a live run adds some."""
    return f"{len(kept)} {max(one.path.stat().st_mtime_ns for one in kept)}"


def _request(run: RunFolder, photo: ChosenPhoto) -> Request:
    def write(folder: Path) -> None:
        np.save(folder / "photo.npy", np.asarray(photo.image), allow_pickle=False)

    return request_with_files("replay-epochs", {"run": str(run.path), "target": None}, write)


def _show_replay(shown: CoverPhoto, replayed: Replayed, predictor: "Predictor") -> None:
    names = _class_names(predictor, replayed)
    labels = frame_labels(replayed.answers)
    st.markdown(f"Evidence for **{plain(replayed.target)}**, the class that the finished model predicts.")
    frames = [
        PlayerFrame(
            label=label,
            heat=_jpeg(colored(answer.heatmap / np.float32(255))),
            bars=tuple(
                (name, share, charts.percent(share)) for name, share in zip(names, answer.probabilities, strict=True)
            ),
            predicted=f"It predicts {answer.predicted} ({charts.percent(answer.probability)}).",
            note=_note(answer),
        )
        for label, answer in zip(labels, replayed.answers, strict=True)
    ]
    play(shown.picture(), frames, key="epochs-player", alt=shown.alt)
    st.caption(ABOUT)
    if len(frames) > 1:
        st.plotly_chart(
            probability_curves(labels, names, replayed, charts.palette(frame.is_dark())),
            key="epochs-curves",
            config={"displayModeBar": False},
            alt=f"Probability of {names[0]}: "
            + ", ".join(
                f"{label} {charts.percent(answer.probabilities[0])}"
                for label, answer in zip(labels, replayed.answers, strict=True)
            ),
        )


def _class_names(predictor: "Predictor", replayed: Replayed) -> list[str]:
    """Return the names of the replayed classes, told apart where two are the same."""
    names = disambiguate(predictor.classes)
    known = dict(zip(predictor.classes, names, strict=True))
    return [known.get(name, name) for name in replayed.classes]


def frame_labels(answers: tuple[EpochAnswer, ...]) -> list[str]:
    """Return what each answer is called: which epoch or iteration it is of, and of which phase if there are several."""
    phases = {answer.phase for answer in answers if answer.phase is not None}
    labels = []
    for answer in answers:
        if answer.epoch is None:
            labels.append("Finished model")
            continue
        label = f"{'Iteration' if answer.kind == 'iteration' else 'Epoch'} {answer.epoch}"
        labels.append(f"Phase {answer.phase}, {label.lower()}" if len(phases) > 1 else label)
    return labels


def _note(answer: EpochAnswer) -> str:
    if answer.epoch is None or answer.accuracy is None:
        return ""
    return f"{answer.accuracy:.0%} of the validation photos were correct then."


def _jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def probability_curves(labels: list[str], names: list[str], replayed: Replayed, colors: Palette) -> go.Figure:
    """Plot the probability of each replayed class over the epochs."""
    figure = go.Figure()
    for place, name in enumerate(names):
        figure.add_scatter(
            x=labels,
            y=[answer.probabilities[place] for answer in replayed.answers],
            name=chart_text(name),
            mode="lines+markers",
            line={"color": colors.lines[place % len(colors.lines)], "width": 2.5 if not place else 1.5},
            hovertemplate="%{y:.1%}",
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    figure.update_xaxes(type="category", automargin=True)
    return charts.styled(figure, colors, "The answer as it formed", height=320, x_title=None)
