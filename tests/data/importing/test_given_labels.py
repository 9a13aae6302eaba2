"""Labels of annotation tools that are given apart from the photos: a file beside a folder, uploads of both."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from core.data.importing.plan_import import Upload, plan_folder, plan_table, plan_uploads
from tests.data.importing.formats.tools.data_sets import boxes, classes, photo, problems, write_files

TASKS = json.dumps(
    [{"data": {"image": "a.png"}, "annotations": [{"result": [{"type": "choices", "value": {"choices": ["owl"]}}]}]}]
)
CVAT = '<?xml version="1.0"?>\n<annotations><image id="0" name="a.png"><tag label="owl"/></image></annotations>'
VIA = (
    "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
    'a.png,1,"{}",1,0,"{""name"":""rect"",""x"":10,""y"":10,""width"":30,""height"":20}","{""label"":""owl""}"\n'
)
FILES = {"tasks.json": TASKS, "annotations.xml": CVAT, "via.csv": VIA, "x.csv": "owl,10,10,30,20,a.png,100,50\n"}


def zipped(**files: bytes) -> io.BytesIO:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"photos/{name}.png", content)
    data.seek(0)
    return data


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_tool_labels_the_photos_of_a_folder(tmp_path: Path, name: str) -> None:
    write_files(
        tmp_path, {"photos/a.png": photo(), "photos/other.json": TASKS.replace("owl", "duck"), name: FILES[name]}
    )
    for labels in (tmp_path / name, FILES[name].encode()):
        plan = plan_folder(tmp_path / "photos", labels)
        assert classes(plan) == {"a.png": "owl"} and not problems(plan) and not plan.questions


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_tool_labels_photos_that_are_uploaded_with_it(name: str) -> None:
    labels = Upload(name, io.BytesIO(FILES[name].encode()))
    plan = plan_uploads([Upload("a.png", io.BytesIO(photo())), labels])
    assert classes(plan) == {"a.png": "owl"} and not problems(plan) and not plan.refused
    plan = plan_uploads([Upload("photos.zip", zipped(a=photo())), Upload(name, io.BytesIO(FILES[name].encode()))])
    assert list(classes(plan).values()) == ["owl"] and not problems(plan) and not plan.refused


def test_a_plain_table_is_still_a_table(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.png": photo(), "t.csv": "filename,label,x,y,width,height\na.png,owl,10,10,30,20\n"})
    plan = plan_folder(tmp_path, tmp_path / "t.csv")
    assert boxes(plan) == {"a.png": [("owl", 10, 10, 30, 20)]} and plan.candidates[0].line == 2


def test_labels_without_their_photos_say_so(tmp_path: Path) -> None:
    write_files(tmp_path, {"tasks.json": TASKS})
    plan = plan_table(tmp_path / "tasks.json")
    assert not plan.candidates and "a.png is not among the files" in problems(plan)[0]
