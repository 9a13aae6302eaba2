"""Tables that lie beside their own photos, in folders of splits or classes."""

from pathlib import Path

from tests.data.importing.formats.csv_styles.tables import Files, boxes, labels, photos, planned, problems, remarks

TENSORFLOW = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def test_roboflow_has_a_table_in_each_folder_of_a_split(tmp_path: Path) -> None:
    files: Files = {**photos("train/a.png", "valid/a.png", "test/b.png")}
    files |= {"train/_annotations.csv": TENSORFLOW + "a.png,40,20,owl,4,2,24,12\n"}
    files |= {"valid/_annotations.csv": TENSORFLOW + "a.png,40,20,duck,1,2,3,4\n"}
    files |= {"test/_annotations.csv": TENSORFLOW + "b.png,40,20,owl,1,2,3,4\ngone.png,40,20,owl,1,2,3,4\n"}
    plan = planned(tmp_path, files)
    assert labels(plan) == {
        "train/a.png": ("owl", "train"),
        "valid/a.png": ("duck", "val"),
        "test/b.png": ("owl", "test"),
    }
    assert boxes(plan)["train/a.png"] == [("owl", 4, 2, 20, 10)] and not plan.questions
    [text] = problems(plan)
    assert text.startswith("test/_annotations.csv, line 3: test/gone.png is not among the files")
    assert "tables beside the photos" in remarks(plan)
    assert not plan.refused


def test_roboflows_retinanet_and_one_hot_tables(tmp_path: Path) -> None:
    files: Files = {**photos("train/a.png", "valid/b.png"), "train/_classes.csv": "owl,0\nduck,1\n"}
    files |= {"train/_annotations.csv": "a.png,4,2,24,12,owl\n", "valid/_annotations.csv": "b.png,25,2,39,12,duck\n"}
    assert boxes(planned(tmp_path / "boxes", files)) == {
        "train/a.png": [("owl", 4, 2, 20, 10)],
        "valid/b.png": [("duck", 25, 2, 14, 10)],
    }
    files = {**photos("train/a.png", "valid/b.png")}
    files |= {
        "train/_classes.csv": "filename, owl, duck\na.png, 1, 0\n",
        "valid/_classes.csv": "filename, owl, duck\nb.png, 0, 1\n",
    }
    assert labels(planned(tmp_path / "one-hot", files)) == {
        "train/a.png": ("owl", "train"),
        "valid/b.png": ("duck", "val"),
    }


def test_traffic_signs_have_a_table_in_each_class_folder(tmp_path: Path) -> None:
    header = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n"
    files: Files = {**photos("00000/00000_0.png", "00001/00000_0.png")}
    files |= {"00000/GT-00000.csv": header + "00000_0.png;40;20;5;5;30;15;0\n"}
    files |= {"00001/GT-00001.csv": header + "00000_0.png;40;20;6;5;30;15;1\n"}
    plan = planned(tmp_path, files)
    assert boxes(plan) == {"00000/00000_0.png": [("0", 5, 5, 25, 10)], "00001/00000_0.png": [("1", 6, 5, 24, 10)]}


def test_a_table_of_other_photos_is_not_used(tmp_path: Path) -> None:
    files: Files = {**photos("owl/a.png", "duck/b.png"), "owl/notes.csv": "filename,label\nx.png,fox\ny.png,fox\n"}
    plan = planned(tmp_path, files)
    assert {one.label for one in plan.candidates} == {"owl", "duck"}
    assert [one.name for one in plan.refused] == ["owl/notes.csv"]
