"""The Live page: settings, the timeline of what was answered, and frames as a browser posts them."""

import base64
import io
from typing import Any

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.runs.folder import RunFolder
from pages.components.live.live_desk import LiveDesk
from pages.components.live.live_form import likely_alarm_class
from pages.components.live.live_stage import DESK
from tests.live.drawn_face import drawn_face
from tests.pages.conftest import OpenPage, messages, read
from tests.pages.trained import COLORS, RUN, finished_run, picture


@pytest.fixture
def run(home: object, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return finished_run(tmp_path_factory)


def posted(color: str, number: int, *, at: float, stream: str = "a", **more: Any) -> dict[str, Any]:
    """A frame as the component's script posts it."""
    stream_of_bytes = io.BytesIO()
    picture(COLORS[color], number).save(stream_of_bytes, "JPEG", quality=92)
    text = base64.b64encode(stream_of_bytes.getvalue()).decode()
    return {"stream": stream, "number": number, "at": at, "picture": text, "latency": 0.1, "source": "video", **more}


def desk_of(app: AppTest) -> LiveDesk:
    desk: LiveDesk = app.session_state[DESK]
    return desk


def test_a_recording_is_answered_drawn_and_answered_anew(run: RunFolder, open_page: OpenPage) -> None:
    app = open_page("Live", run=RUN)
    assert not messages(app)
    assert app.selectbox(key="model").value == RUN
    assert not app.get("plotly_chart")
    desk = desk_of(app)
    for number in range(1, 31):
        desk.take(posted("red" if number <= 10 else "blue", number, at=number / 10))
    told = desk.told()
    assert told["answered"] == {"stream": "a", "number": 30}
    answer = told["answer"]
    assert answer["at"] == 3.0 and {bar[0] for bar in answer["bars"]} == set(COLORS)
    assert "100 ms (p95)" in answer["speed"] and answer["threshold"] is None

    # The class that raises the alarm is chosen afterwards: what was seen is answered anew, without the pictures.
    seen = answer["name"]
    app.selectbox(key=f"live-alarm-{RUN}").select(seen).run()
    assert not messages(app)
    app.number_input(key=f"live-threshold-{RUN}-{seen}").set_value(0.2).run()
    app.number_input(key="live-alarm-seconds").set_value(0.5).run()
    session = desk_of(app).session
    assert len(session.answers) == 30 and session.answers[-1].sounding
    [figure] = app.get("plotly_chart")
    assert "triangle-down" in figure.proto.spec
    assert any("1 alarm, at" in read(one.value) for one in app.markdown)
    assert f"Alarm: {seen}" in desk_of(app).told()["answer"]["sounding"]


def test_frames_from_outside_are_checked(run: RunFolder, open_page: OpenPage) -> None:
    desk = desk_of(open_page("Live", run=RUN))
    desk.take(posted("red", 1, at=0.0))
    desk.take(posted("red", 1, at=0.5))  # posted again, because its answer was late
    desk.take(posted("red", 2, at=-1))
    desk.take({"stream": "a"})
    desk.take(None)
    assert len(desk.session.answers) == 1
    for number, text in ((3, "no base64!"), (4, base64.b64encode(b"no picture").decode())):
        desk.take({**posted("red", number, at=float(number)), "picture": text})
        assert desk.problem and desk.number == number and len(desk.session.answers) == 1
    bomb = io.BytesIO()
    Image.new("1", (20000, 12000)).save(bomb, "PNG")
    desk.take({**posted("red", 5, at=5.0), "picture": base64.b64encode(bomb.getvalue()).decode()})
    assert "pixels" in desk.problem
    large = io.BytesIO()
    Image.new("RGB", (4000, 2300)).save(large, "JPEG")
    desk.take(
        {**posted("red", 5, at=5.5, stream="a"), "number": 6, "picture": base64.b64encode(large.getvalue()).decode()}
    )
    assert "4000 x 2300" in desk.problem, "more than 4K is no camera's frame"
    desk.take(posted("blue", 7, at=6.0))
    assert not desk.problem and len(desk.session.answers) == 2
    desk.take(posted("blue", 1, at=0.0, stream="another"))
    assert len(desk.session.answers) == 1 and len(desk.meter) == 1


def test_the_class_of_closed_eyes_is_offered_first() -> None:
    assert likely_alarm_class(["open", "Closed"]) == "Closed"
    assert likely_alarm_class(["left closed", "right closed"]) is None
    assert likely_alarm_class(["owl", "duck"]) is None
    assert likely_alarm_class(["space shuttle", "owl"]) is None
    assert likely_alarm_class(["eyes_shut", "open"]) == "eyes_shut"


def test_a_crop_is_drawn_and_a_frame_without_a_face_is_no_answer(run: RunFolder, open_page: OpenPage) -> None:
    app = open_page("Live", run=RUN)
    app.segmented_control(key="live-crop").set_value("Eyes").run()
    assert not messages(app)
    assert any("crop-faces PHOTOS --crop eyes" in one.value for one in app.caption)
    desk = desk_of(app)
    assert desk.crop == "eyes"
    for number, frame in enumerate((drawn_face(closed=False), Image.new("RGB", (640, 360)))):
        stream = io.BytesIO()
        frame.save(stream, "JPEG")
        text = base64.b64encode(stream.getvalue()).decode()
        desk.take({**posted("red", number + 1, at=float(number)), "picture": text})
        told = desk.told()
        assert told["answer"] is not None and len(told["crops"]) == (0 if number else 2)
    assert told["missing"]["name"] == "No face found" and len(desk.session.answers) == 1
    app.run()
    assert any("1 frame over 0.0 s, and 1 without a face" in read(one.value) for one in app.markdown)
