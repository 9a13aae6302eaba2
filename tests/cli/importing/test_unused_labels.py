"""Files that look like labels and are in no form that is known: said, and a problem where no photo has a label."""

import io
import zipfile
from pathlib import Path

import pytest

from core.data.importing.plan_import import Upload, plan_folder, plan_uploads, plan_zip
from tests.cli.conftest import Core
from tests.cli.importing.test_unreadable_photos import written
from tests.data.importing.formats.csv_styles.tables import Files, labels, photo, photos, problems, remarks

UNKNOWN: dict[str, Files] = {
    "json": {"annotations.json": '{"a.png": {"what": "cat"}}'},
    "jsonl": {"train.jsonl": '{"photo": "a", "animal": "cat"}\n'},
    "xml": {"labels.xml": "<photos><photo name='a.png' kind='cat'/></photos>"},
    "txt": {"a.txt": "cat\n", "b.txt": "dog\n"},
    "list": {"list.txt": "a.png cat\nb.png dog\n"},
    "xlsx": {"labels.xlsx": b"PK\3\4"},
    "ods": {"labels.ods": b"PK\3\4"},
    "mat": {"imagelabels.mat": b"MATLAB 5.0 MAT-file"},
    "pickle": {"labels.pkl": b"\x80\4."},
    "tfrecord": {"train.tfrecord": b"\0\1"},
    "table": {"more/things.csv": "what,when\ncat,today\n"},
    "yaml": {"truth.yaml": "a.png: cat\n"},
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_unknown_labels_beside_photos_without_labels_are_a_problem(here: Core, tmp_path: Path, kind: str) -> None:
    folder = written(tmp_path / "set", {**photos("a.png", "b.png"), **UNKNOWN[kind]})
    done = here("import", folder, "--project", f"Unknown {kind}")
    assert done.returncode == 2, done.stdout
    first = next(iter(UNKNOWN[kind]))
    said = (
        f"{first} may hold labels" if len(UNKNOWN[kind]) == 1 else "2 .txt files, such as a.txt, b.txt, may hold labels"
    )
    assert said in done.stderr and "no photo has a label" in done.stderr and "--yes" in done.stderr
    done = here("import", folder, "--project", f"Unknown {kind}", "--yes")
    assert done.returncode == 0 and "2  imported" in done.stdout


@pytest.mark.parametrize("kind", [kind for kind in UNKNOWN if kind != "table"])
@pytest.mark.parametrize("known", ["folders", "table"])
def test_beside_photos_with_labels_they_are_a_remark(tmp_path: Path, kind: str, known: str) -> None:
    files = photos("owl/a.png", "duck/b.png")
    if known == "table":
        files = {**photos("a.png", "b.png"), "labels.csv": "filename,label\na.png,owl\nb.png,duck\n"}
    plan = plan_folder(written(tmp_path, {**files, **{f"x/{name}": one for name, one in UNKNOWN[kind].items()}}))
    assert {label for label, _ in labels(plan).values()} == {"owl", "duck"}
    assert not problems(plan), problems(plan)
    assert "may hold labels, but in no form that is recognised; " in remarks(plan)


@pytest.mark.parametrize(
    "name",
    [
        "README.txt",
        "readme.roboflow.txt",
        "LICENSE.txt",
        "licence.txt",
        "requirements.txt",
        "dataset_infos.json",
        "a.md",
    ],
)
def test_a_readme_or_a_licence_is_no_file_of_labels(tmp_path: Path, name: str) -> None:
    plan = plan_folder(
        written(tmp_path, {**photos("a.png", "b.png"), name: "{}" if name.endswith(".json") else "words\n"})
    )
    assert not problems(plan) and "may hold labels" not in remarks(plan)


def test_photos_alone_are_no_problem(tmp_path: Path) -> None:
    assert not plan_folder(written(tmp_path, photos("a.png", "b.png"))).problems


def test_an_uploaded_file_of_labels_is_no_photo(tmp_path: Path) -> None:
    written(tmp_path, {"a.png": photo(), "annotations.json": "{}", "notes": "nothing"})
    with (tmp_path / "a.png").open("rb") as one, (tmp_path / "annotations.json").open("rb") as other:
        plan = plan_uploads([Upload("a.png", one), Upload("annotations.json", other)])
        assert [one.name for one in plan.candidates] == ["a.png"]
        assert len(problems(plan)) == 1 and problems(plan)[0].startswith("annotations.json may hold labels")


def test_files_of_labels_that_cannot_be_read_are_each_said(tmp_path: Path) -> None:
    plan = plan_folder(written(tmp_path, {**photos("a.png", "b.png"), "a.json": "{", "b.json": "{", "c.xml": "<a"}))
    assert [one.partition(" may hold the labels, but ")[0] for one in problems(plan)] == [
        "2 .json files, such as a.json, b.json,",
        "c.xml",
    ]
    plan = plan_folder(written(tmp_path, {"labels.csv": "filename,label\na.png,cat\nb.png,dog\n"}))
    assert not problems(plan) and "c.xml may hold labels, but " in remarks(plan)


def test_hidden_photos_are_said_and_not_what_systems_make(tmp_path: Path) -> None:
    made = dict.fromkeys((".DS_Store", "._a.png", "owl/._b.png", "__MACOSX/owl/._a.png", ".Trash/old.png"), b"1")
    files: Files = {**photos("owl/a.png", "duck/b.png"), **made}
    assert plan_folder(written(tmp_path / "plain", files)).problems == ()
    files |= photos(".more/c.png", "owl/.d.png")
    said = "2 photos are hidden, such as .more/c.png, so they are not imported"
    plan = plan_folder(written(tmp_path / "hidden", files))
    assert [one.name for one in plan.candidates] == ["duck/b.png", "owl/a.png"] and remarks(plan) == said
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert remarks(plan_zip(data, "set.zip")) == said and not problems(plan)
