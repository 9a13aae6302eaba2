import csv
import errno
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from core.models.bundle import save_decision
from core.models.decision import Decision, Threshold
from core.runs.exams.looks import OPTIMISTIC
from tests.cli.conftest import Core


def test_evaluate_answers_with_counts_and_intervals(here: Core, run: Path) -> None:
    """Without --split it evaluated on the test photos, which people then chose their models by."""
    done = here("evaluate", run, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["split"], report["n"]) == ("val", 4) and "exam" not in report
    accuracy = report["accuracy"]
    assert set(accuracy) == {"value", "correct", "n", "low", "high"}
    assert accuracy["value"] == accuracy["correct"] / accuracy["n"]
    assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
    assert report["classes"] == ["green", "red"]
    assert [sum(row) for row in report["confusion"]] == [2, 2]
    assert sum(report["confusion"][i][i] for i in range(2)) == accuracy["correct"]
    stored = json.loads((run / "report-val.json").read_text())
    assert stored["confusion"] == report["confusion"]


def test_evaluate_prints_a_table_to_read(here: Core, run: Path) -> None:
    done = here("evaluate", run, "--split", "val")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("val: accuracy ")
    assert "precision" in done.stdout and "green" in done.stdout
    assert "with the decision saved with the model" not in done.stdout


def test_evaluate_says_what_the_decision_does_apart_from_the_likeliest_classes(
    here: Core, run: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(run, tmp_path / "runs" / "decided"))
    save_decision(own / "best", Decision(threshold=Threshold(class_name="red", at=0.0)))
    done = here("evaluate", own)
    assert done.returncode == 0, done.stderr
    said = done.stdout[done.stdout.index("with the decision saved with the model (val)") :]
    assert "accuracy on all photos" in said and "50.0% (2 of 4;" in said, "every photo is called red"
    assert "of the most likely class, without the threshold." in said


