"""Import plans: folders, zips and uploads say which files come in, with which labels, and what is wrong."""

import io
import os
import stat
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.data.importing.archives import ZipLimits
from core.data.importing.plan_import import (
    FileResult,
    ImportPlan,
    ImportReport,
    Upload,
    plan_folder,
    plan_uploads,
    plan_zip,
)
from core.errors import DataError, ImageRefused, LabelsError
from tests.data.builders import picture

Contents = Mapping[str, bytes | str]
PlanBy = Callable[[Contents], ImportPlan]


def in_folder(folder: Path, contents: Contents) -> Path:
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return folder


def zipped(contents: Contents) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    out.seek(0)
    return out


def labels_of(plan: ImportPlan) -> dict[str, str | None]:
    return {candidate.name: candidate.label for candidate in plan.candidates}


def splits_of(plan: ImportPlan) -> dict[str, str | None]:
    return {candidate.name: candidate.split for candidate in plan.candidates}


def said(plan: ImportPlan) -> list[str]:
    return [str(problem) for problem in plan.problems]


def refused(plan: ImportPlan) -> dict[str, str]:
    return {result.name: result.text for result in plan.refused}


CLASS_FOLDERS = {"owl/a.jpg": b"1", "owl/b 2.PNG": b"2", "duck/a.jpg": b"3", "kauz größe/a.jpg": b"4"}


@pytest.fixture(params=["folder", "zip", "upload"])
def plan_by(request: pytest.FixtureRequest, tmp_path: Path) -> PlanBy:
    """The same contents as a folder on disk, as a zip and as an uploaded zip must give the same plan."""

    def plan(contents: Contents) -> ImportPlan:
        if request.param == "folder":
            folders = len(list(tmp_path.iterdir()))
            return plan_folder(in_folder(tmp_path / f"data {folders}", contents))
        if request.param == "zip":
            return plan_zip(zipped(contents), "data.zip")
        return plan_uploads([Upload("data.zip", zipped(contents))])

    return plan


# What a folder and a zip have in common


def test_class_folders(plan_by: PlanBy) -> None:
    plan = plan_by(CLASS_FOLDERS)
    assert labels_of(plan) == {
        "duck/a.jpg": "duck",
        "kauz größe/a.jpg": "kauz größe",
        "owl/a.jpg": "owl",
        "owl/b 2.PNG": "owl",
    }
    assert plan.classes == ("duck", "kauz größe", "owl")
    assert (plan.problems, plan.refused) == ((), ())
    assert {candidate.name: candidate.read() for candidate in plan.candidates} == CLASS_FOLDERS


def test_a_folder_around_everything_is_taken_off(plan_by: PlanBy) -> None:
    plan = plan_by({f"birds/{name}": data for name, data in CLASS_FOLDERS.items()})
    assert set(labels_of(plan)) == set(CLASS_FOLDERS)
    assert set(plan.classes) == {"duck", "kauz größe", "owl"}


def test_split_folders(plan_by: PlanBy) -> None:
    names = ["train/owl/1.jpg", "training/duck/2.jpg", "validation/owl/3.jpg", "Test/duck/4.jpg", "Test/5.jpg"]
    plan = plan_by({f"birds/{name}": b"1" for name in names})
    assert labels_of(plan) == dict(zip(names, ["owl", "duck", "owl", "duck", None], strict=True))
    assert splits_of(plan) == dict(zip(names, ["train", "train", "val", "test", "test"], strict=True))


def test_classes_are_in_natural_order(plan_by: PlanBy) -> None:
    plan = plan_by({f"class {number}/a.jpg": b"1" for number in (10, 2, 1)})
    assert plan.classes == ("class 1", "class 2", "class 10")


def test_a_lone_folder_is_no_class_and_that_is_said(plan_by: PlanBy) -> None:
    plan = plan_by({"owl/a.jpg": b"1", "owl/b.jpg": b"2"})
    assert labels_of(plan) == {"a.jpg": None, "b.jpg": None}
    assert [text.removeprefix("data.zip: ") for text in said(plan)] == [
        'all photos lie in one folder, "owl", which is not used as a class; they are imported without labels'
    ]


