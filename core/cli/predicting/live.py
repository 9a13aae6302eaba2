"""The command that answers the frames of a recording as the Live page does: smoothed, with alarms, as CSV."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import Json, ProgressDisplay, print_json, print_message, print_result
from core.cli.outputs import require_empty, whole_file
from core.cli.predicting.predict_explain import Device, Model
from core.live.settings import METHODS, LiveSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.live.faces.crops import Crop
    from core.live.frame_files import Frame
    from core.live.frame_model import FrameModel
    from core.live.latency import LatencyMeter
    from core.live.session import LiveSession

USUAL = LiveSettings()


def _help(field: str) -> str:
    return str(LiveSettings.model_fields[field].description)


def live(
    run: Model,
    recording: Annotated[
        Path, typer.Argument(metavar="VIDEO_OR_FOLDER", help="A video file, or a folder of numbered pictures.")
    ],
    csv: Annotated[Path | None, typer.Option(help="Write a row for each frame to this CSV file.")] = None,
    log: Annotated[Path | None, typer.Option(help="Write the log, with the alarms, to this CSV file.")] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.01, help="Frames a second: those that a folder has (default 10), or the most that a video gets."
        ),
    ] = None,
    smoothing: Annotated[
        str, typer.Option(help=f"{_help('smoothing').rstrip('.')}: {', '.join(METHODS)}.")
    ] = USUAL.smoothing,
    smoothing_seconds: Annotated[float, typer.Option(help=_help("smoothing_seconds"))] = USUAL.smoothing_seconds,
    alarm_class: Annotated[str | None, typer.Option(help="The class that raises the alarm. Default: none.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help=f"{_help('threshold')} Default: from the costs saved with the model, else 0.5."),
    ] = None,
    hysteresis: Annotated[float, typer.Option(help=_help("hysteresis"))] = USUAL.hysteresis,
    alarm_seconds: Annotated[float, typer.Option(help=_help("alarm_seconds"))] = USUAL.alarm_seconds,
    window_seconds: Annotated[float, typer.Option(help=_help("window_seconds"))] = USUAL.window_seconds,
    share_limit: Annotated[
        float | None,
        typer.Option(help="The share of the window that also raises an alarm, such as 0.15. Default: off."),
    ] = None,
    crop: Annotated[
        str,
        typer.Option(help="What the model sees of a frame: whole, face (the largest), or eyes (both, averaged)."),
    ] = "whole",
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Answer each frame of a recording: smoothed over time, with the alarms of one class.

    This is how a drowsiness detector is evaluated: with --alarm-class closed, the alarms are printed with their times.
    With --crop eyes, the model sees the eyes alone: it should have been trained on such crops (see crop-faces). A frame
    without a face is no answer.
    """
    from core.live.thresholds import known_threshold
    from core.runs.models import bundle_folder, load_predictor, photos_of_bundle
    from core.workspace import open_workspace

    for path, what in ((csv, "the rows"), (log, "the log")):
        if path is not None:
            require_empty(path, what)
    workspace = open_workspace()
    with ProgressDisplay() as display:
        predictor = load_predictor(run, workspace, device, display.show_bytes)
    if threshold is None and alarm_class is not None:
        known = known_threshold(predictor.decision, predictor.classes, alarm_class)
        print_message(f"Threshold {known.at:g}. {known.reason}")
        threshold = known.at
    settings = LiveSettings.checked(
        smoothing=smoothing,
        smoothing_seconds=smoothing_seconds,
        alarm_class=alarm_class,
        threshold=USUAL.threshold if threshold is None else threshold,
        hysteresis=hysteresis,
        alarm_seconds=alarm_seconds,
        window_seconds=window_seconds,
        share_limit=share_limit,
    )
    from core.live.faces.crops import checked_crop
    from core.live.frame_files import frames_in
    from core.live.frame_model import frame_model
    from core.live.latency import LatencyMeter
    from core.live.session import LiveSession
    from core.live.timeline_csv import events_csv, head_row

    chosen_crop = checked_crop(crop, predictor.task)
    session = LiveSession(predictor.classes, predictor.decision, settings, cropped=chosen_crop != "whole")
    folder = bundle_folder(run, workspace)
    model, meter = frame_model(predictor, workspace, folder, photos_of_bundle(folder)), LatencyMeter()
    frames = _answered(model, frames_in(recording, rate), session, meter, chosen_crop)
    if csv is None:
        count = sum(1 for _ in frames)
    else:
        with whole_file(csv) as part, part.open("w", encoding="utf-8", newline="") as stream:
            stream.write(head_row(session, named=True))
            count = sum(1 for row in frames if stream.write(row))
    if log is not None:
        with whole_file(log) as part:
            part.write_text(events_csv(session), encoding="utf-8", newline="")
    if session.warning:
        print_message(session.warning)
    if json:
        print_json({**_record(session, model, meter, count), "crop": chosen_crop})
        return
    _print(session, model, meter, count)
    for path, what in ((csv, "a row for each frame"), (log, "the log")):
        if path is not None:
            print_result(f"{what}: {path}")


def _answered(
    model: "FrameModel", frames: "Iterable[Frame]", session: "LiveSession", meter: "LatencyMeter", crop: "Crop"
) -> "Iterator[str]":
    """Yield the row of each frame; its latency is from the decoded frame to its answer."""
    from core.live.faces.cropped_model import answer_crop
    from core.live.timeline_csv import frame_row

    with ProgressDisplay() as display:
        for number, frame in enumerate(frames, start=1):
            began = time.perf_counter()
            found = answer_crop(model, frame.image, frame.at, crop).answer
            told = session.add_without_face(frame.at) if found is None else session.add(found.seen)
            ended = time.perf_counter()
            meter.add(ended - began, ended)
            display.show("answering", number)
            yield frame_row(session, told, frame.name)


def _record(session: "LiveSession", model: "FrameModel", meter: "LatencyMeter", frames: int) -> dict[str, object]:
    last = session.answers[-1] if session.answers else None
    return {
        "frames": frames,
        "seconds": session.newest,
        "frames_without_face": len(session.without_face),
        "alarms": [{"seconds": one.at, "kind": one.kind, "text": one.text} for one in session.alarms],
        "share_of_time": None if last is None else last.share,
        "events": [{"seconds": one.at, "kind": one.kind, "text": one.text} for one in session.events],
        "engine": model.engine_name,
        "latency_seconds": {"p50": meter.percentile(0.5), "p95": meter.percentile(0.95)},
        "settings": session.settings.model_dump(),
    }


def _print(session: "LiveSession", model: "FrameModel", meter: "LatencyMeter", frames: int) -> None:
    alarms = session.alarms
    for one in alarms:
        print_result(f"{one.at:8.2f} s  {one.text}")
    middle, late = (1000 * (meter.percentile(share) or 0) for share in (0.5, 0.95))
    if session.settings.alarm_class is None:
        counted = "no class raises an alarm"
    else:
        counted = "no alarms" if not alarms else "1 alarm" if len(alarms) == 1 else f"{len(alarms):,} alarms"
    missing = f", {len(session.without_face):,} without a face" if session.cropped else ""
    print_result(
        f"{frames:,} frames over {session.newest:.1f} s{missing}, {counted}. "
        f"An answer took {middle:.0f} ms (median) and {late:.0f} ms (95th percentile), computed by {model.engine_name}."
    )