def test_evaluate_on_the_test_photos_is_an_exam_that_says_which_look_it_was(
    here: Core, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    alone = Path(shutil.copytree(run, tmp_path / "runs" / "alone"))
    before = here("evaluate", alone).stdout
    assert "look" not in before and not (alone / "exams.jsonl").exists()
    first = json.loads(here("evaluate", alone, "--split", "test", "--json").stdout)
    assert (first["split"], first["n"]) == ("test", 4)
    exam = first["exam"]
    assert (exam["look"], exam["looks"], exam["looks_of_this_run"], exam["who"], exam["n"]) == (1, 1, 1, "ada", 4)
    beside = Path(shutil.copytree(alone, tmp_path / "runs" / "beside"))
    (beside / "exams.jsonl").unlink()
    (beside / "report-test.json").unlink()
    second = here("evaluate", beside, "--split", "test")
    assert second.returncode == 0, second.stderr
    lines = second.stdout.splitlines()
    assert lines[0].startswith("test: accuracy ") and lines[0].endswith(", look 2 at these photos")
    said = "final exam: These photos have been looked at 2 times, 1 of them by another run of this project."
    assert lines[1] == f"{said} {OPTIMISTIC}"
    assert len((beside / "exams.jsonl").read_text().splitlines()) == 1


def test_evaluate_says_what_it_cannot_do(here: Core, run: Path, tmp_path: Path) -> None:
    for words, reason in (
        (["evaluate", run, "--split", "dev"], "dev"),
        (["evaluate", "no-such-run"], "no-such-run"),
        (["evaluate", tmp_path], "status.json"),
        (["evaluate", "imagenet"], "imagenet"),
    ):
        done = here(*words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert reason in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_predict_takes_files_folders_and_zips(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    images = labels.parent / "images"
    folder = tmp_path / "new photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "notes.txt").write_text("not a photo")
    (folder / "broken.jpg").write_bytes(b"nothing")
    Image.new("RGB", (50, 30), "red").save(folder / "deep" / "röd.png")
    archive = tmp_path / "more.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(images / "green_0.png", "zipped/green.png")
        file.writestr("zipped/bad.png", b"nothing")
    out = tmp_path / "answers.csv"

    done = here("predict", run, images / "red_0.png", folder, archive, tmp_path / "gone.png", "--csv", out)
    assert done.returncode == 0, done.stderr
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["filename"] for row in rows] == [str(images / "red_0.png"), "deep/röd.png", "green.png"]
    assert list(rows[0]) == ["filename", "prediction", "probability", "prediction_2", "probability_2"]
    for row in rows:
        assert {row["prediction"], row["prediction_2"]} == {"red", "green"}
        assert abs(float(row["probability"]) + float(row["probability_2"]) - 1) < 1e-4
    for name in ("broken.jpg", "bad.png", "gone.png"):
        assert name in done.stderr
    assert "notes.txt: .txt is not a supported image format" in done.stderr


def test_predict_prints_its_answers(here: Core, run: Path, labels: Path) -> None:
    image = labels.parent / "images" / "red_0.png"
    done = here("predict", run, image, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["refused"] == []
    [first] = answer["answers"]
    assert first["filename"] == str(image)
    assert [entry["name"] for entry in first["predictions"]] in (["red", "green"], ["green", "red"])


def test_predict_without_a_readable_image_exits_with_2(here: Core, run: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    done = here("predict", run, tmp_path / "broken.jpg", "--csv", tmp_path / "answers.csv")
    assert done.returncode == 2
    assert "broken.jpg" in done.stderr and not (tmp_path / "answers.csv").exists()


def test_a_file_name_that_is_not_utf8_breaks_no_table(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/f\xff"))
    folder.mkdir()
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/r\xe4d.png"))
    shutil.copy(labels.parent / "images" / "red_0.png", odd)
    (folder / "bad\udcff.png").write_bytes(b"nothing")
    out = tmp_path / "answers.csv"
    done = here("predict", run, folder, odd, "--csv", out)
    assert done.returncode == 0, done.stderr
    with out.open(newline="", encoding="utf-8") as file:
        names = [row["filename"] for row in csv.DictReader(file)]
    assert names == ["r\ufffdd.png", f"{tmp_path}/f\ufffd/r\ufffdd.png"]
    assert "bad\ufffd.png: it is" in done.stderr
    assert json.loads(here("predict", run, odd, "--json").stdout)["answers"][0]["filename"] == names[1]
    assert "r\ufffdd.png" in here("predict", run, odd).stdout

    done = here("import", folder, "--project", "Odd names", "--yes")
    assert done.returncode == 0, done.stderr
    done = here("labels", "--project", "Odd names", "--out", tmp_path / "labels.zip")
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "labels.zip") as archive:
        assert "r\ufffdd.png" in archive.read("labels.csv").decode()


def test_predict_names_photos_of_a_folder_that_cannot_be_read(here: Core, run: Path, tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    done = here("predict", run, tmp_path)
    assert done.returncode == 2
    assert "IMG_1.HEIC: it is a HEIC photo" in done.stderr


def test_predict_writes_over_no_table(here: Core, run: Path, labels: Path) -> None:
    before = labels.read_text()
    done = here("predict", run, labels.parent / "images", "--csv", labels)
    assert done.returncode == 2 and "not empty" in done.stderr
    assert labels.read_text() == before


def test_explain_draws_the_heatmap_beside_the_view(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    image, out = labels.parent / "images" / "red_0.png", tmp_path / "new" / "heat.png"
    words = ["explain", run, image, "--method", "hirescam", "--stage", "layer2", "--class", "green", "--out", out]
    done = here(*words, "--baselines", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["class"], answer["method"], answer["stage"]) == ("green", "hirescam", "layer2")
    assert answer["exact"] is False  # layers follow
    assert list(answer["baselines"]["randomised"]) == ["head", "layer4", "layer3", "all"]
    assert answer["baselines"]["curves"]["heatmap"]["deletion"][0] == pytest.approx(answer["probability"], abs=1e-4)
    assert 0 <= answer["probability"] <= 1 and answer["faithfulness"]["share"] == 0.2
    with Image.open(out) as picture:
        assert picture.format == "PNG"
        assert picture.height >= 32 and picture.width > 2 * picture.height - 1
    assert [path.name for path in out.parent.iterdir()] == ["heat.png"]


def test_explain_says_what_it_cannot_do(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    image, out = labels.parent / "images" / "red_0.png", tmp_path / "heat.png"
    done = here("explain", run, image, "--out", out, "--class", "owl")
    assert done.returncode == 2 and "green, red" in done.stderr
    done = here("explain", run, tmp_path / "gone.jpg", "--out", out)
    assert done.returncode == 2 and "gone.jpg" in done.stderr
    done = here("explain", run, image, "--out", labels)
    assert done.returncode == 2 and "not empty" in done.stderr
    assert not out.exists()


def test_a_shard_without_images_is_said_and_is_no_error(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    image = labels.parent / "images" / "red_0.png"
    codes = []
    for part in (1, 2):
        out = tmp_path / f"{part}.csv"
        done = here("predict", run, image, "--out", out, "--shard", f"{part}/2")
        assert done.returncode == 0, done.stderr
        codes.append((out.exists(), f"Shard {part}/2 has no images" in done.stderr))
    assert sorted(codes) == [(False, True), (True, False)]


def test_predict_writes_parquet_and_only_its_shard(here: Core, run: Path, labels: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    images = labels.parent / "images"
    parts = []
    for part in (1, 2):
        out = tmp_path / f"{part}.parquet"
        done = here("predict", run, images, tmp_path / "gone.png", "--out", out, "--shard", f"{part}/2", "--json")
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        parts.append(pq.read_table(out)["filename"].to_pylist())
        assert said["images"] == len(parts[-1]) and said["files"] == said["images"] + len(said["refused"])
    found = sorted(name for part in parts for name in part)
    assert found == sorted(path.name for path in images.iterdir()) and all(parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.parquet", "2.parquet"], "no journal is left"


def test_predict_continues_what_was_interrupted_and_says_so(
    here: Core, run: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died while it wrote the table; all answers were in the journal."""
    images, out = labels.parent / "images", tmp_path / "answers.csv"
    with monkeypatch.context() as patch:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr("core.cli.outputs.replace_patiently", full)
        failed = here("predict", run, images, "--csv", out)
    assert failed.returncode == 2 and "Free some space" in failed.stderr and not out.exists()
    again = here("predict", run, images, "--csv", out)
    assert again.returncode == 0, again.stderr
    here("predict", run, images, "--csv", tmp_path / "afresh.csv")
    assert out.read_bytes() == (tmp_path / "afresh.csv").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["afresh.csv", "answers.csv"]