def test_a_table_beside_the_images(plan_by: PlanBy) -> None:
    table = "filename,label,split\nb.jpg,owl,test\na.jpg,duck,\nmissing.jpg,owl,\n"
    plan = plan_by(
        {"set/labels.csv": table, "set/images/a.jpg": b"1", "set/images/b.jpg": b"2", "set/images/c.jpg": b"3"}
    )
    assert labels_of(plan) == {"images/b.jpg": "owl", "images/a.jpg": "duck", "images/c.jpg": None}
    assert splits_of(plan)["images/b.jpg"] == "test"
    assert plan.classes == ("owl", "duck"), "in the order of the table"
    assert said(plan) == [
        "line 4: missing.jpg is not among the files; add the photo or delete the row",
        "images/c.jpg has no usable row in the table, so it has no label",
    ]
    assert plan.refused == ()


def test_a_table_with_paths_and_equal_base_names(plan_by: PlanBy) -> None:
    table = "path;class\nimages/x/1.jpg;owl\nimages\\y\\1.jpg;duck\n"
    plan = plan_by({"anything.csv": table, "images/x/1.jpg": b"1", "images/y/1.jpg": b"2"})
    assert labels_of(plan) == {"images/x/1.jpg": "owl", "images/y/1.jpg": "duck"}


def test_of_several_tables_labels_csv_holds_else_the_one_with_the_columns(plan_by: PlanBy) -> None:
    good, other = "filename,label\na.jpg,owl\n", "filename,author\na.jpg,Ann\n"
    plan = plan_by({"Labels.csv": good, "all.csv": "filename,label\na.jpg,duck\n", "a.jpg": b"1"})
    assert labels_of(plan) == {"a.jpg": "owl"}
    assert refused(plan) == {"all.csv": "this table is not used"}
    plan = plan_by({"Labels.csv": other.replace("author", "class"), "all.csv": other, "a.jpg": b"1"})
    assert labels_of(plan) == {"a.jpg": "Ann"}


def test_the_only_table_with_the_columns_holds(plan_by: PlanBy) -> None:
    plan = plan_by(
        {"credits.csv": "filename,author\na.jpg,Ann\n", "mine.csv": "filename,label\na.jpg,owl\n", "a.jpg": b"1"}
    )
    assert labels_of(plan) == {"a.jpg": "owl"}
    assert refused(plan) == {"credits.csv": "this table is not used"}


def test_tables_of_which_none_can_be_chosen_are_listed(plan_by: PlanBy) -> None:
    tables = dict.fromkeys(("one.csv", "two.csv"), "title,author\nWalden,owl\n")
    with pytest.raises(LabelsError, match=r"None of the tables one\.csv, two\.csv has a column"):
        plan_by({**tables, "a.jpg": b"1"})
    tables = dict.fromkeys(tables, "filename,author\na.jpg,owl\n")
    asked = [question.id for question in plan_by({**tables, "a.jpg": b"1"}).questions]
    assert [one.rpartition("/")[2] for one in asked] == ["which-table", "class-column:one.csv"]


def test_a_table_that_does_not_fit_is_an_error_unless_class_folders_say_the_labels(plan_by: PlanBy) -> None:
    with pytest.raises(LabelsError, match="has the columns title, author"):
        plan_by({"credits.csv": "title,author\nWalden,Ann\n", "a.jpg": b"1"})
    plan = plan_by({"credits.csv": "filename,author\na.jpg,Ann\n", "a.jpg": b"1"})
    assert [question.kind for question in plan.questions] == ["class-column"], "Ann may be a class"
    plan = plan_by({"credits.csv": "filename,author\na.jpg,Ann\n", "owl/a.jpg": b"1", "duck/b.jpg": b"2"})
    assert labels_of(plan) == {"duck/b.jpg": "duck", "owl/a.jpg": "owl"}
    assert "the class folders give the labels" in said(plan)[0]


