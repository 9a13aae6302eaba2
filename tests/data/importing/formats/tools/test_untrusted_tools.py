"""Files of annotation tools that strangers made: whatever stands in them is a problem, and no crash or flood."""

import json
import time
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.importing.formats.recognise import read_data_set
from core.data.importing.formats.tools import cvat, label_studio, labelme, makesense, via
from core.data.importing.formats.tools.entries import json_documents
from core.data.importing.plan_files import plan_from_files
from core.data.tables.questions import Asking
from core.errors import LabelsError
from tests.data.importing.formats.tools.data_sets import photo

KEYS = (
    "image", "data", "annotations", "result", "value", "type", "choices", "rectanglelabels", "x", "width", "points",
    "shapes", "label", "shape_type", "imagePath", "flags", "filename", "regions", "shape_attributes",
    "region_attributes", "name", "all_points_x", "completed_by", "original_width", "imageWidth",
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["a.png", "rect"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(content=ANYTHING)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_file_is_a_problem_and_no_crash(content: Any) -> None:
    result = {"type": "rectanglelabels", "value": content, "original_width": content}
    given_annotation = {"result": [result, content, {"type": "choices", "value": {"choices": content}}]}
    shape = {"label": content, "points": content, "shape_type": content}
    record = {"id": 1, "annotation_id": 1, "lead_time": 1}
    region = {"shape_attributes": content, "region_attributes": {"label": content}}
    in_files = {
        "tasks.json": [{"data": {"image": "a.png"}, "annotations": [given_annotation, content]}],
        "task.json": {"data": {"image": content, "x": "a.png"}, "annotations": [{"completed_by": content}]},
        "min.json": [{**record, "annotator": content, "image": "a.png", "y": content}],
        "a.json": {"shapes": [shape, content], "imagePath": content, "flags": content, "imageWidth": content},
        "via.json": {"x": {"filename": "a.png", "regions": [region, content], "file_attributes": content}},
        "tags.json": [{"image": "a.png", "annotations": [content]}],
        "whole.json": content,
    }
    files = {name: partial(str.encode, json.dumps(one)) for name, one in in_files.items()}
    files["a.png"] = partial(photo, 16, 12)
    asking = Asking()
    for reader in (label_studio, labelme, via, makesense):
        reader.read(files, {}, asking)
    with suppress(LabelsError):
        plan_from_files(files, {}, "x", asking)


@given(text=st.text(st.sampled_from('<>/="1 ,;axyl&\n') | st.characters(exclude_categories=["Cs"]), max_size=60))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_an_xml_or_csv_is_a_problem_and_no_crash(text: str) -> None:
    escaped = "".join(one for one in text if one not in '<>&"\0')
    box = f'<box label="{escaped}" xtl="{escaped}" ytl="1" xbr="2" ybr="{escaped}" rotation="{escaped}"/>'
    via_head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    in_files = {
        "broken.xml": f"<annotations><image {text}",
        "a.xml": f'<annotations><image name="{escaped}" width="{escaped}" height="1">{box}</image></annotations>',
        "via.csv": f"{via_head}a.png,1,{text}",
        "makesense.csv": f"owl,1,1,2,2,a.png,16,12\n{text}",
        "out.csv": f"annotation_id,annotator,lead_time,image,choice\n1,1,1,a.png,{text}",
    }
    files = {name: partial(str.encode, one, "utf-8", "replace") for name, one in in_files.items()}
    files["a.png"] = partial(photo, 16, 12)
    for reader in (cvat, via, makesense, label_studio):
        reader.read(files, {}, Asking())


@pytest.mark.parametrize("name", ["tasks.json", "a.json", "via.json"])
def test_json_that_is_no_list_of_a_tool_is_only_not_used(name: str) -> None:
    for text in ("[" * 100_000, "{", '[{"data": 1, "annotations": []}]', '{"shapes": {}}', '{"x": {"filename": 1}}'):
        unread: dict[str, str] = {}
        files = {name: partial(str.encode, text), "b.png": photo}
        assert read_data_set(files, None, unread, set(), Asking()) is None
        assert unread == ({name: "it is not JSON"} if text in ("[" * 100_000, "{") else {})


def test_many_files_are_refused_where_they_would_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_documents, "MAX_BYTES", 5_000)
    one = json.dumps({"shapes": [{"points": [[1, 2], [3, 4]]}] * 5, "imagePath": "a.png"})
    files = {f"{number}.json": partial(str.encode, one) for number in range(10)}
    with pytest.raises(LabelsError, match=r"take too much memory\. Import them in several parts"):
        labelme.read(files, {}, Asking())
    big = json.dumps({"shapes": [], "imagePath": "a.png", "imageData": "A" * 20_000})
    assert labelme.read({"a.json": partial(str.encode, big), "a.png": photo}, {}, Asking()) is not None


def test_a_thousand_annotators_and_three_thousand_tasks_take_seconds() -> None:
    tasks = [
        {
            "data": {"image": f"{number}.png"},
            "annotations": [
                {"completed_by": number % 1000, "result": [{"type": "choices", "value": {"choices": ["cat"]}}]},
                {"completed_by": 5, "result": [{"type": "choices", "value": {"choices": ["dog"]}}]},
            ],
        }
        for number in range(3_000)
    ]
    files = {f"{number}.png": bytes for number in range(3_000)}
    files["tasks.json"] = partial(str.encode, json.dumps(tasks))
    started = time.process_time()
    found = label_studio.read(files, {}, Asking())
    assert found is not None and len(found.table.problems) < 10
    assert time.process_time() - started < 10


def test_a_csv_of_one_photo_with_many_regions_takes_seconds() -> None:
    head = "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    row = 'a.png,1,"{}",1,1,"{""name"":""rect"",""x"":1,""y"":1,""width"":2,""height"":2}","{""label"":""x""}"\n'
    files = {"a.png": photo, "via.csv": partial(str.encode, head + row * 20_000)}
    started = time.process_time()
    found = via.read(files, {}, Asking())
    assert found is not None and len(found.table.rows[0].objects) == 20_000
    assert time.process_time() - started < 10