def test_what_is_no_picture_is_refused_by_name_and_clutter_is_silent(plan_by: PlanBy) -> None:
    plan = plan_by(
        {
            "owl/a.jpg": b"1",
            "duck/b.jpg": b"2",
            "README.md": "hello",
            "owl/inner.zip": b"PK",
            "LICENSE": "MIT",
            ".DS_Store": b"",
            "__MACOSX/owl/._a.jpg": b"",
            "owl/Thumbs.db": b"",
            "duck/drawing.svg": "<svg/>",
        }
    )
    assert set(labels_of(plan)) == {"owl/a.jpg", "duck/b.jpg", "duck/drawing.svg"}
    assert refused(plan) == {
        "LICENSE": "a file without a suffix is not read as an image",
        "README.md": ".md is not a supported image format",
        "owl/inner.zip": "a zip among other files is not opened; unpack it, or import it separately",
    }


def test_a_file_that_the_table_names_is_tried_whatever_its_suffix(plan_by: PlanBy) -> None:
    plan = plan_by({"labels.csv": "image,label\nphoto1,owl\n", "photo1": b"1", "photo2": b"2"})
    assert labels_of(plan) == {"photo1": "owl"}


def test_a_label_that_no_class_can_have_leaves_the_image_unlabelled(plan_by: PlanBy) -> None:
    plan = plan_by(
        {"labels.csv": f"filename,label\na.jpg,{'x' * 300}\nb.jpg, bird  of prey\n", "a.jpg": b"1", "b.jpg": b"2"}
    )
    assert labels_of(plan) == {"a.jpg": None, "b.jpg": "bird of prey"}
    assert "a.jpg is imported without a label: The name of a class has 300 characters" in said(plan)[-1]


def test_problems_of_the_table_and_of_the_files_come_together(plan_by: PlanBy) -> None:
    table = "filename,label,note\na.jpg,owl,\na.jpg,duck,\nb.jpg,,\nc.jpg,Owl,\nd.jpg,owl,\n"
    plan = plan_by({"labels.csv": table, **dict.fromkeys(["a.jpg", "b.jpg", "c.jpg"], b"1")})
    assert len(plan.problems) == 6
    assert labels_of(plan) == {"a.jpg": None, "b.jpg": None, "c.jpg": "Owl"}


def test_nothing_in_it_is_an_empty_plan(plan_by: PlanBy) -> None:
    plan = plan_by({"README.md": "hello"})
    assert plan.candidates == ()
    assert len(plan.refused) == 1


# Folders


def test_labels_may_lie_outside_or_come_as_bytes(tmp_path: Path) -> None:
    images = in_folder(tmp_path / "images", {"a.jpg": b"1", "labels.csv": "filename,label\na.jpg,wrong\n"})
    table = tmp_path / "labels.csv"
    table.write_text("filename,label\nimages/a.jpg,owl\n")
    for labels in (table, table.read_bytes()):
        plan = plan_folder(images, labels)
        assert labels_of(plan) == {"a.jpg": "owl"}
        assert refused(plan) == {"labels.csv": "this table is not used"}
    around = plan_folder(tmp_path, table)
    assert labels_of(around) == {"images/a.jpg": "owl"}, "the folder stays, because the table writes it"
    assert refused(around) == {"images/labels.csv": "this table is not used"}, "the table itself needs no result"
    table.write_text("filename,label\na.jpg,owl\n")
    assert labels_of(plan_folder(tmp_path, table)) == {"a.jpg": "owl"}


def test_links_never_lead_out_of_the_folder(tmp_path: Path) -> None:
    secret = in_folder(tmp_path / "secret", {"s.jpg": b"secret"})
    folder = in_folder(tmp_path / "data", {"owl/a.jpg": b"1", "duck/b.jpg": b"2"})
    (folder / "owl/out.jpg").symlink_to(secret / "s.jpg")
    (folder / "owl/inside.jpg").symlink_to(folder / "owl/a.jpg")
    (folder / "owl/nothing.jpg").symlink_to(folder / "missing.jpg")
    (folder / "owl/itself.jpg").symlink_to("itself.jpg")
    (folder / "linked").symlink_to(secret, target_is_directory=True)
    (folder / "again").symlink_to(folder / "owl", target_is_directory=True)
    plan = plan_folder(folder)
    assert set(labels_of(plan)) == {"owl/a.jpg", "owl/inside.jpg", "duck/b.jpg"}
    assert refused(plan) == {
        "again": "it is a link to a folder, and those are not followed",
        "linked": "it is a link that leads out of the folder",
        "owl/itself.jpg": "it is a link to nothing, or cannot be read",
        "owl/nothing.jpg": "it is a link to nothing, or cannot be read",
        "owl/out.jpg": "it is a link that leads out of the folder",
    }


def test_a_file_that_becomes_a_link_after_planning_is_not_read(tmp_path: Path) -> None:
    secret = in_folder(tmp_path / "secret", {"s.jpg": b"secret"})
    folder = in_folder(tmp_path / "data", {"a.jpg": b"1"})
    plan = plan_folder(folder)
    (folder / "a.jpg").unlink()
    with pytest.raises(ImageRefused):
        plan.candidates[0].read()
    (folder / "a.jpg").symlink_to(secret / "s.jpg")
    with pytest.raises(ImageRefused, match="leads out"):
        plan.candidates[0].read()


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "data", {"a.jpg": b"1"})
    os.mkfifo(folder / "b.jpg")
    assert stat.S_ISFIFO((folder / "b.jpg").stat().st_mode)
    plan = plan_folder(folder)
    assert refused(plan) == {"b.jpg": "it is not a plain file"}


def test_names_that_are_no_text_are_shown_with_question_marks(tmp_path: Path) -> None:
    folder = in_folder(tmp_path / "data", {"a.jpg": b"1"})
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")).write_bytes(b"2")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xfe.jpg")).write_bytes(b"3")
    plan = plan_folder(folder)
    assert set(labels_of(plan)) == {"a.jpg", "\ufffd.jpg", "\ufffd (2).jpg"}
    assert sorted(candidate.read() for candidate in plan.candidates) == [b"1", b"2", b"3"]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no folder"):
        plan_folder(tmp_path / "missing")


# Zips


def test_labels_beside_a_zip(tmp_path: Path) -> None:
    plan = plan_zip(zipped({"a.jpg": b"1"}), "my.zip", labels=b"filename,label\na.jpg,owl\n")
    assert labels_of(plan) == {"a.jpg": "owl"}
    path = tmp_path / "my.zip"
    path.write_bytes(zipped(CLASS_FOLDERS).getvalue())
    assert set(labels_of(plan_zip(path, path.name))) == set(CLASS_FOLDERS)


def test_refusals_of_the_zip_are_in_the_plan() -> None:
    plan = plan_zip(zipped({"../a.jpg": b"1", "b.jpg": b"2", "bomb.jpg": bytes(40 * 2**20)}), "my.zip")
    assert set(labels_of(plan)) == {"b.jpg"}
    assert set(refused(plan)) == {"../a.jpg", "bomb.jpg"}


def test_limits_are_passed_on() -> None:
    with pytest.raises(DataError, match="holds 4 files"):
        plan_zip(zipped(CLASS_FOLDERS), "my.zip", limits=ZipLimits(entries=3))


def test_five_thousand_files_are_planned_in_seconds() -> None:
    contents = {f"set/images/{number}.jpg": b"1" for number in range(5000)}
    table = "filename,label\n" + "".join(f"{number}.jpg,class {number % 10}\n" for number in range(5000))
    data = zipped({**contents, "set/labels.csv": table})
    start = time.process_time()
    plan = plan_zip(data, "my.zip")
    assert time.process_time() - start < 5
    assert (len(plan.candidates), len(plan.problems)) == (5000, 0)


# Uploads


def test_images_zips_and_a_table_in_one_upload() -> None:
    table = "filename,label\na.jpg,owl\n1.jpg,duck\nowl/2.jpg,owl\n"
    uploads = [
        Upload("a.jpg", io.BytesIO(b"a")),
        Upload(
            "some.zip", zipped({"duck/1.jpg": b"1", "owl/2.jpg": b"2", "labels.csv": "filename,label\n1.jpg,wrong\n"})
        ),
        Upload("labels.csv", io.BytesIO(table.encode())),
    ]
    plan = plan_uploads(uploads)
    assert labels_of(plan) == {"a.jpg": "owl", "duck/1.jpg": "duck", "owl/2.jpg": "owl"}
    assert said(plan) == []
    assert {candidate.name: candidate.read() for candidate in plan.candidates}["duck/1.jpg"] == b"1"
    assert plan.source == "a.jpg, some.zip, labels.csv"


def test_without_a_table_every_zip_goes_by_its_own_labels() -> None:
    uploads = [
        Upload("one.zip", zipped({"owl/1.jpg": b"1", "duck/2.jpg": b"2"})),
        Upload("two.zip", zipped({"labels.csv": "filename,label\n3.jpg,swan\n", "3.jpg": b"3"})),
        Upload("4.jpg", io.BytesIO(b"4")),
    ]
    plan = plan_uploads(uploads)
    assert labels_of(plan) == {"4.jpg": None, "duck/2.jpg": "duck", "owl/1.jpg": "owl", "3.jpg": "swan"}
    assert plan.classes == ("duck", "owl", "swan")


def test_names_that_meet_are_kept_apart() -> None:
    uploads = [Upload(f"{name}.zip", zipped({f"{name}/1.jpg": name.encode()})) for name in ("owl", "duck")]
    plan = plan_uploads(uploads)
    assert {candidate.name: candidate.read() for candidate in plan.candidates} == {
        "1.jpg": b"owl",
        "duck/1.jpg": b"duck",
    }
    plan = plan_uploads([Upload("1.jpg", io.BytesIO(b"x")), Upload("1.jpg", io.BytesIO(b"y"))])
    assert {candidate.name: candidate.read() for candidate in plan.candidates} == {"1.jpg": b"x", "1 (2).jpg": b"y"}
    assert said(plan) == ["1.jpg was uploaded more than once; the later one is named 1 (2).jpg"]


def test_an_uploaded_image_may_have_any_name_but_none_that_climbs() -> None:
    uploads = [Upload(name, io.BytesIO(b"1")) for name in ("photo", "x.dat", "../a.jpg", "/etc/b.jpg", ".DS_Store")]
    plan = plan_uploads(uploads)
    assert set(labels_of(plan)) == {"photo", "x.dat"}
    assert refused(plan) == dict.fromkeys(["../a.jpg", "/etc/b.jpg"], "its name leads out of its folder")


def test_a_broken_zip_does_not_cost_the_other_uploads() -> None:
    plan = plan_uploads([Upload("broken.zip", io.BytesIO(b"PK")), Upload("a.jpg", io.BytesIO(b"1"))])
    assert set(labels_of(plan)) == {"a.jpg"}
    assert refused(plan)["broken.zip"].startswith("broken.zip cannot be opened as a zip")


def test_an_uploaded_table_must_be_one() -> None:
    uploads = [Upload(name, io.BytesIO(b"filename,author\na.jpg,Ann\n")) for name in ("one.csv", "notes.txt")]
    with pytest.raises(LabelsError, match=r"None of the tables notes\.txt, one\.csv"):
        plan_uploads(uploads)
    with pytest.raises(LabelsError, match="has the columns filename, author"):
        plan_uploads(uploads[:1])


def test_an_upload_can_be_read_twice() -> None:
    plan = plan_uploads([Upload("a.png", io.BytesIO(picture(1)))])
    assert plan.candidates[0].read() == plan.candidates[0].read() == picture(1)


def test_no_uploads_are_an_empty_plan() -> None:
    assert plan_uploads([]) == ImportPlan((), (), (), "", ())


def test_a_report_counts_every_kind() -> None:
    results = [FileResult("a", "taken", ""), FileResult("b", "refused", "no"), FileResult("c", "taken", "")]
    report = ImportReport.of(iter(results))
    assert report.counts == {"taken": 2, "remark": 0, "copy": 0, "duplicate": 0, "refused": 1}
    assert report.results == tuple(results)
